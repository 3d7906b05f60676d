"""Tables and texts of public data sets: required columns, honest numbers, names that cannot lead out of the source."""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from gaze2report.errors import UnreadableInput

_EXACT_FLOAT = 2.0**53
_LONGEST_NAME, _LONGEST_PART = 1000, 240  # file systems end at 255 bytes a part; suffixes are put behind
_TRUE, _FALSE = {"true", "1", "1.0", "t", "yes"}, {"false", "0", "0.0", "f", "no"}


def read_rows(
    path: Path, required: Sequence[str], on_damaged: Callable[[int], object] = lambda line: None
) -> Iterator[dict[str, str]]:
    """Read a CSV file, gzipped or not, with either line end and with or without a byte-order mark.

    Parameters
    ----------
    required : sequence of str
        Columns that must be there, by their exact names.
    on_damaged : callable
        Called with the line number of a row with too few or too many fields, which is then left out.

    Raises
    ------
    UnreadableInput
        If the file cannot be read or lacks a column.
    """
    try:
        with _open_text(path) as stream:
            rows = csv.DictReader(stream)
            missing = [name for name in required if name not in (rows.fieldnames or ())]
            if missing:
                raise UnreadableInput(
                    path, f"lacks the column {', '.join(missing)}; it has {', '.join(rows.fieldnames or ['none'])}"
                )
            for row in rows:
                if None in row or None in row.values():
                    on_damaged(rows.line_num)
                else:
                    yield row
    except (OSError, EOFError, csv.Error, UnicodeDecodeError) as error:
        raise UnreadableInput(path, f"cannot be read as a table: {error}") from error


def find_table(folder: Path, *names: str) -> Path | None:
    """Return the first file of these names in a folder, gzipped or not; None where there is none."""
    for name in names:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def require_table(folder: Path, *names: str) -> Path:
    """As ``find_table``.

    Raises
    ------
    UnreadableInput
        If there is none.
    """
    found = find_table(folder, *names)
    if found is None:
        raise UnreadableInput(folder, f"holds no {' or '.join(names)}")
    return found


def number(text: str | None) -> float | None:
    """Return the number a cell holds; None for an empty one, NaN, infinity and anything that is no number."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def whole_number(text: str | None) -> int | None:
    """Return the whole number a cell holds, also as ``12.0``; None for anything else."""
    if text and re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text):
        return int(text)  # not by way of a float, which is exact to 15 digits only
    value = number(text)
    return int(value) if value is not None and value.is_integer() and abs(value) < _EXACT_FLOAT else None


def truth(text: str | None) -> bool | None:
    """Return the truth a cell holds; None for anything that is neither true nor false."""
    word = (text or "").strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def inside(root: Path, name: str) -> Path | None:
    """Path below ``root`` that a source's relative name means; None where the name would lead elsewhere."""
    parts = name.split("/")
    is_plain = all(part not in ("", ".", "..") and "\\" not in part and ":" not in part for part in parts)
    is_short = len(name) <= _LONGEST_NAME and all(
        len(part.encode("utf-8", "replace")) <= _LONGEST_PART for part in parts
    )
    return root.joinpath(*parts) if is_plain and is_short and name.isprintable() else None


def read_text(path: Path) -> str | None:
    """Text of a UTF-8 file as it stands, line ends made plain; None where it is no readable text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _open_text(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8-sig", newline="")  # type: ignore[arg-type]
    return path.open(encoding="utf-8-sig", newline="")
