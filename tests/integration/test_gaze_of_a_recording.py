"""A recording's own rows, through clock, detection and view, to recorded gaze that a draft can be made from."""

from __future__ import annotations

import json
from dataclasses import replace

import made_gaze
import numpy as np
import pytest

from capture import log_rows
from capture.samples import empty_samples
from gaze2report.gaze.clock_map import TimeSync, fit_clock
from gaze2report.gaze.data_gaps import missing_in
from gaze2report.gaze.film_gaze import gaze_on_film
from gaze2report.gaze.quality_gates import judge_case
from gaze2report.gaze.recorded_gaze_file import read_recorded_gaze, write_recorded_gaze
from gaze2report.gaze.recorded_rows import RecordingNotMapped, samples_of_rows, view_log_of_rows
from gaze2report.gaze.velocity_threshold import find_fixations_ivt
from gaze2report.gaze.view_mapping import map_fixations

FILM, SIZE = "1.2.840.7", (2000, 2500)
LANDMARKS = [(400.0, 600.0), (1500.0, 700.0), (900.0, 1900.0), (450.0, 1500.0)]
START_US = 5_000_000_000


def fields(scale: float, corner: tuple[float, float], **changed) -> dict:
    """A film turned by a quarter clockwise, (x, y) -> (-y, x): a = d = 0, y grows with u, x falls with v."""
    return {
        "cell": 0,
        "image_uid": FILM,
        "frame": 0,
        "image_to_screen": [0.0, scale, -scale, 0.0, *corner],
        "clip_screen_px": [100, 40, 1800, 1060],
        "window": [2000.0, 4000.0],
        "is_inverted": False,
        "overlays": [],
        "is_draft_visible": False,
        "screen": "tracker",
        **changed,
    }


def on_screen(shown: dict, u: float, v: float) -> tuple[float, float]:
    a, b, c, d, e, f = shown["image_to_screen"]
    return a * u + c * v + e, b * u + d * v + f


@pytest.fixture
def recording():
    """Two landmarks looked at in one view, two in another; the tracker's clock is 40 ppm fast and far off."""
    views = [fields(0.4, (1500.0, 100.0)), fields(0.3, (1200.0, 200.0), overlays=["predicted_gaze"])]
    stops = [(*on_screen(views[index // 2], *place), 400.0) for index, place in enumerate(LANDMARKS)]
    made = made_gaze.make_gaze(stops, frequency_hz=600.0, rms_s2s_dva=0.06, lost=[(150, 165)], seed=9)
    change_ms = made.samples.time_ms[made.spans[1][1]] + 8.0
    logged = []
    for seq, (offset_us, shown) in enumerate([(-100_000, views[0]), (int(change_ms * 1000), views[1])]):
        row = log_rows.view({"seq": seq, "system_us": START_US + offset_us, "view": shown})
        logged.append((row.system_us, json.loads(row.body)))

    table = empty_samples(len(made.samples))
    true_us = START_US + np.rint(made.samples.time_ms * 1000).astype(np.int64)
    table["device_us"] = np.rint(9e14 + (true_us - START_US) * (1 + 40e-6)).astype(np.int64)
    table["system_us"] = true_us
    table["received_us"] = true_us + 2_500
    for eye, place_px in (("left", made.samples.left_px), ("right", made.samples.right_px)):
        fraction = made_gaze.SCREEN.px_to_fraction(place_px)
        table[f"{eye}_x"], table[f"{eye}_y"] = fraction.T
        table[f"{eye}_gaze_valid"] = np.isfinite(place_px).all(axis=1)
    # A lost sample carries whatever the tracker left there; only its validity says so.
    table["left_x"][table["left_gaze_valid"] == 0] = 0.0
    return table, logged


def exchanges() -> list[TimeSync]:
    return [
        TimeSync(START_US + t, round(9e14 + (t + 150) * (1 + 40e-6)), START_US + t + 300)
        for t in range(-5_000_000, 10_000_000, 500_000)
    ]


def test_landmarks_are_found_on_the_film_with_what_could_be_seen_of_a_model(recording, tmp_path):
    table, logged = recording
    system_us = fit_clock(exchanges()).to_system_us(table["device_us"])
    assert np.abs(system_us - table["system_us"]).max() <= 2
    ordered = samples_of_rows(table, made_gaze.SCREEN, system_us)
    assert (ordered.n_repeated, ordered.n_late) == (0, 0)
    samples = ordered.samples
    log = view_log_of_rows(logged, {FILM: SIZE}, (1920, 1080), not_by_a_model={"measurements"})
    detected = find_fixations_ivt(samples, made_gaze.SCREEN)
    found = map_fixations(detected, samples, samples.place_px(), log, made_gaze.SCREEN, "tracker")
    assert found.counts.n_whole == 4
    for one, landmark in zip(found.fixations, LANDMARKS, strict=True):
        assert np.hypot(one.x_px - landmark[0], one.y_px - landmark[1]) < 0.1 * one.px_per_dva_x
    seen = [one.is_ai_overlay_visible for one in found.fixations]
    assert seen == [False, False, True, True]

    gaze = gaze_on_film(found, FILM, start_ms=START_US / 1000, reader="R01")
    assert [one.ai_visible for one in gaze.fixations] == seen
    path = tmp_path / "gaze.json"
    write_recorded_gaze(path, gaze)
    assert read_recorded_gaze(path) == gaze

    start_ms = START_US / 1000
    missing = missing_in(samples, 600.0, start_ms, samples.time_ms[-1] + 1000 / 600)
    assert missing.n_invalid == 9  # 15 ms
    assert judge_case(missing_share=missing.share, longest_gap_s=missing.longest_gap_s, drifts_dva=(0.2,)).is_usable


def test_samples_that_come_twice_or_late_are_put_in_order_and_counted(recording):
    table, _ = recording
    shaken = np.concatenate([table[:10], table[8:10], table[12:14], table[10:12], table[14:]])
    ordered = samples_of_rows(shaken, made_gaze.SCREEN)
    assert (len(ordered.samples), ordered.n_repeated, ordered.n_late) == (len(table), 2, 2)
    whole = samples_of_rows(table, made_gaze.SCREEN).samples
    np.testing.assert_array_equal(ordered.samples.time_ms, whole.time_ms)
    np.testing.assert_array_equal(ordered.samples.left_px, whole.left_px)


def test_an_invalid_eye_is_lost_whatever_numbers_it_carries(recording):
    table, _ = recording
    samples = samples_of_rows(table, made_gaze.SCREEN).samples
    np.testing.assert_array_equal(np.isnan(samples.left_px).all(axis=1), table["left_gaze_valid"] == 0)


def test_an_overlay_that_nobody_knows_counts_as_a_models(recording):
    _, logged = recording
    known = replace_overlays(logged, ["measurements"])
    log = view_log_of_rows(known, {FILM: SIZE}, (1920, 1080), not_by_a_model={"measurements"})
    assert not any(row.is_ai_overlay_visible for row in log.rows)
    log = view_log_of_rows(known, {FILM: SIZE}, (1920, 1080))
    assert all(row.is_ai_overlay_visible for row in log.rows)


def test_rows_that_cannot_be_mapped_say_which_and_why(recording):
    _, logged = recording
    with pytest.raises(
        RecordingNotMapped, match=r"row 1 of the view log .* size of the film 1\.2\.840\.7 is not known"
    ):
        view_log_of_rows(logged, {}, (1920, 1080))
    broken = [(logged[0][0], {**logged[0][1], "image_to_screen": [0.0] * 6})]
    with pytest.raises(RecordingNotMapped, match="cannot be undone"):
        view_log_of_rows(broken, {FILM: SIZE}, (1920, 1080))
    without = {name: value for name, value in logged[0][1].items() if name != "screen"}
    with pytest.raises(RecordingNotMapped, match="it has no 'screen'"):
        view_log_of_rows([(0, without)], {FILM: SIZE}, (1920, 1080))


def replace_overlays(logged, names):
    return [(system_us, {**shown, "overlays": names}) for system_us, shown in logged]


def test_a_row_of_the_log_says_where_the_film_is(recording):
    _, logged = recording
    row = view_log_of_rows(logged, {FILM: SIZE}, (1920, 1080)).rows[0]
    np.testing.assert_allclose(row.image_to_screen.apply((400.0, 600.0)), on_screen(logged[0][1], 400.0, 600.0))
    assert row.rectangle_px == (100.0, 40.0, 1800.0, 1060.0)
    assert replace(row, is_inverted=True).geometry_key == row.geometry_key
