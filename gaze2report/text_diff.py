"""What changed between two texts, word by word."""

from __future__ import annotations

import difflib
import re
from typing import Literal, NamedTuple

DiffKind = Literal["same", "removed", "added"]

_TOKEN = re.compile(r"\w+(?:[.,/'’-]\w+)*|\s+|[^\w\s]")
"""A word (with 1.5, 12/3 and follow-up as one), a run of white space, or one other character."""


class DiffRun(NamedTuple):
    """A stretch of text that both have, only the old one has, or only the new one has."""

    kind: DiffKind
    text: str


def word_diff(old: str, new: str) -> tuple[DiffRun, ...]:
    """Compare two texts by words (Ratcliff and Obershelp's matching, as in ``difflib``).

    Returns
    -------
    tuple of DiffRun
        In reading order, what was removed before what came in its place. The runs that are "same" or "removed" joined
        are ``old``, those that are "same" or "added" joined are ``new``, to the character.
    """
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    runs: list[DiffRun] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        removed, added = "".join(before[old_start:old_end]), "".join(after[new_start:new_end])
        if tag == "equal":
            runs.append(DiffRun("same", removed))
            continue
        if removed:
            runs.append(DiffRun("removed", removed))
        if added:
            runs.append(DiffRun("added", added))
    return tuple(_joined_over_spaces(runs))


def _joined_over_spaces(runs: list[DiffRun]) -> list[DiffRun]:
    """Join changes that only a space lies between: "small left" for "no right" reads as one change, not as two."""
    joined: list[DiffRun] = []
    removed, added, space = "", "", ""

    def flush() -> None:
        nonlocal removed, added, space
        if removed:
            joined.append(DiffRun("removed", removed))
        if added:
            joined.append(DiffRun("added", added))
        if space:
            joined.append(DiffRun("same", space))
        removed, added, space = "", "", ""

    for kind, text in runs:
        if kind == "same":
            if text == " " and removed and added:
                space += text
                continue
            flush()
            joined.append(DiffRun("same", text))
            continue
        if space:
            removed, added, space = removed + space, added + space, ""
        if kind == "removed":
            removed += text
        else:
            added += text
    flush()
    return joined
