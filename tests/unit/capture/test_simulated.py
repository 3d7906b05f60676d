"""The simulated tracker has the figures of real recordings, its truth is known, and it fails when it is told to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from captured import Bench

from capture import recording
from capture.clocks import VirtualClock
from capture.simulated import SimulatedBackend, SimulatedModel
from capture.simulated_delivery import Delivery, DeliveryModel
from capture.simulated_eyes import EyeModel, SimulatedEyes, Stimulus
from capture.tracker import TrackerError

STILL = EyeModel(blinks_per_min=0, drift_deg=0.0)


def stare(model: EyeModel, frequency_hz: float, seconds: float, seed: int = 0, place=(0.5, 0.5)):
    """Samples of eyes that look at one place, and their error in degrees per eye."""
    eyes = SimulatedEyes(model, Stimulus(model, [(*place, 1.0)], goes_on=False), seed)
    samples = eyes.sample(np.arange(int(seconds * frequency_hz)) / frequency_hz)
    size = np.array([model.width_mm, model.height_mm])
    error = {
        eye: np.degrees(
            np.arctan((np.stack([samples[f"{eye}_x"], samples[f"{eye}_y"]], 1) - place) * size / model.distance_mm)
        )
        for eye in ("left", "right")
    }
    return eyes, samples, error


@pytest.mark.parametrize("frequency_hz", [120.0, 600.0, 1200.0])
@pytest.mark.parametrize("rms_deg", [0.075, 0.3])
def test_its_precision_is_the_one_asked_for(frequency_hz, rms_deg):
    _, _, error = stare(EyeModel(blinks_per_min=0, drift_deg=0.0, rms_s2s_deg=rms_deg), frequency_hz, 60)
    for eye in ("left", "right"):
        steps = np.diff(error[eye], axis=0)
        rms = np.sqrt((steps**2).sum(axis=1).mean())
        sd = np.sqrt(error[eye].var(axis=0).sum())
        assert rms == pytest.approx(rms_deg, rel=0.05)
        assert rms / sd == pytest.approx(1.0, abs=0.05)  # between white noise, 1.41, and drift
    assert abs(np.corrcoef(error["left"][:, 0], error["right"][:, 0])[0, 1]) < 0.05


@pytest.mark.parametrize(("memory", "ratio"), [(0.0, 2**0.5), (0.5, 1.0), (0.9, 0.447)])
def test_the_kind_of_noise_can_be_chosen(memory, ratio):
    _, _, error = stare(EyeModel(blinks_per_min=0, drift_deg=0.0, noise_memory=memory), 600.0, 60)
    steps = np.diff(error["left"], axis=0)
    assert np.sqrt((steps**2).sum(axis=1).mean() / error["left"].var(axis=0).sum()) == pytest.approx(ratio, rel=0.05)


@pytest.mark.parametrize("place", [(0.5, 0.5), (0.1, 0.9), (0.95, 0.3)])
def test_its_error_at_a_place_is_the_one_it_says(place):
    eyes, _, error = stare(STILL, 600.0, 20, seed=4, place=place)
    for eye in ("left", "right"):
        stated = eyes.offset_deg(eye, np.array([place]))[0]
        assert error[eye].mean(axis=0) == pytest.approx(stated, abs=0.01)


def test_its_accuracy_is_that_of_a_good_tracker():
    of_seed = [np.linalg.norm(stare(STILL, 60.0, 2, seed=seed)[2]["left"].mean(axis=0)) for seed in range(60)]
    assert np.median(of_seed) == pytest.approx(0.45, abs=0.1)


@pytest.mark.parametrize("frequency_hz", [120.0, 1200.0])
def test_its_clock_ticks_as_a_real_one(frequency_hz):
    delivery = Delivery(DeliveryModel(tick_jitter_us=1.0), frequency_hz, 10**9)
    steps_ms = np.diff(delivery.until(10**9 + 60_000_000).device_us) / 1000
    assert np.median(steps_ms) == pytest.approx(1000 / frequency_hz, abs=0.001)
    assert np.percentile(steps_ms, 1) == pytest.approx(1000 / frequency_hz, abs=0.006)
    assert steps_ms.max() < 1000 / frequency_hz + 0.02


def test_samples_arrive_in_packets_and_after_stalls_all_at_once():
    model = DeliveryModel(burst=15, stalls_per_min=10, jitter_us=0.0)
    packet = Delivery(model, 1200.0, 10**9, seed=2).until(10**9 + 60_000_000)
    assert (np.diff(packet.arrival_us) >= 0).all()
    delay_ms = (packet.arrival_us - packet.system_us) / 1000
    assert 2.0 < np.percentile(delay_ms, 5) < 4.0  # three frames
    assert 50 < delay_ms.max() < 520
    assert np.median(np.unique(packet.arrival_us // 1000, return_counts=True)[1]) >= 14


def test_blinks_come_at_their_rate_and_shrink_the_pupil_before_they_hide_it(tmp_path):
    eyes = SimulatedEyes(EyeModel(), Stimulus(EyeModel()), seed=3)
    samples = np.concatenate([eyes.sample(np.arange(k * 1200, (k + 1) * 1200) / 120.0) for k in range(30)])
    hidden = samples["left_gaze_valid"] == 0
    starts = np.flatnonzero(np.diff(hidden.astype(int)) == 1)
    assert 15 * 5 * 0.7 < len(starts) < 15 * 5 * 1.3  # five minutes
    closing = samples["left_pupil_mm"][starts]
    assert np.median(closing) < np.nanmedian(samples["left_pupil_mm"]) - 0.1
    assert samples["left_openness_mm"][hidden].max() == 0.0


def test_the_fixations_it_says_are_in_its_signal():
    scanpath = ((0.2, 0.3, 0.4), (0.7, 0.4, 0.25), (0.5, 0.8, 0.6))
    model = EyeModel(blinks_per_min=0, drift_deg=0, rms_s2s_deg=0, bias_deg=0, field_deg=0, vergence_sd_deg=0)
    stimulus = Stimulus(model, scanpath, goes_on=False)
    t_s = np.arange(2000) / 1000
    samples = SimulatedEyes(model, stimulus).sample(t_s)
    fixations = stimulus.fixations(2.0)
    assert [(f.x, f.y) for f in fixations] == [(x, y) for x, y, _ in scanpath]
    assert [round(f.end_s - f.start_s, 6) for f in fixations[:2]] == [0.4, 0.25]
    for fixation in fixations:
        inside = (t_s >= fixation.start_s + 0.06) & (t_s < fixation.end_s)  # after the oscillation
        assert samples["left_x"][inside] == pytest.approx(fixation.x, abs=1e-4)
        assert samples["left_y"][inside] == pytest.approx(fixation.y, abs=1e-4)
    for before, after in pairwise(fixations):
        size_mm = np.hypot((after.x - before.x) * model.width_mm, (after.y - before.y) * model.height_mm)
        amplitude_deg = np.degrees(np.arctan2(size_mm, model.distance_mm))
        assert after.start_s - before.end_s == pytest.approx((2.2 * amplitude_deg + 21) / 1000, abs=1e-6)


def test_the_same_seed_gives_the_same_recording_and_another_another(tmp_path):
    stored = []
    for n, seed in enumerate((5, 5, 6)):
        bench = Bench(tmp_path / str(n), SimulatedModel(seed=seed), 60.0)
        bench.run(5)
        bench.recorder.finish("")
        stored.append(recording.samples(bench.path).tobytes())
    assert stored[0] == stored[1] != stored[2]


def test_eyes_look_only_at_what_was_shown_to_them():
    clock = VirtualClock()
    tracker = SimulatedBackend([SimulatedModel(goes_on=False)], clock).open("SIM-1200")
    tracker.start(60.0)
    tracker.enter_calibration()
    clock.advance(1)
    assert not tracker.collect(0.1, 0.1)  # shown on another monitor, or not at all
    tracker.look_at(0.1, 0.1)
    clock.advance(1)
    assert tracker.collect(0.1, 0.1)
    assert tracker.true_fixations()[-1].x == 0.1


@pytest.mark.parametrize("eye", ["left", "right"])
def test_a_failing_eye_is_never_valid(tmp_path, eye):
    bench = Bench(tmp_path, SimulatedModel(eyes=EyeModel(failing_eye=eye)), 120.0)
    bench.run(5)
    bench.recorder.finish("")
    stored = recording.samples(bench.path)
    assert stored[f"{eye}_gaze_valid"].sum() == 0
    assert stored[f"{'right' if eye == 'left' else 'left'}_gaze_valid"].mean() > 0.5


CALLS = ("find", "open", "start", "frequency", "display_area", "enter_calibration", "collect", "discard", "compute")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("code", ["connection_failed", "licence", "internal"])
def test_each_call_fails_as_told_and_works_again(call, code):
    model = SimulatedModel(faults={call: (code,)}, goes_on=False)
    backend = SimulatedBackend([model], VirtualClock())

    def everything() -> None:
        backend.find()
        tracker = backend.open("SIM-1200")
        tracker.start()
        tracker.frequency_hz()
        tracker.display_area()
        tracker.enter_calibration()
        assert tracker.collect(0.5, 0.5)
        tracker.compute_calibration()
        tracker.discard(0.5, 0.5)
        tracker.close()

    with pytest.raises(TrackerError) as caught:
        everything()
    assert caught.value.code == code
    everything()


def test_a_tracker_that_falls_silent_is_noted_once_for_each_silence(tmp_path):
    bench = Bench(tmp_path, frequency_hz=60.0)
    bench.run(1)
    bench.tracker.disconnect()
    bench.run(3)
    bench.tracker.reconnect(10**9)
    bench.run(1)
    bench.recorder.finish("")
    kinds = [row["kind"] for row in recording.rows(bench.path, "notification")]
    assert kinds == ["connection_lost", "no_samples", "connection_restored"]
