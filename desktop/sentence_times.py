"""When the reader worked on which part of a section: marks that move with the text."""

from __future__ import annotations

from dataclasses import dataclass

from gaze2report.gaze.sentence_links import bouts

_MOST_MARKS = 4000


@dataclass
class _Mark:
    position: int
    time_ms: float


class SentenceTimes:
    """Moments of work on one section, each at a place of its text."""

    def __init__(self) -> None:
        self._marks: list[_Mark] = []

    def splice(self, position: int, removed: int, inserted: int, time_ms: float | None) -> None:
        """Follow a change of the text; note it when it is the reader's (``time_ms`` is not None).

        Parameters
        ----------
        position, removed, inserted : int
            At this character, so many were taken out and so many put in.
        time_ms : float or None
            When the reader did it; None for text of the model that nobody has touched.
        """
        kept = []
        for mark in self._marks:
            if mark.position >= position + removed:
                kept.append(_Mark(mark.position + inserted - removed, mark.time_ms))
            elif mark.position < position:
                kept.append(mark)
        self._marks = kept
        if time_ms is not None:
            self.note(position + max(inserted - 1, 0), time_ms)

    def note(self, position: int, time_ms: float) -> None:
        """The reader worked at this character: wrote it, or accepted the sentence there."""
        self._marks.append(_Mark(position, time_ms))
        if len(self._marks) > _MOST_MARKS:
            del self._marks[0]

    def of(self, start: int, end: int) -> list[tuple[float, float]]:
        """Bouts of work (start, end in ms) on the characters from ``start`` to ``end``, inclusive.

        Inclusive because a sentence that has lost its last character was worked on too.
        """
        return bouts([mark.time_ms for mark in self._marks if start <= mark.position <= end])
