"""Accuracy, precision and loss: ETDQualitizer's values, known answers, and injected errors that are found again."""

from __future__ import annotations

import made_gaze
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.gaze.gaze_samples import GazeSamples
from gaze2report.gaze.quality_measures import (
    accuracy_dva,
    bcea_dva2,
    effective_hz,
    eye_quality,
    loss_share,
    loss_share_of_expected,
    mean_quality,
    moving_rms_s2s_dva,
    rms_s2s_dva,
    std_dva,
    target_quality,
)


def rippled() -> np.ndarray:
    """A drifting, rippling line of sight at 120 Hz with three lost samples."""
    k = np.arange(240)
    azimuth = 1.5 + 0.08 * np.sin(1.7 * k) + 0.03 * np.cos(0.31 * k)
    elevation = -2.0 + 0.05 * np.cos(2.3 * k) + 0.02 * np.sin(0.31 * k)
    direction = np.stack([azimuth, elevation], axis=1)
    direction[[17, 18, 90]] = np.nan
    return direction


def test_all_measures_equal_those_of_etdqualitizer():
    # ETDQualitizer 1.2.0 under numpy 2.4.6 on the same numbers: accuracy(azi, ele, 1.2, -1.6), rms_s2s, std, bcea,
    # precision_using_moving_window(40, "RMS-S2S"), data_loss_from_invalid, effective_frequency,
    # data_loss_from_expected(125).
    direction, time_ms = rippled(), np.arange(240) / 0.12
    found = eye_quality(time_ms, direction, np.array([1.2, -1.6]))
    assert found.accuracy_dva == pytest.approx(0.499685074759799, abs=1e-12)
    assert found.rms_s2s_dva == pytest.approx(0.10685781096605876, abs=1e-12)
    assert found.std_dva == pytest.approx(0.07165710985881384, abs=1e-12)
    assert found.bcea_dva2 == pytest.approx(0.01662438600888192, abs=1e-12)
    assert found.loss_share == pytest.approx(0.0125)
    assert found.effective_hz == pytest.approx(118.5)
    assert moving_rms_s2s_dva(direction, 40) == pytest.approx(0.10685231137531802, abs=1e-12)
    assert loss_share_of_expected(time_ms, direction, 125.0) == pytest.approx(0.052)


def test_the_examples_in_etdqualitizers_own_documentation_hold():
    # Docstrings of accuracy, rms_s2s and std in ETDQualitizer 1.2.0.
    assert accuracy_dva(np.array([[1.0, 1.0], [2.0, 2.0]]), np.zeros(2)) == pytest.approx(2.1211587518891997)
    line = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    assert rms_s2s_dva(line) == pytest.approx(1.4142135623730951)
    assert std_dva(line) == pytest.approx(np.hypot(0.816496580927726, 0.816496580927726))


def test_a_step_over_a_gap_is_no_noise():
    direction = np.array([[0.0, 0.0], [0.1, 0.0], [np.nan, np.nan], [9.0, 0.0], [9.1, 0.0]])
    assert rms_s2s_dva(direction) == pytest.approx(0.1)


def test_the_area_of_round_noise_is_that_of_its_circle():
    # For a circular normal distribution the ellipse is a circle of area 2 k pi s^2, k = ln(1 / 0.32).
    noise = np.random.default_rng(5).normal(0, 0.3, (200_000, 2))
    assert bcea_dva2(noise) == pytest.approx(2 * np.log(1 / 0.32) * np.pi * 0.3**2, rel=0.01)
    assert bcea_dva2(np.stack([np.arange(5.0), np.zeros(5)], axis=1)) == 0.0


def test_what_has_no_value_is_not_a_number():
    nothing = np.full((5, 2), np.nan)
    for measure in (lambda d: accuracy_dva(d, np.zeros(2)), rms_s2s_dva, std_dva, bcea_dva2):
        assert np.isnan(measure(nothing))
        assert np.isnan(measure(nothing[:0]))
    assert loss_share(nothing) == 1.0
    assert np.isnan(effective_hz(np.zeros(1), nothing[:1]))
    assert np.isnan(moving_rms_s2s_dva(nothing, 5))
    known = eye_quality(np.arange(3.0), np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 0.0]]), np.zeros(2))
    lost = eye_quality(np.arange(3.0), nothing[:3], np.zeros(2))
    assert mean_quality([known, lost]).accuracy_dva == pytest.approx(known.accuracy_dva)
    assert mean_quality([known, lost]).loss_share == 0.5
    with pytest.raises(ValueError, match="no quality"):
        mean_quality([])


@pytest.mark.parametrize("offset", [0.3, 0.8, 2.0])
@pytest.mark.parametrize("place", [(960.0, 540.0), (100.0, 80.0), (1800.0, 1000.0)])
def test_an_injected_error_is_found_within_a_twentieth_of_a_degree_and_the_noise_within_5_percent(offset, place):
    # Off the middle a step in azimuth is a smaller angle: cos(elevation) of it.
    target = made_gaze.SCREEN.px_to_dva(place)
    made = made_gaze.make_gaze(
        [(*place, 4000.0)],
        frequency_hz=600.0,
        rms_s2s_dva=0.08,
        offset_dva=(0.6 * offset / np.cos(np.radians(target[1])), 0.8 * offset),
        seed=3,
    )
    found = target_quality(made.samples, place, made_gaze.SCREEN)
    for eye in (found.left, found.right):
        assert eye.accuracy_dva == pytest.approx(offset, abs=0.05)
        assert eye.rms_s2s_dva == pytest.approx(0.08, rel=0.05)
        assert eye.std_dva == pytest.approx(0.08, rel=0.1)


def test_each_eye_is_judged_by_itself():
    time_ms = np.arange(100) * 10.0
    left = np.full((100, 2), (960.0, 540.0))
    right = np.add(left, (100.0, 0.0))
    right[:25] = np.nan
    found = target_quality(GazeSamples(time_ms, left, right), (960.0, 540.0), made_gaze.SCREEN)
    assert found.left.accuracy_dva == pytest.approx(0.0, abs=1e-9)
    assert found.right.accuracy_dva == pytest.approx(np.degrees(np.arctan(27.5 / 650)))
    assert (found.left.loss_share, found.right.loss_share) == (0.0, 0.25)
    assert (found.left.effective_hz, found.right.effective_hz) == (pytest.approx(100.0), pytest.approx(75.0))


@given(st.integers(0, 1000), st.floats(0.5, 3.0))
def test_precision_does_not_depend_on_where_one_looks_and_grows_with_the_noise(seed, factor):
    noise = np.random.default_rng(seed).normal(0, 0.1, (50, 2))
    for measure, power in ((rms_s2s_dva, 1), (std_dva, 1), (bcea_dva2, 2)):
        assert measure(np.add(noise, (3.0, -2.0))) == pytest.approx(measure(noise), rel=1e-6)
        assert measure(noise * factor) == pytest.approx(measure(noise) * factor**power, rel=1e-6)
