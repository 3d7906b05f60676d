"""Show a film at 1:1 in a window whose widgets lie on odd positions; compare what is on screen with its codes."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.viewer.image_view import ImageView
from desktop.viewer.prepared_film import prepare_film
from gaze2report.types import Image, InstanceHeader, VoiWindow

ROWS, COLUMNS = 120, 161
codes = np.random.default_rng(3).integers(0, 256, (ROWS, COLUMNS)).astype(np.uint16)
image = Image(codes, np.arange(256.0), InstanceHeader("1", "1", "1"), "", windows=(VoiWindow(128, 256),))

application = QApplication([])
window = QWidget()
column, row = QVBoxLayout(window), QHBoxLayout()
column.setContentsMargins(7, 3, 5, 1)
column.addWidget(QLabel("above"))
row.addWidget(QLabel("left"))
view = ImageView()
view.setFixedSize(401, 301)
row.addWidget(view)
column.addLayout(row)
window.show()
view.set_film(prepare_film(image))
view.are_corners_shown = False
view.shutter.is_visible = False


def is_shown_exactly(expected: np.ndarray) -> bool:
    """Whether every pixel of the film is somewhere on screen, one on each device pixel."""
    application.processEvents()
    picture = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    shown = np.frombuffer(picture.constBits(), np.uint32).reshape(picture.height(), picture.width()) & 0xFF
    rows, columns = expected.shape
    for top in range(shown.shape[0] - rows + 1):
        for left in np.flatnonzero(shown[top, : shown.shape[1] - columns + 1] == expected[0, 0]):
            if (shown[top : top + rows, left : left + columns] == expected).all():
                return True
    return False


view.zoom_to_pixels()
as_stored = is_shown_exactly(codes)
view.turn(1)
view.flip_horizontally()
view.zoom_to_pixels()
turned = is_shown_exactly(np.rot90(codes, -1)[:, ::-1])
print("ratio", window.devicePixelRatioF(), "equal", as_stored, "turned and flipped", turned)
