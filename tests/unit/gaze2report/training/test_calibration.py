from __future__ import annotations

import numpy as np
import pytest
import torch

from gaze2report.models.findings import FindingsHead
from gaze2report.training.calibration import (
    calibrate_head,
    calibration_bins,
    calibration_summary,
    expected_calibration_error,
    fit_temperature,
)
from gaze2report.types import CHEXPERT_OBSERVATIONS


def drawn(n: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are ``temperature`` times too sure, and labels drawn by the true probabilities."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0.0, 1.5, n)
    return true * temperature, (rng.random(n) < 1 / (1 + np.exp(-true))).astype(float)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_the_logits_were_multiplied_with_is_found(temperature: float) -> None:
    assert fit_temperature(*drawn(40000, temperature)) == pytest.approx(temperature, rel=0.05)


def test_films_told_apart_without_error_give_a_finite_temperature() -> None:
    assert 0 < fit_temperature(np.array([-3.0, -2.0, 2.0, 3.0]), np.array([0.0, 0.0, 1.0, 1.0])) < 1


def test_the_error_is_that_of_a_worked_example() -> None:
    # Bin 0.2-0.3: two films, mean 0.25, none positive; bin 0.9-1: three films, mean 0.95, two positive.
    probabilities = np.array([0.24, 0.26, 0.92, 0.95, 0.98])
    labels = np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    expected = 2 / 5 * 0.25 + 3 / 5 * abs(0.95 - 2 / 3)
    assert expected_calibration_error(probabilities, labels) == pytest.approx(expected)
    bins = calibration_bins(probabilities, labels)
    assert [(one.low, one.films) for one in bins] == [(0.2, 2), (0.9, 3)]
    assert calibration_bins(np.array([1.0]), np.array([1.0]))[0].high == 1.0


def test_calibration_lowers_the_error_of_a_head_that_is_too_sure() -> None:
    logits = torch.zeros(4000, 14)
    labels = torch.full((4000, 14), float("nan"))
    raw, truth = drawn(4000, 4.0)
    logits[:, 2], labels[:, 2] = torch.from_numpy(raw).float(), torch.from_numpy(truth).float()
    labels[:10, 5] = 1.0  # too few to be measured
    head = FindingsHead(8)
    head.is_supported.fill_(True)
    measured = calibrate_head(head, logits, labels, min_films=20)
    summary = calibration_summary(measured, head)
    name = CHEXPERT_OBSERVATIONS[2]
    assert list(measured) == [name]
    assert head.is_supported.tolist() == [index == 2 for index in range(14)]
    row = summary["observations"][name]
    assert row["error_after"] < 0.03 < 0.1 < row["error_before"]
    assert summary["macro"] == {
        "observations": 1,
        "error_before": row["error_before"],
        "error_after": row["error_after"],
        "auroc": row["auroc"],
    }
    assert sum(one["films"] for one in row["bins"]) == row["films"] == 4000
    after = head.calibrated(logits)[:, 2].double().numpy()
    assert expected_calibration_error(after, truth) == pytest.approx(row["error_after"], abs=2e-3)


def test_an_observation_that_the_head_does_not_tell_apart_is_not_supported() -> None:
    rng = np.random.default_rng(0)
    logits, labels = torch.zeros(400, 14), torch.full((400, 14), float("nan"))
    logits[:, 0] = torch.from_numpy(rng.normal(size=400))
    labels[:, 0] = torch.from_numpy((rng.random(400) < 0.5).astype(np.float32))
    head = FindingsHead(8)
    measured = calibrate_head(head, logits, labels, min_films=20)
    assert not head.is_supported.any()
    assert calibration_summary(measured, head)["macro"]["error_after"] is None
