"""What goes wrong in generated text whatever the reference says: nothing written, repeated, compared with no film."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.report_metrics.bleu import ngrams
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.report_checks.content import ReportContent, StudyFacts
from gaze2report.report_checks.priors import prior
from gaze2report.report_text import sentence_spans

REPEATED_LENGTH = 4


def repeated_sentence_share(text: str) -> float:
    """Share of a report's sentences that it has said before, 0 to 1; case and spaces do not count."""
    sentences = [" ".join(text[start:end].lower().split()) for start, end in sentence_spans(text)]
    return 1.0 - len(set(sentences)) / len(sentences) if sentences else 0.0


def repeated_ngram_share(words: Sequence[str], length: int = REPEATED_LENGTH) -> float:
    """Share of a report's n-grams that it has said before (1 - distinct-n; Li et al. 2016), 0 to 1."""
    counts = ngrams(words, length)
    return 1.0 - len(counts) / counts.total() if counts else 0.0


def compares(text: str) -> bool:
    """Whether a report compares with an earlier study, by the rule that warns the reader of it."""
    return any(prior(ReportContent(sections={"findings": text}), StudyFacts(has_prior=False)))


def hallucinated_prior_rate(
    texts: Sequence[str], has_prior: Sequence[bool | None], chosen: NDArray[np.intp] | None = None
) -> float | NotRun:
    """Share of the reports on patients without an earlier study that compare with one.

    Parameters
    ----------
    texts : sequence of str
        Generated reports.
    has_prior : sequence of bool or None
        Whether the generator was given an earlier study; None when nobody knows, and the report is left out.
    chosen : ndarray of int or None
        Numbers of the reports to look at; all when None.

    Returns
    -------
    float or NotRun
        0 to 1.
    """
    numbers = range(len(texts)) if chosen is None else chosen.tolist()
    without = [texts[number] for number in numbers if has_prior[number] is False]
    if not without:
        return NotRun("of no report is it known that there was no earlier study")
    return float(np.mean([compares(text) for text in without]))
