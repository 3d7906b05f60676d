"""The gate: a poisoned candidate is stopped, a better one is let through, and too little decides nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from gaze2report.learning.gate import GateCase, GateSettings, judge

NORMAL = "The heart is normal in size. The lungs are clear. No pleural effusion or pneumothorax."
LARGE = "The heart is enlarged. The lungs are clear. No pleural effusion or pneumothorax."
WET = "The heart is normal in size. There is a moderate left pleural effusion."
QUICK = GateSettings(draws=300)


def hold_out(live_right: float, candidate_right: float, n: int = 120, seed: int = 0) -> list[GateCase]:
    """Studies of which each version drafts a share rightly, and the rest as normal."""
    random = np.random.default_rng(seed)
    cases = []
    for number in range(n):
        truth = [NORMAL, LARGE, WET][number % 3]
        live, candidate = (truth if random.random() < share else NORMAL for share in (live_right, candidate_right))
        cases.append(GateCase(f"case {number}", f"patient {number}", truth, live, candidate))
    return cases


def test_the_same_version_passes_and_a_better_one_too() -> None:
    cases = [replace(case, candidate=case.live) for case in hold_out(0.7, 0.7)]
    assert judge(cases, QUICK).is_passed
    better = judge(hold_out(0.4, 0.95), QUICK)
    assert better.is_passed
    (f1,) = [bar for bar in better.bars if bar.name == "CheXpert-14 micro-F1"]
    assert f1.interval is not None
    assert f1.interval.low > 0


def test_a_poisoned_candidate_is_stopped_and_the_reason_stands_first() -> None:
    found = judge(hold_out(0.9, 0.1), QUICK)
    assert not found.is_passed
    assert found.bars[0].holds is False
    assert any("micro-F1" in reason for reason in found.reasons[:4])


def test_one_finding_lost_stops_a_candidate_that_is_better_elsewhere() -> None:
    cases = [
        replace(case, live=case.reference if case.reference != LARGE else NORMAL, candidate=case.reference)
        for case in hold_out(1, 1)
    ]
    cases = [replace(case, candidate=NORMAL) if case.reference == WET else case for case in cases]
    found = judge(cases, QUICK)
    assert not found.is_passed
    assert [bar.name for bar in found.bars if bar.holds is False and "sensitivity" in bar.name] == [
        "sensitivity Pleural Effusion"
    ]


def test_more_refusals_or_hallucinated_priors_stop_a_candidate() -> None:
    same = [replace(case, candidate=case.live) for case in hold_out(1, 1)]
    refusing = [replace(same[0], candidate=None), *same[1:]]
    assert "refusals" in [bar.name for bar in judge(refusing, QUICK).bars if bar.holds is False]
    comparing = [replace(same[0], candidate=f"{same[0].live} Unchanged from the prior study."), *same[1:]]
    assert "drafts that speak of a prior" in [bar.name for bar in judge(comparing, QUICK).bars if bar.holds is False]


def test_too_few_patients_let_nothing_through() -> None:
    few = judge([replace(case, candidate=case.reference) for case in hold_out(1, 1, n=10)], QUICK)
    assert not few.is_passed
    assert "10 patients are held out" in few.reasons[0]


def test_a_golden_case_must_hold() -> None:
    cases = [replace(case, candidate=case.live) for case in hold_out(1, 1)]
    golden = [replace(cases[1], golden={"Cardiomegaly": True, "Pleural Effusion": False}), *cases[2:], cases[0]]
    assert judge(golden, QUICK).is_passed
    wrong = [replace(golden[0], candidate=WET), *golden[1:]]
    assert sum("Golden case" in bar.sentence and bar.holds is False for bar in judge(wrong, QUICK).bars) == 2


def test_a_judgement_is_plain_json_and_the_same_again() -> None:
    cases = hold_out(0.8, 0.7, n=40)
    first, again = judge(cases, QUICK), judge(cases, QUICK)
    assert json.dumps(first.to_json(), allow_nan=False) == json.dumps(again.to_json(), allow_nan=False)


def test_an_empty_hold_out_is_an_error() -> None:
    with pytest.raises(ValueError, match="empty"):
        judge([])
