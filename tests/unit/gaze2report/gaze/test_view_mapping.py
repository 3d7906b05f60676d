"""Screen to film and back, through everything a viewport can do; fixations across changes; what a reader could see."""

from __future__ import annotations

from dataclasses import replace

import made_gaze
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.errors import Refused
from gaze2report.gaze.affine import Affine
from gaze2report.gaze.detected_fixations import describe
from gaze2report.gaze.film_gaze import gaze_on_film
from gaze2report.gaze.gaze_samples import GazeSamples
from gaze2report.gaze.velocity_threshold import find_fixations_ivt
from gaze2report.gaze.view_log import ScreenPlacement, ViewLog, ViewRow
from gaze2report.gaze.view_mapping import SPLIT_AT_CHANGES, MappingRule, map_fixations, map_samples
from gaze2report.imaging.orientation import Orientation

FILM, OTHER = "1.2.840.1", "1.2.840.2"
MONITOR = ScreenPlacement("tracker", 0, 0, 1920, 1080)
SHOWN = ViewRow(
    0, MONITOR, 100, 50, 1600, 1000, FILM, 2000, 2500, Affine.of_view(0.4, (1, 0, 0, 1), (300.0, 0.0)), 2000.0, 4000.0
)
"""The film at 0.4 from (400, 50) of the screen on."""

orientations = st.builds(Orientation, st.integers(0, 3), st.booleans())
monitors = st.builds(
    ScreenPlacement,
    st.just("tracker"),
    st.floats(-8000, 8000),
    st.floats(-4000, 4000),
    st.just(3840),
    st.just(2160),
    st.sampled_from([1.0, 1.25, 1.5, 2.0, 3.0]),
)


@st.composite
def shown_films(draw):
    """A viewport anywhere on any monitor, with a film at any zoom, pan, turn and flip."""
    monitor = draw(monitors)
    ratio = monitor.device_pixel_ratio
    x, y = (draw(st.floats(0, 500)) for _ in range(2))
    scale = draw(st.floats(0.1, 70))
    origin = (draw(st.floats(-1e5, 1e5)), draw(st.floats(-1e5, 1e5)))
    row = ViewRow(
        0,
        monitor,
        monitor.x_logical + x / ratio,
        monitor.y_logical + y / ratio,
        3000,
        1500,
        FILM,
        4000,
        5000,
        Affine.of_view(scale, draw(orientations).matrix, origin),
    )
    return row, (x, y)


@given(shown_films(), st.lists(st.tuples(st.floats(-1000, 6000), st.floats(-1000, 6000)), min_size=1, max_size=6))
def test_a_place_on_the_film_comes_back_from_the_screen(shown, places):
    row, _ = shown
    place = np.array(places)
    back = row.screen_to_image.apply(row.image_to_screen.apply(place))
    assert np.abs(back - place).max() <= 0.01


@given(shown_films(), st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_sample_is_mapped_by_the_arithmetic_of_the_screen(shown, inside):
    """Step by step by hand: screen to viewport, viewport to film, turned by the transpose of the orthogonal matrix."""
    row, (x, y) = shown
    on_viewport = np.array([inside[0] * 2999, inside[1] * 1499])
    view = row.image_to_viewport
    steps = np.array([[view.a, view.b], [view.c, view.d]])
    expected = steps.T @ (on_viewport - (view.tx, view.ty)) / abs(view.determinant)
    on_screen = np.add(on_viewport, (x, y))
    samples = GazeSamples.of_one_eye(np.zeros(1), on_screen[None])
    mapped = map_samples(samples, on_screen[None], ViewLog((row,)), "tracker")
    if mapped.view_of(0) is not None:  # rounding at the very edge of the viewport
        assert np.abs(mapped.place_image_px[0] - expected).max() <= 0.01
    else:
        assert min(*on_viewport, *(np.array([3000, 1500]) - on_viewport)) < 1e-6


def test_known_places_on_a_turned_film_on_a_second_monitor_left_of_the_first():
    # A monitor of ratio 1.5 that begins at x = -2560; the viewport lies 100 logical pixels, 150 of the device, from it.
    # The film is turned by a quarter clockwise, (x, y) -> (-y, x), at 2:1 with its corner at (1000, 0).
    left = ScreenPlacement("left", -2560, -200, 3840, 2160, 1.5)
    turned = Affine.of_view(2.0, Orientation(1).matrix, (1000.0, 0.0))
    row = ViewRow(0, left, -2460, -200, 3000, 2000, FILM, 500, 400, turned)
    np.testing.assert_allclose(row.image_to_screen.apply([0.0, 0.0]), [1150.0, 0.0])
    np.testing.assert_allclose(row.image_to_screen.apply([30.0, 10.0]), [1150.0 - 20.0, 60.0])
    np.testing.assert_allclose(row.screen_to_image.apply([1130.0, 60.0]), [30.0, 10.0])
    assert row.rectangle_px == (150.0, 0.0, 3150.0, 2000.0)


def test_each_sample_goes_through_the_view_that_was_in_force():
    zoomed = replace(SHOWN, time_us=20_000, image_to_viewport=Affine.of_view(1.0, (1, 0, 0, 1), (-500.0, -500.0)))
    closed = replace(SHOWN, time_us=30_000, instance_uid="")
    place = np.full((6, 2), (600.0, 450.0))
    place[4] = np.nan
    samples = GazeSamples.of_one_eye(np.array([-5.0, 0.0, 19.999, 20.0, 25.0, 30.0]), place)
    mapped = map_samples(samples, place, ViewLog((SHOWN, zoomed, closed)), "tracker")
    expected = [[np.nan] * 2, [500.0, 1000.0], [500.0, 1000.0], [1000.0, 900.0], [np.nan] * 2, [np.nan] * 2]
    np.testing.assert_allclose(mapped.place_image_px, expected)
    assert [mapped.view_of(k) for k in range(6)] == [None, SHOWN, SHOWN, zoomed, None, None]


def test_gaze_beside_the_film_but_in_its_viewport_stays_outside_and_gaze_elsewhere_has_no_film():
    place = np.array([[150.0, 100.0], [50.0, 100.0]])
    mapped = map_samples(GazeSamples.of_one_eye(np.arange(2.0), place), place, ViewLog((SHOWN,)), "tracker")
    np.testing.assert_allclose(mapped.place_image_px, [[-625.0, 125.0], [np.nan, np.nan]])
    on_other = map_samples(GazeSamples.of_one_eye(np.arange(2.0), place), place, ViewLog((SHOWN,)), "other monitor")
    assert on_other.view_index.tolist() == [-1, -1]


def test_films_side_by_side_are_told_apart():
    left = replace(SHOWN, viewport_width_px=800)
    right = replace(SHOWN, pane=1, instance_uid=OTHER, viewport_x_logical=900, viewport_width_px=800)
    place = np.array([[899.0, 500.0], [900.0, 500.0]])
    mapped = map_samples(GazeSamples.of_one_eye(np.arange(2.0), place), place, ViewLog((left, right)), "tracker")
    assert [mapped.view_of(k) for k in range(2)] == [left, right]


def test_of_two_viewports_that_overlap_the_one_that_changed_last_is_on_top():
    over = replace(SHOWN, pane=1, time_us=1_000, instance_uid=OTHER)
    again = replace(SHOWN, time_us=500_000, window_center=900.0)
    found = mapped_still([SHOWN, over, again])
    assert [one.instance_uid for one in found.fixations] == [OTHER, FILM]
    fixations, samples = still((600.0, 450.0))
    mapped = map_samples(samples, samples.left_px, ViewLog.of([SHOWN, over, again]), "tracker")
    assert [mapped.view_of(k) for k in (0, 1, 49, 50, 100)] == [SHOWN, over, over, again, again]
    assert fixations[0].valid_share == 1.0


def still(place, n_samples: int = 101):
    """One fixation of 10 ms a sample, and its samples."""
    samples = GazeSamples.of_one_eye(np.arange(n_samples) * 10.0, np.tile(np.array(place, dtype=float), (n_samples, 1)))
    return describe([(0, n_samples - 1)], samples.time_ms, samples.left_px), samples


def mapped_still(rows, rule=SPLIT_AT_CHANGES):
    fixations, samples = still((600.0, 450.0))
    return map_fixations(fixations, samples, samples.left_px, ViewLog.of(rows), made_gaze.SCREEN, "tracker", rule)


MOVED = Affine.of_view(0.8, (1, 0, 0, 1), (0.0, 0.0))


def test_a_fixation_across_a_change_is_split_there():
    found = mapped_still([SHOWN, replace(SHOWN, time_us=400_000, image_to_viewport=MOVED)])
    before, after = found.fixations
    assert (before.x_px, before.y_px, before.onset_ms, before.offset_ms) == pytest.approx((500.0, 1000.0, 0.0, 390.0))
    assert (after.x_px, after.y_px, after.onset_ms, after.offset_ms) == pytest.approx((625.0, 500.0, 400.0, 1000.0))
    assert before.is_part
    assert after.is_part
    assert (found.counts.n_straddling, found.counts.n_parts_kept, found.counts.n_parts_left_out) == (1, 2, 0)
    assert "during 1 the view changed: 2 parts were kept" in found.counts.sentence


def test_a_part_that_is_too_short_is_left_out_and_counted():
    found = mapped_still([SHOWN, replace(SHOWN, time_us=960_000, image_to_viewport=MOVED)])
    assert [one.offset_ms for one in found.fixations] == [950.0]
    assert (found.counts.n_parts_kept, found.counts.n_parts_left_out, found.counts.n_dropped) == (1, 1, 0)


def test_by_the_other_rule_it_is_dropped_and_counted():
    found = mapped_still([SHOWN, replace(SHOWN, time_us=400_000, image_to_viewport=MOVED)], MappingRule("drop"))
    assert found.fixations == ()
    assert (found.counts.n_straddling, found.counts.n_dropped, found.counts.n_whole) == (1, 1, 0)


def test_a_pan_under_the_eye_leaves_nothing():
    rows = [
        replace(SHOWN, time_us=k * 16_000, image_to_viewport=Affine.of_view(0.4, (1, 0, 0, 1), (k * 5.0, 0.0)))
        for k in range(63)
    ]
    found = mapped_still(rows)
    assert found.fixations == ()
    assert (found.counts.n_straddling, found.counts.n_dropped) == (1, 1)


def test_a_film_that_is_closed_under_the_eye_ends_the_fixation():
    found = mapped_still([SHOWN, replace(SHOWN, time_us=500_000, instance_uid="")])
    assert [one.offset_ms for one in found.fixations] == [490.0]
    assert (found.counts.n_straddling, found.counts.n_parts_left_out) == (1, 1)


def test_a_change_of_the_window_splits_nothing_and_is_averaged_by_time():
    found = mapped_still([SHOWN, replace(SHOWN, time_us=500_000, window_center=1000.0, window_width=3000.0)])
    (only,) = found.fixations
    assert not only.is_part
    assert only.window_center == pytest.approx((50 * 2000 + 51 * 1000) / 101)
    assert only.window_width == pytest.approx((50 * 4000 + 51 * 3000) / 101)
    (unknown,) = mapped_still([SHOWN, replace(SHOWN, time_us=500_000, window_center=None)]).fixations
    assert (unknown.window_center, unknown.window_width) == (None, None)


def test_a_change_in_another_viewport_splits_nothing():
    beside = replace(SHOWN, pane=1, instance_uid=OTHER, viewport_x_logical=1700, viewport_width_px=200)
    found = mapped_still([SHOWN, beside, replace(beside, time_us=500_000, image_to_viewport=MOVED)])
    assert (found.counts.n_whole, found.counts.n_straddling) == (1, 0)


@pytest.mark.parametrize(
    ("change", "overlay", "draft"),
    [
        ({}, False, False),
        ({"is_ai_overlay_visible": True}, True, False),
        ({"is_draft_visible": True}, False, True),
    ],
)
def test_each_fixation_knows_whether_a_model_could_be_seen_at_any_time_in_it(change, overlay, draft):
    # It is shown for 30 ms in the middle only.
    rows = [SHOWN, replace(SHOWN, time_us=500_000, **change), replace(SHOWN, time_us=530_000)]
    (only,) = mapped_still(rows).fixations
    assert (only.is_ai_overlay_visible, only.is_draft_visible) == (overlay, draft)


def test_a_draft_beside_the_films_counts_and_an_overlay_on_a_film_beside_too():
    report = ViewRow(0, MONITOR, 0, 0, 0, 0, pane=7, is_draft_visible=True)
    (only,) = mapped_still([SHOWN, report]).fixations
    assert (only.is_ai_overlay_visible, only.is_draft_visible) == (False, True)
    beside = replace(SHOWN, pane=1, viewport_x_logical=1700, viewport_width_px=200, is_ai_overlay_visible=True)
    (only,) = mapped_still([SHOWN, beside]).fixations
    assert only.is_ai_overlay_visible


def test_an_overlay_on_a_film_that_is_closed_cannot_be_seen():
    closed = replace(SHOWN, pane=1, viewport_x_logical=1700, instance_uid="", is_ai_overlay_visible=True)
    (only,) = mapped_still([SHOWN, closed]).fixations
    assert not only.is_ai_overlay_visible


def test_degrees_along_the_axes_of_a_film_are_those_of_steps_on_it():
    skewed = replace(SHOWN, image_to_viewport=Affine(0.4, 0.1, -0.2, 0.5, 300.0, 200.0))
    (only,) = mapped_still([skewed]).fixations
    here = np.array([only.x_px, only.y_px])
    for axis, per_degree in enumerate((only.px_per_dva_x, only.px_per_dva_y)):
        ends = [skewed.image_to_screen.apply(here + sign * np.eye(2)[axis] * 0.05) for sign in (-1, 1)]
        # Away from the middle the two axes of the screen are not quite square to each other at the eye.
        assert per_degree == pytest.approx(0.1 / float(made_gaze.SCREEN.angle_dva(*ends)), rel=0.02)


def test_degrees_are_those_of_the_screen_by_the_zoom():
    (only,) = mapped_still([SHOWN]).fixations
    across, down = made_gaze.SCREEN.px_per_dva((600.0, 450.0))
    assert (only.px_per_dva_x, only.px_per_dva_y) == (pytest.approx(across / 0.4), pytest.approx(down / 0.4))
    turned = replace(SHOWN, image_to_viewport=Affine.of_view(0.4, Orientation(1).matrix, (900.0, 0.0)))
    (only,) = mapped_still([turned]).fixations
    assert (only.px_per_dva_x, only.px_per_dva_y) == (pytest.approx(down / 0.4), pytest.approx(across / 0.4))


@given(st.integers(0, 100_000), st.sampled_from(["split", "drop"]))
def test_every_fixation_and_part_is_accounted_for(seed, straddling):
    generator = np.random.default_rng(seed)
    stops = [tuple(row) for row in generator.uniform((100, 100, 80), (1800, 1000, 500), (6, 3))]
    made = made_gaze.make_gaze(stops, frequency_hz=120.0, rms_s2s_dva=0.05, seed=seed)
    rows = [
        replace(
            SHOWN,
            time_us=int(time_us),
            pane=int(generator.integers(2)),
            instance_uid=str(generator.choice([FILM, OTHER, ""])),
            viewport_width_px=int(generator.integers(200, 1700)),
            image_to_viewport=Affine.of_view(float(generator.choice([0.4, 0.8])), (1, 0, 0, 1), (0.0, 0.0)),
        )
        for time_us in np.sort(generator.integers(0, 2_000_000, 8))
    ]
    place_px = made.samples.place_px()
    detected = find_fixations_ivt(made.samples, made_gaze.SCREEN)
    found = map_fixations(
        detected, made.samples, place_px, ViewLog.of(rows), made_gaze.SCREEN, "tracker", MappingRule(straddling)
    )
    counts = found.counts
    assert counts.n_detected == len(detected) == counts.n_whole + counts.n_straddling + counts.n_beside_film
    assert len(found.fixations) == counts.n_whole + counts.n_parts_kept
    assert counts.n_parts_kept + counts.n_parts_left_out >= 2 * counts.n_straddling
    assert all(one.duration_ms >= 60.0 for one in found.fixations)
    onsets = [one.onset_ms for one in found.fixations]
    assert onsets == sorted(onsets)
    # What a fixation says of its place is what its samples say one by one.
    samples = map_samples(made.samples, place_px, ViewLog.of(rows), "tracker")
    for one in found.fixations:
        inside = (made.samples.time_ms >= one.onset_ms) & (made.samples.time_ms <= one.offset_ms)
        own = samples.place_image_px[inside & np.array([samples.view_of(k) == one.view for k in range(len(inside))])]
        if len(own) == inside.sum():
            np.testing.assert_allclose(own.mean(axis=0), (one.x_px, one.y_px))


def test_targets_looked_at_through_zoom_and_pan_are_found_on_the_film():
    """Landmarks of the film are looked at while the reader zooms, pans and turns; noise of 0.1 degrees, at 600 Hz."""
    generator = np.random.default_rng(4)
    landmarks = generator.uniform((200, 300), (1800, 2200), (30, 2))
    rows, places, time_us = [], [], 0
    for number, landmark in enumerate(landmarks):
        scale = float(generator.uniform(0.3, 3.0))
        matrix = np.array(Orientation(number % 4, number % 8 > 3).matrix, dtype=float).reshape(2, 2)
        wanted = generator.uniform((300, 200), (1500, 900))
        origin = wanted - (100, 50) - scale * matrix @ landmark
        view = Affine.of_view(scale, tuple(matrix.ravel()), tuple(origin))
        rows.append(replace(SHOWN, time_us=time_us, image_to_viewport=view))
        places.append(np.tile(wanted, (240, 1)))
        time_us += 400_000
    true_px = np.concatenate(places)
    noise = generator.normal(0, 0.1 / np.sqrt(2), true_px.shape)
    place_px = made_gaze.SCREEN.dva_to_px(made_gaze.SCREEN.px_to_dva(true_px) + noise)
    samples = GazeSamples.of_one_eye(np.arange(len(true_px)) * 1000 / 600, place_px)
    mapped = map_samples(samples, place_px, ViewLog(tuple(rows)), "tracker")
    error = np.linalg.norm(mapped.place_image_px - np.repeat(landmarks, 240, axis=0), axis=1)
    scales = np.repeat([np.sqrt(abs(row.image_to_viewport.determinant)) for row in rows], 240)
    # In pixels of the film, the injected noise of each sample.
    injected = np.linalg.norm(place_px - true_px, axis=1) / scales
    assert np.isfinite(error).all()
    assert np.median(error) <= np.median(injected) + 0.5
    np.testing.assert_allclose(error, injected, atol=1e-6)

    # And as fixations: the mean of 240 samples is far better than one.
    detected = describe([(k * 240, k * 240 + 239) for k in range(30)], samples.time_ms, place_px)
    found = map_fixations(detected, samples, place_px, ViewLog(tuple(rows)), made_gaze.SCREEN, "tracker")
    assert found.counts.n_whole == 30
    for one, landmark in zip(found.fixations, landmarks, strict=True):
        assert np.hypot(*(np.array([one.x_px, one.y_px]) - landmark)) < 0.03 * one.px_per_dva_x


def test_mapped_fixations_become_recorded_gaze_of_their_film():
    found = mapped_still([replace(SHOWN, is_draft_visible=True)])
    gaze = gaze_on_film(found, FILM, start_ms=-250.0, reader="R07")
    (only,) = gaze.fixations
    assert (only.x_px, only.y_px, only.onset_ms, only.duration_ms) == pytest.approx((500.0, 1000.0, 250.0, 1000.0))
    assert only.ai_visible is True
    assert gaze.px_per_dva(0) == pytest.approx(found.fixations[0].px_per_dva_x, rel=0.05)
    with pytest.raises(Refused, match="no fixation"):
        gaze_on_film(found, OTHER, start_ms=0.0)


def test_of_two_rows_of_one_moment_the_later_holds_and_disorder_is_refused():
    log = ViewLog.of([replace(SHOWN, time_us=10), SHOWN, replace(SHOWN, time_us=10, instance_uid=OTHER)])
    assert [state.rows[0].instance_uid for state in log.states] == [FILM, OTHER]
    assert log.state_at(-1) is None
    state = log.state_at(9)
    assert state is not None
    assert state.time_us == 0
    with pytest.raises(ValueError, match="in order"):
        ViewLog((replace(SHOWN, time_us=10), SHOWN))


@pytest.mark.parametrize(
    "wrong",
    [
        {"columns_px": 0},
        {"viewport_height_px": 0},
        {"image_to_viewport": (0, 0, 0, 0)},
        {"image_to_viewport": (float("nan"), 0, 0, 1)},
    ],
)
def test_a_view_that_cannot_be_is_refused(wrong):
    def make() -> ViewRow:
        made = {key: Affine(*value) if isinstance(value, tuple) else value for key, value in wrong.items()}
        return replace(SHOWN, **made)

    with pytest.raises(ValueError, match=r"extent|undone|finite"):
        make()
    with pytest.raises(ValueError, match="extent or pixel ratio"):
        ScreenPlacement("x", 0, 0, 1920, 1080, 0.0)
