"""Keeping the text while it is written: nothing typed is older than two seconds before it is on disk."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from db.records import WorkingText
from desktop.errors import known_sentence
from desktop.services import Services

if TYPE_CHECKING:
    from db.database import Workspace

SAVE_AFTER_MS = 400
"""From the first change that is not kept; later changes do not put the save off."""

RETRY_AFTER_MS = 2000


class Autosave(QObject):
    """Saves the text of the study on screen.

    Signals
    -------
    saved(str)
        Local time of the save, "12:03:04".
    failed(str)
        Why the text cannot be kept just now; it is tried again until it can.
    """

    saved = Signal(str)
    failed = Signal(str)

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._reading = services.reading
        self._is_dirty = self._is_saving = False
        self._is_failing = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.save_now)
        self._reading.edited.connect(self._on_edited)
        self._reading.opened.connect(self._on_opened)
        self._reading.report_changed.connect(self._go_on)

    @property
    def has_unsaved(self) -> bool:
        """Whether some text is not on disk yet."""
        return self._is_dirty or self._is_saving

    @property
    def is_failing(self) -> bool:
        """Whether the last save failed."""
        return self._is_failing

    def save_now(self) -> None:
        """Save without waiting."""
        record, workspace = self._reading.record, self._services.workspace
        if self._is_saving or record is None or workspace is None or not self._reading.can_edit:
            return
        self._timer.stop()
        self._is_dirty, self._is_saving = False, True
        text = self._reading.working_text()

        def done(_: Any) -> None:
            if self._reading.record is record:
                self._on_saved()

        def failed(error: BaseException) -> None:
            if self._reading.record is record:
                self._on_failed(error)

        self._services.background.run(
            self, _autosave, workspace, record.id, text,
            lane="db", on_success=done, on_failure=failed, must_finish=True,
        )  # fmt: skip

    def _on_edited(self) -> None:
        if self._reading.takes_text:
            self._is_dirty = True
            self._go_on()

    def _go_on(self) -> None:
        if self._reading.record is None or not self._reading.takes_text:
            self._on_opened()
        elif self._is_dirty and not self._timer.isActive() and not self._is_saving:
            self._timer.start(RETRY_AFTER_MS if self._is_failing else SAVE_AFTER_MS)

    def _on_opened(self) -> None:
        self._timer.stop()
        self._is_dirty = self._is_saving = self._is_failing = False

    def _on_saved(self) -> None:
        self._is_saving = self._is_failing = False
        was = self._reading.study
        self._reading.mark_saved()
        if self._reading.study is not was:
            self._services.studies_changed.emit()
        self.saved.emit(datetime.now().strftime("%H:%M:%S"))
        if self._is_dirty:
            self._timer.start(SAVE_AFTER_MS)

    def _on_failed(self, error: BaseException) -> None:
        self._is_saving, self._is_dirty, self._is_failing = False, True, True
        sentence = known_sentence(error)
        if sentence is None:
            self._services.reporter.report(error)
            sentence = f"unexpected error: {error}"
        self.failed.emit(sentence)
        self._timer.start(RETRY_AFTER_MS)


def _autosave(workspace: Workspace, reading_id: int, text: WorkingText) -> None:
    from db import readings

    readings.autosave(workspace, reading_id, text)
