"""Drift at a click: an injected offset is found, and gaze that was not there gives no value."""

from __future__ import annotations

import made_gaze
import pytest

from gaze2report.gaze.drift import drift_at_click_dva

BUTTON = (1700.0, 980.0)


@pytest.mark.parametrize("offset", [0.0, 0.7, 1.6])
def test_an_offset_of_the_tracker_is_found_at_the_click(offset):
    made = made_gaze.make_gaze(
        [(500, 400, 600), (*BUTTON, 400), (900, 500, 300)],
        frequency_hz=600.0,
        rms_s2s_dva=0.08,
        offset_dva=(0.0, offset),
        seed=1,
    )
    click_ms = made.samples.time_ms[made.spans[1][1]]
    found = drift_at_click_dva(made.samples, click_ms, BUTTON, made_gaze.SCREEN)
    assert found == pytest.approx(offset, abs=0.05)


def test_without_gaze_before_the_click_there_is_no_drift():
    made = made_gaze.make_gaze([(*BUTTON, 1000)], lost=[(300, 500)])
    assert drift_at_click_dva(made.samples, 420.0, BUTTON, made_gaze.SCREEN) is None
    assert drift_at_click_dva(made.samples, 9000.0, BUTTON, made_gaze.SCREEN) is None
    assert drift_at_click_dva(made.samples, 360.0, BUTTON, made_gaze.SCREEN) == pytest.approx(0.0, abs=1e-6)
