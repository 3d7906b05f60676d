"""The tour: a few notes beside the parts of the real window, shown once and again on wish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from desktop.actions import Actions
from desktop.panels.callout import Callout, Ring, place_beside
from desktop.services import Services

if TYPE_CHECKING:
    from desktop.main_window import MainWindow

_START_AFTER_MS = 900


@dataclass(frozen=True)
class Step:
    """One note; ``{id}`` in its text stands for the keys of that action as they are now."""

    title: str
    text: str
    target: Callable[[MainWindow], QWidget]


STEPS = (
    Step(
        "The film",
        "Grey levels are as the file asks for them. Drag with the right button for the window, turn the wheel to zoom; "
        "{image.reset} brings everything back. While the film has the keyboard, {image.window_tool}, {image.pan_tool} "
        "and {image.zoom_tool} choose what the left button does.",
        lambda window: window.viewer.view,
    ),
    Step(
        "Where a reader would look",
        "The numbered circles are predicted by the model from the film alone; nobody has looked there. "
        "{gaze.predicted} takes them off and brings them back.",
        lambda window: window.viewer.gaze_button,
    ),
    Step(
        "The report",
        "Text of the model is underlined and marked AI in the margin, until you have changed it. Type at any time: a "
        "draft never overwrites you, and what you type is kept within two seconds.",
        lambda window: window.report.editors["findings"],
    ),
    Step(
        "Accept and sign",
        "{report.accept} keeps the text as the preliminary report, {report.sign} asks once more and signs it. A signed "
        "report is never changed. {report.draft} asks for another draft.",
        lambda window: window.report.sign_button,
    ),
    Step(
        "The worklist",
        "{study.worklist} lists all studies, {study.filter} finds words in them, {study.next_unread} opens the next "
        "one that nobody has read. Films are imported by dropping them on the window.",
        lambda window: window.top.worklist_button,
    ),
    Step(
        "What takes long",
        "Imports, drafts and exports show here how far they are, and can be stopped.",
        lambda window: window.status,
    ),
    Step(
        "Every key",
        "{help.keys} shows all keys, {file.settings} changes them. This tour is in the menu Help.",
        lambda window: window.top.menus,
    ),
)  # fmt: skip


class Tour(QObject):
    """Goes through the steps whose part of the window is there to be seen."""

    def __init__(self, window: MainWindow, services: Services) -> None:
        super().__init__(window)
        self._window, self._services = window, services
        self._workbench = window.pages.parentWidget()
        self.callout, self.ring = Callout(self._workbench), Ring(self._workbench)
        self._number = 0
        self._start_later = QTimer(self, singleShot=True, interval=_START_AFTER_MS)
        self._start_later.timeout.connect(self._start_first)
        self.callout.next_wanted.connect(lambda: self._go(1))
        self.callout.back_wanted.connect(lambda: self._go(-1))
        self.callout.skipped.connect(self.end)
        self._workbench.installEventFilter(self)

    @property
    def is_running(self) -> bool:
        """Whether a note is shown."""
        return not self.callout.isHidden()

    def start_at_first_film(self) -> None:
        """Begin by itself when a film is first on screen, unless the reader has had the tour."""
        if not self._services.settings.is_tour_done:
            self._services.reading.image_changed.connect(self._start_later.start)

    def _start_first(self) -> None:
        if not self._services.settings.is_tour_done and not self.is_running and self._workbench.isVisible():
            self._show(0)

    def start(self) -> None:
        """Begin on the reader's wish; the keyboard goes to the notes."""
        self._window.show_reading()
        self._show(0)
        self.callout.next_button.setFocus()

    def end(self) -> None:
        """Take the notes off the screen; the tour does not come by itself again."""
        had_keyboard = self.callout.isAncestorOf(self._window.focusWidget() or self.ring)
        QApplication.instance().removeEventFilter(self)
        self.callout.hide()
        self.ring.hide()
        self._services.settings.is_tour_done = True
        if had_keyboard:
            self._window.viewer.view.setFocus()

    def steps(self) -> list[Step]:
        """The steps whose part of the window is on screen."""
        return [step for step in STEPS if step.target(self._window).isVisibleTo(self._workbench)]

    def _go(self, by: int) -> None:
        if self._number + by < len(self.steps()):
            self._show(max(self._number + by, 0))
        else:
            self.end()

    def _show(self, number: int) -> None:
        steps = self.steps()
        self._number = min(number, len(steps) - 1)
        step = steps[self._number]
        self.callout.say(step.title, with_keys(step.text, self._services.actions), self._number + 1, len(steps))
        self.callout.show()
        self.ring.show()
        QApplication.instance().installEventFilter(self)
        self._place()

    def _place(self) -> None:
        steps = self.steps()
        if not self.is_running or self._number >= len(steps):
            return
        target = steps[self._number].target(self._window)
        area = QRect(target.mapTo(self._workbench, QPoint(0, 0)), target.size())
        self.ring.setGeometry(area.adjusted(-3, -3, 3, 3).intersected(self._workbench.rect()))
        self.callout.move(place_beside(self.callout.rect(), area, self._workbench.rect()))
        self.ring.raise_()
        self.callout.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window as it is resized; Esc ends the tour wherever in the window the keyboard is."""
        if event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress) and isinstance(event, QKeyEvent):
            if event.key() != Qt.Key.Key_Escape or not self.is_running or not self._window.isActiveWindow():
                return False
            if event.type() == QEvent.Type.KeyPress:
                self.end()
            event.accept()
            return True
        if watched is not self._workbench:
            return False
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and self.is_running:
            QTimer.singleShot(0, self, self._place)
        return False


def with_keys(text: str, actions: Actions) -> str:
    """Put the keys of the actions into a step's text; an action without a key is named instead."""
    for spec in actions:
        text = text.replace("{" + spec.id + "}", actions.keys_text(spec.id) or f'"{spec.label}"')
    return text
