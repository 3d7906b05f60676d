"""How long the reader waited for the first film of a study, said in a quiet sentence."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal


class FirstImageTime(QObject):
    """Runs from the wish to open a study until its film has been painted.

    Signals
    -------
    known(float)
        Seconds.
    """

    known = Signal(float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._began_s: float | None = None

    def begin(self) -> None:
        """A study is to be opened."""
        self._began_s = time.perf_counter()

    def forget(self) -> None:
        """It was not opened after all, or the wait says nothing of the program."""
        self._began_s = None

    def end(self) -> None:
        """A film is in its view; what is painted in this turn of the event loop counts."""
        if self._began_s is not None:
            began_s, self._began_s = self._began_s, None
            QTimer.singleShot(0, self, lambda: self.known.emit(time.perf_counter() - began_s))
