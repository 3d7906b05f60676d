"""The tracker's clock is mapped to the host's to half a millisecond, whatever drift, temperature and UTC do."""

from __future__ import annotations

import numpy as np
import pytest
from captured import Bench

from capture import recording
from capture.clocks import NoMapping, TimeSync, fit_clock
from capture.simulated import SimulatedModel
from capture.simulated_delivery import DeliveryModel


@pytest.mark.parametrize(("skew_ppm", "offset_us"), [(-50.0, 10**12), (50.0, 10**15)])
def test_an_hour_is_mapped_to_half_a_millisecond_while_utc_is_stepped(tmp_path, skew_ppm, offset_us):
    delivery = DeliveryModel(device_offset_us=offset_us, skew_ppm=skew_ppm, wander_us=400.0, sync_outlier_rate=0.05)
    bench = Bench(tmp_path, SimulatedModel(delivery=delivery), 60.0)
    for step_s in (0.0, 3600.0, -3600.0):
        bench.clock.set_utc(step_s)
        bench.run(1200, step_s=10.0)
    bench.recorder.finish("")
    fit = fit_clock(recording.time_syncs(bench.path, 0))
    device_us = recording.samples(bench.path)["device_us"]
    error_us = np.abs(fit.to_system_us(device_us) - bench.tracker_clock.true_system_us(device_us))
    assert len(device_us) > 200_000
    assert np.percentile(error_us, 99) <= 500
    assert fit.n_rejected > 0
    stepped = [r["text"] for r in recording.rows(bench.path, "notification") if r["kind"] == "utc_stepped"]
    assert stepped == ["+3600.000 s", "-3600.000 s"]


def test_with_too_few_exchanges_there_is_no_mapping():
    with pytest.raises(NoMapping, match="3 time exchanges"):
        fit_clock([TimeSync(i, i, i + 1) for i in range(3)])


def test_beyond_the_last_exchange_the_mapping_goes_on_straight():
    fit = fit_clock([TimeSync(s * 10**6, round(s * 1.0001e6) + 7_000, s * 10**6 + 2) for s in range(0, 300, 10)])
    ahead = round(400 * 1.0001e6) + 7_000
    assert fit.to_system_us(ahead) == pytest.approx(400e6, abs=20)
