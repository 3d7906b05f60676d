"""F1 of clinical labels: whether the generated reports say that the same is there as the radiologist's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.clinical_labels import UncertainPolicy, is_positive, label_matrix
from gaze2report.types import CHEXPERT_OBSERVATIONS

FIVE_OBSERVATIONS: tuple[str, ...] = ("Cardiomegaly", "Edema", "Consolidation", "Atelectasis", "Pleural Effusion")
"""The five on which CheXpert's competition scores (Irvin et al. 2019)."""


@dataclass(frozen=True, eq=False)
class LabelScores:
    """Agreement over some of the observations.

    Attributes
    ----------
    observations : tuple of str
        The C observations scored.
    uncertain : str
        Whether an uncertain label counts as "positive" or as "negative"; stated wherever the scores are.
    micro, macro, example : float
        F1, 0 to 1. Macro leaves out observations that neither side has; NaN when that leaves none.
    per_observation : dict of str to float
        F1; NaN for an observation that neither side has.
    counts : ndarray of int64, shape (N, C, 3)
        True positive, false positive, false negative of each report; from these follows any resampled set's score.
    """

    observations: tuple[str, ...]
    uncertain: UncertainPolicy
    micro: float
    macro: float
    example: float
    per_observation: dict[str, float]
    counts: NDArray[np.int64]

    @property
    def left_out(self) -> int:
        """How many observations neither side has."""
        return sum(bool(np.isnan(score)) for score in self.per_observation.values())


def label_counts(generated: NDArray[np.bool_], reference: NDArray[np.bool_]) -> NDArray[np.int64]:
    """True positives, false positives and false negatives, cell by cell: shape (..., 3) from two of shape (...)."""
    return np.stack([generated & reference, generated & ~reference, ~generated & reference], axis=-1).astype(np.int64)


def f1_of_counts(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of counts of shape (..., 3): 0 to 1, NaN where there is nothing to count."""
    true_positive, errors = counts[..., 0], counts[..., 1] + counts[..., 2]
    total = 2 * true_positive + errors
    return np.where(total > 0, 2 * true_positive / np.maximum(total, 1), np.nan)


def micro_f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 over all cells of counts of shape (..., N, C, 3)."""
    return f1_of_counts(counts.sum(axis=(-3, -2)))


def macro_f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean of the observations' F1 for counts of shape (..., N, C, 3), without those that neither side has."""
    scores = f1_of_counts(counts.sum(axis=-3))
    known = ~np.isnan(scores)
    number = known.sum(axis=-1)
    return np.where(number > 0, np.where(known, scores, 0.0).sum(axis=-1) / np.maximum(number, 1), np.nan)


def example_f1(counts: NDArray[np.int64], of_nothing: float = 1.0) -> NDArray[np.float64]:
    """Each report's own F1 for counts of shape (..., N, C, 3); their mean is the example-based F1.

    Parameters
    ----------
    counts : ndarray of int64, shape (..., N, C, 3)
        See `label_counts`.
    of_nothing : float
        Score of a report in which neither side has anything: they agree. scikit-learn's "samples" average says 0.
    """
    scores = f1_of_counts(counts.sum(axis=-2))
    return np.where(np.isnan(scores), of_nothing, scores)


def score_labels(
    generated: NDArray[np.float64],
    reference: NDArray[np.float64],
    observations: Sequence[str] = CHEXPERT_OBSERVATIONS,
    *,
    uncertain: UncertainPolicy = "positive",
    known: NDArray[np.bool_] | None = None,
) -> LabelScores:
    """Score label matrices of shape (N, 14) over some observations.

    Parameters
    ----------
    generated, reference : ndarray, shape (N, 14)
        Rows of `label_matrix`: 1, 0, -1, NaN.
    observations : sequence of str
        ``CHEXPERT_OBSERVATIONS`` or ``FIVE_OBSERVATIONS``.
    uncertain : str
        Policy for -1, on both sides.
    known : ndarray of bool, shape (N, 14), optional
        Cells that count; the others are left out on both sides. A report that does not speak of an observation says
        that it is not there, while a data set that does not label it says nothing.

    Raises
    ------
    ValueError
        The two have not the same reports.
    """
    if generated.shape != reference.shape:
        raise ValueError(f"{len(generated)} generated reports are labelled, and {len(reference)} references")
    columns = [CHEXPERT_OBSERVATIONS.index(name) for name in observations]
    sides = [is_positive(labels[:, columns], uncertain) for labels in (generated, reference)]
    if known is not None:
        sides = [side & known[:, columns] for side in sides]
    counts = label_counts(*sides)
    examples = example_f1(counts)
    return LabelScores(
        observations=tuple(observations),
        uncertain=uncertain,
        micro=float(micro_f1(counts)),
        macro=float(macro_f1(counts)),
        example=float(examples.mean()) if len(examples) else float("nan"),
        per_observation=dict(zip(observations, f1_of_counts(counts.sum(axis=0)).tolist(), strict=True)),
        counts=counts,
    )


def score_report_labels(
    generated: Sequence[str], references: Sequence[str], *, uncertain: UncertainPolicy = "positive"
) -> tuple[LabelScores, LabelScores]:
    """Label texts by our own rules and score them over the 14 and over the 5 observations."""
    matrices = label_matrix(generated), label_matrix(references)
    fourteen, five = (
        score_labels(*matrices, names, uncertain=uncertain) for names in (CHEXPERT_OBSERVATIONS, FIVE_OBSERVATIONS)
    )
    return fourteen, five
