"""Saliency measures against values of ``pysaliency`` 0.2.22 and of the MIT benchmark's code, and their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.evaluation.scanpath_metrics.saliency import (
    auc_judd,
    auc_roc,
    correlation,
    information_gain,
    kl_divergence,
    nss,
    similarity,
)

ROWS, COLUMNS = 48, 64
_Y, _X = np.mgrid[:ROWS, :COLUMNS]


def gaussian(x, y, sigma):
    return np.exp(-((_X - x) ** 2 + (_Y - y) ** 2) / (2 * sigma * sigma))


SALIENCY = gaussian(20, 15, 6) + 0.6 * gaussian(45, 30, 8)
REFERENCE = gaussian(22, 16, 6) + 0.5 * gaussian(42, 28, 8) + 0.1 * gaussian(10, 40, 5)
FIXATED = (np.array([20, 45, 22, 10]), np.array([15, 30, 14, 40]))


def test_measures_against_fixations_give_the_values_of_the_reference():
    assert nss(SALIENCY, *FIXATED) == pytest.approx(2.4602913472567782, abs=1e-12)
    with_sample_deviation = nss(SALIENCY, *FIXATED) * SALIENCY.std() / SALIENCY.std(ddof=1)
    assert with_sample_deviation == pytest.approx(2.459890876618941, abs=1e-12)  # another convention, not ours
    assert information_gain(SALIENCY, *FIXATED) == pytest.approx(-0.9673552779289163, abs=1e-11)
    assert auc_roc(SALIENCY, *FIXATED) == pytest.approx(0.7508138020833333, abs=1e-12)
    assert auc_judd(SALIENCY, *FIXATED) == pytest.approx(0.8703552803129074, abs=1e-12)


def test_measures_between_maps_give_the_values_of_the_reference():
    assert correlation(SALIENCY, REFERENCE) == pytest.approx(0.921615414501263, abs=1e-12)
    assert similarity(SALIENCY, REFERENCE) == pytest.approx(0.8223028814188751, abs=1e-12)
    # The two directions of the same divergence.
    assert kl_divergence(REFERENCE, SALIENCY) == pytest.approx(0.11484736347297156, abs=1e-12)
    assert kl_divergence(SALIENCY, REFERENCE) == pytest.approx(0.25497831281704675, abs=1e-12)


def test_a_map_is_most_like_itself():
    assert correlation(SALIENCY, SALIENCY) == pytest.approx(1.0)
    assert similarity(SALIENCY, 3 * SALIENCY) == pytest.approx(1.0)
    assert kl_divergence(SALIENCY, SALIENCY) == pytest.approx(0.0, abs=1e-10)
    assert information_gain(SALIENCY, *FIXATED, baseline=2 * SALIENCY) == 0.0


def test_a_uniform_map_tells_nothing():
    uniform = np.ones((ROWS, COLUMNS))
    assert math.isnan(nss(uniform, *FIXATED))
    assert math.isnan(correlation(uniform, SALIENCY))
    assert auc_roc(uniform, *FIXATED) == 0.5
    assert information_gain(uniform, *FIXATED) == pytest.approx(0.0)


def test_one_fixation_on_twice_the_mean_gains_one_bit():
    values = np.array([[2.0, 1.0], [1.0, 0.0]])
    assert information_gain(values, [0], [0]) == pytest.approx(1.0)


maps = st.lists(st.integers(0, 4), min_size=12, max_size=12).map(lambda v: np.array(v, dtype=float).reshape(3, 4))
places = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=5)


@given(maps, places)
def test_the_roc_area_is_the_chance_of_ranking_a_fixated_place_above_a_pixel(values, at):
    x, y = zip(*at, strict=True)
    fixated = values[list(y), list(x)]
    wins = [(f > p) + 0.5 * (f == p) for f in fixated for p in values.ravel()]
    assert auc_roc(values, x, y) == pytest.approx(np.mean(wins))


@given(maps, places, st.floats(0.1, 5), st.floats(-3, 3))
def test_ranks_decide_the_areas_and_z_scores_the_nss(values, at, scale, shift):
    x, y = zip(*at, strict=True)
    for measure in (auc_roc, nss):
        assert measure(values * scale + shift, x, y) == pytest.approx(measure(values, x, y), abs=1e-9, nan_ok=True)


def test_without_fixations_there_is_no_value():
    for measure in (nss, auc_roc, auc_judd, information_gain):
        assert math.isnan(measure(SALIENCY, [], []))


@pytest.mark.parametrize(("x", "y"), [([64], [0]), ([0], [48]), ([-1], [0]), ([1, 2], [1])])
def test_fixations_outside_the_map_are_refused(x, y):
    with pytest.raises(ValueError, match="inside the map"):
        nss(SALIENCY, x, y)


@pytest.mark.parametrize("bad", [np.full((2, 2), np.nan), np.ones(4), np.zeros((0, 3))])
def test_what_is_no_map_is_refused(bad):
    with pytest.raises(ValueError, match="a map needs"):
        auc_roc(bad, [0], [0])


def test_maps_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="do not compare"):
        correlation(SALIENCY, SALIENCY[:-1])
    with pytest.raises(ValueError, match="not all 0"):
        similarity(np.zeros((2, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="0 or more"):
        kl_divergence(np.array([[1.0, -1.0]]), np.array([[1.0, 1.0]]))
