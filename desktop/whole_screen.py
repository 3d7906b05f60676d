"""One film on the whole screen: everything but the film and its tools steps aside, and comes back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from desktop.main_window import MainWindow


class WholeScreenFilm(QObject):
    """Switches the window between all its parts and one film. News of faults stay in sight either way.

    Signals
    -------
    switched(bool)
        Whether one film has the whole screen now.
    """

    switched = Signal(bool)

    def __init__(self, window: MainWindow, aside: tuple[QWidget, ...]) -> None:
        super().__init__(window)
        self._window, self._aside = window, aside
        self._hidden: list[QWidget] = []
        self._made_full = False
        window.viewer.whole_screen_wanted.connect(self.toggle)
        window.pages.currentChanged.connect(lambda _: self.leave())

    @property
    def is_on(self) -> bool:
        """Whether one film has the whole screen."""
        return bool(self._hidden)

    def toggle(self) -> None:
        """There and back."""
        if self.is_on:
            self.leave()
        else:
            self._enter()

    def _enter(self) -> None:
        window = self._window
        self._hidden = [widget for widget in self._aside if not widget.isHidden()]
        for widget in self._hidden:
            widget.hide()
        window.viewer.grid.set_alone(True)
        self._made_full = not window.isFullScreen()
        if self._made_full:
            window.place.toggle_full_screen()
        window.viewer.active_view.setFocus()
        self.switched.emit(True)

    def leave(self) -> None:
        """Bring everything back."""
        if not self.is_on:
            return
        for widget in self._hidden:
            widget.show()
        self._hidden = []
        self._window.viewer.grid.set_alone(False)
        self.switched.emit(False)
        if self._made_full and self._window.isFullScreen():
            self._window.place.toggle_full_screen()
