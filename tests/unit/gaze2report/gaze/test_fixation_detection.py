"""I-VT, I-DT and I2MC on gaze whose fixations are known, and I-VT against another implementation."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise

import made_gaze
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.evaluation.fixation_agreement import compare_fixations
from gaze2report.gaze.detected_fixations import merge_close
from gaze2report.gaze.dispersion_threshold import IdtParameters, find_fixations_idt
from gaze2report.gaze.gaze_samples import GazeSamples
from gaze2report.gaze.two_means_clustering import I2mcUnavailable, find_fixations_i2mc
from gaze2report.gaze.velocity_threshold import (
    TOBII_IVT,
    IvtParameters,
    fill_gaps,
    find_fixations_ivt,
    reduce_noise,
    velocity_dva_per_s,
)

STOPS = [(500, 400, 300), (900, 420, 250), (960, 700, 400), (300, 800, 150), (330, 810, 220), (1500, 200, 500)]


def spans(found) -> list[tuple[int, int]]:
    return [(one.first, one.last) for one in found]


@pytest.mark.parametrize("frequency_hz", [120.0, 300.0, 1200.0])
@pytest.mark.parametrize(
    ("find", "least_kappa"),
    # A dispersion of one degree lets the ends of fixations reach into the saccades, by about two samples of 300 Hz.
    [(find_fixations_ivt, 0.85), (find_fixations_idt, 0.75)],
)
def test_the_known_fixations_are_found_where_they_are(find, least_kappa, frequency_hz):
    made = made_gaze.make_gaze(STOPS, frequency_hz=frequency_hz, rms_s2s_dva=0.05, seed=7)
    found = find(made.samples, made_gaze.SCREEN)
    agreement = compare_fixations(made.spans, spans(found), len(made.samples))
    assert agreement.f1 == 1.0
    assert agreement.kappa > least_kappa
    for one, (x, y) in zip(found, made.places_px, strict=True):
        assert made_gaze.SCREEN.angle_dva((one.x_px, one.y_px), (x, y)) < 0.12
        assert one.valid_share == 1.0


def test_fixations_by_velocity_are_those_of_pymovements():
    # pymovements 0.28.0, pymovements.events.ivt on the same velocities: minimum_duration=18 samples,
    # velocity_threshold=30; it does not merge.
    made = made_gaze.make_gaze(STOPS, rms_s2s_dva=0.05, seed=7)
    found = find_fixations_ivt(made.samples, made_gaze.SCREEN, replace(TOBII_IVT, merge_within_ms=0.0))
    assert spans(found) == [(0, 88), (104, 176), (190, 307), (327, 372), (375, 442), (471, 619)]


def test_the_velocity_of_a_steady_movement_is_its_speed():
    time_ms = np.arange(200) * 2.0
    azimuth = 50.0 * (time_ms - 200.0) / 1000.0
    place = made_gaze.SCREEN.dva_to_px(np.stack([azimuth, np.zeros(200)], axis=1))
    for window_ms in (5.0, 20.0, 40.0):
        np.testing.assert_allclose(velocity_dva_per_s(time_ms, place, made_gaze.SCREEN, window_ms), 50.0, rtol=1e-9)


def test_a_short_gap_is_filled_and_a_long_one_ends_the_fixation():
    stops = [(500.0, 400.0, 800.0)]
    short = made_gaze.make_gaze(stops, rms_s2s_dva=0.03, lost=[(300, 360)])
    (whole,) = find_fixations_ivt(short.samples, made_gaze.SCREEN)
    assert (whole.first, whole.last) == (0, 240)
    assert whole.valid_share == pytest.approx(1 - 18 / 241)
    long = made_gaze.make_gaze(stops, rms_s2s_dva=0.03, lost=[(300, 450)])
    before, after = find_fixations_ivt(long.samples, made_gaze.SCREEN)
    assert before.offset_ms < 300 < 450 <= after.onset_ms
    # The time over which two fixations may be merged is that between them.
    assert len(find_fixations_ivt(long.samples, made_gaze.SCREEN, replace(TOBII_IVT, merge_within_ms=160.0))) == 1


def test_filling_is_a_straight_line_between_the_samples_around_a_gap():
    time_ms = np.array([0.0, 10.0, 20.0, 30.0, 40.0, 50.0])
    place = np.array([[0, 0], [10, 100], [np.nan, np.nan], [np.nan, np.nan], [40, 400], [np.nan, np.nan]], dtype=float)
    filled = fill_gaps(time_ms, place, 30.0)
    np.testing.assert_allclose(filled[:5], np.stack([time_ms, time_ms * 10], axis=1)[:5])
    assert np.isnan(filled[5]).all()  # the end has no other side
    assert np.isnan(fill_gaps(time_ms, place, 29.0)[2]).all()
    assert np.isnan(place[2]).all()  # the samples given stay as they are


def test_two_halves_of_one_fixation_are_merged_only_when_close_in_time_and_place():
    time_ms = np.arange(100.0) * 10
    place = np.full((100, 2), 500.0)
    place[50:] += made_gaze.SCREEN.px_per_dva((500.0, 500.0)) * 0.45
    halves = [(0, 48), (51, 99)]

    def merged(within_ms: float, within_dva: float) -> list[tuple[int, int]]:
        return merge_close(halves, time_ms, place, made_gaze.SCREEN, within_ms=within_ms, within_dva=within_dva)

    assert merged(75.0, 0.7) == [(0, 99)]
    assert merged(75.0, 0.5) == halves
    assert merged(29.0, 0.7) == halves


def test_too_short_fixations_are_left_out():
    made = made_gaze.make_gaze([(500, 400, 300), (900, 400, 50), (500, 400, 300)], rms_s2s_dva=0.02)
    assert len(find_fixations_ivt(made.samples, made_gaze.SCREEN)) == 2
    assert len(find_fixations_ivt(made.samples, made_gaze.SCREEN, replace(TOBII_IVT, least_duration_ms=20.0))) == 3


def test_eyes_are_chosen_by_rule():
    left, right = np.array([[0.0, 0.0], [2.0, 2.0], [np.nan, 5.0]]), np.array([[4.0, 4.0], [np.nan] * 2, [6.0, 6.0]])
    samples = GazeSamples(np.arange(3.0), left, right)
    np.testing.assert_allclose(samples.place_px("average"), [[2.0, 2.0], [2.0, 2.0], [6.0, 6.0]])
    np.testing.assert_allclose(samples.place_px("strict_average"), [[2.0, 2.0], [np.nan] * 2, [np.nan] * 2])
    np.testing.assert_allclose(samples.place_px("left"), [[0.0, 0.0], [2.0, 2.0], [np.nan] * 2])
    np.testing.assert_allclose(samples.place_px("right"), right)


def test_noise_is_reduced_within_a_run_and_never_over_a_gap():
    place = np.zeros((7, 2))
    place[1], place[5] = 9.0, 3.0
    place[3] = np.nan
    median = reduce_noise(place, "moving_median", 3)
    np.testing.assert_allclose(median[[0, 1, 2, 4, 5, 6]], 0.0)
    assert np.isnan(median[3]).all()
    np.testing.assert_allclose(reduce_noise(place, "moving_average", 3)[5], 1.0)
    assert reduce_noise(place, "none", 3) is place


@pytest.mark.parametrize("find", [find_fixations_ivt, find_fixations_idt])
def test_nothing_seen_is_no_fixation(find):
    nothing = np.full((50, 2), np.nan)
    assert find(GazeSamples.of_one_eye(np.arange(50.0) * 10, nothing), made_gaze.SCREEN) == ()
    assert find(GazeSamples.of_one_eye(np.zeros(0), nothing[:0]), made_gaze.SCREEN) == ()
    assert find(GazeSamples.of_one_eye(np.zeros(1), np.zeros((1, 2))), made_gaze.SCREEN) == ()


def test_the_number_of_fixations_does_not_hang_on_the_frequency():
    counts = {}
    stops = [
        (float(x), float(y), float(d))
        for x, y, d in np.random.default_rng(11).uniform((200, 150, 150), (1700, 900, 450), (40, 3))
    ]
    for hz in (1200.0, 300.0, 60.0):
        made = made_gaze.make_gaze(stops, frequency_hz=hz, rms_s2s_dva=0.05, seed=2)
        counts[hz] = len(find_fixations_ivt(made.samples, made_gaze.SCREEN))
    assert counts[300.0] == pytest.approx(counts[1200.0], rel=0.1)
    assert counts[60.0] == pytest.approx(counts[1200.0], rel=0.2)


@given(st.integers(0, 10_000), st.floats(0.0, 0.3))
def test_fixations_are_in_order_and_keep_their_least_duration(seed, rms):
    generator = np.random.default_rng(seed)
    stops = [tuple(row) for row in generator.uniform((100, 100, 80), (1800, 1000, 400), (4, 3))]
    made = made_gaze.make_gaze(stops, frequency_hz=120.0, rms_s2s_dva=rms, lost=[(200, 260)], seed=seed)
    for found, least_ms in (
        (find_fixations_ivt(made.samples, made_gaze.SCREEN), 60.0),
        (find_fixations_idt(made.samples, made_gaze.SCREEN), 100.0),
    ):
        assert all(one.duration_ms >= least_ms - 1e-9 for one in found)
        assert all(one.last < other.first for one, other in pairwise(found))


@given(st.integers(0, 10_000))
def test_no_fixation_by_dispersion_is_wider_than_allowed(seed):
    walk = np.random.default_rng(seed).normal(0, 8.0, (300, 2)).cumsum(axis=0) + 600
    samples = GazeSamples.of_one_eye(np.arange(300) * 4.0, walk)
    for one in find_fixations_idt(samples, made_gaze.SCREEN, IdtParameters(largest_dispersion_dva=2.0)):
        covered = made_gaze.SCREEN.px_to_dva(walk[one.first : one.last + 1])
        assert np.ptp(covered, axis=0).sum() <= 2.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold_dva_per_s": 0.0},
        {"velocity_window_ms": -1.0},
        {"gap_fill_ms": -1.0},
        {"noise_window_samples": 4},
    ],
)
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        IvtParameters(**wrong)
    with pytest.raises(ValueError, match="must be"):
        IdtParameters(largest_dispersion_dva=0.0)


def test_times_that_do_not_increase_are_refused():
    with pytest.raises(ValueError, match="increase"):
        GazeSamples.of_one_eye(np.array([0.0, 0.0]), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="shape"):
        GazeSamples.of_one_eye(np.array([0.0, 1.0]), np.zeros((3, 2)))


def test_clustering_finds_the_known_fixations():
    pytest.importorskip("I2MC")
    made = made_gaze.make_gaze(STOPS, rms_s2s_dva=0.3, lost=[(40, 100)], seed=7)
    found = find_fixations_i2mc(made.samples, made_gaze.SCREEN)
    assert compare_fixations(made.spans, spans(found), len(made.samples)).f1 > 0.9
    np.random.seed(5)
    before = np.random.get_state()[1].tolist()
    assert find_fixations_i2mc(made.samples, made_gaze.SCREEN) == found
    assert np.random.get_state()[1].tolist() == before
    nothing = GazeSamples.of_one_eye(np.arange(50.0) * 10, np.full((50, 2), np.nan))
    assert find_fixations_i2mc(nothing, made_gaze.SCREEN) == ()


def test_without_the_package_clustering_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "I2MC", None)
    made = made_gaze.make_gaze(STOPS)
    with pytest.raises(I2mcUnavailable, match=r"pip install .*\[i2mc\]"):
        find_fixations_i2mc(made.samples, made_gaze.SCREEN)
