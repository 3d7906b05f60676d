"""Findings on held-out patients: our probe and head against the floor, patient-grouped 5-fold.

The floor is a linear probe on pooled ImageNet features of the same masked films; what does not stand above it is not
worth shipping.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.models.findings import CalibratedLogits
from gaze2report.models.findings_probe import FindingsProbe
from gaze2report.training.film_groups import FilmGroups
from gaze2report.training.linear_fit import fit_logistic, moments
from gaze2report.training.train_findings import FindingsPhase, MakeModels, auroc, fit, fit_platt, predict
from gaze2report.training.train_probe import ProbePhase, out_of_fold_probe
from gaze2report.types import CHEXPERT_OBSERVATIONS

MIN_POSITIVE_FILMS = 20
N_BOOTSTRAP = 1000
N_BINS = 10
FLOOR_CHANNELS = 1280
FLOOR_RIDGE = 0.3
"""The best of 0.01, 0.03, 0.1, 0.3 and 1 for the abnormal: the floor is not made low."""
NORMAL = CHEXPERT_OBSERVATIONS.index("No Finding")


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Calibrated probabilities (films, 14) of models that saw neither the film's patient nor its calibration.

    Calibrations that differ from fold to fold disorder films of different folds a little, and with them the AUROC of
    rare findings: it is that of the probabilities that a reader would be shown.
    """

    floor: Tensor
    head: Tensor
    ours: Tensor


def cross_validated(
    groups: FilmGroups,
    make_models: MakeModels,
    make_probe: Callable[[], FindingsProbe],
    findings: FindingsPhase,
    probe: ProbePhase,
    on_log: Callable[[str], None] = print,
) -> OutOfFold:
    """Fit floor, head and probe in every fold and predict its held-out patients."""
    labels, folds = groups.labels, groups.folds
    taught = (labels == 1).sum(0) >= MIN_POSITIVE_FILMS
    head = torch.zeros_like(labels)
    for fold in sorted(set(folds.tolist())):
        held_out = folds == fold
        encoder, trained = fit(
            make_models, groups.views.maps()[~held_out], labels[~held_out], taught, findings, findings.seed + fold
        )
        head[held_out] = predict(encoder, trained, groups.views.film.maps[held_out][:, None])
        on_log(f"  fold {fold + 1}: encoder and head trained")
    probed = out_of_fold_probe(make_probe, groups.views, labels, folds, probe)
    ours = make_probe().together(probed, head)
    floor = _floor(groups, labels, folds)
    return OutOfFold(*(calibrated(logits, labels, folds) for logits in (floor, head, ours)))


def _floor(groups: FilmGroups, labels: Tensor, folds: Tensor) -> Tensor:
    pooled = groups.views.film.stages[:, -FLOOR_CHANNELS:]
    logits = torch.zeros_like(labels)
    for fold in sorted(set(folds.tolist())):
        held_out = folds == fold
        mean, scale = moments(pooled[~held_out])
        weight, bias = fit_logistic((pooled[~held_out] - mean) / scale, labels[~held_out], FLOOR_RIDGE)
        logits[held_out] = (pooled[held_out] - mean) / scale @ weight + bias
    return logits


def calibrated(logits: Tensor, labels: Tensor, folds: Tensor) -> Tensor:
    """Calibrate the logits (films, 14) of each fold by what the other folds' logits and labels say (Platt 1999)."""
    probabilities = torch.zeros_like(logits)
    for fold in sorted(set(folds.tolist())):
        held_out = folds == fold
        calibration = CalibratedLogits(logits.shape[1])
        for column in range(logits.shape[1]):
            known = ~held_out & ~labels[:, column].isnan()
            if (labels[known, column] == 1).sum() >= MIN_POSITIVE_FILMS // 2:
                fit_platt(calibration, column, logits[known, column], labels[known, column])
        probabilities[held_out] = calibration.calibrated(logits[held_out])
    return probabilities


def measured_observations(labels: NDArray[np.float32]) -> list[str]:
    """Observations with enough positive films; ``No Finding`` is not one."""
    positives = (labels == 1).sum(0)
    return [
        name
        for column, name in enumerate(CHEXPERT_OBSERVATIONS)
        if column != NORMAL and positives[column] >= MIN_POSITIVE_FILMS
    ]


def abnormal_auroc(probabilities: NDArray[np.float32], labels: NDArray[np.float32]) -> float:
    """AUROC of abnormal against normal."""
    return auroc(probabilities[:, NORMAL], labels[:, NORMAL])


def macro_auroc(probabilities: NDArray[np.float32], labels: NDArray[np.float32], names: Sequence[str]) -> float:
    """Mean AUROC over observations; those without both classes are left out."""
    columns = [CHEXPERT_OBSERVATIONS.index(name) for name in names]
    return float(np.nanmean([auroc(probabilities[:, c], labels[:, c]) for c in columns]))


def calibration_error(
    probability: NDArray[np.float32], truth: NDArray[np.float32]
) -> tuple[float, list[dict[str, float]]]:
    """Expected calibration error over ten bins of equal count, and the curve: predicted, observed, films."""
    order = np.argsort(probability, kind="stable")
    curve = [
        {"predicted": float(probability[part].mean()), "observed": float(truth[part].mean()), "films": len(part)}
        for part in np.array_split(order, N_BINS)
        if len(part)
    ]
    error = sum(abs(b["predicted"] - b["observed"]) * b["films"] for b in curve) / len(order)
    return float(error), curve


def patient_bootstrap(
    patients: NDArray[np.str_], statistic: Callable[[NDArray[np.int64]], float], seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % interval of a statistic of rows when patients are resampled."""
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(patients == patient) for patient in np.unique(patients)]
    values = [
        statistic(np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))])) for _ in range(N_BOOTSTRAP)
    ]
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def findings_table(groups: FilmGroups, found: OutOfFold) -> dict[str, Any]:
    """Everything that the table, the calibration curve and the model card show."""
    labels = groups.labels.numpy()
    names = measured_observations(labels)
    patients = np.array([film.patient_id for film in groups.films])
    systems = {name: getattr(found, name).numpy() for name in ("floor", "head", "ours")}
    subsets = {"all": np.ones(len(labels), dtype=bool)}
    for part, value in (("view", "AP"), ("view", "PA"), ("sex", "F"), ("sex", "M")):
        subsets[value] = np.array([getattr(film, part) == value for film in groups.films])
    rows = []
    for subset, chosen in subsets.items():
        for system, scores in systems.items():
            for kind in ("abnormal", "macro"):
                figures = _with_interval(scores[chosen], labels[chosen], patients[chosen], names, kind)
                row = {"subset": subset, "system": system, "measure": kind, "films": int(chosen.sum())}
                rows.append({**row, **figures})
    return {
        "observations": names,
        "rows": rows,
        "ours_minus_floor": {
            kind: _difference(systems["ours"], systems["floor"], labels, patients, names, kind)
            for kind in ("abnormal", "macro")
        },
        "by_observation": [_observation(name, systems, labels, patients) for name in ["No Finding", *names]],
    }


def _measure(kind: str, scores: NDArray[np.float32], labels: NDArray[np.float32], names: Sequence[str]) -> float:
    return abnormal_auroc(scores, labels) if kind == "abnormal" else macro_auroc(scores, labels, names)


def _with_interval(
    scores: NDArray[np.float32],
    labels: NDArray[np.float32],
    patients: NDArray[np.str_],
    names: Sequence[str],
    kind: str,
) -> dict[str, float]:
    low, high = patient_bootstrap(patients, lambda rows: _measure(kind, scores[rows], labels[rows], names))
    return {"auroc": _measure(kind, scores, labels, names), "low": low, "high": high}


def _difference(
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    labels: NDArray[np.float32],
    patients: NDArray[np.str_],
    names: Sequence[str],
    kind: str,
) -> dict[str, float]:
    def difference(rows: NDArray[np.int64]) -> float:
        return _measure(kind, one[rows], labels[rows], names) - _measure(kind, other[rows], labels[rows], names)

    low, high = patient_bootstrap(patients, difference)
    return {"difference": difference(np.arange(len(labels))), "low": low, "high": high}


def _observation(
    name: str,
    systems: dict[str, NDArray[np.float32]],
    labels: NDArray[np.float32],
    patients: NDArray[np.str_],
) -> dict[str, Any]:
    column = CHEXPERT_OBSERVATIONS.index(name)
    scores, truth = systems["ours"][:, column], labels[:, column]
    low, high = patient_bootstrap(patients, lambda rows: auroc(scores[rows], truth[rows]))
    error, curve = calibration_error(scores, truth)
    return {
        "observation": name,
        "positive_films": int((truth == 1).sum()),
        "floor": auroc(systems["floor"][:, column], truth),
        "auroc": auroc(scores, truth),
        "low": low,
        "high": high,
        "ece": error,
        "curve": curve,
    }
