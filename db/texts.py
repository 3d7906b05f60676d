"""Working text on its way into rows and back."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Row

from db.audit_chain import canonical_json
from db.errors import ReportRefused
from db.records import TEXT_SECTIONS, Communication, TextSpan, WorkingText

_LATER_SECTIONS = tuple(name for name in TEXT_SECTIONS if name not in ("indication", "findings", "impression"))


def text_columns(text: WorkingText) -> dict[str, str]:
    """Give the columns that hold a text.

    Raises
    ------
    ReportRefused
        If it holds half a surrogate pair, which no file can hold.
    """
    sections: dict[str, str] = {name: str(getattr(text, name)) for name in TEXT_SECTIONS}
    told = [[entry.told, entry.at, entry.means] for entry in text.communications]
    refuse_unstorable(*sections.values(), *(part for entry in told for part in entry))
    spans = [[span.section, span.start, span.end, span.origin, *([True] * span.is_accepted)] for span in text.spans]
    return {
        **sections,
        "spans_json": json.dumps(spans, separators=(",", ":")),
        "communications_json": json.dumps(told, separators=(",", ":"), ensure_ascii=False),
    }


def text_of(row: Row[Any]) -> WorkingText:
    """Read a text from a row that holds one."""
    return WorkingText(
        **{name: getattr(row, name) for name in TEXT_SECTIONS},
        spans=tuple(TextSpan(*span) for span in json.loads(row.spans_json)),
        communications=tuple(Communication(*entry) for entry in json.loads(row.communications_json)),
    )


def refuse_unstorable(*texts: str) -> None:
    """Refuse text that cannot be written as UTF-8."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise ReportRefused("the text holds half of a two-part character; delete it and type it again") from error


def text_sha256(text: WorkingText, addendum: str = "") -> str:
    """Hash what a report says.

    SHA-256 over the JSON list of indication, findings, impression and addendum, in this order; a report that says more
    has as fifth item an object of its other sections and its communications, so that hashes of older reports hold.
    """
    parts: list[Any] = [text.indication, text.findings, text.impression, addendum]
    others: dict[str, Any] = {name: getattr(text, name) for name in _LATER_SECTIONS if getattr(text, name)}
    if text.communications:
        others["communications"] = [[entry.told, entry.at, entry.means] for entry in text.communications]
    if others:
        parts.append(others)
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def sha256_of_text(text: str) -> str:
    """Hash one text as UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
