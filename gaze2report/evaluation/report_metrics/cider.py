"""CIDEr: cosine of n-gram vectors in which n-grams that few references have weigh most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.report_metrics.bleu import LONGEST, ngrams

SIGMA = 6.0
FEW_REFERENCES = 100
"""Below this many references the weights say little about the field, only about the handful."""

Ngram = tuple[str, ...]


def cider(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """CIDEr-D of each report (Vedantam, Zitnick & Parikh 2015), as coco-caption computes it.

    The weights come from the references given, so a report's score depends on the set it is evaluated with, and two
    sets do not compare.

    Parameters
    ----------
    hypotheses, references : sequence of sequence of str
        Words of N generated reports and of the one reference of each.

    Returns
    -------
    ndarray, shape (N,)
        0 to 10. As in coco-caption the penalty of length counts bigrams.
    """
    counted = [
        [[ngrams(words, n) for n in range(1, LONGEST + 1)] for words in side] for side in (hypotheses, references)
    ]
    of_hypotheses, of_references = counted
    frequency = Counter(ngram for orders in of_references for order in orders for ngram in order)
    log_size = float(np.log(len(of_references))) if of_references else 0.0
    weights = {ngram: log_size - float(np.log(count)) for ngram, count in frequency.items()}
    scores = []
    for hypothesis, reference in zip(of_hypotheses, of_references, strict=True):
        delta = hypothesis[1].total() - reference[1].total()
        penalty = float(np.exp(-(delta**2) / (2 * SIGMA**2)))
        cosines = [_cosine(*orders, weights, log_size) for orders in zip(hypothesis, reference, strict=True)]
        scores.append(10.0 * penalty * sum(cosines) / LONGEST)
    return np.array(scores, dtype=np.float64)


def _cosine(
    hypothesis: Counter[Ngram], reference: Counter[Ngram], weights: dict[Ngram, float], unseen_weight: float
) -> float:
    """Cosine in which an n-gram said too often counts only as often as the reference has it."""
    hypothesis_vector = {ngram: count * weights.get(ngram, unseen_weight) for ngram, count in hypothesis.items()}
    reference_vector = {ngram: count * weights[ngram] for ngram, count in reference.items()}
    shared = sum(
        min(value, reference_vector[ngram]) * reference_vector[ngram]
        for ngram, value in hypothesis_vector.items()
        if ngram in reference_vector
    )
    norms = [sum(value**2 for value in vector.values()) ** 0.5 for vector in (hypothesis_vector, reference_vector)]
    return shared / (norms[0] * norms[1]) if norms[0] and norms[1] else 0.0
