"""Steps with mouse and keys, done one after another inside the event loop, as a reader's events would come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

_LOOK_EVERY_MS = 25
NO_KEY = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

Step = tuple[Callable[[], object], Callable[[], object]]
"""When it can be done, and what is done."""


class Script(QObject):
    """Does steps one after another from a timer."""

    def __init__(self, steps: Sequence[Step]) -> None:
        super().__init__()
        self._steps = steps
        self.done = 0
        self._timer = QTimer(self, interval=_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    @property
    def is_over(self) -> bool:
        """Whether every step is done."""
        return self.done == len(self._steps)

    def stop(self) -> None:
        """Do no more, for instance after an error."""
        self._timer.stop()

    def _look(self) -> None:
        if self.is_over:
            self._timer.stop()
            return
        can_go, act = self._steps[self.done]
        if can_go():
            self.done += 1
            act()


def always() -> bool:
    """For steps that need not wait."""
    return True


def key(of: Callable[[], Any], number: Qt.Key, modifiers: Qt.KeyboardModifier = NO_KEY) -> Callable[[], None]:
    """Press and release a key on a widget."""
    return lambda: QTest.keyClick(of(), number, modifiers)


def drag(view: QWidget, button: Qt.MouseButton, by: tuple[int, int], start: QPoint | None = None) -> None:
    """Press in the middle of a widget (or elsewhere), move in ten steps, release."""
    at = view.rect().center() if start is None else start
    QTest.mousePress(view, button, pos=at)
    for part in range(1, 11):
        QTest.mouseMove(view, at + QPoint(by[0] * part // 10, by[1] * part // 10))
    QTest.mouseRelease(view, button, pos=at + QPoint(*by))


def wheel(view: QWidget, steps: int) -> None:
    """Turn the wheel over the middle of a widget; up is positive."""
    at = QPointF(view.rect().center())
    none = (Qt.MouseButton.NoButton, NO_KEY, Qt.ScrollPhase.NoScrollPhase, False)
    for _ in range(abs(steps)):
        turn = QPoint(0, 120 if steps > 0 else -120)
        QApplication.sendEvent(view, QWheelEvent(at, view.mapToGlobal(at), QPoint(), turn, *none))
