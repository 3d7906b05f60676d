"""The score of the checks: seeded errors they find, clean reports they wrongly hold up."""

from __future__ import annotations

import random

import pytest
from unit.gaze2report.report_checks.clean_reports import CLEAN
from unit.gaze2report.report_checks.seeded_errors import INJECTORS, case_of

from gaze2report.report_checks.check import check_report

SEEDS = range(2)
LEAST_RECALL = {code: 0.9 for code in INJECTORS}
MOST_FALSE_ALARMS = 0.05


def scores() -> dict[str, tuple[int, int]]:
    """Errors found and errors put in, by code; an error counts as found only by the issue it should raise."""
    found: dict[str, tuple[int, int]] = {}
    for code, inject in INJECTORS.items():
        hits = total = 0
        for seed in SEEDS:
            for number, report in enumerate(CLEAN):
                injected = inject(case_of(report), random.Random(f"{code} {seed} {number}"))
                if injected is not None:
                    total += 1
                    hits += code in {issue.code for issue in check_report(*injected)}
        found[code] = (hits, total)
    return found


def test_seeded_errors_are_found(capsys) -> None:
    by_code = scores()
    total = sum(count for _, count in by_code.values())
    with capsys.disabled():
        print(f"\n{total} seeded errors in {len(CLEAN)} made-up reports:")
        for code, (hits, count) in by_code.items():
            print(f"  {code:20} {hits:3} of {count:3}  recall {hits / count:.3f}")
    assert total >= 200
    for code, (hits, count) in by_code.items():
        assert count >= 15, f"{code} was put into {count} reports only"
        assert hits / count >= LEAST_RECALL[code], code


def test_clean_reports_are_let_through(capsys) -> None:
    held_up = {report.findings: issues for report in CLEAN if (issues := check_report(*case_of(report)))}
    with capsys.disabled():
        print(f"\n{len(held_up)} of {len(CLEAN)} clean reports held up ({len(held_up) / len(CLEAN):.1%})")
    assert len(held_up) / len(CLEAN) <= MOST_FALSE_ALARMS, held_up


@pytest.mark.parametrize("report", CLEAN, ids=range(len(CLEAN)))
def test_no_clean_report_is_blocked(report) -> None:
    assert [issue for issue in check_report(*case_of(report)) if issue.kind == "blocker"] == []
