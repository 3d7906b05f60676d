"""Dictation with its clock: recorded at a stand-in for the sound card, imported with the gaze, withdrawn with it."""

from __future__ import annotations

import dataclasses
import json
import time
import wave
from types import SimpleNamespace

import numpy as np
import pytest
from captured import CONSENT
from recorded_cases import record_case
from workspaces import STUDY_UID

from db import dictations, recordings, withdrawal
from desktop.capture import dictation
from desktop.capture.case_dictation import CaseDictation
from desktop.capture.case_record import CaseRecording
from desktop.capture.dictation import SAMPLE_RATE_HZ, DictationFault, DictationRecorder
from gaze2report.errors import UnreadableInput
from gaze2report.gaze.dictation_clock import HeardBlock, fit_dictation, read_blocks

FILM = f"{STUDY_UID}.1.1"
AGREED = dataclasses.replace(CONSENT, purpose="research on reading, and dictation", consent_id="consent-voice")
START_US = 5_000_000_000


class SoundCard:
    """Stands in for ``sounddevice``: blocks come when they are pumped, by a clock that may be off."""

    def __init__(self, skew_ppm: float = 0.0) -> None:
        self.rate_hz = SAMPLE_RATE_HZ * (1 + skew_ppm * 1e-6)
        self.frames = 0
        self.is_on = False
        self.fails = ""
        self.sent = b""

    def RawInputStream(self, *, samplerate, blocksize, channels, dtype, callback):
        assert (samplerate, channels, dtype) == (SAMPLE_RATE_HZ, 1, "int16")
        if self.fails:
            raise RuntimeError(self.fails)
        self.blocksize, self.callback = blocksize, callback
        return self

    def start(self):
        self.is_on = True

    def stop(self):
        self.is_on = False

    def close(self):
        pass

    def now_us(self) -> int:
        """Host time at which the newest frame was heard, and 20 ms on."""
        return START_US + round(self.frames / self.rate_hz * 1e6) + 20_000

    def pump(self, n_blocks: int, loses: bool = False) -> None:
        for _ in range(n_blocks):
            data = np.random.default_rng(self.frames).integers(-3000, 3000, self.blocksize, dtype=np.int16).tobytes()
            first, self.frames = self.frames, self.frames + self.blocksize
            if loses:
                continue
            self.sent += data
            latency_s = 0.02 + (self.frames - first) / self.rate_hz
            times = SimpleNamespace(currentTime=10.0, inputBufferAdcTime=10.0 - latency_s)
            self.callback(data, self.blocksize, times, SimpleNamespace(input_overflow=False))


def recorder(folder, card, consent=AGREED, recording_id="rec-1"):
    return DictationRecorder(folder, recording_id, consent, card, card.now_us)


def test_sound_is_written_to_the_bit_with_when_each_block_was_heard(tmp_path):
    card = SoundCard()
    recording = recorder(tmp_path, card)
    card.pump(50)
    recording.stop()
    assert not card.is_on
    with wave.open(str(recording.path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (SAMPLE_RATE_HZ, 1, 2)
        assert file.readframes(file.getnframes()) == card.sent
    blocks = read_blocks(recording.clock_path)
    assert [one.frame for one in blocks] == [n * 1600 for n in range(50)]
    assert [one.host_us for one in blocks] == [START_US + n * 100_000 for n in range(50)]
    assert (recording.frames_written, recording.frames_lost, recording.failure) == (80_000, 0, "")


def test_a_file_that_was_cut_off_can_be_read_up_to_there(tmp_path):
    card = SoundCard()
    recording = recorder(tmp_path, card)
    card.pump(20)
    while recording.frames_written < 20 * 1600:
        time.sleep(0.001)
    copy = tmp_path / "copy.wav"
    copy.write_bytes(recording.path.read_bytes())  # as a killed window leaves it
    with wave.open(str(copy)) as file:
        assert file.getnframes() == 20 * 1600
    recording.stop()


@pytest.mark.parametrize("skew_ppm", [-100.0, 0.0, 100.0])
def test_the_time_of_a_word_is_right_to_10_ms_after_half_an_hour(skew_ppm):
    rng = np.random.default_rng(1)
    rate_hz = 16_000 * (1 + skew_ppm * 1e-6)
    frames = np.arange(0, 1800 * 16_000, 1600)
    true_us = START_US + frames / rate_hz * 1e6
    late_us = rng.exponential(800, len(frames)) + 15_000 * (rng.random(len(frames)) < 0.01)
    blocks = [HeardBlock(int(f), round(t)) for f, t in zip(frames, true_us + late_us, strict=True)]
    clock = fit_dictation(blocks, 16_000)
    words = rng.integers(0, frames[-1], 500)
    error_us = np.abs(clock.to_host_us(words) - (START_US + words / rate_hz * 1e6))
    assert error_us.max() <= 10_000
    assert clock.skew_ppm == pytest.approx(-skew_ppm, abs=5)
    assert (clock.n_stretches, clock.is_flagged) == (1, False)


def test_blocks_that_are_lost_are_noticed_and_what_follows_keeps_its_time(tmp_path):
    card = SoundCard()
    recording = recorder(tmp_path, card)
    card.pump(100)
    card.pump(3, loses=True)
    card.pump(100)
    recording.stop()
    clock = fit_dictation(read_blocks(recording.clock_path), SAMPLE_RATE_HZ)
    assert clock.n_stretches == 2
    assert clock.lost_share == pytest.approx(3 / 202, rel=0.05)
    assert clock.is_flagged
    after_us = float(clock.to_host_us(150 * 1600)[0])
    assert after_us == pytest.approx(START_US + 153 * 100_000, abs=2_000)


def test_a_pause_is_not_a_loss_and_holds_no_sound(tmp_path):
    card = SoundCard()
    recording = recorder(tmp_path, card)
    card.pump(50)
    recording.is_paused = True
    card.pump(30)
    recording.is_paused = False
    card.pump(50)
    recording.stop()
    assert recording.frames_written == 100 * 1600
    clock = fit_dictation(read_blocks(recording.clock_path), SAMPLE_RATE_HZ)
    assert (clock.n_stretches, clock.lost_share, clock.is_flagged) == (2, 0.0, False)
    assert float(clock.to_host_us(75 * 1600)[0]) == pytest.approx(START_US + 105 * 100_000, abs=2_000)


def test_a_case_begins_and_ends_its_dictation_and_a_fault_is_a_sentence(tmp_path):
    card = SoundCard()
    voice = CaseDictation(lambda *case: DictationRecorder(*case, card, card.now_us))
    case = CaseRecording("rec-9", tmp_path, STUDY_UID, AGREED)
    assert voice.begin(case) == ""
    card.pump(5)
    voice.set_paused(True)
    card.pump(5)
    voice.set_paused(False)
    assert voice.is_recording
    assert voice.end() == ""
    with wave.open(str(tmp_path / "rec-9.wav")) as file:
        assert file.getnframes() == 5 * 1600
    assert "never written over" in voice.begin(case)
    assert voice.end() == ""
    silent = CaseRecording("rec-10", tmp_path, STUDY_UID, CONSENT)
    assert voice.begin(silent) == ""
    assert not voice.is_recording


def test_without_agreement_microphone_or_package_nothing_is_recorded(tmp_path, monkeypatch):
    card = SoundCard()
    with pytest.raises(DictationFault, match="has not agreed"):
        recorder(tmp_path, card, CONSENT)
    card.fails = "no such device"
    with pytest.raises(DictationFault, match=r"microphone cannot be used \(no such device"):
        recorder(tmp_path, card)
    monkeypatch.setattr(dictation.importlib, "import_module", lambda name: (_ for _ in ()).throw(OSError("PortAudio")))
    with pytest.raises(DictationFault, match=r"sound system cannot be used \(PortAudio"):
        dictation.load_sound()
    error = ModuleNotFoundError("No module named 'sounddevice'")
    monkeypatch.setattr(dictation.importlib, "import_module", lambda name: (_ for _ in ()).throw(error))
    with pytest.raises(DictationFault, match="pip install sounddevice"):
        dictation.load_sound()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def spool(tmp_path):
    path = record_case(tmp_path / "spool", FILM, consent=AGREED, seconds=2)
    card = SoundCard()
    recording = recorder(path.parent, card, recording_id=path.stem)
    card.pump(40)
    recording.stop()
    return path


def test_it_is_imported_with_its_recording_and_withdrawn_with_it(workspace, study, spool):
    recordings.import_recording(workspace, spool, actor="test")
    recordings.import_recording(workspace, spool, actor="test")
    found = dictations.of_recording(workspace, "rec-1")
    assert found is not None
    assert (found.n_frames, found.n_lost_frames) == (40 * 1600, 0)
    sound = spool.with_suffix(".wav").read_bytes()
    assert found.path.read_bytes() == sound
    assert float(found.clock.to_host_us(1600)[0]) == pytest.approx(START_US + 100_000, abs=500)
    done = withdrawal.withdraw_consent(workspace, CONSENT.reader_pseudonym, actor="test", spool_folders=[spool.parent])
    assert done.problems == ()
    assert sorted(path.name for path in spool.parent.iterdir()) == ["rec-1.gaze"]
    assert not found.path.exists()
    assert len(done.audio_files) == 3
    patterns = [sound[n : n + 40] for n in range(100, 60_000, 9_000)]
    for path in [*workspace.folder.rglob("*"), *spool.parent.rglob("*")]:
        assert path.is_dir() or not any(pattern in path.read_bytes() for pattern in patterns)


def test_a_dictation_that_was_not_agreed_to_or_is_damaged_keeps_the_recording_out(workspace, study, spool, tmp_path):
    silent = record_case(tmp_path / "other", FILM, recording_id="rec-2", seconds=2)
    for path in dictations.files_beside(spool):
        (silent.parent / path.name.replace("rec-1", "rec-2")).write_bytes(path.read_bytes())
    with pytest.raises(UnreadableInput, match="does not speak of one"):
        recordings.import_recording(workspace, silent, actor="test")
    spool.with_suffix(".dictation.jsonl").write_text("no row\n" * 3)
    with pytest.raises(UnreadableInput, match="line 1 is no row"):
        recordings.import_recording(workspace, spool, actor="test")
    assert recordings.list_recordings(workspace) == []
    assert json.loads("[]") == list(workspace.recordings_dir.glob("*.wav"))
