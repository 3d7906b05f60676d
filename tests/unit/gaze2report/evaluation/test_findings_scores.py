"""AUROC and calibration error of single observations, against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.evaluation.findings_scores import auroc, calibration_bins, score_finding
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.statistics.bootstrap import (
    bootstrap_interval,
    bootstrap_of_totals,
    draw_patients,
    mean_of,
)

CASES = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 3)), min_size=1, max_size=20)


@given(CASES)
def test_auroc_is_the_share_of_pairs_in_order_also_of_repeated_cases(cases):
    scores, labels, repeats = (np.array([case[i] for case in cases], dtype=np.float64) for i in range(3))
    weights = np.stack([np.ones_like(repeats), repeats])
    for row, found in zip(weights, auroc(scores, labels, weights), strict=True):
        s, y = np.repeat(scores, row.astype(int)), np.repeat(labels, row.astype(int))
        pairs = s[y == 1][:, None] - s[y == 0][None, :]
        if not pairs.size:
            assert np.isnan(found)
        else:
            assert found == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_the_expected_calibration_error_of_a_worked_example():
    """Two bins: four cases at 0.15 of which one is positive, two at 0.85 of which both are."""
    p = np.array([0.15, 0.15, 0.15, 0.15, 0.85, 0.85, np.nan, 0.5])
    y = np.array([1.0, 0, 0, 0, 1, 1, 1, np.nan])
    found = score_finding("Edema", p, y, [f"P{i}" for i in range(8)], draws=50)
    assert (found.cases, found.positive) == (6, 3)
    assert found.calibration_error.value == pytest.approx((4 * 0.10 + 2 * 0.15) / 6)
    assert found.brier.value == pytest.approx((0.85**2 + 3 * 0.15**2 + 2 * 0.15**2) / 6)
    assert found.auroc.value == pytest.approx((2 * 3 + 3 * 0.5) / 9)
    predicted, observed, cases = calibration_bins(found.probabilities, found.labels)
    assert predicted == pytest.approx([0.15, 0.85])
    assert observed == pytest.approx([0.25, 1.0])
    assert cases.tolist() == [4, 2]


@pytest.mark.parametrize(
    ("p", "y", "said"),
    [
        ([np.nan, np.nan], [1.0, 0.0], "no measured support"),
        ([0.2, 0.4], [np.nan, np.nan], "no label"),
        ([0.2, 0.4], [1.0, 1.0], "all 2 labels are 1"),
        ([0.2, 0.4], [0.0, 0.0], "all 2 labels are 0"),
    ],
)
def test_what_cannot_be_ranked_says_why(p, y, said):
    found = score_finding("Edema", np.array(p), np.array(y), ["A", "B"], draws=20).auroc
    assert isinstance(found, NotRun)
    assert said in str(found)


def test_intervals_from_sums_are_those_of_resampled_reports():
    random = np.random.default_rng(3)
    patients = [f"P{number}" for number in random.integers(0, 40, 150)]
    values = random.normal(size=150) + np.array([int(p[1:]) % 7 for p in patients])
    slow = bootstrap_interval(mean_of(values), patients, np.random.default_rng(0), draws=4000)
    totals = np.stack([values, np.ones(150)], axis=1)
    draws = draw_patients(patients, 4000, np.random.default_rng(0))
    fast = bootstrap_of_totals(totals, lambda t: t[:, 0] / t[:, 1], draws)
    assert fast.value == pytest.approx(slow.value)
    assert fast.patients == slow.patients == len(set(patients))
    width = slow.high - slow.low
    assert fast.low == pytest.approx(slow.low, abs=0.06 * width)
    assert fast.high == pytest.approx(slow.high, abs=0.06 * width)


def test_every_resampled_set_has_as_many_patients():
    drawn = draw_patients(["B", "A", "B"], 100, np.random.default_rng(0))
    weights, of_report = drawn.counts, drawn.of_report
    assert weights.shape == (100, 2)
    np.testing.assert_array_equal(np.concatenate(list(drawn.blocks())), weights)
    assert set(weights.sum(axis=1)) == {2.0}
    assert of_report.tolist() == [1, 0, 1]
    assert set(weights[:, 0]) == {0.0, 1.0, 2.0}
