"""How far a probability can be believed: temperature, threshold and expected calibration error of each observation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import Tensor

from gaze2report.models.findings import FindingsHead
from gaze2report.training.train_findings import auroc, youden_threshold
from gaze2report.types import CHEXPERT_OBSERVATIONS

N_BINS = 10
LOG_TEMPERATURE_RANGE = (-2.0, 4.0)
"""Beyond, the validation films are told apart without error, and no finite temperature would be enough."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CalibrationBin:
    """Films whose probability lies in one interval."""

    low: float
    high: float
    films: int
    mean_probability: float
    share_positive: float


@dataclass(frozen=True)
class ObservationCalibration:
    """Calibration of one observation on the films whose label is known.

    Attributes
    ----------
    error_before, error_after : float
        Expected calibration error with temperature 1 and with the fitted one.
    """

    films: int
    positive_films: int
    temperature: float
    threshold: float
    auroc: float
    error_before: float
    error_after: float
    bins: tuple[CalibrationBin, ...] = field(default_factory=tuple)


def fit_temperature(logits: FloatArray, labels: FloatArray) -> float:
    """Temperature that minimises the cross-entropy of ``sigmoid(logit / T)`` (Guo et al. 2017); arrays (films,)."""

    def cross_entropy(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float((np.logaddexp(0.0, scaled) - labels * scaled).mean())

    found = minimize_scalar(cross_entropy, bounds=LOG_TEMPERATURE_RANGE, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def calibration_bins(probabilities: FloatArray, labels: FloatArray, n_bins: int = N_BINS) -> list[CalibrationBin]:
    """Sort films into bins of equal width by probability; empty bins are left out."""
    index = np.clip((probabilities * n_bins).astype(int), 0, n_bins - 1)
    made = []
    for number in range(n_bins):
        inside = index == number
        if inside.any():
            mean, share = float(probabilities[inside].mean()), float(labels[inside].mean())
            made.append(CalibrationBin(number / n_bins, (number + 1) / n_bins, int(inside.sum()), mean, share))
    return made


def expected_calibration_error(probabilities: FloatArray, labels: FloatArray, n_bins: int = N_BINS) -> float:
    """Mean distance of probability and share of positive films over the bins, by films (Naeini et al. 2015).

    Of the positive class: the probability of an observation is compared with how often it is there.
    """
    bins = calibration_bins(probabilities, labels, n_bins)
    return sum(one.films * abs(one.mean_probability - one.share_positive) for one in bins) / len(labels)


def calibrate_head(
    head: FindingsHead, logits: Tensor, labels: Tensor, *, min_films: int, min_auroc: float = 0.6
) -> dict[str, ObservationCalibration]:
    """Fit a temperature and choose a threshold for each observation on validation logits, in place.

    Parameters
    ----------
    logits, labels : Tensor (films, O)
        Labels NaN where unknown.
    min_films : int
        Positive and negative films that an observation needs to be measured; with fewer, or an AUROC below
        ``min_auroc``, it is not supported and its probability never shown.
    """
    measured: dict[str, ObservationCalibration] = {}
    head.is_supported.zero_()
    head.log_temperature.zero_()
    head.prior_shift.zero_()
    for column, name in enumerate(CHEXPERT_OBSERVATIONS):
        known = ~labels[:, column].isnan()
        raw, truth = logits[known, column].double().numpy(), labels[known, column].double().numpy()
        n_positive = int((truth == 1).sum())
        if min(n_positive, len(truth) - n_positive) < max(1, min_films):
            continue
        one = _measure(raw, truth)
        head.log_temperature[column] = float(np.log(one.temperature))
        head.threshold[column] = one.threshold
        head.is_supported[column] = one.auroc >= min_auroc
        measured[name] = one
    return measured


def _measure(raw: FloatArray, truth: FloatArray) -> ObservationCalibration:
    temperature = fit_temperature(raw, truth)
    before, after = _sigmoid(raw), _sigmoid(raw / temperature)
    return ObservationCalibration(
        films=len(truth),
        positive_films=int((truth == 1).sum()),
        temperature=temperature,
        threshold=youden_threshold(after.astype(np.float32), truth.astype(np.float32)),
        auroc=auroc(raw.astype(np.float32), truth.astype(np.float32)),
        error_before=expected_calibration_error(before, truth),
        error_after=expected_calibration_error(after, truth),
        bins=tuple(calibration_bins(after, truth)),
    )


def calibration_summary(measured: dict[str, ObservationCalibration], head: FindingsHead) -> dict[str, Any]:
    """Calibration as plain values for a manifest: by observation, and the mean over those that are supported."""
    supported = dict(zip(CHEXPERT_OBSERVATIONS, head.is_supported.tolist(), strict=True))
    rows = {name: {**_plain(one), "is_supported": supported[name]} for name, one in measured.items()}
    kept = [one for name, one in measured.items() if supported[name]]
    return {
        "measured_on": "validation, which the temperatures were fitted on",
        "n_bins": N_BINS,
        "macro": {
            "observations": len(kept),
            "error_before": _mean([one.error_before for one in kept]),
            "error_after": _mean([one.error_after for one in kept]),
            "auroc": _mean([one.auroc for one in kept]),
        },
        "observations": rows,
    }


def _plain(one: ObservationCalibration) -> dict[str, Any]:
    values = {name: _rounded(value) for name, value in vars(one).items() if name != "bins"}
    return values | {"bins": [{n: _rounded(v) for n, v in vars(bin_).items()} for bin_ in one.bins]}


def _rounded(value: Any) -> Any:
    return round(value, 5) if isinstance(value, float) else value


def _mean(values: list[float]) -> float | None:
    return round(float(np.mean(values)), 5) if values else None


def _sigmoid(values: FloatArray) -> FloatArray:
    return np.asarray(torch.from_numpy(values).sigmoid().numpy())
