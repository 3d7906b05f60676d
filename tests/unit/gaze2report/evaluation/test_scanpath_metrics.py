"""Scanpath metrics against values that the reference implementations gave, and against their definitions.

Where the numbers come from: MultiMatch from ``multimatch-gaze`` 0.1.3; ScanMatch from GazeParser's port of the authors'
MATLAB toolbox; SED and STDE from FixaTons' code; FDISS from ``fdiss`` 0.1.0. Each was run once on the scanpaths below.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.evaluation.scanpath_metrics.alignment import alignment_score, edit_distance
from gaze2report.evaluation.scanpath_metrics.foveal_discs import disc_overlap, foveal_disc_score
from gaze2report.evaluation.scanpath_metrics.grid_strings import (
    label_sequence_score,
    sequence_score,
    string_edit_distance,
)
from gaze2report.evaluation.scanpath_metrics.multimatch import multimatch
from gaze2report.evaluation.scanpath_metrics.path_distances import dynamic_time_warping, hausdorff_distance
from gaze2report.evaluation.scanpath_metrics.scanmatch import scanmatch
from gaze2report.evaluation.scanpath_metrics.time_delay_embedding import scaled_time_delay_embedding
from gaze2report.types import Fixation

SCREEN = (1024, 768)
A = [
    Fixation(x, y, s)
    for x, y, s in [(100, 100, 0.25), (400, 120, 0.30), (700, 500, 0.20), (300, 600, 0.40), (512, 384, 0.30)]
]
B = [Fixation(x, y, s) for x, y, s in [(120, 110, 0.20), (380, 150, 0.35), (650, 480, 0.25), (350, 580, 0.30)]]

FILM = (1955, 1841)
LONG = [
    Fixation(*row)
    for row in [
        (700.3, 677.7, 0.293), (629.0, 446.1, 0.317), (510.8, 188.3, 0.14), (526.5, 536.7, 0.236),
        (398.5, 375.4, 0.184), (525.9, 468.2, 0.2), (553.3, 226.3, 0.51), (545.7, 407.1, 0.2),
        (196.2, 288.1, 0.295), (298.2, 47.2, 0.467), (777.0, 108.3, 0.224), (1106.5, 37.8, 0.284),
        (1065.8, 86.4, 0.317), (1720.1, 226.4, 0.31),
    ]
]  # fmt: skip
OTHER_LONG = [
    Fixation(*row)
    for row in [
        (381.5, 619.8, 0.225), (734.8, 217.5, 0.272), (958.2, 248.6, 0.47), (791.4, 768.7, 0.532),
        (989.6, 456.9, 0.155), (1009.0, 606.8, 0.202), (959.9, 784.4, 0.415), (942.6, 957.8, 0.111),
        (1316.6, 782.2, 0.238), (1369.5, 661.7, 0.286), (1402.5, 353.0, 0.562),
    ]
]  # fmt: skip

fixations = st.builds(
    Fixation,
    x_px=st.integers(0, 10239).map(lambda tenths: tenths / 10),
    y_px=st.integers(0, 7679).map(lambda tenths: tenths / 10),
    duration_s=st.integers(60, 1500).map(lambda ms: ms / 1000),
)
scanpaths = st.lists(fixations, min_size=3, max_size=9)


def as_tuple(result):
    return (result.vector, result.direction, result.length, result.position, result.duration)


# -- known answers ----------------------------------------------------------------------------------------------


def test_scanmatch_gives_the_values_of_the_reference():
    assert scanmatch(A, B, *SCREEN) == pytest.approx(0.6122448979591837, abs=1e-14)
    assert scanmatch(A, B, *SCREEN, temporal_bin_ms=None) == pytest.approx(0.6857142857142857, abs=1e-14)
    assert scanmatch(LONG, OTHER_LONG, *FILM) == pytest.approx(0.26506888568325243, abs=1e-14)
    assert scanmatch(LONG, OTHER_LONG, *FILM, temporal_bin_ms=None) == pytest.approx(0.26937626367865775, abs=1e-14)
    finer = scanmatch(LONG, OTHER_LONG, 1760, 1200, temporal_bin_ms=50, columns=16, rows=12)
    assert finer == pytest.approx(0.1357406352712695, abs=1e-14)


def test_multimatch_gives_the_values_of_the_reference():
    expected = (0.9690801720803803, 0.9740811311576101, 0.9627438968054721, 0.9648800153023497, 0.8)
    assert as_tuple(multimatch(A, B, *SCREEN)) == pytest.approx(expected, abs=1e-14)
    assert as_tuple(multimatch(B, A, *SCREEN)) == pytest.approx(expected, abs=1e-14)
    expected = (0.9479165295326489, 0.6755498064528094, 0.9656300271195511, 0.7789261766467779, 0.4955357142857143)
    assert as_tuple(multimatch(LONG, OTHER_LONG, *FILM)) == pytest.approx(expected, abs=1e-14)


def test_string_edit_distance_gives_the_values_of_the_reference():
    assert string_edit_distance(A, B, *SCREEN) == 1
    assert string_edit_distance(LONG, OTHER_LONG, *FILM) == 13


def test_time_delay_embedding_gives_the_values_of_the_reference():
    assert scaled_time_delay_embedding(A, B, *SCREEN) == pytest.approx(0.9597200950322637, abs=1e-14)
    assert scaled_time_delay_embedding(LONG, OTHER_LONG, *FILM) == pytest.approx(0.7631943604615472, abs=1e-14)


def test_foveal_discs_give_the_values_of_the_reference():
    found = foveal_disc_score(A, B, 45)
    assert found.score == pytest.approx(0.26540101918537223, abs=1e-14)
    assert found.precision == pytest.approx(0.238860917266835, abs=1e-14)
    assert found.recall == pytest.approx(0.29857614658354376, abs=1e-14)
    assert foveal_disc_score(A, B, 90).score == pytest.approx(0.49725094595535585, abs=1e-14)
    assert foveal_disc_score(LONG, OTHER_LONG, 120).score == pytest.approx(0.054407001910111566, abs=1e-14)


def test_sequence_score_counts_the_cells_in_common_in_order():
    assert sequence_score(A, B, *SCREEN) == pytest.approx(0.6)
    assert label_sequence_score(np.array([1, 2, 3, 4]), np.array([4, 1, 2])) == 0.5


def test_dynamic_time_warping_and_hausdorff_distance_give_the_known_values():
    assert dynamic_time_warping(A, B) == pytest.approx(420.40279524198843, abs=1e-9)
    assert hausdorff_distance(A, B) == pytest.approx(168.1071087134628, abs=1e-9)
    assert math.isnan(dynamic_time_warping([], B))
    assert math.isnan(hausdorff_distance(A, []))


@given(scanpaths, scanpaths)
def test_dynamic_time_warping_is_that_of_the_textbook_and_no_less_than_hausdorff(path, other):
    table = np.full((len(path) + 1, len(other) + 1), np.inf)
    table[0, 0] = 0.0
    for i, one in enumerate(path):
        for j, two in enumerate(other):
            step = math.hypot(one.x_px - two.x_px, one.y_px - two.y_px)
            table[i + 1, j + 1] = step + min(table[i, j], table[i, j + 1], table[i + 1, j])
    warped = dynamic_time_warping(path, other)
    assert warped == pytest.approx(table[-1, -1])
    assert warped >= hausdorff_distance(path, other) - 1e-9
    assert hausdorff_distance(path, other) == hausdorff_distance(other, path)
    assert dynamic_time_warping(path, path) == 0.0


# -- what must hold for every scanpath ----------------------------------------------------------------------------


@given(scanpaths)
def test_a_scanpath_is_most_like_itself(path):
    assert scanmatch(path, path, *SCREEN) == pytest.approx(1.0)
    assert scanmatch(path, path, *SCREEN, temporal_bin_ms=None) == pytest.approx(1.0)
    assert as_tuple(multimatch(path, path, *SCREEN))[0] == pytest.approx(1.0)
    assert string_edit_distance(path, path, *SCREEN) == 0
    assert scaled_time_delay_embedding(path, path, *SCREEN) == pytest.approx(1.0)
    assert sequence_score(path, path, *SCREEN) == 1.0
    assert foveal_disc_score(path, path, 45).score == pytest.approx(1.0)


@given(scanpaths, scanpaths)
def test_metrics_stay_in_their_range_and_do_not_depend_on_the_order_of_the_two(path, other):
    matched = scanmatch(path, other, *SCREEN)
    assert 0 <= matched <= 1 or math.isnan(matched)
    assert matched == pytest.approx(scanmatch(other, path, *SCREEN))
    assert all(0 <= value <= 1 for value in as_tuple(multimatch(path, other, *SCREEN)))
    distance = string_edit_distance(path, other, *SCREEN)
    assert distance == string_edit_distance(other, path, *SCREEN)
    assert abs(len(path) - len(other)) <= distance <= max(len(path), len(other))
    assert 0 < scaled_time_delay_embedding(path, other, *SCREEN) <= 1
    found, turned = foveal_disc_score(path, other, 60), foveal_disc_score(other, path, 60)
    assert 0 <= found.score <= 1
    assert (found.precision, found.recall) == pytest.approx((turned.recall, turned.precision))


@given(scanpaths, scanpaths, st.sampled_from([0.25, 0.5, 2.0]))
def test_a_film_of_another_size_gives_the_same_similarity(path, other, scale):
    small, other_small = ([Fixation(f.x_px * scale, f.y_px * scale, f.duration_s) for f in p] for p in (path, other))
    size = tuple(side * scale for side in SCREEN)
    assert scanmatch(small, other_small, *size) == pytest.approx(scanmatch(path, other, *SCREEN), nan_ok=True)
    embedded = scaled_time_delay_embedding(path, other, *SCREEN)
    assert scaled_time_delay_embedding(small, other_small, *size) == pytest.approx(embedded)
    assert sequence_score(small, other_small, *size) == sequence_score(path, other, *SCREEN)


def test_the_other_way_round_is_another_scanpath():
    assert scanmatch(A, A[::-1], *SCREEN) < 0.75
    assert multimatch(A, A[::-1], *SCREEN).direction < 0.75
    assert string_edit_distance(A, A[::-1], *SCREEN) >= 3


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_fixations_are_undefined_not_similar(count):
    assert all(math.isnan(value) for value in as_tuple(multimatch(A, B[:count], *SCREEN)))
    assert math.isnan(multimatch(A[:count], B, *SCREEN).mean)
    if count == 0:
        assert math.isnan(scanmatch(A, [], *SCREEN))
        assert math.isnan(scaled_time_delay_embedding(A, [], *SCREEN))
        assert math.isnan(sequence_score([], B, *SCREEN))
        assert math.isnan(foveal_disc_score([], B, 45).score)
        assert string_edit_distance(A, [], *SCREEN) == len(A)
    else:
        assert scanmatch(A[:count], B[:count], *SCREEN) > 0.5


def test_fixations_shorter_than_half_a_bin_have_no_symbol():
    assert math.isnan(scanmatch([Fixation(10, 10, 0.04)], A, *SCREEN))


def test_a_fixation_outside_the_image_counts_at_its_edge():
    assert scanmatch([Fixation(-50, 900, 0.3)], [Fixation(0, 767, 0.3)], *SCREEN) == 1.0
    # the reference would give the last four columns of 1024 the symbol of the next row
    assert string_edit_distance([Fixation(1023, 10, 0.3)], [Fixation(1000, 10, 0.3)], *SCREEN) == 0


@pytest.mark.parametrize("row", [(float("nan"), 1, 0.2), (1, float("inf"), 0.2), (1, 1, -0.1)])
def test_impossible_fixations_are_refused(row):
    with pytest.raises(ValueError, match="finite"):
        scanmatch([Fixation(*row)], B, *SCREEN)


def test_an_image_without_extent_and_a_disc_without_radius_are_refused():
    with pytest.raises(ValueError, match="no extent"):
        multimatch(A, B, 0, 768)
    with pytest.raises(ValueError, match="covers nothing"):
        foveal_disc_score(A, B, 0)


# -- alignment and discs against their definitions ----------------------------------------------------------------


@given(st.lists(st.integers(0, 3), max_size=7), st.lists(st.integers(0, 3), max_size=7), st.sampled_from([0.0, -0.5]))
def test_alignment_and_edit_distance_agree_with_the_recursion(first, second, gap):
    @cache
    def best(i, j):
        if i == 0 or j == 0:
            return gap * (i + j)
        matched = best(i - 1, j - 1) + (1.0 if first[i - 1] == second[j - 1] else -1.0)
        return max(matched, best(i - 1, j) + gap, best(i, j - 1) + gap)

    @cache
    def distance(i, j):
        if i == 0 or j == 0:
            return i + j
        swapped = distance(i - 1, j - 1) + (first[i - 1] != second[j - 1])
        return min(swapped, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    one, other = np.array(first, dtype=np.int64), np.array(second, dtype=np.int64)
    scores = np.where(np.eye(4) == 1, 1.0, -1.0)
    assert alignment_score(one, other, scores, gap) == pytest.approx(best(len(first), len(second)))
    assert edit_distance(one, other) == distance(len(first), len(second))


def test_the_overlap_of_discs_is_the_area_that_a_count_of_points_gives():
    y, x = np.mgrid[-2:3:0.005, -2:4:0.005]
    for apart in (0.0, 0.3, 1.0, 1.9, 2.5):
        one, other = x**2 + y**2 <= 1, (x - apart) ** 2 + y**2 <= 1
        counted = (one & other).sum() / (one | other).sum()
        assert disc_overlap(np.array([apart]), 1.0)[0] == pytest.approx(counted, abs=2e-3)
