"""What a validation reports is what was wrong with the simulated eyes: accuracy, noise, loss, a failing eye."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from capture.clocks import VirtualClock
from capture.samples import empty_samples
from capture.simulated import SimulatedBackend, SimulatedModel
from capture.simulated_eyes import EyeModel
from desktop.capture.calibration_points import CALIBRATION_POINTS, VALIDATION_POINTS
from gaze2report.gaze.validation import EYES, LookedAt, NotValidated, validate

SIZE_PX = (2560, 1440)


def looked_at(eyes: EyeModel, seed: int = 0, frequency_hz: float = 600.0, seconds: float = 2.0, shift=(0.0, 0.0)):
    """Samples at each target, as the calibration window takes them, and the tracker."""
    clock = VirtualClock()
    model = SimulatedModel(eyes=eyes, goes_on=False, seed=seed)
    tracker = SimulatedBackend([model], clock).open(model.serial_number)
    tracker.start(frequency_hz)
    found = []
    for x, y in VALIDATION_POINTS:
        tracker.look_at(x + shift[0], y + shift[1])
        clock.advance(0.8)
        tracker.take()
        tables = []
        for _ in range(int(seconds * 10)):
            clock.advance(0.1)
            tables.append(tracker.take().samples)
        found.append(LookedAt((x, y), np.concatenate(tables)))
    return tracker, found


def injected_dva(tracker, validation, eye: str) -> float:
    """The true error of the simulated eye at the targets, without noise and drift, as an angle at that eye."""
    eyes = tracker._eyes
    errors = []
    for target in VALIDATION_POINTS:
        place = np.array([target])
        size = np.array([eyes.model.width_mm, eyes.model.height_mm])
        seen = place + np.tan(np.radians(eyes.offset_deg(eye, place))) * eyes.model.distance_mm / size
        screen = validation.screen
        errors.append(float(screen.angle_dva(screen.fraction_to_px(seen[0]), screen.fraction_to_px(target))))
    return float(np.mean(errors))


@pytest.mark.parametrize("bias_deg", [0.3, 0.8, 2.0])
def test_the_injected_accuracy_is_reported_within_a_twentieth_of_a_degree(bias_deg):
    tracker, looked = looked_at(EyeModel(bias_deg=bias_deg, blinks_per_min=0), seed=int(bias_deg * 10))
    found = validate(looked, asdict(tracker.display_area()), *SIZE_PX)
    for eye in EYES:
        assert found.eye(eye).accuracy_dva == pytest.approx(injected_dva(tracker, found, eye), abs=0.05)
    assert found.screen.viewing_distance_mm == pytest.approx(630, abs=10)
    assert (found.level == "green") == (bias_deg < 0.5)


@pytest.mark.parametrize("rms_deg", [0.05, 0.15, 0.3])
@pytest.mark.parametrize("memory", [0.0, 0.5])
def test_the_injected_noise_is_reported_within_five_per_cent(rms_deg, memory):
    model = EyeModel(rms_s2s_deg=rms_deg, noise_memory=memory, bias_deg=0.0, field_deg=0.0, drift_deg=0.0,
                     vergence_sd_deg=0.0, blinks_per_min=0)  # fmt: skip
    tracker, looked = looked_at(model, seed=3)
    found = validate(looked, asdict(tracker.display_area()), *SIZE_PX)
    # The model's degree is one at the foot of the perpendicular; away from it a millimetre is a smaller angle.
    screen, scale = found.screen, []
    for target in VALIDATION_POINTS:
        px = screen.fraction_to_px(target)
        at_foot = screen.px_per_dva(screen.mm_to_px((screen.eye_x_mm, screen.eye_y_mm)))
        scale.append(float(np.sqrt(np.mean((at_foot / screen.px_per_dva(px)) ** 2))))
    for eye in EYES:
        assert found.eye(eye).rms_s2s_dva == pytest.approx(rms_deg * np.mean(scale), rel=0.05)


def test_an_eye_that_is_not_seen_is_said_so_and_the_other_one_counts():
    model = EyeModel(bias_deg=0.2, field_deg=0.1, failing_eye="left", blinks_per_min=0)
    tracker, looked = looked_at(model)
    found = validate(looked, asdict(tracker.display_area()), *SIZE_PX)
    assert found.eye("left").loss_share == 1.0
    assert found.gates["left"].level == "yellow"
    assert not np.isfinite(found.eye("left").accuracy_dva)
    assert found.level == "green"


def test_blinks_are_counted_as_lost_samples():
    tracker, looked = looked_at(EyeModel(blinks_per_min=40), seed=5)
    found = validate(looked, asdict(tracker.display_area()), *SIZE_PX)
    table = np.concatenate([one.table for one in looked])
    true_share = float((table["left_gaze_valid"] == 0).mean())
    assert true_share > 0.01
    assert found.eye("left").loss_share == pytest.approx(true_share, abs=0.002)


def test_eyes_that_look_elsewhere_than_meant_show_as_error():
    """As on the wrong monitor, or with a wrong scale: what was painted is not where the tracker thinks it is."""
    tracker, looked = looked_at(EyeModel(bias_deg=0.0, field_deg=0.0), shift=(0.25, 0.0))
    found = validate(looked, asdict(tracker.display_area()), *SIZE_PX)
    assert found.eye("left").accuracy_dva > 8
    assert found.level == "red"


def test_no_validation_point_is_a_calibration_point():
    for points in CALIBRATION_POINTS.values():
        for x, y in VALIDATION_POINTS:
            assert min(np.hypot(x - a, y - b) for a, b in points) > 0.06
    assert {n: len(set(points)) for n, points in CALIBRATION_POINTS.items()} == {5: 5, 9: 9, 13: 13}


def test_without_eyes_there_is_no_validation():
    tracker, looked = looked_at(EyeModel())
    area = asdict(tracker.display_area())
    with pytest.raises(NotValidated, match="No target"):
        validate([], area, *SIZE_PX)
    with pytest.raises(NotValidated, match="did not see your eyes"):
        validate([LookedAt((0.5, 0.5), empty_samples(100))], area, *SIZE_PX)
    with pytest.raises(NotValidated, match="No sample came"):
        validate([looked[0], LookedAt((0.5, 0.5), empty_samples(0))], area, *SIZE_PX)
    with pytest.raises(NotValidated, match="no rectangle"):
        validate(looked, {**area, "top_right_mm": (300.0, 300.0, 0.0)}, *SIZE_PX)
