"""Undo and redo of one value that is replaced as a whole."""

from __future__ import annotations

from typing import Generic, TypeVar

State = TypeVar("State")
MOST_STEPS = 200


class UndoHistory(Generic[State]):
    """The present value, those before it, and those that were undone.

    Parameters
    ----------
    present
        The first value; undo never goes behind it.
    """

    def __init__(self, present: State) -> None:
        self.present = present
        self._past: list[State] = []
        self._undone: list[State] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is a value to go back to."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether something was undone and nothing done since."""
        return bool(self._undone)

    def do(self, new: State) -> bool:
        """Take over a new value; False when it is the present one."""
        if new == self.present:
            return False
        self._past.append(self.present)
        del self._past[:-MOST_STEPS]
        self._undone.clear()
        self.present = new
        return True

    def undo(self) -> bool:
        """Go back to the value before; False when there is none."""
        return self._step(self._past, self._undone)

    def redo(self) -> bool:
        """Take back the last undo; False when there is none."""
        return self._step(self._undone, self._past)

    def _step(self, source: list[State], target: list[State]) -> bool:
        if not source:
            return False
        target.append(self.present)
        self.present = source.pop()
        return True
