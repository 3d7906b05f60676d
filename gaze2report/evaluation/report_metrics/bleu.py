"""BLEU: how many n-grams of the generated reports occur in their references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Words = Sequence[str]
LONGEST = 4


def ngrams(words: Words, length: int) -> Counter[tuple[str, ...]]:
    """Count the n-grams of one length."""
    return Counter(zip(*(words[start:] for start in range(length)), strict=False))


def bleu_counts(hypotheses: Sequence[Words], references: Sequence[Words]) -> NDArray[np.int64]:
    """Count what BLEU is made of, report by report, so that resampled corpora need no second count.

    Parameters
    ----------
    hypotheses, references : sequence of sequence of str
        Words of N generated reports and of the one reference of each.

    Returns
    -------
    ndarray of int64, shape (N, 10)
        Words generated, words in the reference, then matching n-grams for n = 1..4, then generated n-grams.
    """
    rows = []
    for hypothesis, reference in zip(hypotheses, references, strict=True):
        orders = range(1, LONGEST + 1)
        matching = [(ngrams(hypothesis, n) & ngrams(reference, n)).total() for n in orders]
        rows.append([len(hypothesis), len(reference), *matching, *(max(0, len(hypothesis) - n + 1) for n in orders)])
    return np.array(rows, dtype=np.int64).reshape(len(rows), 2 + 2 * LONGEST)


def bleu_of_counts(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """BLEU-1 to BLEU-4 of a corpus (Papineni, Roukos, Ward & Zhu 2002), as coco-caption computes it.

    Parameters
    ----------
    counts : ndarray of int64, shape (..., N, 10)
        Rows of `bleu_counts`.

    Returns
    -------
    ndarray, shape (..., 4)
        0 to 1; NaN for a corpus without reports.
    """
    tiny, small = 1e-15, 1e-9
    total = np.asarray(counts).sum(axis=-2).astype(np.float64)
    matching, generated = total[..., 2 : 2 + LONGEST], total[..., 2 + LONGEST :]
    precision = (matching + tiny) / (generated + small)
    scores = np.cumprod(precision, axis=-1) ** (1.0 / np.arange(1, LONGEST + 1))
    ratio = (total[..., :1] + tiny) / (total[..., 1:2] + small)
    scores = scores * np.exp(np.minimum(0.0, 1.0 - 1.0 / ratio))
    return np.where(total[..., 1:2] + total[..., :1] > 0, scores, np.nan)


def bleu(hypotheses: Sequence[Words], references: Sequence[Words]) -> NDArray[np.float64]:
    """BLEU-1 to BLEU-4 of a corpus; see `bleu_of_counts`."""
    return bleu_of_counts(bleu_counts(hypotheses, references))
