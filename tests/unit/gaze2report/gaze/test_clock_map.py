"""Tracker time to system time: skewed, wandering and restarted clocks, slow exchanges, and what cannot be mapped."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaze2report.gaze.clock_map import ClockNotMapped, TimeSync, fit_clock

HOUR_US = 3_600_000_000
SYSTEM_START_US = 4_000_000_000_000


def exchanges(clock, generator, *, start_us=0, end_us=HOUR_US, slow_share=0.03, slow_leg=None):
    """Exchanges as a tracker makes them: dense first, then about each 10 s; round trips of 100 to 800 us, a few 5 ms.

    The tracker reads its clock anywhere between the two legs of the trip.
    """
    first = np.arange(start_us, min(start_us + 10_000_000, end_us), 500_000)
    asked = np.concatenate([first, np.arange(start_us + 10_000_000, end_us, 10_000_000)])
    found = []
    for request in asked:
        legs = generator.uniform(50, 400, 2)
        if generator.random() < slow_share:
            legs[generator.integers(2) if slow_leg is None else slow_leg] += generator.uniform(2_000, 20_000)
        found.append(
            TimeSync(
                SYSTEM_START_US + int(request),
                int(clock(request + legs[0])),
                SYSTEM_START_US + int(request + legs.sum()),
            )
        )
    return found


def skewed(skew_ppm, epoch_us=7_000_000_000_000_000):
    return lambda true_us: np.rint(epoch_us + np.asarray(true_us) * (1 + skew_ppm * 1e-6)).astype(np.int64)


def worst_99(clock_map, clock, start_us=0, end_us=HOUR_US, received=False):
    true_us = np.linspace(start_us, end_us, 20_000).astype(np.int64)
    arrived = true_us + SYSTEM_START_US + 3_000 if received else None
    mapped = clock_map.to_system_us(clock(true_us), arrived)
    return float(np.percentile(np.abs(mapped - SYSTEM_START_US - true_us), 99))


@settings(max_examples=12, deadline=None)
@given(st.floats(-50, 50), st.integers(0, 1000))
def test_an_hour_of_a_skewed_clock_is_mapped_within_half_a_millisecond(skew_ppm, seed):
    clock = skewed(skew_ppm)
    found = fit_clock(exchanges(clock, np.random.default_rng(seed)))
    assert worst_99(found, clock) <= 100.0  # the bar is 500
    (epoch,) = found.epochs
    assert epoch.skew_ppm == pytest.approx(-skew_ppm, abs=0.05 + 1e-4 * abs(skew_ppm))
    assert 0 < epoch.residual_p50_us <= epoch.residual_p99_us <= 500
    assert found.residual_p99_ms == epoch.residual_p99_us / 1000


def test_slow_exchanges_do_not_pull_the_map_and_are_counted():
    clock = skewed(20.0)
    found = fit_clock(exchanges(clock, np.random.default_rng(1), slow_share=0.3))
    assert worst_99(found, clock) <= 100.0
    (epoch,) = found.epochs
    assert 0.2 <= epoch.n_rejected / (epoch.n_used + epoch.n_rejected) <= 0.45
    assert epoch.longest_bound_us < 1_500


def test_a_link_that_is_slow_one_way_most_of_the_time_does_not_bias_the_map():
    clock = skewed(-15.0)
    found = fit_clock(exchanges(clock, np.random.default_rng(8), slow_share=0.65, slow_leg=1))
    assert worst_99(found, clock) <= 100.0


def test_a_clock_that_wanders_with_the_temperature_is_followed():
    def clock(true_us):
        true_us = np.asarray(true_us, dtype=np.float64)
        return np.rint(5e12 + true_us + 2_000 * np.sin(true_us / HOUR_US * 2 * np.pi * 1.5)).astype(np.int64)

    found = fit_clock(exchanges(clock, np.random.default_rng(2)))
    assert len(found.epochs[0].knots_us) > 10
    assert worst_99(found, clock) <= 500.0


def test_a_steady_clock_gets_a_line_and_no_more():
    found = fit_clock(exchanges(skewed(-30.0), np.random.default_rng(3)))
    assert len(found.epochs[0].knots_us) == 0


def test_a_tracker_that_was_connected_anew_is_mapped_by_epochs():
    before, after, middle = skewed(30.0, 10**15), skewed(-20.0, 10**12), HOUR_US // 2
    generator = np.random.default_rng(4)
    rows = exchanges(before, generator, end_us=middle)
    rows += exchanges(after, generator, start_us=middle + 5_000_000)
    found = fit_clock(rows)
    assert len(found.epochs) == 2
    assert worst_99(found, before, 0, middle, received=True) <= 100.0
    assert worst_99(found, after, middle + 5_000_000, HOUR_US, received=True) <= 100.0
    with pytest.raises(ValueError, match="set anew"):
        found.to_system_us([10**15])


def test_a_clock_that_starts_again_from_nought_soon_after_is_told_apart():
    # 2 s on the tracker twice: only the time of receipt says which.
    rows = [TimeSync(t, t, t + 200) for t in range(0, 5_000_000, 500_000)]
    rows += [TimeSync(t + 10_000_000, t, t + 10_000_200) for t in range(0, 5_000_000, 500_000)]
    found = fit_clock(rows)
    assert found.to_system_us([2_000_000, 2_000_000], [2_001_000, 12_001_000]).tolist() == [2_000_100, 12_000_100]


def test_a_single_slow_exchange_is_no_new_epoch():
    rows = [TimeSync(t, t + 100, t + 200) for t in range(0, 60_000_000, 1_000_000)]
    rows[30] = TimeSync(30_000_000, 30_000_100, 30_900_000)
    found = fit_clock(rows)
    assert len(found.epochs) == 1
    assert found.epochs[0].n_rejected == 1
    assert found.to_system_us([40_000_100]).tolist() == [40_000_100]


def test_one_exchange_gives_the_offset_and_none_is_an_error_in_words():
    found = fit_clock([TimeSync(1_000, 50_000, 1_400)])
    assert found.to_system_us([50_000, 51_000]).tolist() == [1_200, 2_200]
    with pytest.raises(ClockNotMapped, match="no exchange of time"):
        fit_clock([])
    with pytest.raises(ValueError, match="before it was asked"):
        TimeSync(10, 0, 9)


def test_the_order_in_which_exchanges_are_given_does_not_matter():
    rows = exchanges(skewed(10.0), np.random.default_rng(6))
    shuffled = [rows[index] for index in np.random.default_rng(0).permutation(len(rows))]
    device_us = skewed(10.0)(np.array([0, HOUR_US]))
    np.testing.assert_array_equal(fit_clock(rows).to_system_us(device_us), fit_clock(shuffled).to_system_us(device_us))
