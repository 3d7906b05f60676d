"""The floor: the commonest normal report of the training set, whatever the film.

Most films of most sets are normal, so text metrics reward it; what does not beat it has learnt nothing from films.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from gaze2report.comparators.comparator import (
    Comparator,
    EncodedFilm,
    FitSummary,
    Ingredients,
    ParameterCount,
    ReportCase,
)
from gaze2report.evaluation.clinical_labels import NO_FINDING, label_report
from gaze2report.types import Report


class Template:
    """Writes one report for all films."""

    def __init__(self) -> None:
        self._report = Report()

    def fit(
        self, training: Sequence[ReportCase], validation: Sequence[ReportCase], on_log: Callable[[str], None]
    ) -> FitSummary:
        """Take the commonest normal report; of equally common ones the first. Without a normal one, any."""
        reports = [Report(case.report.findings, case.report.impression) for case in training]
        normal = [report for report in reports if NO_FINDING in label_report(f"{report.findings}\n{report.impression}")]
        if not normal:
            on_log("  no training report is normal: the commonest of all is the template")
        self._report = Counter(normal or reports).most_common(1)[0][0]
        return FitSummary()

    def generate(self, film: EncodedFilm) -> Report:
        """Write it again."""
        return self._report

    def parameters(self) -> ParameterCount:
        """None."""
        return ParameterCount(0, 0)


def build(ingredients: Ingredients, settings: dict[str, Any], seed: int) -> Comparator:
    """Build it; it has no settings."""
    if settings:
        raise ValueError("a template has no settings")
    return Template()
