"""ROUGE: words, pairs of words and the longest common subsequence that a generated report shares with its reference."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.report_metrics.bleu import ngrams

BETA = 1.2


def common_subsequence_length(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence, row by row as bits of one integer (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for position, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << position
    every = (1 << len(first)) - 1
    row = every
    for word in second:
        matched = row & places.get(word, 0)
        row = ((row + matched) | (row - matched)) & every
    return len(first) - row.bit_count()


def rouge_l(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """ROUGE-L F of each report (Lin 2004) with beta = 1.2, as coco-caption computes it.

    Parameters
    ----------
    hypotheses, references : sequence of sequence of str
        Words of N generated reports and of the one reference of each.

    Returns
    -------
    ndarray, shape (N,)
        0 to 1; 0 when either text is empty.
    """
    scores = []
    for hypothesis, reference in zip(hypotheses, references, strict=True):
        common = common_subsequence_length(hypothesis, reference)
        if not common:
            scores.append(0.0)
            continue
        precision, recall = common / len(hypothesis), common / len(reference)
        scores.append((1 + BETA**2) * precision * recall / (recall + BETA**2 * precision))
    return np.array(scores, dtype=np.float64)


def rouge_score_f1(generated: str, reference: str) -> tuple[float, float, float]:
    """ROUGE-1, ROUGE-2 and ROUGE-L of two texts as Google's ``rouge_score`` has them, without stemming.

    F1 (beta = 1), words of letters a to z and figures: another protocol than coco-caption's, and other numbers.
    """
    first, second = (re.findall(r"[a-z0-9]+", text.lower()) for text in (generated, reference))
    shared = [(ngrams(first, n) & ngrams(second, n)).total() for n in (1, 2)]
    one, two = (_f1(count, len(first) - n + 1, len(second) - n + 1) for n, count in zip((1, 2), shared, strict=True))
    return one, two, _f1(common_subsequence_length(first, second), len(first), len(second))


def _f1(shared: int, generated: int, reference: int) -> float:
    return 2.0 * shared / (generated + reference) if shared else 0.0
