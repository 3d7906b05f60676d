"""Measuring in the whole window, with real mouse and keys, a real film and a real workspace."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from factories import chest_phantom
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog
from stations import Station, film

from db import measurements as kept
from db.measurements import save
from desktop.operations.reports import sign_report
from desktop.viewer.measurement_bar import ToolMenu
from desktop.viewer.words_editor import WordsEditor
from gaze2report.errors import StorageFailed
from gaze2report.imaging.measurements import Measurement

LINE = Measurement("length", ((1.0, 1.0), (50.0, 60.0)))
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def begin(make_station, qtbot, tmp_path: Path, **elements: object) -> Station:
    """A station with a film on screen that has the keyboard."""
    made: Station = make_station(start_host=False)
    pixels = chest_phantom(512, 460)
    made.open(qtbot, made.add(film(tmp_path, 0, pixels=pixels, **elements)).study_uid)
    qtbot.waitUntil(lambda: made.services.drawings.are_loaded)
    made.window.viewer.view.setFocus()
    return made


def at(made: Station, x_px: float, y_px: float) -> QPoint:
    """Place on the view of an image position."""
    view = made.window.viewer.view
    x, y = view.viewport.image_to_device(x_px, y_px)
    return QPoint(round(x), round(y))


def drag(made: Station, start: tuple[float, float], end: tuple[float, float]) -> None:
    view, first, last = made.window.viewer.view, at(made, *start), at(made, *end)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=first)
    QTest.mouseMove(view, (first + last) / 2)
    QTest.mouseMove(view, last)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=last)


def click(made: Station, point: tuple[float, float]) -> None:
    QTest.mouseMove(made.window.viewer.view, at(made, *point))
    QTest.mouseClick(made.window.viewer.view, Qt.MouseButton.LeftButton, pos=at(made, *point))


def press(made: Station, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(made.window.viewer.view, key, modifiers)


def drawn(made: Station) -> tuple[Measurement, ...]:
    return made.window.viewer.measuring.measurements


def on_disk(made: Station) -> tuple[Measurement, ...]:
    """What another reader would find."""
    (marks,) = kept.of_patient(made.workspace, made.reading.study.study_uid).values() or (None,)
    return marks.measurements if marks is not None else ()


def wait_kept(made: Station, qtbot) -> None:
    qtbot.waitUntil(lambda: not made.services.drawings.unsaved)


def test_a_line_is_drawn_moved_undone_kept_and_there_again(make_station, qtbot, tmp_path: Path) -> None:
    made = begin(make_station, qtbot, tmp_path, ImagerPixelSpacing=[0.2, 0.1])
    press(made, Qt.Key.Key_D)
    drag(made, (100, 100), (200, 150))
    (line,) = drawn(made)
    assert line.kind == "length"
    assert line.points == (pytest.approx((100, 100), abs=1.0), pytest.approx((200, 150), abs=1.0))
    words = made.window.viewer.measuring.words
    assert words.lines(line, made.reading.image)[0].endswith(" mm @detector")

    drag(made, (200, 150), (250, 300))  # its handle; the tool was put away after one line
    (moved,) = drawn(made)
    assert moved.key == line.key
    assert moved.points == (line.points[0], pytest.approx((250, 300), abs=1.5))
    press(made, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert drawn(made) == (line,)
    press(made, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert drawn(made) == (moved,)
    press(made, Qt.Key.Key_Delete)
    assert drawn(made) == ()
    press(made, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_kept(made, qtbot)
    assert on_disk(made) == (moved,)

    uid = made.reading.study.study_uid
    made.open(qtbot, made.add(film(tmp_path, 1)).study_uid)
    qtbot.waitUntil(lambda: made.services.drawings.are_loaded)
    assert drawn(made) == ()
    made.open(qtbot, uid)
    qtbot.waitUntil(lambda: made.services.drawings.are_loaded)
    assert drawn(made) == (moved,)
    assert (made.told, made.bugs) == ([], [])


def test_an_angle_is_clicked_and_escape_puts_an_unfinished_drawing_away(make_station, qtbot, tmp_path: Path) -> None:
    made = begin(make_station, qtbot, tmp_path)
    press(made, Qt.Key.Key_A)
    for point in ((100, 100), (100, 200), (200, 200)):
        click(made, point)
    (angle,) = drawn(made)
    assert made.window.viewer.measuring.words.summary(angle, made.reading.image) == "90.0°"

    made.services.drawings.select("")
    press(made, Qt.Key.Key_A)
    click(made, (50, 50))
    press(made, Qt.Key.Key_Escape)
    assert made.services.drawings.tool is None
    window = made.window.viewer.view.window_tool.voi
    drag(made, (300, 50), (350, 80))  # empty film: the window tool has the mouse again
    assert made.window.viewer.view.window_tool.voi != window
    assert drawn(made) == (angle,)


@pytest.mark.qt_log_ignore("does not support", extend=True)
def test_letters_in_the_menu_of_tools_choose_there_and_do_nothing_to_the_film(
    make_station, qtbot, tmp_path: Path
) -> None:
    made = begin(make_station, qtbot, tmp_path)
    view, drawings = made.window.viewer.view, made.services.drawings
    was_shown, tool = view.overlays.is_visible, view.gestures.tool
    for letter, chosen in (("t", "rectangle"), ("c", "cobb")):
        press(made, Qt.Key.Key_M)
        QTest.keyClick(view.findChild(ToolMenu), letter)
        assert (drawings.tool, view.gestures.tool) == (chosen, tool)
        press(made, Qt.Key.Key_Escape)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    press(made, Qt.Key.Key_M)
    QTest.keyClick(view.findChild(ToolMenu), "o")
    qtbot.waitUntil(lambda: bool(drawn(made)))
    assert drawn(made)[0].kind == "ctr"
    assert view.overlays.is_visible == was_shown


def test_text_is_typed_on_the_film_and_single_letters_stay_silent_meanwhile(
    make_station, qtbot, tmp_path: Path
) -> None:
    made = begin(make_station, qtbot, tmp_path)
    press(made, Qt.Key.Key_B)
    click(made, (100, 100))
    editor = made.window.viewer.view.findChild(WordsEditor)
    QTest.keyClicks(editor, "dab")
    assert made.services.drawings.tool is None
    QTest.keyClick(editor, Qt.Key.Key_Return)
    (text,) = drawn(made)
    assert (text.kind, text.text) == ("text", "dab")
    press(made, Qt.Key.Key_B)
    click(made, (200, 200))
    QTest.keyClick(made.window.viewer.view.findChildren(WordsEditor)[-1], Qt.Key.Key_Escape)
    assert len(drawn(made)) == 1


def test_a_proposed_ratio_stays_proposed_until_confirmed_and_then_goes_into_the_report(
    make_station, qtbot, tmp_path: Path
) -> None:
    made = begin(make_station, qtbot, tmp_path, ViewPosition="AP")
    measuring = made.window.viewer.measuring
    made.type("findings", "Lungs are clear.")
    measuring.measure_ctr()
    qtbot.waitUntil(lambda: bool(drawn(made)))
    (ratio,) = drawn(made)
    assert ratio.is_proposed
    lines = measuring.words.lines(ratio, made.reading.image)
    assert lines[1:] == ("(proposed, not confirmed)", "(AP film, heart magnified)")
    wait_kept(made, qtbot)
    assert on_disk(made) == (ratio,)
    said: list[str] = []
    measuring.notice.connect(said.append)
    measuring.insert_into_report()
    assert said == ["Confirm or drag the proposed lines first."]
    assert made.text("findings") == "Lungs are clear."

    made.window.viewer.view.setFocus()
    press(made, Qt.Key.Key_Return)
    assert drawn(made) == (ratio.confirmed(),)
    measuring.insert_into_report()
    value = measuring.words.summary(ratio, made.reading.image)
    sentence = f"Cardiothoracic ratio: {value} (AP film, heart magnified)."
    assert made.text("findings") == f"Lungs are clear. {sentence}"
    spans = [(s.start, s.end, s.origin) for s in made.reading.working_text().spans if s.section == "findings"]
    assert spans[-1][2] == "measurement"
    assert made.text("findings")[spans[-1][0] : spans[-1][1]].strip() == sentence
    assert spans[0][2] == "reader"


def test_dragging_one_proposed_line_makes_the_ratio_the_readers(make_station, qtbot, tmp_path: Path) -> None:
    made = begin(make_station, qtbot, tmp_path)
    made.window.viewer.measuring.measure_ctr()
    qtbot.waitUntil(lambda: bool(drawn(made)))
    (ratio,) = drawn(made)
    x, y = ratio.points[0]
    drag(made, (x, y), (x - 15, y))
    (moved,) = drawn(made)
    assert not moved.is_proposed
    assert moved.points[1:] == ratio.points[1:]
    press(made, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert drawn(made) == (ratio,)


def test_without_two_lungs_nothing_is_proposed_and_the_reader_draws_the_lines(
    make_station, qtbot, tmp_path: Path
) -> None:
    made: Station = make_station(start_host=False)
    pixels = chest_phantom(300, 300) * 0 + 900
    made.open(qtbot, made.add(film(tmp_path, 0, pixels=pixels)).study_uid)
    qtbot.waitUntil(lambda: made.services.drawings.are_loaded)
    said: list[str] = []
    made.window.viewer.measuring.notice.connect(said.append)
    made.window.viewer.measuring.measure_ctr()
    qtbot.waitUntil(lambda: made.services.drawings.tool == "ctr")
    assert said[-1].startswith("No proposal: ")
    drag(made, (100, 150), (180, 150))
    drag(made, (60, 200), (220, 200))
    (ratio,) = drawn(made)
    assert not ratio.is_proposed
    assert made.window.viewer.measuring.words.summary(ratio, made.reading.image) == "0.50"


def test_on_a_lateral_film_a_ratio_is_refused_with_a_reason(make_station, qtbot, tmp_path: Path) -> None:
    made = begin(make_station, qtbot, tmp_path, ViewPosition="LL")
    said: list[str] = []
    made.window.viewer.measuring.notice.connect(said.append)
    made.window.viewer.measuring.measure_ctr()
    assert "frontal" in said[0]
    assert drawn(made) == ()
    assert made.services.drawings.tool is None


def test_a_line_of_known_length_gives_ruler_and_measurements_a_scale(make_station, qtbot, tmp_path: Path) -> None:
    made = begin(make_station, qtbot, tmp_path, ImagerPixelSpacing=[0.2, 0.2])
    measuring, view = made.window.viewer.measuring, made.window.viewer.view
    made.services.actions["measure.calibration"].trigger()
    drag(made, (100, 100), (200, 100))
    dialog = made.window.findChild(QInputDialog)
    dialog.setDoubleValue(50.0)
    dialog.accept()
    calibration = view.calibration
    assert (calibration.unit_suffix, calibration.kind) == ("mm (user cal.)", "user")
    assert calibration.length(100, 0) == pytest.approx(50.0, rel=0.02)
    assert "reader" in calibration.explanation
    wait_kept(made, qtbot)
    measuring.remove_scale()
    assert view.calibration.unit_suffix == "mm @detector"
    measuring.undo()
    assert view.calibration == calibration


def test_the_list_shows_values_and_copies_every_digit(make_station, qtbot, tmp_path: Path) -> None:
    made = begin(make_station, qtbot, tmp_path, ImagerPixelSpacing=[0.2, 0.1])
    bar = made.window.viewer.measurement_bar
    made.services.actions["measure.list"].trigger()
    press(made, Qt.Key.Key_D)
    drag(made, (100, 100), (200, 150))
    made.window.viewer.measuring.choose("ellipse")
    drag(made, (50, 200), (120, 280))
    table = bar.list.table
    assert [table.item(row, 0).text() for row in range(table.rowCount())] == ["Length", "Ellipse"]
    assert table.item(0, 1).text().endswith("mm @detector")
    assert table.item(1, 1).text().startswith("mean ")
    assert bar.list_button.text() == "List (2)"
    table.selectRow(1)
    histogram = bar.list.histogram
    qtbot.waitUntil(histogram.isVisible)
    words, image = made.window.viewer.measuring.words, made.reading.image
    assert histogram.histogram.counts.sum() == words._region(drawn(made)[1], image).pixels
    table.selectRow(0)
    qtbot.waitUntil(histogram.isHidden)
    bar.list.buttons["measure.copy"].click()
    kind, value, unit = QApplication.clipboard().text().split("\t")
    assert (kind, unit) == ("Length", "mm @detector")
    assert float(value) == made.services.drawings.calibration(made.reading.image.header).length(
        *(b - a for a, b in zip(*drawn(made)[0].points, strict=True))
    )


def test_a_large_region_is_measured_in_the_background(make_station, qtbot, tmp_path: Path) -> None:
    made: Station = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path, 0, pixels=chest_phantom(900, 900))).study_uid)
    qtbot.waitUntil(lambda: made.services.drawings.are_loaded)
    region = Measurement("rectangle", ((0.0, 0.0), (900.0, 900.0)))
    made.services.drawings.put(made.reading.image.header.instance_uid, region)
    words, image = made.window.viewer.measuring.words, made.reading.image
    assert words.lines(region, image)[-1] == "measuring..."
    with qtbot.waitSignal(words.known):
        pass
    assert words.lines(region, image)[0].startswith(f"mean {image.modality_values[image.codes].mean():.1f} ")


def test_drawings_that_cannot_be_kept_are_said_and_kept_later(make_station, qtbot, tmp_path: Path, monkeypatch) -> None:
    made = begin(make_station, qtbot, tmp_path)
    is_full = [True]

    def refuse(*arguments: object) -> None:
        if is_full[0]:
            raise StorageFailed("the disk is full")
        save(*arguments)

    monkeypatch.setattr(kept, "save", refuse)
    press(made, Qt.Key.Key_D)
    drag(made, (100, 100), (200, 150))
    keeper = made.window.viewer.measuring.keeper
    qtbot.waitUntil(lambda: bool(keeper.fault))
    assert keeper.keeping_sentence() == "Measurements are not saved: the disk is full"
    assert made.window.notices.isVisible()
    made.window.close()
    assert made.window.isVisible()
    is_full[0] = False
    wait_kept(made, qtbot)
    assert on_disk(made) == drawn(made)
    assert keeper.fault == ""


def test_what_is_drawn_just_before_another_study_is_opened_is_kept(make_station, qtbot, tmp_path: Path) -> None:
    made = begin(make_station, qtbot, tmp_path)
    other = made.add(film(tmp_path, 1)).study_uid
    uid, film_uid = made.reading.study.study_uid, made.reading.image.header.instance_uid
    made.services.drawings.put(film_uid, LINE)
    made.open(qtbot, other)
    assert kept.of_patient(made.workspace, uid)[film_uid].measurements == (LINE,)


def test_a_signed_study_can_be_measured_and_the_reader_is_told_that_it_is_not_kept(
    make_station, qtbot, tmp_path: Path
) -> None:
    from workspaces import bring_to

    made: Station = make_station(start_host=False)
    study = made.add(film(tmp_path))
    bring_to(made.workspace, study.study_uid, "final", "reader")
    made.open(qtbot, study.study_uid)
    qtbot.waitUntil(lambda: made.services.drawings.are_loaded)
    said: list[str] = []
    made.window.viewer.measuring.notice.connect(said.append)
    made.window.viewer.view.setFocus()
    press(made, Qt.Key.Key_D)
    drag(made, (50, 50), (100, 100))
    assert len(drawn(made)) == 1
    assert said[-1] == "Not kept: this study is not open for reporting."
    qtbot.wait(600)
    with sqlite3.connect(made.workspace.database_path) as connection:
        assert connection.execute("SELECT count(*) FROM measurement").fetchone() == (0,)


def test_what_is_drawn_just_before_signing_is_kept(make_station, qtbot, tmp_path: Path) -> None:
    made = begin(make_station, qtbot, tmp_path)
    made.type("findings", "Lungs are clear.")
    made.type("impression", "Normal.")
    uid, film_uid = made.reading.study.study_uid, made.reading.image.header.instance_uid
    made.services.drawings.put(film_uid, LINE)
    sign_report(services=made.services, owner=made.window)
    made.services.drawings.put(film_uid, LINE.moved(1.0, 1.0))  # while it is being signed: too late
    qtbot.waitUntil(lambda: made.reading.is_signed)
    assert kept.of_patient(made.workspace, uid)[film_uid].measurements == (LINE,)
    assert (made.told, made.bugs) == ([], [])


def test_a_prior_is_measured_beside_the_film_and_a_film_of_somebody_else_is_not_kept(
    make_station, qtbot, tmp_path: Path
) -> None:
    made: Station = make_station(start_host=False)
    prior = made.add(film(tmp_path, 3, PatientID="P1", StudyDate="20230101"))
    foreign = made.add(film(tmp_path, 4, PatientID="P2"))
    made.open(qtbot, made.add(film(tmp_path, 5, PatientID="P1")).study_uid)
    qtbot.waitUntil(lambda: made.services.drawings.are_loaded)
    drawings = made.services.drawings
    drawings.put(prior.instances[0].instance_uid, LINE)
    wait_kept(made, qtbot)
    assert on_disk(made) == (LINE,)
    told: list[str] = []
    made.window.viewer.measuring.keeper.failed.connect(told.append)
    drawings.put(foreign.instances[0].instance_uid, LINE)
    drawings.put(made.reading.image.header.instance_uid, LINE)
    wait_kept(made, qtbot)
    assert told == ["these measurements are on a film of another patient; they were not kept"]
    assert kept.of_patient(made.workspace, foreign.study_uid) == {}
    assert set(kept.of_patient(made.workspace, prior.study_uid)) == {
        prior.instances[0].instance_uid, made.reading.image.header.instance_uid,
    }  # fmt: skip
