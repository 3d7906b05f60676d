"""A section of the report with the origin of every character: reader, AI, or AI text the reader has changed."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Literal

Origin = Literal["reader", "ai", "ai-edited"]
Run = tuple[int, int, Origin]
"""Start, end (exclusive) in characters, and origin."""

_CODES: dict[Origin, int] = {"reader": 0, "ai": 1, "ai-edited": 2}
_ORIGINS: tuple[Origin, ...] = ("reader", "ai", "ai-edited")
_SENTENCE = re.compile(r"\S(?:.*?)(?:[.!?](?=\s|$)|(?=\n)|$)", re.MULTILINE)


class SectionText:
    """Text whose every character knows where it came from; the runs always cover all of it."""

    def __init__(self, text: str = "", runs: tuple[Run, ...] = ()) -> None:
        self._text = text
        self._codes = bytearray(len(text))
        for first, last, origin in runs:
            start, end = max(0, first), min(len(text), last)
            if start < end:
                self._codes[start:end] = bytes([_CODES[origin]]) * (end - start)

    @property
    def text(self) -> str:
        """The characters."""
        return self._text

    @property
    def runs(self) -> tuple[Run, ...]:
        """Maximal runs of one origin, in order, without gaps."""
        runs: list[Run] = []
        position = 0
        for code, group in groupby(self._codes):
            length = sum(1 for _ in group)
            runs.append((position, position + length, _ORIGINS[code]))
            position += length
        return tuple(runs)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing but white space."""
        return not self._text.strip()

    @property
    def is_untouched_ai(self) -> bool:
        """Whether all of it (at least one character) is AI text the reader has not changed."""
        return bool(self._codes) and all(code == _CODES["ai"] for code in self._codes)

    @property
    def has_ai(self) -> bool:
        """Whether any character came from the model."""
        return any(self._codes)

    def origin_at(self, position: int) -> Origin:
        """Origin of one character."""
        return _ORIGINS[self._codes[position]]

    def untouched_ai_sentences(self) -> int:
        """How many sentences are AI text from end to end."""
        return sum(
            1 for start, end in _sentences(self._text) if all(code == _CODES["ai"] for code in self._codes[start:end])
        )

    def splice(self, position: int, removed: int, inserted: str, origin: Origin = "reader") -> None:
        """Replace ``removed`` characters at ``position`` by ``inserted``.

        A change by the reader inside an AI sentence turns what is left of that sentence into "ai-edited".

        Raises
        ------
        ValueError
            If the range is not inside the text.
        """
        if position < 0 or removed < 0 or position + removed > len(self._text):
            raise ValueError(f"{removed} characters at {position} are not inside a text of {len(self._text)}")
        if origin == "reader":
            for start, end in self._cut_sentences(position, position + removed):
                for index in range(start, end):
                    if self._codes[index] == _CODES["ai"]:
                        self._codes[index] = _CODES["ai-edited"]
        self._text = self._text[:position] + inserted + self._text[position + removed :]
        self._codes[position : position + removed] = bytes([_CODES[origin]]) * len(inserted)

    def _cut_sentences(self, start: int, end: int) -> list[tuple[int, int]]:
        """Sentences that lose some, but not all, of their characters, or get something put inside."""
        if start == end:
            return [(first, last) for first, last in _sentences(self._text) if first < start < last]
        return [
            (first, last)
            for first, last in _sentences(self._text)
            if start < last and end > first and not (start <= first and end >= last)
        ]


def _sentences(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _SENTENCE.finditer(text)]


def sentence_start(text: str, position: int) -> int:
    """Where the sentence begins that goes on at a position; the position itself between two sentences."""
    return next((start for start, end in _sentences(text) if start < position < end), position)


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


def utf16_length(text: str) -> int:
    """Length of a text in the units Qt counts positions in."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def plain(text: str) -> str:
    """Text as an editor can hold it: line feeds end lines, no control characters, no lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = text.replace("\u00a0", " ").replace("\ufdd0", "").replace("\ufdd1", "").replace("\ufffc", "")
    return "".join(c for c in text if (c >= " " or c in "\n\t") and c != "\x7f" and not 0xD800 <= ord(c) <= 0xDFFF)
