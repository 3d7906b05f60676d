"""RadCliQ-v1 (Yu et al. 2023): a weighted sum of four metrics that follows radiologists' counts of errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MEANS = np.array([0.53792312, 0.61757256, 0.76479421, 0.44738335])
SCALES = np.array([0.30282584, 0.22430938, 0.25394391, 0.29892717])
WEIGHTS = np.array([-0.377083683, -0.3703001, -0.252616218, 4.31504841e-12])
INTERCEPT = 2.46655256e-10
"""Of RadGraph, BERTScore, the CheXbert embedding and BLEU-2, as in CXR-Report-Metric."""


def radcliq_v1(
    radgraph: NDArray[np.float64],
    bert_score: NDArray[np.float64],
    embedding: NDArray[np.float64],
    bleu2: NDArray[np.float64],
) -> NDArray[np.float64]:
    """RadCliQ-v1 of each report; lower is better, and below 0 is common.

    Parameters
    ----------
    radgraph : ndarray, shape (N,)
        Mean of entity and relation F1 (`gaze2report.evaluation.supplied.radgraph.radcliq_radgraph`).
    bert_score : ndarray, shape (N,)
        F1 of distilroberta-base, layer 5, rescaled.
    embedding : ndarray, shape (N,)
        Cosine of CheXbert's embeddings.
    bleu2 : ndarray, shape (N,)
        0 to 1. Its weight is 4e-12: it changes nothing that is shown.
    """
    columns = np.stack([radgraph, bert_score, embedding, bleu2], axis=1)
    return np.asarray(((columns - MEANS) / SCALES) @ WEIGHTS + INTERCEPT)


def cosine(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine of each pair of rows, shape (N,); 0 where one is a zero vector."""
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.where(norms > 0, (first * second).sum(axis=1) / np.where(norms > 0, norms, 1.0), 0.0)
