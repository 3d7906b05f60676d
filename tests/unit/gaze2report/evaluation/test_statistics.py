"""Intervals and tests against scipy, against arithmetic by hand, and against their promise in simulated studies."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.evaluation.report_metrics.bleu import bleu_counts, bleu_of_counts
from gaze2report.evaluation.statistics.bootstrap import bootstrap_interval, mean_of, paired_bootstrap, resampled
from gaze2report.evaluation.statistics.power import detectable_effect, patients_needed, power_note
from gaze2report.evaluation.statistics.seeds import seed_interval, variance_shares
from gaze2report.evaluation.statistics.significance import cliffs_delta, cohen_dz, holm, permutation_test


def chance(seed=0):
    return np.random.default_rng(seed)


def one_each(number):
    return [f"P{patient}" for patient in range(number)]


def test_the_interval_of_a_mean_is_that_of_scipy():
    values = chance(3).normal(size=200)
    interval = bootstrap_interval(mean_of(values), one_each(200), chance(1), draws=4000)
    reference = scipy.stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=chance(2))
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(reference.confidence_interval.low, abs=0.01)
    assert interval.high == pytest.approx(reference.confidence_interval.high, abs=0.01)
    assert (interval.patients, interval.level, interval.is_of_few) == (200, 0.95, False)


def test_a_patients_reports_are_drawn_together():
    patients = ["A", "B", "A", "C", "B", "A"]
    for numbers in resampled(patients, 50, chance()):
        counts = np.bincount(numbers, minlength=6)
        assert counts[0] == counts[2] == counts[5]
        assert counts[1] == counts[4]
        assert counts[0] + counts[1] + counts[3] == 3


def test_copies_of_a_patients_report_do_not_narrow_the_interval():
    values = chance(5).normal(size=80)
    once = bootstrap_interval(mean_of(values), one_each(80), chance(1))
    thrice = bootstrap_interval(mean_of(np.repeat(values, 3)), np.repeat(one_each(80), 3).tolist(), chance(1))
    as_if_apart = bootstrap_interval(mean_of(np.repeat(values, 3)), one_each(240), chance(1))
    assert thrice.high - thrice.low == pytest.approx(once.high - once.low, rel=0.1)
    assert as_if_apart.high - as_if_apart.low < 0.7 * (once.high - once.low)


def test_the_paired_interval_sees_a_small_difference_that_single_ones_do_not():
    base = chance(7).normal(size=100)
    better = base + 0.1 + 0.05 * chance(8).normal(size=100)
    paired = paired_bootstrap(mean_of(better), mean_of(base), one_each(100), chance())
    single = bootstrap_interval(mean_of(better), one_each(100), chance())
    assert paired.excludes_zero
    assert paired.value == pytest.approx(0.1, abs=0.02)
    assert single.low < base.mean()


def test_a_corpus_score_is_resampled_as_a_corpus_and_undefined_draws_are_told():
    counts = bleu_counts([["a", "b"], ["c"]], [["a", "b"], ["d"]])
    interval = bootstrap_interval(lambda n: float(bleu_of_counts(counts[n])[0]), ["A", "B"], chance(), draws=400)
    assert interval.low == pytest.approx(0, abs=1e-6)
    assert interval.high == pytest.approx(1)
    assert interval.value == pytest.approx(2 / 3)
    assert interval.is_of_few
    partly = bootstrap_interval(mean_of(np.array([1.0, np.nan])), ["A", "B"], chance(), draws=400)
    assert 60 < partly.undefined < 140
    with pytest.raises(ValueError, match="no reports"):
        bootstrap_interval(mean_of(np.empty(0)), [], chance())


def test_the_exact_permutation_test_is_that_of_scipy():
    first, second = chance(1).normal(0.4, 1, 9), chance(2).normal(size=9)
    result = permutation_test(first, second, one_each(9), chance())
    reference = scipy.stats.permutation_test(
        (first - second,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True, axis=0
    )
    assert result.is_exact
    assert result.p_value == pytest.approx(reference.pvalue)
    assert permutation_test(np.arange(1.0, 5), np.zeros(4), one_each(4), chance()).p_value == 2 / 16


def test_drawn_permutations_agree_with_the_t_test_of_many_pairs():
    first = chance(4).normal(0.25, 1, 120)
    result = permutation_test(first, np.zeros(120), one_each(120), chance(9))
    assert not result.is_exact
    assert result.p_value == pytest.approx(scipy.stats.ttest_1samp(first, 0).pvalue, abs=0.01)
    assert permutation_test(np.full(50, 1.0), np.zeros(50), one_each(50), chance()).p_value == 1 / 10001


def test_a_patients_reports_are_swapped_together():
    """Twelve reports of two patients are two units: the smallest p-value there can be is one half."""
    result = permutation_test(np.ones(12), np.zeros(12), ["A", "B"] * 6, chance())
    assert (result.p_value, result.patients) == (0.5, 2)
    with pytest.raises(ValueError, match="NaN"):
        permutation_test(np.array([np.nan, 1]), np.zeros(2), ["A", "B"], chance())
    with pytest.raises(ValueError, match="3 patients"):
        permutation_test(np.ones(2), np.zeros(2), ["A", "B", "C"], chance())


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    corrected = holm([0.02, float("nan"), 0.6])
    assert corrected[[0, 2]] == pytest.approx([0.04, 0.6])
    assert math.isnan(corrected[1])


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_lies_between_no_correction_and_bonferroni_and_keeps_the_order(p_values):
    corrected, given_values = holm(p_values), np.array(p_values)
    assert np.all(corrected >= given_values)
    assert np.all(corrected <= np.minimum(1, given_values * max(1, len(p_values))) + 1e-12)
    assert np.all(np.diff(corrected[np.argsort(given_values, kind="stable")]) >= 0)


def test_effect_sizes_by_hand():
    assert cohen_dz(np.array([3.0, 5, 4]), np.array([2.0, 2, 2])) == pytest.approx(2.0)
    assert cohen_dz(np.ones(4), np.ones(4)) == 0
    assert math.isnan(cohen_dz(np.full(4, 2.0), np.ones(4)))
    assert math.isnan(cohen_dz(np.ones(1), np.zeros(1)))
    assert math.isnan(cliffs_delta(np.empty(0), np.ones(1)))


@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.lists(st.integers(0, 4), min_size=1, max_size=9))
def test_cliffs_delta_is_the_share_of_pairs_won_less_lost(first, second):
    pairs = [(one > other) - (one < other) for one in first for other in second]
    assert cliffs_delta(np.array(first), np.array(second)) == pytest.approx(np.mean(pairs))


def test_power_by_the_textbook():
    assert detectable_effect(100) == pytest.approx(0.2802, abs=1e-4)
    assert patients_needed(0.5) == 32
    assert patients_needed(-0.2) == 197
    assert detectable_effect(0) == math.inf
    assert power_note(100) is None
    assert "With 25 patients only a difference of 0.56 standard deviations" in power_note(25)
    with pytest.raises(ValueError, match="difference of 0"):
        patients_needed(0)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """300 studies of 60 patients with one to three alike reports each; the truth is 0."""
    random = chance(11)
    covered = 0
    for _ in range(300):
        reports = random.integers(1, 4, size=60)
        patients = np.repeat(np.arange(60), reports)
        values = random.normal(size=60)[patients] + 0.3 * random.normal(size=len(patients))
        interval = bootstrap_interval(mean_of(values), patients.astype(str).tolist(), random, draws=300)
        covered += not interval.excludes_zero
    print(f"covered {covered} of 300")
    assert 0.90 <= covered / 300 <= 0.98


def test_the_permutation_test_raises_false_alarms_at_its_level_and_finds_what_is_there():
    random = chance(12)
    found = {0.0: 0, 0.5: 0}
    for effect in found:
        for _ in range(300):
            first = random.normal(effect, 1, 40)
            found[effect] += permutation_test(first, np.zeros(40), one_each(40), random, draws=400).p_value <= 0.05
    print(f"false alarms {found[0.0]} of 300, found {found[0.5]} of 300")
    assert 0.02 <= found[0.0] / 300 <= 0.085
    assert found[0.5] / 300 == pytest.approx(scipy.stats.norm.cdf(0.5 * 40**0.5 - 1.96), abs=0.08)


def test_an_interval_that_knows_of_seeds_covers_the_truth_and_one_that_does_not_falls_short():
    random = chance(13)
    covered = {"seeds": 0, "no seeds": 0}
    patients = one_each(60)
    for _ in range(200):
        scores = random.normal(0, 0.2, (3, 1)) + random.normal(0, 0.5, (1, 60)) + random.normal(0, 0.5, (3, 60))
        covered["seeds"] += not seed_interval(scores, patients, random, draws=300).excludes_zero
        covered["no seeds"] += not bootstrap_interval(
            mean_of(scores.mean(axis=0)), patients, random, draws=300
        ).excludes_zero
    print(covered)
    assert covered["seeds"] / 200 >= 0.92
    assert covered["no seeds"] / 200 <= 0.85


def test_variance_is_shared_out_between_seeds_reports_and_the_rest():
    random = chance(14)
    scores = random.normal(0, 1, (200, 1)) + random.normal(0, 2, (1, 300)) + random.normal(0, 1, (200, 300))
    shares = variance_shares(scores)
    assert shares["report"] == pytest.approx(4 / 6, abs=0.08)
    assert shares["seed"] == pytest.approx(1 / 6, abs=0.05)
    assert sum(shares.values()) == pytest.approx(1)
    assert math.isnan(variance_shares(np.ones((3, 4)))["seed"])
    with pytest.raises(ValueError, match="two seeds"):
        variance_shares(np.ones((1, 4)))
    with pytest.raises(ValueError, match="2 seeds say nothing"):
        seed_interval(np.ones((2, 3)), ["A", "B", "C"], random)
