"""Half a minute of a simulated tracker whose true fixations are known, through clock, geometry and detection."""

from __future__ import annotations

import numpy as np
import pytest

from capture.clocks import VirtualClock
from capture.simulated import SimulatedBackend, SimulatedModel
from capture.simulated_eyes import EyeModel
from gaze2report.evaluation.fixation_agreement import match_events
from gaze2report.gaze.clock_map import TimeSync, fit_clock
from gaze2report.gaze.data_gaps import find_gaps
from gaze2report.gaze.display_area import geometry_of_display_area, middle_of_eyes
from gaze2report.gaze.recorded_rows import samples_of_rows
from gaze2report.gaze.velocity_threshold import find_fixations_ivt

FREQUENCY_HZ, SECONDS = 300.0, 30


@pytest.fixture(scope="module")
def session():
    clock = VirtualClock()
    model = SimulatedModel()
    backend = SimulatedBackend([model], clock)
    tracker = backend.open(backend.find()[0].serial_number)
    tracker.start(FREQUENCY_HZ)
    tables, syncs = [], []
    for _ in range(SECONDS * 5):
        clock.advance(0.2)
        taken = tracker.take()
        tables.append(taken.samples)
        syncs += taken.syncs
    return tracker, np.concatenate(tables), syncs


def test_the_true_fixations_of_a_simulated_tracker_are_found_where_they_were(session):
    tracker, table, syncs = session
    clock_map = fit_clock([TimeSync(one.request_us, one.device_us, one.response_us) for one in syncs])
    area = tracker.display_area()
    eye_mm = middle_of_eyes(
        *(
            np.where((table[f"{eye}_origin_valid"] == 1)[:, None], table[f"{eye}_origin_mm"].astype(float), np.nan)
            for eye in ("left", "right")
        )
    )
    assert eye_mm is not None
    screen = geometry_of_display_area(area.top_left_mm, area.top_right_mm, area.bottom_left_mm, eye_mm, 1920, 1080)
    system_us = clock_map.to_system_us(table["device_us"], table["received_us"])
    samples = samples_of_rows(table, screen, system_us).samples
    found = find_fixations_ivt(samples, screen)

    begin_ms = samples.time_ms[0]
    truth = [one for one in tracker.true_fixations() if one.end_s < SECONDS - 1]
    true_ms = [(round(one.start_s * 1000), round(one.end_s * 1000)) for one in truth]
    found_ms = [
        (round(one.onset_ms - begin_ms), round(one.offset_ms - begin_ms))
        for one in found
        if one.onset_ms - begin_ms < (SECONDS - 1) * 1000
    ]
    pairs = match_events(true_ms, found_ms)
    f1 = 2 * len(pairs) / (len(true_ms) + len(found_ms))
    assert f1 >= 0.95
    errors = [
        float(screen.angle_dva((found[j].x_px, found[j].y_px), screen.fraction_to_px((truth[i].x, truth[i].y))))
        for i, j in pairs
    ]
    # What the model of the eyes injects: a bias, growing to the edges, and each eye's vergence, halved by the mean.
    eyes = EyeModel()
    assert np.median(errors) == pytest.approx(eyes.bias_deg, abs=0.15)
    assert max(errors) <= eyes.bias_deg + eyes.field_deg + eyes.vergence_sd_deg

    assert np.abs(system_us - table["system_us"]).max() <= 500
    assert screen.viewing_distance_mm == pytest.approx(eyes.distance_mm, abs=5.0)
    assert (screen.eye_x_mm, screen.eye_y_mm) == pytest.approx((0.0, 0.0), abs=5.0)
    gaps = find_gaps(samples, FREQUENCY_HZ, screen)
    assert gaps
    assert {gap.kind for gap in gaps} == {"blink"}  # the only interruption that this model makes
