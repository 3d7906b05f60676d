"""Where the window stands: kept for the next start, and brought back when its screen is gone."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QRect, QSize, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from desktop.settings import Settings

FIRST_SIZE = QSize(1366, 768)
_GRIP_PX = 80
"""So much of the top edge must be on a screen for the window to be seen and moved by its reader."""

_SETTLE_MS = 200
"""Window managers move windows themselves when a screen goes; this looks after they have."""


def placed(frame: QRect, screens: Sequence[QRect]) -> QRect:
    """Where a window should stand on the screens there are.

    Parameters
    ----------
    frame : QRect
        Where it stands, or stood when its place was kept.
    screens : sequence of QRect
        The part of each screen that windows may use, the primary one first; not empty.

    Returns
    -------
    QRect
        ``frame`` itself while it can be seen and moved; else moved, and made smaller if need be, onto the screen it
        overlaps most, or the first.
    """
    top_edge = QRect(frame.left(), frame.top(), frame.width(), 1)
    for screen in screens:
        seen = top_edge.intersected(screen)
        fits = frame.width() <= screen.width() and frame.height() <= screen.height()
        if seen.width() >= min(_GRIP_PX, frame.width()) and fits:
            return QRect(frame)
    screen = max(screens, key=lambda s: _area(s.intersected(frame)))
    size = frame.size().boundedTo(screen.size())
    left = min(max(frame.left(), screen.left()), screen.right() + 1 - size.width())
    top = min(max(frame.top(), screen.top()), screen.bottom() + 1 - size.height())
    return QRect(left, top, size.width(), size.height())


def _area(rect: QRect) -> int:
    return max(rect.width(), 0) * max(rect.height(), 0)


class WindowPlace(QObject):
    """Keeps a window on a screen that is there."""

    def __init__(self, window: QMainWindow, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._settings = window, settings
        self._was_maximized = False
        self._look_later = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._look_later.timeout.connect(self.bring_back)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.screenRemoved.connect(lambda _: self._look_later.start())
        application.primaryScreenChanged.connect(lambda _: self._look_later.start())

    def restore(self) -> None:
        """Stand where it stood last time, or in the middle of the first screen."""
        self._window.resize(FIRST_SIZE.boundedTo(self._screens()[0].size()))
        if self._settings.window_geometry is not None:
            self._window.restoreGeometry(self._settings.window_geometry)
        self.bring_back()

    def keep(self) -> None:
        """Remember where it stands."""
        self._settings.window_geometry = self._window.saveGeometry()

    def bring_back(self) -> None:
        """Move the window onto a screen when it stands on none."""
        window = self._window
        if window.isFullScreen() or window.isMaximized():
            return
        frame = window.frameGeometry()
        wanted = placed(frame, self._screens())
        if wanted != frame:
            window.resize(wanted.size() - (frame.size() - window.size()))
            window.move(wanted.topLeft())

    def toggle_full_screen(self) -> None:
        """The whole screen for the window, and back to what it was."""
        window = self._window
        if not window.isFullScreen():
            self._was_maximized = window.isMaximized()
            window.showFullScreen()
        elif self._was_maximized:
            window.showMaximized()
        else:
            window.showNormal()

    @staticmethod
    def _screens() -> list[QRect]:
        primary = QGuiApplication.primaryScreen()
        others = [screen for screen in QGuiApplication.screens() if screen is not primary]
        return [screen.availableGeometry() for screen in [primary, *others]]
