"""Maps of where one looks, against fixations (NSS, AUC, information gain) and against other maps (CC, SIM, KL).

Definitions and names after Bylinskii et al. 2019, "What do different evaluation metrics tell us about saliency models?"

Notation: a map has shape (rows, columns); fixations are places (x, y) in pixels of the map, F of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaze2report.evaluation.scanpath_metrics.fixation_array import Floats

_EPSILON = float(np.finfo(np.float64).eps)  # 2.2204e-16, as in the code of the MIT saliency benchmark


def nss(saliency: ArrayLike, x_px: ArrayLike, y_px: ArrayLike) -> float:
    """Normalised scanpath saliency: mean z-score of the map at the fixations.

    The standard deviation is that of the population (divided by the number of pixels).

    Returns
    -------
    float
        0 at chance; NaN without fixations or for a map of one value.
    """
    values = _checked(saliency)
    at = _at_fixations(values, x_px, y_px)
    deviation = float(values.std())
    if not len(at) or deviation == 0:
        return float("nan")
    return float((at.mean() - values.mean()) / deviation)


def correlation(first: ArrayLike, second: ArrayLike) -> float:
    """CC: Pearson's correlation of two maps, -1 to 1; NaN when one of them has one value only."""
    one, other = _same_shape(first, second)
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / scale) if scale > 0 else float("nan")


def similarity(first: ArrayLike, second: ArrayLike) -> float:
    """SIM: intersection of two maps of values of 0 or more, each scaled to sum 1; 0 to 1 (alike)."""
    one, other = (_as_distribution(m) for m in _same_shape(first, second))
    return float(np.minimum(one, other).sum())


def kl_divergence(predicted: ArrayLike, truth: ArrayLike) -> float:
    """KL: divergence of the predicted map from the true one in nats, in the MIT benchmark's regularised form.

    ``sum(truth * log(eps + truth / (eps + predicted)))`` over maps scaled to sum 1. Other packages regularise
    otherwise, and their numbers do not compare.

    Returns
    -------
    float
        0 for equal maps, larger for worse ones. Not symmetric.
    """
    model, reference = (_as_distribution(m) for m in _same_shape(predicted, truth))
    return float((reference * np.log(_EPSILON + reference / (_EPSILON + model))).sum())


def information_gain(
    predicted: ArrayLike, x_px: ArrayLike, y_px: ArrayLike, baseline: ArrayLike | None = None
) -> float:
    """Information gain in bit per fixation of a predicted density over a baseline (Kümmerer et al. 2015).

    Parameters
    ----------
    predicted, baseline : array_like, shape (rows, columns)
        Not negative; scaled to sum 1. No baseline: the uniform density.

    Returns
    -------
    float
        Above 0 when the prediction is better than the baseline; NaN without fixations.
    """
    values = _checked(predicted)
    density = _as_distribution(values)
    ground = np.ones_like(density) if baseline is None else _same_shape(values, baseline)[1]
    at = _at_fixations(density, x_px, y_px)
    ground_at = _at_fixations(_as_distribution(ground), x_px, y_px)
    return float((np.log2(_EPSILON + at) - np.log2(_EPSILON + ground_at)).mean()) if len(at) else float("nan")


def auc_roc(saliency: ArrayLike, x_px: ArrayLike, y_px: ArrayLike) -> float:
    """Area under the true ROC curve: fixated places against all pixels; a threshold at every value of the map.

    Returns
    -------
    float
        The chance that a fixated place has a higher value than a pixel of the map, ties counting half; 0.5 at chance,
        NaN without fixations.
    """
    values = _checked(saliency)
    at = _at_fixations(values, x_px, y_px)
    if not len(at):
        return float("nan")
    ordered = np.sort(values, axis=None)
    below = np.searchsorted(ordered, at, side="left")
    not_above = np.searchsorted(ordered, at, side="right")
    return float((below + not_above).mean() / (2 * ordered.size))


def auc_judd(saliency: ArrayLike, x_px: ArrayLike, y_px: ArrayLike) -> float:
    """AUC-Judd (Judd et al. 2009): thresholds at the fixated values only, trapezoids to (1, 1), no jitter.

    With few fixations this is far above the true area (:func:`auc_roc`): report both, by name.

    Returns
    -------
    float
        NaN without fixations.
    """
    values = _checked(saliency)
    at = np.sort(_at_fixations(values, x_px, y_px))[::-1]
    if not len(at):
        return float("nan")
    ordered = np.sort(values, axis=None)
    above = ordered.size - np.searchsorted(ordered, at, side="left")
    hits = np.arange(1, len(at) + 1)
    true_positive = np.concatenate([[0.0], hits / len(at), [1.0]])
    false_positive = np.concatenate([[0.0], (above - hits) / (ordered.size - len(at)), [1.0]])
    return float((np.diff(false_positive) * (true_positive[1:] + true_positive[:-1]) / 2).sum())


def _checked(saliency: ArrayLike) -> Floats:
    values = np.asarray(saliency, dtype=np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise ValueError("a map needs rows, columns and finite values")
    return values


def _same_shape(first: ArrayLike, second: ArrayLike) -> tuple[Floats, Floats]:
    one, other = _checked(first), _checked(second)
    if one.shape != other.shape:
        raise ValueError(f"maps of shapes {one.shape} and {other.shape} do not compare")
    return one, other


def _as_distribution(values: Floats) -> Floats:
    total = float(values.sum())
    if total <= 0 or values.min() < 0:
        raise ValueError("a map that is to be a distribution needs values of 0 or more, not all 0")
    return np.asarray(values / total, dtype=np.float64)


def _at_fixations(values: Floats, x_px: ArrayLike, y_px: ArrayLike) -> NDArray[np.float64]:
    x, y = np.asarray(x_px, dtype=np.float64).ravel(), np.asarray(y_px, dtype=np.float64).ravel()
    rows, columns = values.shape
    if x.shape != y.shape or not ((x >= 0) & (x < columns) & (y >= 0) & (y < rows)).all():
        raise ValueError(f"fixations must lie inside the map of {columns} x {rows} px")
    return values[y.astype(np.int64), x.astype(np.int64)]
