"""Working text on its way into rows and back."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Row

from db.audit_chain import canonical_json
from db.errors import ReportRefused
from db.records import TextSpan, WorkingText


def text_columns(text: WorkingText) -> dict[str, str]:
    """Give the columns that hold a text.

    Raises
    ------
    ReportRefused
        If it holds half a surrogate pair, which no file can hold.
    """
    refuse_unstorable(text.indication, text.findings, text.impression)
    spans = [[span.section, span.start, span.end, span.origin] for span in text.spans]
    return {
        "indication": text.indication,
        "findings": text.findings,
        "impression": text.impression,
        "spans_json": json.dumps(spans, separators=(",", ":")),
    }


def text_of(row: Row[Any]) -> WorkingText:
    """Read a text from a row that holds one."""
    spans = tuple(TextSpan(*span) for span in json.loads(row.spans_json))
    return WorkingText(row.indication, row.findings, row.impression, spans)


def refuse_unstorable(*texts: str) -> None:
    """Refuse text that cannot be written as UTF-8."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise ReportRefused("the text holds half of a two-part character; delete it and type it again") from error


def text_sha256(indication: str, findings: str, impression: str, addendum: str = "") -> str:
    """Hash what a report says: SHA-256 over the JSON list of its four texts, in this order."""
    return hashlib.sha256(canonical_json([indication, findings, impression, addendum]).encode()).hexdigest()


def sha256_of_text(text: str) -> str:
    """Hash one text as UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
