"""Notices that nobody has touched mouse or keyboard for a while."""

from __future__ import annotations

from time import monotonic

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QWindow

_TOUCHES = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
        QEvent.Type.TouchUpdate,
        QEvent.Type.TabletPress,
        QEvent.Type.TabletMove,
    }
)
_LOOK_EVERY_MS = 1000


class IdleWatch(QObject):
    """Watches the windows of the program.

    It listens to the native windows, which get every key and movement once, not to the widgets in them, each of which
    Qt would tell about all its events.

    Parameters
    ----------
    after_s : float
        How long nobody touches anything before it says so; 0 for never.

    Signals
    -------
    idle
        Once, until something is touched again.
    """

    idle = Signal()

    def __init__(self, after_s: float, parent: QObject | None = None, *, look_every_ms: int = _LOOK_EVERY_MS) -> None:
        super().__init__(parent)
        self.after_s = after_s
        self._touched_s = monotonic()
        self._has_told = False
        self._watched: set[QWindow] = set()
        self._look = QTimer(self, interval=look_every_ms)
        self._look.timeout.connect(self._on_look)

    def start(self) -> None:
        """Count from now."""
        self.touch()
        self._on_look()
        self._look.start()

    def stop(self) -> None:
        """Count no more."""
        self._look.stop()

    def touch(self) -> None:
        """Somebody is there."""
        self._touched_s = monotonic()
        self._has_told = False

    def _on_look(self) -> None:
        for window in QGuiApplication.topLevelWindows():
            if window not in self._watched:
                self._watched.add(window)
                window.installEventFilter(self)
                window.destroyed.connect(lambda _=None, gone=window: self._watched.discard(gone))
        if self.after_s and not self._has_told and monotonic() - self._touched_s >= self.after_s:
            self._has_told = True
            self.idle.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note a touch; every event goes on its way."""
        if event.type() in _TOUCHES:
            self.touch()
        return False
