"""The studies of a worklist prepared for filtering and sorting; made off the GUI thread, without Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from db.records import WorklistEntry
from desktop.worklist.columns import COLUMNS, searched_text


class StudyIndex:
    """All entries, newest first, with the text that is searched, and their orders by column.

    Parameters
    ----------
    entries : sequence of WorklistEntry
    before : StudyIndex, optional
        The index of the list before: what has not changed is taken over from it.
    """

    def __init__(self, entries: Sequence[WorklistEntry], before: StudyIndex | None = None) -> None:
        self.entries = sorted(entries, key=lambda e: (e.study_date, e.study_time), reverse=True)
        known = before._text_of if before is not None else {}
        self._text_of: dict[WorklistEntry, str] = {e: known.get(e) or searched_text(e) for e in self.entries}
        self._texts = [self._text_of[e] for e in self.entries]
        self._orders: dict[tuple[int, bool], list[int]] = {}

    def order(self, column: int, *, is_descending: bool) -> list[int]:
        """Numbers of the entries in the order of a column, the newest first among equals; made once."""
        wanted = (column, is_descending)
        if wanted not in self._orders:
            keys = [COLUMNS[column].key(e) for e in self.entries]
            self._orders[wanted] = sorted(range(len(keys)), key=keys.__getitem__, reverse=is_descending)
        return self._orders[wanted]

    def shown(
        self, is_shown: Callable[[WorklistEntry, str], bool], column: int, *, is_descending: bool
    ) -> list[WorklistEntry]:
        """Give the entries that pass a test, in the order of a column."""
        entries, texts = self.entries, self._texts
        order = self.order(column, is_descending=is_descending)
        return [entries[n] for n in order if is_shown(entries[n], texts[n])]
