"""Losses are counted exactly, whatever else happens to the stream."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from captured import Bench
from hypothesis import given
from hypothesis import strategies as st

from capture import recording
from capture.gaps import GapCounter
from capture.simulated import SimulatedModel
from capture.simulated_delivery import DeliveryModel
from capture.simulated_eyes import EyeModel

RATES_HZ = (60.0, 120.0, 250.0, 600.0, 1200.0)


@pytest.mark.parametrize("frequency_hz", RATES_HZ)
@pytest.mark.parametrize("skew_ppm", [-50.0, 50.0])
def test_the_missing_are_counted_exactly_and_invalid_ones_are_not_among_them(tmp_path, frequency_hz, skew_ppm):
    delivery = DeliveryModel(skew_ppm=skew_ppm, missing_rate=0.01, tick_jitter_us=1.0, burst=15, stalls_per_min=6)
    eyes = EyeModel(blinks_per_min=30, look_aways_per_min=6, track_losses_per_min=20)
    bench = Bench(tmp_path, SimulatedModel(delivery=delivery, eyes=eyes, seed=3), frequency_hz)
    bench.run(30 if frequency_hz > 500 else 60, step_s=0.5)
    bench.tracker.delivery.model = replace(
        delivery, missing_rate=0.0
    )  # the last samples arrive, so every gap has an end
    bench.run(1.5, step_s=0.5)
    omitted = bench.tracker.delivery.missing
    bench.recorder.finish("")
    counts = recording.verify(bench.path).counts
    assert omitted > 15
    assert counts.missing == omitted
    assert recording.describe(bench.path).counts["missing"] == omitted
    invalid = recording.describe(bench.path).counts["invalid_left"]
    assert invalid == (bench.all_delivered()["left_gaze_valid"] == 0).sum() > 0


@given(
    frequency_hz=st.sampled_from(RATES_HZ),
    kept=st.lists(st.booleans(), min_size=3, max_size=300),
    repeated=st.sets(st.integers(0, 299)),
    swapped=st.sets(st.integers(0, 299)),
    block=st.integers(1, 50),
)
def test_repeated_and_overtaken_samples_do_not_change_the_count_of_the_missing(
    frequency_hz, kept, repeated, swapped, block
):
    times = 10**15 + np.rint(np.flatnonzero(kept) * 1e6 / frequency_hz).astype(np.int64)
    arrived = list(times)
    for at in sorted(swapped):
        if at + 1 < len(arrived):
            arrived[at], arrived[at + 1] = arrived[at + 1], arrived[at]
    n_repeated = 0
    for at in sorted(repeated, reverse=True):
        if at < len(arrived):
            arrived.insert(at, arrived[at])
            n_repeated += 1
    counter = GapCounter(frequency_hz)
    for at in range(0, len(arrived), block):
        counter.add(np.array(arrived[at : at + block]))
    ticks = np.flatnonzero(kept)
    expected = (ticks[-1] - ticks[0] + 1 - len(ticks)) if len(ticks) else 0
    assert counter.counts.missing == expected
    assert counter.counts.duplicates == n_repeated
    assert counter.counts.received == len(arrived)


def test_a_buffer_that_runs_over_is_said_and_its_samples_are_counted(tmp_path):
    model = SimulatedModel(delivery=DeliveryModel(buffer_samples=1000))
    bench = Bench(tmp_path, model)
    bench.run(1)
    bench.run(3, step_s=3.0)  # the program did not take for three seconds
    bench.run(1)
    bench.recorder.finish("")
    about = recording.describe(bench.path)
    assert about.counts["dropped"] == about.counts["missing"] > 2000
    assert about.is_degraded
    kinds = {row["kind"] for row in recording.rows(bench.path, "notification")}
    assert {"stream_buffer_overflow", "samples_dropped"} <= kinds


def test_a_reconnection_begins_a_segment_with_a_clock_of_its_own(tmp_path):
    bench = Bench(tmp_path)
    bench.run(20)
    bench.tracker.disconnect()
    bench.run(2)
    bench.tracker.reconnect(device_offset_us=5_000_000)
    bench.run(20)
    bench.recorder.finish("")
    checked = recording.verify(bench.path)
    segments = recording.rows(bench.path, "segment")
    assert [row["reason"] for row in segments] == ["start", "reconnected"]
    assert checked.is_whole
    assert checked.counts.missing == 0  # what was not sampled is the time between the segments, not a count
    assert (
        recording.time_syncs(bench.path, 1)[0].device_us < 10_000_000 < recording.time_syncs(bench.path, 0)[0].device_us
    )


def test_a_device_clock_that_steps_without_a_word_begins_a_segment_too(tmp_path):
    bench = Bench(tmp_path)
    bench.run(1)
    bench.tracker.reconnect(device_offset_us=7_000_000_000, says_so=False)
    bench.run(1)
    bench.recorder.finish("")
    assert [row["reason"] for row in recording.rows(bench.path, "segment")] == ["start", "device clock stepped"]
    assert recording.verify(bench.path).is_whole


def test_after_another_program_changed_the_frequency_gaps_are_counted_by_the_new_one(tmp_path):
    bench = Bench(tmp_path, SimulatedModel(delivery=DeliveryModel(missing_ticks=frozenset({30, 31, 50}))), 120.0)
    bench.run(2)
    bench.tracker.change_frequency(60.0)
    bench.run(2)
    bench.recorder.finish("")
    segments = recording.rows(bench.path, "segment")
    assert [(row["frequency_hz"], row["reason"]) for row in segments] == [(120.0, "start"), (60.0, "frequency changed")]
    assert recording.verify(bench.path).counts.missing == 6  # three by each frequency
    about = recording.describe(bench.path)
    assert about.counts["missing"] == 6
    assert about.is_degraded
