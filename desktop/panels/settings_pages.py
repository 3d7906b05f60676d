"""The pages of the settings; what is chosen holds at once and is kept."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, qVersion
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop import theme
from desktop.actions import Actions
from desktop.services import Services
from desktop.settings import LONGEST_IDLE_LOCK_MIN, TEXT_SIZES_PX

PACKAGE = "gaze2report-workstation"


class GeneralPage(QWidget):
    """Start, and how reports are read."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        settings, actions = services.settings, services.actions
        column = _page(self)
        column.addWidget(_heading("Reading"))
        self.is_reader_first = _action_box(
            actions, "report.reader_first", "Reader first: show nothing of the AI before I commit to my own text"
        )
        column.addWidget(self.is_reader_first)
        column.addWidget(_note("Holds from the next study on. Which of the two it was is kept with every reading."))
        column.addWidget(_heading("Start"))
        self.does_model_start = _check_box(
            "Start the model with the program", settings.does_model_start,
            lambda is_on: setattr(settings, "does_model_start", is_on),
        )  # fmt: skip
        column.addWidget(self.does_model_start)
        start = actions.keys_text("report.draft") or "Draft"
        column.addWidget(
            _note(f"Without it films are read and reported all the same; {start} starts it when it is wanted.")
        )
        self.does_prefetch = _check_box(
            "Make the next unread studies ready ahead", settings.does_prefetch,
            lambda is_on: setattr(settings, "does_prefetch", is_on),
        )  # fmt: skip
        column.addWidget(self.does_prefetch)
        column.addWidget(_heading("Readers"))
        self.idle_lock = QSpinBox()
        self.idle_lock.setAccessibleName("Minutes until the screen is locked")
        self.idle_lock.setRange(0, LONGEST_IDLE_LOCK_MIN)
        self.idle_lock.setSuffix(" min")
        self.idle_lock.setSpecialValueText("never")
        self.idle_lock.setValue(settings.idle_lock_min)
        self.idle_lock.valueChanged.connect(lambda minutes: setattr(settings, "idle_lock_min", minutes))
        row = QHBoxLayout()
        row.addWidget(QLabel("Lock the screen when nobody has touched it for"))
        row.addWidget(self.idle_lock)
        row.addStretch()
        column.addLayout(row)
        column.addWidget(_note("The text is kept. Without accounts nothing is locked, because nobody could unlock it."))
        column.addStretch()


class DisplayPage(QWidget):
    """What is shown with each film, and how the window looks: every action that is remembered has its box here."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        settings, actions = services.settings, services.actions
        column = _page(self)
        column.addWidget(_heading("Shown with every film"))
        self.boxes: dict[str, QCheckBox] = {}
        for spec in actions:
            if spec.is_remembered:
                self.boxes[spec.id] = _action_box(actions, spec.id, spec.tip or spec.label)
                column.addWidget(self.boxes[spec.id])
        column.addWidget(_heading("Mouse"))
        self.wheel = _check_box(
            "Wheel away from you makes the film larger", settings.does_wheel_up_zoom_in,
            lambda is_on: setattr(settings, "does_wheel_up_zoom_in", is_on),
        )  # fmt: skip
        column.addWidget(self.wheel)
        column.addWidget(_heading("Text"))
        self.text_size = QComboBox()
        self.text_size.setAccessibleName("Size of the text")
        for name, size_px in TEXT_SIZES_PX.items():
            self.text_size.addItem(name, size_px)
        self.text_size.setCurrentIndex(self.text_size.findData(settings.text_size_px))
        self.text_size.activated.connect(
            lambda number: setattr(settings, "text_size_px", self.text_size.itemData(number))
        )
        row = QHBoxLayout()
        row.addWidget(QLabel("Size of the text"))
        row.addWidget(self.text_size)
        row.addStretch()
        column.addLayout(row)
        column.addStretch()


class AboutPage(QWidget):
    """Versions and places."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = _page(self)
        title = QLabel("Gaze2Report workstation")
        title.setObjectName("title")
        column.addWidget(title)
        notice = QLabel(theme.RESEARCH_NOTICE)
        notice.setObjectName("research")
        column.addWidget(notice)
        self.lines = about_lines(services)
        form = QFormLayout()
        form.setHorizontalSpacing(18)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for name, text in self.lines.items():
            value = QLabel(text)
            value.setWordWrap(True)
            value.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            value.setAccessibleName(f"{name}: {text}")
            caption = QLabel(name)
            caption.setObjectName("muted")
            form.addRow(caption, value)
        column.addSpacing(6)
        column.addLayout(form)
        self.copy_button = QPushButton("Copy")
        self.copy_button.clicked.connect(self.copy)
        self.open_button = QPushButton("Open the folder of the log")
        self.open_button.setEnabled(services.reporter.log_path is not None)
        self.open_button.clicked.connect(lambda: _open_folder(services.reporter.log_path))
        row = QHBoxLayout()
        row.addWidget(self.copy_button)
        row.addWidget(self.open_button)
        row.addStretch()
        column.addSpacing(6)
        column.addLayout(row)
        column.addStretch()

    def copy(self) -> None:
        """Put versions and places on the clipboard."""
        QGuiApplication.clipboard().setText("\n".join(f"{name}: {text}" for name, text in self.lines.items()))


def about_lines(services: Services) -> dict[str, str]:
    """Versions and places, by name."""
    workspace = services.workspace
    state = services.host.state
    model = f"{state.adapter} {state.adapter_sha256[:8]}, {state.base_model}" if state.adapter else "not loaded"
    return {
        "Version": program_version(),
        "Model": model,
        "Workspace": str(workspace.folder) if workspace is not None else "not open",
        "Settings": str(services.settings.path),
        "Log": str(services.reporter.log_path or "none"),
        "System": f"{platform.platform()}, Python {platform.python_version()}, Qt {qVersion()}",
        "Tobii trackers": "Eye tracking by Tobii; the vendor's package has its own licence (research, not commercial)",
        "Licence": "Apache-2.0; the weights are for research only (CC BY-NC-SA 4.0)",
    }


def program_version() -> str:
    """Version of the installed program."""
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _open_folder(log_path: Path | None) -> None:
    if log_path is not None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_path.parent)))


def _page(page: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(page)
    column.setContentsMargins(18, 16, 18, 14)
    column.setSpacing(theme.SPACE_PX)
    return column


def _heading(text: str) -> QLabel:
    label = QLabel(text.upper())
    label.setObjectName("caption")
    label.setContentsMargins(0, 6, 0, 0)
    return label


def _note(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("muted")
    label.setWordWrap(True)
    return label


def _action_box(actions: Actions, action_id: str, text: str) -> QCheckBox:
    box = QCheckBox()
    actions.tie(box, action_id, text)
    box.setAccessibleName(text)
    return box


def _check_box(text: str, is_on: bool, choose: Callable[[bool], object]) -> QCheckBox:
    box = QCheckBox(text)
    box.setChecked(is_on)
    box.toggled.connect(choose)
    return box
