"""All keys on one sheet (F1)."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

KEYS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Studies",
        (
            ("Ctrl+O", "open files"),
            ("Ctrl+Shift+O", "open a folder"),
            ("Ctrl+L", "worklist"),
            ("Ctrl+F", "filter the worklist"),
            ("Ctrl+N", "next unread study"),
            ("Ctrl+Left / Ctrl+Right", "study before / after"),
        ),
    ),
    (
        "Image (when it has the keyboard)",
        (
            ("W", "left drag changes the window"),
            ("T", "left drag pans"),
            ("Z", "left drag zooms"),
            ("1 ... 9, 0", "window presets, automatic"),
            ("Esc", "reset"),
            ("=", "fit"),
            ("Ctrl+0", "1:1, one image pixel per screen pixel"),
            ("+ / -, wheel", "zoom"),
            ("Ctrl+Shift+I", "invert"),
            ("I", "corner text on and off"),
            ("G or F4", "predicted gaze on and off"),
            ("Page Up / Page Down", "film before / after"),
            ("right drag", "window"),
            ("middle, Ctrl or Space drag", "pan"),
        ),
    ),
    (
        "Report",
        (
            ("F3", "keyboard to the report / to the image"),
            ("F5", "draft, regenerate, cancel"),
            ("F9", "insert the draft that lies beside the text"),
            ("F10", "accept as preliminary"),
            ("F12", "sign"),
        ),
    ),
)


class ShortcutSheet(QDialog):
    """Shows :data:`KEYS`; stays open while the reader works."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 16, 20, 18)
        row.setSpacing(28)
        for title, keys in KEYS:
            column = QVBoxLayout()
            heading = QLabel(title)
            heading.setObjectName("title")
            column.addWidget(heading)
            grid = QGridLayout()
            grid.setHorizontalSpacing(14)
            grid.setVerticalSpacing(5)
            for line, (key, meaning) in enumerate(keys):
                grid.addWidget(QLabel(key), line, 0)
                text = QLabel(meaning)
                text.setObjectName("muted")
                grid.addWidget(text, line, 1)
            column.addLayout(grid)
            column.addStretch()
            row.addLayout(column)
        self.setWindowFlag(Qt.WindowType.Tool)
