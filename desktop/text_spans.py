"""A section of the report with the origin of every character, and which AI sentences the reader has let stand."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from db.records import SPAN_ORIGINS, SpanOrigin
from gaze2report.report_text import sentence_spans

Origin = SpanOrigin
sentences = sentence_spans
"""Start and end of each sentence of a text."""

Run = tuple[int, int, Origin]
"""Start, end (exclusive) in characters, and origin."""

Span = tuple[int, int, Origin, bool]
"""A run and whether the reader has accepted it (only ever True of AI text)."""

AI_ORIGINS: frozenset[Origin] = frozenset({"ai", "ai-edited"})
_CODES = {origin: code for code, origin in enumerate(SPAN_ORIGINS)}
_READER, _AI, _EDITED = _CODES["reader"], _CODES["ai"], _CODES["ai-edited"]
_ACCEPTED = 0x80
"""Added to the code of an AI character that the reader has accepted."""


class SectionText:
    """Text whose every character knows where it came from; the runs always cover all of it."""

    def __init__(self, text: str = "", runs: Iterable[Run | Span] = ()) -> None:
        self._text = text
        self._codes = bytearray([_READER]) * len(text)
        for first, last, origin, *accepted in runs:
            self.mark(max(0, first), min(len(text), last), origin, is_accepted=any(accepted))

    @property
    def text(self) -> str:
        """The characters."""
        return self._text

    @property
    def runs(self) -> tuple[Run, ...]:
        """Maximal runs of one origin, in order, without gaps."""
        return tuple((start, end, _origin(code)) for start, end, code in _grouped(c & ~_ACCEPTED for c in self._codes))

    @property
    def spans(self) -> tuple[Span, ...]:
        """Maximal runs of one origin and one state of acceptance, in order, without gaps."""
        return tuple((start, end, _origin(code), bool(code & _ACCEPTED)) for start, end, code in _grouped(self._codes))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but white space."""
        return not self._text.strip()

    @property
    def is_untouched_ai(self) -> bool:
        """Whether all of it (at least one character) is AI text the reader has neither changed nor accepted."""
        return bool(self._codes) and all(code == _AI for code in self._codes)

    @property
    def has_ai(self) -> bool:
        """Whether any character came from the model."""
        return any(code & ~_ACCEPTED in (_AI, _EDITED) for code in self._codes)

    def origin_at(self, position: int) -> Origin:
        """Origin of one character."""
        return _origin(self._codes[position])

    def unreviewed(self) -> tuple[tuple[int, int], ...]:
        """Sentences with AI text that the reader has neither changed nor accepted, as start and end."""
        return tuple(
            (start, end)
            for start, end in sentence_spans(self._text)
            if any(code == _AI for code in self._codes[start:end])
        )

    def accept(self, start: int, end: int) -> None:
        """Let the AI text of a stretch stand as it is, and white space beside it that touches no open AI text."""
        for index in range(start, end):
            if self._codes[index] == _AI:
                self._codes[index] = _AI | _ACCEPTED
        for first, last in self._gaps_at(start, end):
            beside = [self._codes[at] for at in (first - 1, last) if 0 <= at < len(self._codes)]
            if _AI not in beside:
                self._codes[first:last] = bytes(
                    _AI | _ACCEPTED if code == _AI else code for code in self._codes[first:last]
                )

    def _gaps_at(self, start: int, end: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """The white space before and behind a stretch."""
        first = len(self._text[:start].rstrip())
        last = len(self._text) - len(self._text[end:].lstrip())
        return (first, start), (end, last)

    def mark(self, start: int, end: int, origin: Origin, *, is_accepted: bool = False) -> None:
        """Give a stretch another origin; for text that was moved with what is known of it."""
        if start < end:
            code = _CODES[origin] | (_ACCEPTED if is_accepted and origin == "ai" else 0)
            self._codes[start:end] = bytes([code]) * (end - start)

    def splice(self, position: int, removed: int, inserted: str, origin: Origin = "reader") -> None:
        """Replace ``removed`` characters at ``position`` by ``inserted``.

        A change inside an AI sentence by anyone but the model turns what is left of that sentence into "ai-edited".

        Raises
        ------
        ValueError
            If the range is not inside the text.
        """
        if position < 0 or removed < 0 or position + removed > len(self._text):
            raise ValueError(f"{removed} characters at {position} are not inside a text of {len(self._text)}")
        if origin not in AI_ORIGINS:
            for start, end in self._cut_sentences(position, position + removed):
                for index in range(start, end):
                    if self._codes[index] & ~_ACCEPTED == _AI:
                        self._codes[index] = _EDITED
        self._text = self._text[:position] + inserted + self._text[position + removed :]
        self._codes[position : position + removed] = bytes([_CODES[origin]]) * len(inserted)

    def _cut_sentences(self, start: int, end: int) -> list[tuple[int, int]]:
        """Sentences that lose some, but not all, of their characters, or get something put inside."""
        if start == end:
            return [(first, last) for first, last in sentence_spans(self._text) if first < start < last]
        return [
            (first, last)
            for first, last in sentence_spans(self._text)
            if start < last and end > first and not (start <= first and end >= last)
        ]


def _origin(code: int) -> Origin:
    return SPAN_ORIGINS[code & ~_ACCEPTED]


def _grouped(codes: Iterable[int]) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    position = 0
    for code, group in groupby(codes):
        length = sum(1 for _ in group)
        found.append((position, position + length, code))
        position += length
    return found


def sentence_start(text: str, position: int) -> int:
    """Where the sentence begins that goes on at a position; the position itself between two sentences."""
    return next((start for start, end in sentence_spans(text) if start < position < end), position)


def difference(old: str, new: str) -> tuple[int, int, str]:
    """The smallest single replacement that turns ``old`` into ``new``: position, removed, inserted."""
    limit = min(len(old), len(new))
    start = 0
    while start < limit and old[start] == new[start]:
        start += 1
    tail = 0
    while tail < limit - start and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return start, len(old) - start - tail, new[start : len(new) - tail]


def difference_at(old: str, new: str, position: int) -> tuple[int, int, str]:
    """As :func:`difference`; of several replacements that do it equally well, one that begins at ``position``.

    Typing "a" before an "a" and behind it give the same text, not the same origins.
    """
    start, removed, inserted = difference(old, new)
    if 0 <= position < start:
        moved = new[position : position + len(inserted)]
        if old[:position] + moved + old[position + removed :] == new:
            return position, removed, moved
    return start, removed, inserted


def sentence_at(text: str, position: int) -> tuple[int, int] | None:
    """The sentence that a position is in or just behind of; None between two."""
    return next(((start, end) for start, end in sentence_spans(text) if start <= position <= end), None)


def utf16_length(text: str) -> int:
    """Length of a text in the units Qt counts positions in."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def code_points(text: str, units: int) -> int:
    """How many characters of a text lie before a position that Qt gives in UTF-16 units."""
    if text.isascii():
        return min(units, len(text))
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "replace"))


def plain(text: str) -> str:
    """Text as an editor can hold it: line feeds end lines, no control characters, no lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = text.replace("\u00a0", " ").replace("\ufdd0", "").replace("\ufdd1", "").replace("\ufffc", "")
    return "".join(c for c in text if (c >= " " or c in "\n\t") and c != "\x7f" and not 0xD800 <= ord(c) <= 0xDFFF)
