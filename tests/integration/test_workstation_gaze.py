"""Gaze in the whole window: recorded gaze from a real file, replay, links with the report, the second look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from stations import film, wait_drafted

from desktop.text_spans import sentences
from desktop.viewer.image_layer import logical_point

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)

LOOKED = [(0.30, 0.35, 300, 0), (0.33, 0.58, 250, 900), (0.52, 0.62, 400, 1500)]
"""Where the scripted host looks first, second and third; it looks at two places more."""


@pytest.fixture
def made(make_station, qtbot, tmp_path: Path):
    """A study that is drafted, its film on screen and the controls of the gaze open."""
    made = make_station()
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    wait_drafted(made, qtbot)
    made.services.actions["gaze.panel"].trigger()
    return made


def gaze_file(made, folder: Path, *, reader: str = "reader", error_dva: float = 0.5, **more) -> Path:
    """Gaze of a reader who said the first sentence while looking at the second place."""
    width_px, height_px = made.services.gaze.size_px
    text = made.reading.sections["findings"].text
    first, second = (text[start:end] for start, end in sentences(text)[:2])
    content = {
        "instance_uid": made.reading.instance.instance_uid,
        "reader": reader,
        "quality": {"error_dva": error_dva, "valid_share": 0.95},
        "fixations": [
            {
                "x_px": x * width_px,
                "y_px": y * height_px,
                "duration_ms": ms,
                "onset_ms": at,
                "px_per_dva": width_px / 40,
            }
            for x, y, ms, at in LOOKED
        ],
        "sentences": [
            {"section": "findings", "text": first, "start_ms": 800, "end_ms": 1400},
            {"section": "findings", "text": second, "start_ms": 1450, "end_ms": 3000},
        ],
        **more,
    }
    path = folder / "gaze.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def load(made, qtbot, path: Path) -> None:
    made.window.viewer.gaze.panel.load(path)
    qtbot.waitUntil(lambda: len(made.services.gaze.recordings) == 1, timeout=10_000)


def point_of(made, track: int, index: int) -> QPoint:
    fixation = made.services.gaze.tracks[track].fixations[index]
    return logical_point(made.window.viewer.view.viewport, 1.0, fixation.x_px, fixation.y_px).toPoint()


def linked(made, section: str = "findings") -> list[str]:
    editor = made.window.report.editors[section]
    return [made.reading.sections[section].text[start:end] for start, end in editor._linked]


def test_without_a_recording_the_film_says_so(made):
    panel = made.window.viewer.gaze.panel
    assert panel.said.text() == "No recorded gaze for this film."
    assert not panel.compare_button.isEnabled()
    assert panel.load_button.isEnabled()
    assert panel.replay.length_ms > 1000


def test_recorded_gaze_is_laid_over_the_predicted_and_compared_in_words_and_numbers(made, qtbot, tmp_path):
    load(made, qtbot, gaze_file(made, tmp_path))
    gaze = made.window.viewer.gaze
    styles = [path.style for path in gaze.layer.scanpaths]
    assert len({style.colour for style in styles}) == len({style.shape for style in styles}) == 2
    qtbot.waitUntil(lambda: "ScanMatch" in gaze.panel.said.text(), timeout=10_000)
    assert "alike" in gaze.panel.said.text()
    assert "MultiMatch shape" in gaze.panel.said.text()
    made.services.actions["gaze.side_by_side"].trigger()
    qtbot.waitUntil(lambda: "ScanMatch" in gaze.window.said.text(), timeout=10_000)
    assert [len(layer.scanpaths[0].fixations) for layer in gaze.window.layers] == [5, 3]
    left, right = gaze.window.views
    left.zoom(2.0)
    left.pan(30, -20)
    for x_px, y_px in ((10, 10), (80, 60)):
        assert right.viewport.device_to_image(x_px, y_px) == pytest.approx(left.viewport.device_to_image(x_px, y_px))
    assert not made.bugs


def test_a_study_that_leaves_the_screen_takes_its_gaze_and_its_comparison_with_it(made, qtbot, tmp_path):
    load(made, qtbot, gaze_file(made, tmp_path))
    made.services.actions["gaze.side_by_side"].trigger()
    window = made.window.viewer.gaze.window
    assert window.isVisible()
    made.open(qtbot, made.add(film(tmp_path, 2)).study_uid)
    assert made.window.viewer.gaze.window is None
    qtbot.waitUntil(lambda: not shiboken6.isValid(window))
    assert made.services.gaze.recordings == ()


def test_a_click_on_a_fixation_highlights_its_sentence_and_a_click_on_a_sentence_lights_its_fixations(
    made, qtbot, tmp_path
):
    load(made, qtbot, gaze_file(made, tmp_path))
    gaze, view = made.window.viewer.gaze, made.window.viewer.view
    gaze.panel.track_box.setCurrentIndex(2)
    gaze.panel._on_track_chosen(2)  # the recorded one alone: the predicted one lies at the same places
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=point_of(made, 1, 1))
    assert linked(made) == ["The lungs are clear."]
    assert "fixation 2" in gaze.panel.said.text()
    editor = made.window.report.editors["findings"]
    cursor = editor.textCursor()
    cursor.setPosition(len("The lungs are clear. The he"), QTextCursor.MoveMode.MoveAnchor)
    at = editor.cursorRect(cursor).center()
    QTest.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert linked(made) == []
    assert [path.lit for path in gaze.layer.scanpaths] == [frozenset([2])]
    assert [region.kind for region in gaze.layer.regions] == ["linked"]
    assert "region of the model: not available" in gaze.panel.said.text()


def test_the_replay_is_played_stepped_and_scrubbed_from_the_keyboard(made, qtbot):
    view, panel = made.window.viewer.view, made.window.viewer.gaze.panel
    made.window.activateWindow()
    view.setFocus()
    qtbot.waitUntil(view.hasFocus)
    QTest.keyClick(view, Qt.Key.Key_Period)
    path = panel.layer.scanpaths[0]
    assert (path.shown, path.current, path.lit) == (2, 1, frozenset([1]))
    assert "Predicted (AI), fixation 2" in panel.said.text()
    QTest.keyClick(view, Qt.Key.Key_Comma)
    assert panel.replay.position_ms == 0
    assert panel.layer.scanpaths[0].shown is None  # at its beginning it shows all
    panel.replay_row.slider.setValue(900)
    assert panel.layer.scanpaths[0].shown == 3
    panel.replay_row.speed.setCurrentIndex(4)
    panel.replay_row.speed.activated.emit(4)
    panel.replay_row.play_button.click()
    assert panel.replay.is_playing
    qtbot.waitUntil(lambda: not panel.replay.is_playing, timeout=10_000)
    assert panel.replay.position_ms == panel.replay.length_ms
    assert panel.replay_row.slider.value() == round(panel.replay.length_ms)


def test_the_heat_map_says_what_its_sigma_is(made, qtbot, tmp_path):
    gaze, view = made.window.viewer.gaze, made.window.viewer.view
    made.services.actions["gaze.heat_map"].trigger()
    qtbot.waitUntil(lambda: gaze.layer.heat_map is not None, timeout=10_000)
    assert any("3 % of the film" in text and "no viewing geometry" in text for text, _ in view.warning_lines())
    load(made, qtbot, gaze_file(made, tmp_path))
    gaze.panel.track_box.setCurrentIndex(2)
    gaze.panel._on_track_chosen(2)
    qtbot.waitUntil(lambda: any("1 visual degree" in text for text, _ in view.warning_lines()), timeout=10_000)
    gaze.panel.opacity.setValue(80)
    assert gaze.layer.opacity == 0.8
    made.services.actions["gaze.heat_map"].trigger()
    assert gaze.layer.heat_map is None


def test_the_second_look_waits_for_the_reader_and_cannot_know_without_gaze(made, qtbot):
    hint = made.window.viewer.gaze.hint
    assert hint.isHidden()
    made.window.report.accept()
    qtbot.waitUntil(lambda: made.reading.study.status == "preliminary")
    assert hint.said.text() == "Second look: not available: no recorded gaze."
    assert made.window.report.sign_button.isEnabled()
    hint.hide_button.click()
    assert hint.isHidden()


def test_the_second_look_outlines_what_good_gaze_did_not_reach_and_nothing_else(made, qtbot, tmp_path):
    load(made, qtbot, gaze_file(made, tmp_path))
    gaze = made.window.viewer.gaze
    made.window.report.ask_to_sign()
    assert gaze.hint.said.text().startswith("Second look: 2 regions outlined on the film")
    assert [region.kind for region in gaze.hint_layer.regions] == ["second look"] * 2
    missed = made.services.gaze.tracks[0].fixations[3:]
    for fixation in missed:
        boxes = [region.box_px for region in gaze.hint_layer.regions]
        assert any(x0 < fixation.x_px < x1 and y0 < fixation.y_px < y1 for x0, y0, x1, y1 in boxes)
    gaze.hint.hide_button.click()
    assert gaze.hint_layer.regions == ()


@pytest.mark.parametrize(
    ("error_dva", "reader", "reason"), [(1.7, "reader", "gaze error is 1.7"), (0.5, "R07", "no recorded")]
)
def test_the_second_look_is_off_for_poor_gaze_and_for_that_of_others(made, qtbot, tmp_path, error_dva, reader, reason):
    load(made, qtbot, gaze_file(made, tmp_path, error_dva=error_dva, reader=reader))
    made.window.report.ask_to_sign()
    gaze = made.window.viewer.gaze
    assert reason in gaze.hint.said.text()
    assert gaze.hint_layer.regions == ()
    if error_dva > 1.5:
        assert any("quality poor" in text for text, _ in made.window.viewer.view.warning_lines())


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"instance_uid": "1.2.3"}, "another film (1.2.3)"),
        ({"fixations": [{"x_px": "a"}]}, "is not a file of recorded gaze"),
    ],
)
def test_gaze_that_cannot_be_used_is_a_sentence(made, qtbot, tmp_path, more, reason):
    made.window.viewer.gaze.panel.load(gaze_file(made, tmp_path, **more))
    qtbot.waitUntil(lambda: bool(made.told), timeout=10_000)
    assert reason in made.told[-1]
    assert made.services.gaze.recordings == ()
    assert not made.bugs
