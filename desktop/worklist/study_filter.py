"""Which studies a worklist shows: words, status, age, whose, what the AI raised; saved under a name."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from db.records import SIGNED_STATUSES, STUDY_STATUSES, WorklistEntry

MOST_DAYS = 36_500


@dataclass(frozen=True)
class StudyFilter:
    """What a study must be like to be shown.

    Attributes
    ----------
    name : str
        Under which it is saved.
    words : str
        Each of them must occur somewhere in the line.
    statuses : tuple of str
        One of these; any when empty.
    days : int
        The study date lies so many days back at most (1 is today); 0 for any date.
    is_mine : bool
        Only what is assigned to the reader, or what the reader has open.
    is_raised : bool
        Only what the AI priority raises.
    """

    name: str = ""
    words: str = ""
    statuses: tuple[str, ...] = ()
    days: int = 0
    is_mine: bool = False
    is_raised: bool = False

    def is_same_but_name(self, other: StudyFilter) -> bool:
        """Whether both show the same studies."""
        return replace(self, name="", words=self.words.strip()) == replace(other, name="", words=other.words.strip())

    def predicate(self, reader: str, today: dt.date) -> Callable[[WorklistEntry, str], bool]:
        """Make the test of an entry and of the text that words are looked for in."""
        words = tuple(self.words.casefold().split())
        statuses = frozenset(self.statuses)
        since = (today - dt.timedelta(days=self.days - 1)).strftime("%Y%m%d") if self.days else ""
        is_mine, is_raised = self.is_mine, self.is_raised

        def is_shown(entry: WorklistEntry, text: str) -> bool:
            for word in words:
                if word not in text:
                    return False
            if statuses and entry.status not in statuses:
                return False
            if since and entry.study_date < since:
                return False
            if is_mine and reader not in (entry.assigned_to, entry.locked_by):
                return False
            return not is_raised or bool(entry.ai_priority)

        return is_shown


_UNSIGNED = tuple(status for status in STUDY_STATUSES if status not in SIGNED_STATUSES)
BUILT_IN: tuple[StudyFilter, ...] = (
    StudyFilter("All studies"),
    StudyFilter("Unread", statuses=("unread",)),
    StudyFilter("Not signed yet", statuses=_UNSIGNED),
    StudyFilter("Mine", statuses=_UNSIGNED, is_mine=True),
    StudyFilter("To sign", statuses=("preliminary",)),
    StudyFilter("Raised by the AI", statuses=_UNSIGNED, is_raised=True),
    StudyFilter("Signed", statuses=tuple(status for status in STUDY_STATUSES if status in SIGNED_STATUSES)),
    StudyFilter("Today", days=1),
)
ALL_STUDIES = BUILT_IN[0]


def filters_to_json(filters: tuple[StudyFilter, ...]) -> str:
    """Write filters as they are kept."""
    return json.dumps([asdict(one) for one in filters], ensure_ascii=False)


def filters_from_json(text: str) -> tuple[StudyFilter, ...]:
    """Read kept filters; what is not one is left out, and what another release knows more is not needed."""
    try:
        kept = json.loads(text or "[]")
    except ValueError:
        return ()
    return tuple(one for item in kept if (one := _filter_of(item)) is not None) if isinstance(kept, list) else ()


def _filter_of(item: object) -> StudyFilter | None:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not item["name"].strip():
        return None
    words, statuses, days = item.get("words", ""), item.get("statuses", ()), item.get("days", 0)
    if not isinstance(words, str) or not isinstance(statuses, list) or not isinstance(days, int):
        return None
    return StudyFilter(
        name=item["name"],
        words=words,
        statuses=tuple(status for status in STUDY_STATUSES if status in statuses),
        days=min(max(days, 0), MOST_DAYS),
        is_mine=item.get("is_mine") is True,
        is_raised=item.get("is_raised") is True,
    )
