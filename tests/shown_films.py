"""Films on screen for tests: a made image in a view, what its pixels are, and a hand that drags."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from desktop.viewer.image_view import ImageView
from desktop.viewer.prepared_film import prepare_film
from gaze2report.types import Image, InstanceHeader, VoiWindow

HEADER = InstanceHeader("1.2", "1.2.1", "1.2.1.1", patient_name="Doe^Jane", patient_id="P1", modality="DX")


def make_image(rows: int = 300, columns: int = 200, **fields: object) -> Image:
    codes = np.random.default_rng(1).integers(0, 4096, (rows, columns)).astype(np.uint16)
    usual = {
        "codes": codes, "modality_values": np.arange(4096, dtype=np.float64) - 1024.0, "header": HEADER,
        "pixel_sha256": "d" * 64, "windows": (VoiWindow(1000, 2000, explanation="lung"), VoiWindow(500, 300)),
    }  # fmt: skip
    return Image(**(usual | fields))  # type: ignore[arg-type]


def show(qtbot, image: Image, width: int = 500, height: int = 426) -> ImageView:
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(width, height)
    view.show()
    qtbot.waitExposed(view)
    view.set_film(prepare_film(image))
    view.are_corners_shown = False
    return view


def pixels(widget: QWidget) -> np.ndarray:
    picture = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(picture.constBits(), np.uint32).reshape(picture.height(), picture.width()) & 0xFFFFFF


def drag(view: ImageView, button: Qt.MouseButton, start: QPoint, end: QPoint, modifiers=Qt.KeyboardModifier.NoModifier):
    QTest.mousePress(view, button, modifiers, start)
    for share in (0.25, 0.5, 0.75, 1.0):
        middle = start + (end - start) * share
        QTest.mouseMove(view, middle)
        QApplication.sendEvent(view, move_event(view, button, middle, modifiers))
    QTest.mouseRelease(view, button, modifiers, end)


def move_event(view: ImageView, button: Qt.MouseButton, at: QPoint, modifiers):
    position = QPointF(at)
    return QMouseEvent(
        QEvent.Type.MouseMove, position, view.mapToGlobal(position), Qt.MouseButton.NoButton, button, modifiers
    )
