"""The view log of real views: where the film is on the monitor, what covers it, and a row for each presented change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import shown_films
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtWidgets import QDialog, QMenu, QWidget

from capture import log_rows
from desktop.capture.shown_films import largest_beside, shown_film
from desktop.capture.view_log import ViewLog
from desktop.viewer.image_view import ImageView
from desktop.viewer.prepared_film import prepare_film
from gaze2report.gaze.view_log import NOT_BY_A_MODEL

ROOT = Path(__file__).resolve().parents[4]
SCREENS = {
    "screens": [
        {"name": "left", "x": -1920, "y": -300, "width": 2400, "height": 1800, "logicalDpi": 96, "logicalBaseDpi": 96,
         "dpr": 1},
        {"name": "main", "x": 0, "y": 0, "width": 1600, "height": 900, "logicalDpi": 96, "logicalBaseDpi": 96,
         "dpr": 1},
    ]
}  # fmt: skip


@pytest.mark.parametrize("ratio", ["1.25", "2"])
def test_the_log_says_where_the_painted_pixels_are(tmp_path, ratio):
    desktop = tmp_path / "screens.json"
    desktop.write_text(json.dumps(SCREENS))
    environment = {
        **os.environ, "QT_QPA_PLATFORM": f"offscreen:configfile={desktop}", "QT_SCALE_FACTOR": ratio,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }  # fmt: skip
    script = Path(__file__).with_name("presented_views.py")
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=110, check=False,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["12", str(float(ratio))]


class Rows:
    """Takes the rows, and checks each as the agent does."""

    def __init__(self):
        self.views, self.marks = [], []

    def view(self, system_us, fields):
        log_rows.view({"seq": len(self.views), "system_us": system_us, "view": fields})
        self.views.append((system_us, fields))

    def mark(self, event, system_us=None, **detail):
        log_rows.marker({"seq": len(self.marks), "system_us": system_us, "event": event, "detail": detail})
        self.marks.append((event, detail))


@pytest.fixture
def view(qtbot):
    return shown_films.show(qtbot, shown_films.make_image())


@pytest.fixture
def logged(view, qtbot):
    """A log of one view, begun, and its rows."""
    rows, draft = Rows(), [False]
    log = ViewLog([view], rows, lambda: draft[0])
    log.begin()
    qtbot.wait(60)
    yield log, rows, draft
    log.end()


def newest(rows):
    return rows.views[-1][1]


def test_a_row_for_each_presented_change_and_none_without(view, logged, qtbot):
    _, rows, draft = logged
    assert len(rows.views) == 1
    assert newest(rows)["image_uid"] == shown_films.HEADER.instance_uid
    view.update()
    qtbot.wait(80)
    assert len(rows.views) == 1
    view.zoom(2.0)
    qtbot.waitUntil(lambda: len(rows.views) == 2)
    view.window_tool.voi = view.window_tool.presets[1].voi
    view.window_changed()
    qtbot.waitUntil(lambda: len(rows.views) == 3)
    assert newest(rows)["window"] == [500.0, 300.0]
    view.invert()
    qtbot.waitUntil(lambda: newest(rows)["is_inverted"])
    draft[0] = True
    qtbot.waitUntil(lambda: newest(rows)["is_draft_visible"])
    times = [when for when, _ in rows.views]
    assert times == sorted(times)


def test_several_changes_before_one_frame_are_one_row(view, logged, qtbot):
    _, rows, _ = logged
    for _ in range(5):
        view.zoom(1.1)
    qtbot.waitUntil(lambda: len(rows.views) == 2)
    qtbot.wait(80)
    assert len(rows.views) == 2


def test_what_lies_over_the_film_is_named_and_the_unknown_counts_as_a_models(view, logged, qtbot):
    from desktop.viewer.image_layer import ImageLayer

    _, rows, _ = logged
    view.magnifier.step((50.0, 50.0))
    qtbot.waitUntil(lambda: newest(rows)["overlays"] == ["magnifier"])
    assert "magnifier" in NOT_BY_A_MODEL
    view.magnifier.switch_off()
    layer = ImageLayer()
    view.add_layer(layer)
    qtbot.waitUntil(lambda: newest(rows)["overlays"] == ["ImageLayer"])
    assert "ImageLayer" not in NOT_BY_A_MODEL
    layer.is_visible = False
    view.update()
    qtbot.waitUntil(lambda: newest(rows)["overlays"] == [])


@pytest.mark.qt_log_ignore("does not support grabbing", "does not support raise", extend=True)
def test_a_menu_over_the_film_takes_its_part_away(view, logged, qtbot):
    _, rows, _ = logged
    whole = newest(rows)["clip_screen_px"]
    menu = QMenu(view)
    for _ in range(4):
        menu.addAction("a window")
    menu.popup(view.mapToGlobal(QPoint(10, 60)))
    qtbot.waitUntil(lambda: newest(rows)["clip_screen_px"] != whole)
    clip, covered = newest(rows)["clip_screen_px"], menu.geometry()
    assert clip[0] >= covered.right() or clip[1] >= covered.bottom() or clip[3] <= covered.top()
    menu.close()
    qtbot.waitUntil(lambda: newest(rows)["clip_screen_px"] == whole)


def test_a_dialog_over_all_of_the_film_leaves_none_of_it(view, logged, qtbot):
    _, rows, _ = logged
    dialog = QDialog(view)
    qtbot.addWidget(dialog)
    dialog.setGeometry(view.geometry().adjusted(-20, -20, 20, 20))
    dialog.open()
    qtbot.waitUntil(lambda: newest(rows)["image_uid"] == "")
    dialog.close()
    qtbot.waitUntil(lambda: newest(rows)["image_uid"] != "")


def test_a_widget_raised_over_the_film_covers_it(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    view = ImageView(window)
    view.set_film(prepare_film(shown_films.make_image()))
    window.resize(600, 500)
    view.setGeometry(0, 0, 600, 500)
    over = QWidget(window)
    over.setGeometry(0, 0, 300, 500)
    window.show()
    qtbot.waitExposed(window)
    fields, _ = shown_film(view)
    assert fields["clip_screen_px"][0] == window.geometry().x() + 300


def test_a_hidden_window_shows_nothing(view, logged, qtbot):
    _, rows, _ = logged
    view.hide()
    qtbot.waitUntil(lambda: newest(rows)["image_uid"] == "")
    view.show()
    qtbot.waitUntil(lambda: newest(rows)["image_uid"] != "")
    view.set_message("Opening the film...")
    qtbot.waitUntil(lambda: newest(rows)["image_uid"] == "")


def test_the_banner_is_no_film(view, logged):
    _, rows, _ = logged
    top = view.mapToGlobal(QPointF(0, 0)).y()
    assert newest(rows)["clip_screen_px"][1] > top


def test_sizes_of_film_and_monitor_are_told_once(view, logged, qtbot):
    _, rows, _ = logged
    view.zoom(1.5)
    qtbot.waitUntil(lambda: len(rows.views) == 2)
    assert [event for event, _ in rows.marks] == ["screen", "film"]
    assert rows.marks[1][1] == {"image_uid": shown_films.HEADER.instance_uid, "columns_px": 200, "rows_px": 300}


def test_at_its_end_nothing_is_seen(view, logged):
    log, rows, _ = logged
    log.end()
    assert newest(rows)["image_uid"] == ""
    count = len(rows.views)
    view.zoom(2.0)
    log.end()
    assert len(rows.views) == count


@pytest.mark.parametrize(
    ("cover", "left"),
    [
        ((200, 200, 300, 300), (0, 0, 100, 80)),
        ((0, 0, 100, 80), None),
        ((-5, -5, 30, 90), (30, 0, 100, 80)),
        ((40, 20, 60, 60), (0, 0, 40, 80)),
        ((0, 70, 100, 80), (0, 0, 100, 70)),
    ],
)
def test_the_largest_rectangle_beside_a_cover(cover, left):
    assert largest_beside((0, 0, 100, 80), cover) == left
