"""Agreement of codings: worked examples, and what must hold for any two."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.evaluation.fixation_agreement import cohen_kappa, compare_fixations, labels_of, match_events


@st.composite
def codings(draw):
    edges = sorted(draw(st.sets(st.integers(0, 60), max_size=16)))
    return [(a, b - 1) for a, b in zip(edges[::2], edges[1::2], strict=False)]


def test_kappa_of_a_worked_example():
    # 10 samples: both call 4 a fixation and 3 not, one alone 1, the other alone 2.
    # po = 0.7; pe = 0.5 * 0.6 + 0.5 * 0.4 = 0.5; kappa = 0.2 / 0.5.
    one = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    other = np.array([1, 1, 1, 1, 0, 1, 1, 0, 0, 0], dtype=bool)
    assert cohen_kappa(one, other) == pytest.approx(0.4)
    assert np.isnan(cohen_kappa(one | True, other | True))
    assert np.isnan(cohen_kappa(one[:0], other[:0]))


def test_each_event_is_matched_once_by_the_first_that_overlaps():
    # Two coded fixations in the first of the reference: the second of them is a false alarm, for it does not reach
    # the next; the third reference fixation is missed.
    reference = [(0, 20), (30, 40), (50, 60)]
    coded = [(1, 8), (10, 19), (38, 45)]
    assert match_events(reference, coded) == [(0, 0), (1, 2)]
    found = compare_fixations(reference, coded, 70)
    assert (found.n_hits, found.n_misses, found.n_false_alarms) == (2, 1, 1)
    assert found.f1 == pytest.approx(4 / 6)
    assert found.onset_difference_samples == pytest.approx(((0 - 1) + (30 - 38)) / 2)
    assert found.offset_difference_samples == pytest.approx(((20 - 8) + (40 - 45)) / 2)


def test_a_long_fixation_over_two_of_the_reference_hits_one():
    assert match_events([(0, 10), (12, 20)], [(0, 20)]) == [(0, 0)]


def test_nothing_against_nothing_has_no_value():
    found = compare_fixations([], [], 10)
    assert np.isnan(found.f1)
    assert np.isnan(found.kappa)
    assert np.isnan(found.onset_difference_samples)
    assert compare_fixations([(0, 3)], [], 10).f1 == 0.0


@given(codings())
def test_a_coding_agrees_fully_with_itself(spans):
    found = compare_fixations(spans, spans, 70)
    if spans:
        assert (found.f1, found.n_misses, found.n_false_alarms) == (1.0, 0, 0)
        assert found.kappa == pytest.approx(1.0)


@given(codings(), codings())
def test_agreement_is_within_bounds_and_the_same_both_ways(one, other):
    forth, back = compare_fixations(one, other, 70), compare_fixations(other, one, 70)
    assert forth.n_hits + forth.n_misses == len(one)
    assert forth.n_hits + forth.n_false_alarms == len(other)
    np.testing.assert_allclose([forth.f1, forth.kappa], [back.f1, back.kappa])
    assert labels_of(one, 70).sum() == sum(last - first + 1 for first, last in one)
