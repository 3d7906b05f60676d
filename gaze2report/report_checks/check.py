"""All checks of a report before it is signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gaze2report.report_checks import completeness, consistency, facts, priors
from gaze2report.report_checks.content import Issue, ReportContent, StudyFacts

Rule = Callable[[ReportContent, StudyFacts], Iterator[Issue]]

RULES: tuple[Rule, ...] = (
    completeness.wrong_study,
    completeness.missing_text,
    completeness.unfilled,
    completeness.unreviewed_ai,
    consistency.laterality,
    facts.sex,
    facts.age,
    priors.prior,
    facts.findings_head,
    facts.heart_size,
    consistency.critical_result,
)


def check_report(content: ReportContent, study: StudyFacts) -> tuple[Issue, ...]:
    """Everything that speaks against signing a report: blockers first, each kind in the order of its rules."""
    found = [issue for rule in RULES for issue in rule(content, study)]
    return tuple(sorted(found, key=lambda issue: issue.kind != "blocker"))
