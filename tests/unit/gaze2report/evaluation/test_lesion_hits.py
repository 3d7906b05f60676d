"""Lesion hits with answers that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gaze2report.evaluation.scanpath_metrics.lesion_hits import lesion_hits, mask_of_runs
from gaze2report.types import Fixation

PATH = [Fixation(10, 10, 0.2), Fixation(55, 55, 0.5), Fixation(90, 20, 0.3)]
HIT, MISSED = (50.0, 50.0, 60.0, 70.0), (0.0, 80.0, 20.0, 100.0)


def test_boxes() -> None:
    found = lesion_hits(PATH, [HIT, MISSED], 100, 100)
    assert found.hit_rate == 0.5
    assert found.fixation_share == pytest.approx(1 / 3)
    assert found.duration_share == pytest.approx(0.5)
    assert found.first_hit_s == pytest.approx(0.2)
    assert found.area_share == pytest.approx((200 + 400) / 10000, abs=0.002)


def test_a_mask_of_the_same_places_gives_the_same_answer() -> None:
    mask = np.zeros((50, 100), dtype=bool)  # half the resolution down
    mask[25:35, 50:60] = True
    of_mask, of_box = (lesion_hits(PATH, [lesion], 100, 100) for lesion in (mask, HIT))
    for name in ("hit_rate", "fixation_share", "duration_share", "first_hit_s"):
        assert getattr(of_mask, name) == pytest.approx(getattr(of_box, name)), name
    assert of_mask.area_share == pytest.approx(of_box.area_share, abs=0.002)


def test_a_margin_reaches_as_far_as_it_says_for_boxes_and_masks() -> None:
    mask = np.zeros((100, 100), dtype=bool)
    mask[50:70, 50:60] = True
    near = [Fixation(45, 60, 0.2)]
    for lesion in (HIT, mask):
        assert lesion_hits(near, [lesion], 100, 100, margin_px=5.0).hit_rate == 1.0
        assert lesion_hits(near, [lesion], 100, 100, margin_px=4.9).hit_rate == 0.0


def test_overlapping_lesions_cover_their_place_once() -> None:
    assert lesion_hits(PATH, [HIT, HIT], 100, 100).area_share == pytest.approx(0.02, abs=0.001)


def test_a_fixation_beside_the_image_hits_nothing() -> None:
    assert lesion_hits([Fixation(-1, 55, 0.2)], [(-10.0, 50.0, 10.0, 60.0)], 100, 100).hit_rate == 0.0


def test_nothing_to_hit_and_nothing_that_hits_are_unknown_not_0() -> None:
    assert math.isnan(lesion_hits(PATH, [], 100, 100).hit_rate)
    assert math.isnan(lesion_hits([], [HIT], 100, 100).hit_rate)
    assert math.isnan(lesion_hits(PATH, [MISSED], 100, 100).first_hit_s)


@pytest.mark.parametrize("lesion", [(5.0, 5.0, 5.0, 9.0), np.zeros((4, 4), dtype=bool)])
def test_a_lesion_without_area_is_refused(lesion) -> None:
    with pytest.raises(ValueError, match=r"no area|no lesion"):
        lesion_hits(PATH, [lesion], 100, 100)


def test_runs_go_down_the_columns_each_from_the_end_of_the_one_before() -> None:
    mask = mask_of_runs("1 2 3 1", width_px=3, height_px=4)  # column 0: rows 1, 2; then 3 off, 1 on: column 1, row 2
    assert np.argwhere(mask).tolist() == [[1, 0], [2, 0], [2, 1]]
    with pytest.raises(ValueError, match="does not fit"):
        mask_of_runs("1 20", 3, 4)
    with pytest.raises(ValueError, match="pairs"):
        mask_of_runs("1 2 3", 3, 4)
