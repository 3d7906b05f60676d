"""Reading optional DICOM elements: a bad one is noted and left out, never fatal."""

from __future__ import annotations

import math
import struct
import unicodedata
from collections.abc import Iterable
from typing import Any

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError

MAX_TEXT_LENGTH = 4096

# what pydicom raises when it converts a malformed element on access
ELEMENT_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
    EOFError,
    RecursionError,
    struct.error,
    BytesLengthException,
    InvalidDicomError,
)


class TolerantDataset:
    """A data set whose elements may be malformed.

    Attributes
    ----------
    dataset : Dataset
    notes : list of str
        One sentence for each element that could not be read; shared with the items of sequences.
    """

    def __init__(self, dataset: Dataset, notes: list[str] | None = None) -> None:
        self.dataset = dataset
        self.notes: list[str] = [] if notes is None else notes

    def note(self, sentence: str) -> None:
        """Keep a sentence for the reader, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def value(self, keyword: str) -> Any:
        """Value of an element, or None where it is absent, empty or malformed."""
        try:
            value = self.dataset.get(keyword)
        except ELEMENT_ERRORS:
            self.note(f"The element {keyword} is malformed and was ignored.")
            return None
        return None if value is None or (isinstance(value, (str, bytes)) and not value) else value

    def values(self, keyword: str) -> tuple[Any, ...]:
        """Values of an element of any multiplicity."""
        value = self.value(keyword)
        if value is None:
            return ()
        if isinstance(value, Iterable) and not isinstance(value, (str, bytes)) and not hasattr(value, "components"):
            return tuple(value)
        return (value,)

    def text(self, keyword: str) -> str:
        """Text of an element on one line, values joined by a backslash; empty where there is none."""
        try:
            text = "\\".join(str(value) for value in self.values(keyword))
        except ELEMENT_ERRORS:
            self.note(f"The element {keyword} is malformed and was ignored.")
            return ""
        return plain_text(text)

    def number(self, keyword: str) -> float | None:
        """First value of an element as a finite number."""
        numbers = self.numbers(keyword)
        return numbers[0] if numbers else None

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Values of an element as finite numbers; none at all where one of them is not."""
        try:
            numbers = tuple(float(value) for value in self.values(keyword))
        except ELEMENT_ERRORS:
            numbers = (math.nan,)
        if not all(math.isfinite(number) for number in numbers):
            self.note(f"The element {keyword} is not a number and was ignored.")
            return ()
        return numbers

    def integer(self, keyword: str) -> int | None:
        """First value of an element as a whole number."""
        number = self.number(keyword)
        return None if number is None or number != int(number) else int(number)

    def items(self, keyword: str) -> tuple[TolerantDataset, ...]:
        """Items of a sequence."""
        return tuple(TolerantDataset(item, self.notes) for item in self.values(keyword) if isinstance(item, Dataset))


def plain_text(text: str) -> str:
    """Text without control characters and lone surrogates, inner white space folded, at most 4096 characters."""
    encodable = text[:MAX_TEXT_LENGTH].encode("utf-8", "replace").decode("utf-8")
    printable = "".join(" " if unicodedata.category(character) == "Cc" else character for character in encodable)
    return " ".join(printable.split())
