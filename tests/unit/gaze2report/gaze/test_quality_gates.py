"""Gates of a case and of a validation at and around their limits, and what the reader is told."""

from __future__ import annotations

import pytest

from gaze2report.gaze.quality_gates import judge_case, judge_validation
from gaze2report.gaze.quality_measures import EyeQuality, TargetQuality

GOOD = EyeQuality(0.4, 0.08, 0.09, 0.03, 0.0, 600.0)


def level(name: str, **values) -> str:
    measured = {"missing_share": 0.0, "longest_gap_s": 0.0, **values}
    return next(gate.level for gate in judge_case(**measured).gates if gate.name == name)


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0, "green"), (0.0999, "green"), (0.10, "yellow"), (0.1499, "yellow"), (0.15, "red")]
)
def test_missing_gaze_is_judged_as_in_reflacx(value, expected):
    assert level("missing_share", missing_share=value) == expected


@pytest.mark.parametrize(("value", "expected"), [(1.49, "green"), (1.5, "yellow"), (2.99, "yellow"), (3.0, "red")])
def test_the_longest_gap_is_judged_as_in_reflacx(value, expected):
    assert level("longest_gap_s", longest_gap_s=value) == expected


@pytest.mark.parametrize(
    ("drifts", "expected"),
    [
        ((), "not_measured"),
        ((0.9,), "green"),
        ((1.2, 0.9), "yellow"),
        ((9.0, 0.5, 0.5, 0.5, 0.5), "green"),  # older than the last four
        ((0.5, 1.5, 2.0, 2.0), "red"),
    ],
)
def test_drift_is_the_mean_of_the_last_four_cases(drifts, expected):
    assert level("drift_dva", drifts_dva=drifts) == expected


def test_a_case_is_refused_by_one_gate_and_says_the_worst_first():
    found = judge_case(missing_share=0.12, longest_gap_s=3.2, drifts_dva=(0.3,), clock_residual_ms=0.1)
    assert (found.level, found.is_usable) == ("red", False)
    assert found.sentences[0] == "Longest gap: 3.20 s, 3.00 s or more cannot be used."
    assert found.sentences[1] == "Missing gaze: 12.0 %, should be below 10.0 %."
    assert "Drift of this case: 0.30 degrees." in found.sentences


def test_what_was_not_measured_is_said_and_is_not_called_good():
    found = judge_case(missing_share=0.0, longest_gap_s=float("nan"), drifts_dva=(0.2, 0.4))
    assert "Drift over the last 2 cases: 0.30 degrees." in found.sentences
    assert found.level == "not_measured"
    assert found.is_usable
    assert "Longest gap: not measured." in found.sentences
    assert judge_case(missing_share=0.0, longest_gap_s=0.1, drifts_dva=(0.1,), clock_residual_ms=0.6).level == "yellow"


def targets(*lefts: EyeQuality) -> list[TargetQuality]:
    return [TargetQuality((100.0, 100.0), left, GOOD) for left in lefts]


def test_a_validation_is_judged_eye_by_eye():
    bad = EyeQuality(1.4, 0.08, 0.09, 0.03, 0.0, 600.0)
    found = judge_validation(targets(GOOD, GOOD, GOOD, bad))
    assert found["right"].level == "green"
    assert found["left"].level == "yellow"
    worst = next(gate for gate in found["left"].gates if gate.level == "yellow")
    assert worst.sentence == "Error at the worst target: 1.40 degrees, should be below 1.20 degrees."
    mean = next(gate for gate in found["left"].gates if gate.name == "mean_accuracy_dva")
    assert (mean.level, mean.value) == ("green", pytest.approx((3 * 0.4 + 1.4) / 4))


def test_an_eye_that_was_not_found_at_a_target_is_not_called_accurate():
    nan = float("nan")
    lost = EyeQuality(nan, nan, nan, nan, 1.0, 0.0)
    found = judge_validation(targets(GOOD, lost))["left"]
    by_name = {gate.name: gate.level for gate in found.gates}
    assert by_name["worst_accuracy_dva"] == "not_measured"
    assert by_name["loss_share"] == "yellow"
    assert judge_validation(targets(lost))["left"].level == "yellow"
    with pytest.raises(ValueError, match="no quality"):
        judge_validation([])
