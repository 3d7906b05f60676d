from __future__ import annotations

import numpy as np
import pytest

from gaze2report.evaluation.scanpath_metrics.comparison import compare_scanpaths
from gaze2report.types import Fixation

SIZE = (2000, 1800)


def path(seed, count=10):
    rng = np.random.default_rng(seed)
    return [Fixation(x, y, s) for x, y, s in (rng.random((count, 3)) * (*SIZE, 0.5) + (0, 0, 0.1)).tolist()]


def test_the_same_scanpath_is_much_alike_and_a_random_one_is_not():
    same = compare_scanpaths(path(1), path(1), *SIZE)
    assert same.words == "much alike"
    assert (same.scanmatch, same.multimatch.mean) == pytest.approx((1.0, 1.0))
    words = {compare_scanpaths(path(1), path(seed), *SIZE).words for seed in range(2, 12)}
    assert words <= {"no more alike than by chance", "a little alike"}


def test_a_scanpath_with_some_noise_lies_between():
    rng = np.random.default_rng(3)
    noisy = [
        Fixation(f.x_px + dx, f.y_px + dy, f.duration_s)
        for f, (dx, dy) in zip(path(1), rng.normal(0, 160, (10, 2)), strict=True)
    ]
    compared = compare_scanpaths(path(1), noisy, *SIZE)
    assert compared.chance_scanmatch < compared.scanmatch < 1
    assert compared.words in ("partly alike", "much alike")


def test_the_same_input_gives_the_same_numbers():
    assert compare_scanpaths(path(1), path(2), *SIZE) == compare_scanpaths(path(1), path(2), *SIZE)


def test_too_few_fixations_are_named_not_padded():
    few = compare_scanpaths(path(1), path(1)[:2], *SIZE)
    assert "MultiMatch not defined" in few.numbers[1]
    assert "ScanMatch 0." in few.numbers[0]
    assert compare_scanpaths(path(1), [], *SIZE).words.startswith("not compared")


def test_what_would_take_minutes_is_not_compared():
    assert compare_scanpaths(path(1), path(2, 1001), *SIZE).words.startswith("not compared")
    assert compare_scanpaths(path(1), [Fixation(1, 1, 301)], *SIZE).words.startswith("not compared")
