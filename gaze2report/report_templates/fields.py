"""Fields in the text of a report, in the notation of RSNA's report templates.

================  =============================================================================
``[clear]``       free text, "clear" unless the reader says otherwise (a default has no digits)
``[? side]``      free text without a default; ``[]`` and ``___`` likewise
``[a*|b|c]``      one of a list, here with a default; without the star there is none
``[a*;b]``        any of a list
``[# mL]``        a number with its unit
================  =============================================================================

A field stands in the text as it is written here until it is filled, so it is kept, moved and undone as text. Brackets
with digits that are none of these, "[image 2]", are not fields.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

FieldKind = Literal["text", "one", "many", "number"]
LONGEST_FIELD = 400

_FIELD = re.compile(rf"\[([^\[\]\n]{{0,{LONGEST_FIELD}}})\]|_{{3,}}")
_LISTS: tuple[tuple[FieldKind, str], ...] = (("one", "|"), ("many", ";"))
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Field:
    """One field in a text.

    Attributes
    ----------
    start, end : int
        Where it stands, in characters; ``end`` is exclusive.
    prompt : str
        What is asked for; may be empty.
    options, defaults : tuple of str
        What a list offers, and which of it is chosen unless the reader says otherwise.
    unit : str
        Unit of a number.
    """

    start: int
    end: int
    kind: FieldKind
    prompt: str = ""
    options: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    unit: str = ""

    @property
    def is_mandatory(self) -> bool:
        """Whether the reader has to say something: there is no default."""
        return not self.defaults

    @property
    def default_text(self) -> str:
        """What stands in its place when the reader keeps the default."""
        return joined(self.defaults)


def find_fields(text: str) -> list[Field]:
    """All fields of a text, in order."""
    found = (_field(match) for match in _FIELD.finditer(text))
    return [field for field in found if field is not None]


def use_defaults(text: str) -> str:
    """Put the default in place of every field that has one."""
    for field in reversed(find_fields(text)):
        if field.defaults:
            text = text[: field.start] + field.default_text + text[field.end :]
    return text


def joined(chosen: Sequence[str]) -> str:
    """Several choices as words: "a", "a and b", "a, b and c"."""
    if len(chosen) < 2:
        return "".join(chosen)
    return f"{', '.join(chosen[:-1])} and {chosen[-1]}"


def number_text(field: Field, typed: str) -> str | None:
    """A typed number with its unit; None when it is no number."""
    number = typed.strip().removesuffix(field.unit).strip() if field.unit else typed.strip()
    if not _NUMBER.fullmatch(number):
        return None
    return f"{number} {field.unit}".strip()


def _field(match: re.Match[str]) -> Field | None:
    start, end = match.span()
    content = (match.group(1) or "").strip()
    if content.startswith("#"):
        unit = content[1:].strip()
        return Field(start, end, "number", prompt=f"number in {unit}" if unit else "number", unit=unit)
    if content.startswith("?") or not content.strip("_ "):
        return Field(start, end, "text", prompt=content.strip("?_ "))
    for kind, separator in _LISTS:
        if separator in content:
            return _list_field(start, end, kind, content.split(separator))
    if any(character.isdigit() for character in content):
        return None
    return Field(start, end, "text", defaults=(content.removesuffix("*").strip(),))


def _list_field(start: int, end: int, kind: FieldKind, parts: Sequence[str]) -> Field | None:
    parts = [part.strip() for part in parts if part.strip(" *")]
    options = tuple(part.removesuffix("*").strip() for part in parts)
    chosen = [option for option, part in zip(options, parts, strict=True) if part.endswith("*")]
    defaults = tuple(chosen[:1] if kind == "one" else chosen)
    return Field(start, end, kind, options=options, defaults=defaults) if options else None
