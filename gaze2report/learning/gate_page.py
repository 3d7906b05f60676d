"""What the gate found as one page: verdict, bars, and the studies in which the two versions differ most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gaze2report.evaluation.figures import IntervalRow, interval_plot
from gaze2report.evaluation.html_page import HtmlPage
from gaze2report.learning.gate import GateCase, Judgement

_MOST_CASES = 10


def to_page(found: Judgement, cases: Sequence[GateCase], content: dict[str, Any]) -> str:
    """Write the page."""
    live, candidate = content["live"], content["candidate"]
    page = HtmlPage(f"Gate: {candidate['name']} against {live['name']}")
    verdict = "The candidate may go live once a person approves it." if found.is_passed else "The candidate stays out."
    page.note(verdict)
    page.facts(
        [
            ("candidate", f"{candidate['name']}, sha256 {candidate['sha256'][:16]}"),
            ("live", f"{live['name']}, sha256 {live['sha256'][:16]}"),
            ("hold-out", f"{len(cases)} studies of {found.patients} patients"),
            ("training set", content["training_set_sha256"][:16]),
        ]
    )
    page.heading("Bars")
    words = {True: "holds", False: "fails", None: "told only"}
    page.table(["", "what was asked and found"], [[words[bar.holds], bar.sentence] for bar in found.bars])
    rows = [
        IntervalRow(bar.name, bar.interval.value, bar.interval.low, bar.interval.high)
        for bar in found.bars
        if bar.interval is not None
    ]
    if rows:
        description = "Candidate minus live, with 95 % intervals by patient"
        page.figure(interval_plot(rows, axis="difference", null_value=0.0), description)
    page.heading("Where they differ")
    differing = [case for case in cases if case.live != case.candidate][:_MOST_CASES]
    if not differing:
        page.paragraph("Both versions draft every study of the hold-out with the same words.")
    for case in differing:
        texts = [
            ("signed", case.reference),
            ("live", case.live or "refused"),
            ("candidate", case.candidate or "refused"),
        ]
        page.case(f"Study {case.case_id}", None, "", texts)
    return page.to_html()
