"""What takes long enough to be shown: how far it is, and how to stop it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal


class LongWork(QObject):
    """One piece of work under way, as the reader sees it.

    Attributes
    ----------
    title : str
        What is being done, without full stop: "Importing films".
    done, total : int
        How far it is; ``total`` 0 while that is not known.
    is_stopping : bool
        The reader has stopped it, and it has not ended yet.

    Signals
    -------
    changed
        Title or progress changed.
    ended
        It is over, one way or the other.
    """

    changed = Signal()
    ended = Signal()

    def __init__(self, title: str, stop: Callable[[], object] | None, parent: QObject) -> None:
        super().__init__(parent)
        self.title = title
        self.done = self.total = 0
        self.is_stopping = self.is_over = False
        self._stop = stop

    @property
    def can_stop(self) -> bool:
        """Whether the reader may stop it now."""
        return self._stop is not None and not self.is_stopping and not self.is_over

    @property
    def text(self) -> str:
        """Title with how far it is."""
        if self.is_stopping:
            return f"{self.title}: stopping"
        return f"{self.title}, {self.done} of {self.total}" if self.total else self.title

    def report(self, done: int, total: int) -> None:
        """Say how far it is."""
        self.done, self.total = done, total
        self.changed.emit()

    def stop(self) -> None:
        """Stop it, if it can be stopped."""
        if self.can_stop:
            assert self._stop is not None
            self.is_stopping = True
            self.changed.emit()
            self._stop()

    def end(self) -> None:
        """Take it off the screen; called by whoever began it, once or more."""
        if not self.is_over:
            self.is_over = True
            self.ended.emit()


class WorkUnderWay(QObject):
    """All long work of the window, oldest first.

    Signals
    -------
    changed
        Some work began or ended.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._works: list[LongWork] = []

    @property
    def works(self) -> tuple[LongWork, ...]:
        """What is under way."""
        return tuple(self._works)

    def begin(self, title: str, stop: Callable[[], object] | None = None) -> LongWork:
        """Show work from now until its ``end()``; without ``stop`` it cannot be stopped."""
        work = LongWork(title, stop, self)
        self._works.append(work)
        work.ended.connect(lambda: self._forget(work))
        self.changed.emit()
        return work

    def _forget(self, work: LongWork) -> None:
        self._works.remove(work)
        self.changed.emit()
        work.deleteLater()
