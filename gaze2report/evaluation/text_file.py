"""Reports that another program has generated, from a file: what `evaluate --drafts` reads.

A CSV with the columns below, or JSON Lines with the same keys: ``reference`` and ``hypothesis``, and where known
``patient``, ``id`` and ``has_prior`` (true or false; whether the generator was given an earlier study).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gaze2report.errors import UnreadableInput
from gaze2report.evaluation.evaluated_case import EvaluatedCase

REQUIRED = ("reference", "hypothesis")
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": None}
_CELL_LIMIT = 1_000_000


def read_text_file(path: Path, required: Sequence[str] = REQUIRED) -> tuple[list[EvaluatedCase], list[str]]:
    """Read cases and what must be said of them.

    Parameters
    ----------
    path : Path
    required : sequence of str
        Columns that must be there; of training texts it is ``reference`` alone.

    Raises
    ------
    UnreadableInput
        With the line that is damaged.
    """
    cases, lacking = [], 0
    seen: set[str] = set()
    for number, row in _rows(path, required):
        missing = [name for name in required if not isinstance(row.get(name), str)]
        if missing:
            raise UnreadableInput(path, f"line {number} has no text {missing[0]!r}")
        name = str(row.get("id") or f"line {number}")
        if name in seen:
            raise UnreadableInput(path, f"line {number} has the id {name!r} of a line before it")
        seen.add(name)
        patient = str(row.get("patient") or "")
        lacking += not patient
        prior = _TRUTHS.get(str(row.get("has_prior", "") if row.get("has_prior") is not None else "").strip().lower())
        cases.append(
            EvaluatedCase(
                name, patient or f"case {name}", str(row.get("hypothesis", "")), row["reference"], has_prior=prior
            )
        )
    if not cases:
        raise UnreadableInput(path, "holds no report")
    notes = []
    if lacking:
        notes.append(
            f"{lacking} reports name no patient and count as patients of their own: intervals may be too narrow."
        )
    return cases, notes


def _rows(path: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UnreadableInput(path, f"is not UTF-8 text: {error.reason} at byte {error.start}") from error
    yield from (
        _json_lines(path, text) if path.suffix.lower() in (".jsonl", ".ndjson", ".json") else _csv(path, text, required)
    )


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UnreadableInput(path, f"line {number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise UnreadableInput(path, f"line {number} is not a JSON object")
        yield number, row


def _csv(path: Path, text: str, required: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(_CELL_LIMIT)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in required if name not in (reader.fieldnames or ())]
    if missing:
        raise UnreadableInput(path, f"has no column {missing[0]!r}; needed is {' and '.join(required)}")
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise UnreadableInput(path, f"line {reader.line_num} is damaged: {error}") from error
