"""Text that every format can hold.

XML (and with it FHIR), DICOM and terminals each forbid some control characters. One rule for all of them keeps the
outputs equal: such a character becomes U+FFFD, one for one, so that positions in the text stay what they were.
"""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_FORBIDDEN = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters but tab, line feed, carriage return
    "\u202d\u202e"  # overrides of direction: what is shown would not be what is written
    "\ud800-\udfff"  # halves of surrogate pairs
    "\ufdd0-\ufdef\ufffe\uffff"  # no characters at all (Unicode 23.7)
    "]"
)
_ONE_LINE = re.compile(r"[\t\r\n]+")


def clean(text: str) -> str:
    """Replace what no format may hold; the length stays the same."""
    return _FORBIDDEN.sub(REPLACEMENT, text)


def count_forbidden(text: str) -> int:
    """Count the characters that :func:`clean` replaces."""
    return len(_FORBIDDEN.findall(text))


def one_line(text: str, max_characters: int | None = None) -> str:
    """Clean a name or a description and put it on one line, cut where a format allows no more characters."""
    line = _ONE_LINE.sub(" ", clean(text)).strip()
    if max_characters is None or len(line) <= max_characters:
        return line
    end = max_characters
    while end > 0 and unicodedata.combining(line[end]):  # an accent stays with its letter
        end -= 1
    return line[:end].rstrip()
