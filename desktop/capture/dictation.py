"""Dictation beside a gaze recording: a WAV file, and when each block of it was heard on the clock of the gaze.

Needs ``sounddevice``, which not everybody has. The sound library calls back from a thread of its own; the callback
copies and goes, a thread of ours writes. The header of the file is right after every block, so a window that is killed
loses what was not written yet and nothing else. Nothing is recorded that the reader has not agreed to.
"""

from __future__ import annotations

import importlib
import json
import queue
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

from capture.consent import Consent
from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.dictation_clock import CLOCK_SUFFIX, SOUND_SUFFIX, speaks_of_dictation

SAMPLE_RATE_HZ = 16_000
_BLOCK_FRAMES = 1_600
_MOST_WAITING = 600
_END_LIMIT_S = 5.0


class DictationFault(Gaze2ReportError):
    """Dictation is not recorded; the sentence says why, and gaze is recorded all the same."""

    code = "dictation"


def load_sound() -> Any:
    """Load the sound library.

    Raises
    ------
    DictationFault
        If it is not installed or finds no sound system.
    """
    try:
        return importlib.import_module("sounddevice")
    except ModuleNotFoundError as error:
        raise DictationFault(
            "Dictation is not recorded: sounddevice is not installed (pip install sounddevice)."
        ) from error
    except OSError as error:
        raise DictationFault(f"Dictation is not recorded: the sound system cannot be used ({error}).") from error


class DictationRecorder:
    """Records one dictation.

    Parameters
    ----------
    folder : Path
        Where the gaze recording is written.
    recording_id : str
        Of the gaze recording; the files are named for it.
    consent : Consent
        Must speak of dictation.
    sound : module, optional
        ``sounddevice``, or what stands in for it in tests.
    now_us : callable
        Host time, as of the gaze samples.

    Raises
    ------
    DictationFault
        If the reader has not agreed to it, there is no microphone, or the file is there already.
    """

    def __init__(
        self,
        folder: Path,
        recording_id: str,
        consent: Consent,
        sound: Any = None,
        now_us: Callable[[], int] = lambda: time.monotonic_ns() // 1000,
    ) -> None:
        if not speaks_of_dictation(consent.purpose):
            raise DictationFault("Dictation is not recorded: the reader has not agreed to it.")
        self.path = folder / f"{recording_id}{SOUND_SUFFIX}"
        self.clock_path = folder / f"{recording_id}{CLOCK_SUFFIX}"
        self._now_us = now_us
        self._blocks: queue.Queue[tuple[bytes, int, int, bool, bool] | None] = queue.Queue(_MOST_WAITING)
        self._frames_heard = self.frames_written = self.frames_lost = self.overflows = 0
        self.failure = ""
        self.is_paused = self._was_paused = False
        if self.path.exists() or self.clock_path.exists():
            raise DictationFault(f"There is a dictation {self.path.name} already; it is never written over.")
        module = sound if sound is not None else load_sound()
        try:
            self._stream = module.RawInputStream(
                samplerate=SAMPLE_RATE_HZ, blocksize=_BLOCK_FRAMES, channels=1, dtype="int16", callback=self._on_block
            )
            self._writer = threading.Thread(target=self._write, name="dictation", daemon=True)
            self._writer.start()
            self._stream.start()
        except Exception as error:
            self._blocks.put(None)
            raise DictationFault(f"Dictation is not recorded: the microphone cannot be used ({error}).") from error

    def stop(self) -> None:
        """End it; the last block is written before this returns."""
        self._stream.stop()
        self._stream.close()
        self._blocks.put(None)
        self._writer.join(_END_LIMIT_S)

    def _on_block(self, data: Any, frames: int, times: Any, status: Any) -> None:
        """Take a block: in the sound library's thread, so copy and go."""
        heard_us = self._now_us() - round((times.currentTime - times.inputBufferAdcTime) * 1e6)
        first, self._frames_heard = self._frames_heard, self._frames_heard + frames
        if self.is_paused:
            self._was_paused = True
            return
        block = (bytes(data), first, heard_us, bool(status and status.input_overflow), self._was_paused)
        self._was_paused = False
        try:
            self._blocks.put_nowait(block)
        except queue.Full:
            self.frames_lost += frames

    def _write(self) -> None:
        try:
            with wave.open(str(self.path), "wb") as sound, self.clock_path.open("w", encoding="utf-8") as clock:
                sound.setnchannels(1)
                sound.setsampwidth(2)
                sound.setframerate(SAMPLE_RATE_HZ)
                while (block := self._blocks.get()) is not None:
                    data, heard_frame, heard_us, has_overflowed, was_paused = block
                    self.overflows += has_overflowed
                    row = {"frame": self.frames_written, "heard_frame": heard_frame, "host_us": heard_us}
                    sound.writeframes(data)  # with the header, so that a cut-off file can be read
                    clock.write(json.dumps({**row, "overflow": has_overflowed, "after_pause": was_paused}) + "\n")
                    clock.flush()
                    self.frames_written += len(data) // 2
        except (OSError, wave.Error) as error:
            self.failure = f"The dictation could not be written on: {error}"
