"""Run by test_view_log.py on a desktop of two monitors, the window on the one with negative coordinates.

For many zooms, pans, turns and flips: what the log says of a real view, compared with the view's own arithmetic and
with where the painted pixels really are.
"""

from __future__ import annotations

import sys

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from shown_films import HEADER

from desktop.capture.screens import monitor_of
from desktop.capture.shown_films import shown_film
from desktop.theme import apply_theme
from desktop.viewer.image_view import ImageView
from desktop.viewer.prepared_film import prepare_film
from gaze2report.gaze.recorded_rows import view_log_of_rows
from gaze2report.imaging.orientation import Orientation
from gaze2report.types import Image, VoiWindow

ROWS, COLUMNS = 300, 400
SPOT = (251.0, 97.0)  # its middle, on the border of pixels


def film() -> Image:
    codes = np.zeros((ROWS, COLUMNS), np.uint16)
    x, y = int(SPOT[0]), int(SPOT[1])
    codes[y - 2 : y + 2, x - 2 : x + 2] = 4095
    return Image(
        codes=codes, modality_values=np.arange(4096, dtype=np.float64), header=HEADER, pixel_sha256="d" * 64,
        windows=(VoiWindow(2048, 4096),),
    )  # fmt: skip


def window() -> tuple[QWidget, ImageView]:
    made, view = QWidget(), ImageView()
    column = QVBoxLayout(made)
    column.setContentsMargins(7, 5, 3, 9)
    column.addWidget(QLabel("above"))
    column.addWidget(view)
    made.resize(703, 611)
    made.move(-1811, -203)
    made.show()
    QTest.qWait(50)
    view.set_film(prepare_film(film()))
    view.are_corners_shown = False
    return made, view


def logged(view: ImageView):
    fields, monitor = shown_film(view)
    whole = {**fields, "cell": 0, "screen": monitor.fingerprint, "is_draft_visible": False}
    rows = [(0, whole)]
    return view_log_of_rows(rows, {HEADER.instance_uid: (COLUMNS, ROWS)}, (monitor.width_px, monitor.height_px)).rows[0]


def put(view: ImageView, zoom: float, pan: tuple[float, float], orientation: Orientation) -> None:
    view.orient(orientation)
    view.fit()
    view.zoom(zoom)
    view.pan(*pan)


orientations = st.builds(Orientation, st.integers(0, 3), st.booleans())
pans = st.tuples(st.floats(-300, 300), st.floats(-300, 300))


def check_arithmetic(view: ImageView) -> None:
    @settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.floats(0.05, 40), pans, orientations, st.tuples(st.floats(-50, 450), st.floats(-50, 350)))
    def compare(zoom, pan, orientation, place):
        put(view, zoom, pan, orientation)
        row = logged(view)
        on_screen = row.image_to_screen.apply(place)
        np.testing.assert_allclose(row.screen_to_image.apply(on_screen), place, atol=0.01)
        monitor = monitor_of(view.screen())
        corner = view.mapToGlobal(view.rect().topLeft())
        left, top = monitor.to_device(corner.x(), corner.y())
        here = (on_screen[0] - left, on_screen[1] - top)
        own = view.viewport.image_to_device(*place)
        # Where the screen scale is no whole number the view begins at the next whole device pixel.
        np.testing.assert_allclose(here, own, atol=1e-6 if view.devicePixelRatioF().is_integer() else 1.0)

    compare()


def check_pixels(made: QWidget, view: ImageView) -> int:
    checked = 0
    for number in range(12):
        chance = np.random.default_rng(number)
        zoom = float(chance.uniform(0.8, 6))
        put(view, zoom, (0, 0), Orientation(number % 4, number % 3 == 0))
        x, y = view.viewport.image_to_device(*SPOT)
        ratio = view.devicePixelRatioF()
        target = chance.uniform(120, 420, 2)
        view.pan(float(target[0] - x / ratio), float(target[1] - y / ratio))
        QTest.qWait(90)  # the film stands still
        picture = made.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        grey = np.frombuffer(picture.constBits(), np.uint32).reshape(picture.height(), picture.width()) & 0xFF
        row = logged(view)
        monitor = monitor_of(view.screen())
        window_left, window_top = monitor.to_device(made.geometry().x(), made.geometry().y())
        x, y = row.image_to_screen.apply(SPOT) - (window_left, window_top)
        reach = int(4 * view.viewport.scale) + 4
        column, line = round(x), round(y)
        part = grey[line - reach : line + reach, column - reach : column + reach].astype(float)
        ys, xs = np.mgrid[line - reach : line + reach, column - reach : column + reach]
        found = ((xs + 0.5) * part).sum() / part.sum(), ((ys + 0.5) * part).sum() / part.sum()
        np.testing.assert_allclose(found, (x, y), atol=0.6)
        checked += 1
    return checked


def main() -> None:
    application = QApplication([])
    apply_theme(application)
    made, view = window()
    assert view.screen().geometry().x() == -1920
    check_arithmetic(view)
    print(check_pixels(made, view), view.devicePixelRatioF(), file=sys.stdout)


if __name__ == "__main__":
    main()
