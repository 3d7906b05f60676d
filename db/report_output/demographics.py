"""Names, dates and times as a document shows them, and in the forms that DICOM and FHIR ask for."""

from __future__ import annotations

import datetime as dt
import re

from db.report_output.clean_text import one_line

_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d)?([0-5]\d)?(\.\d{1,6})?")
MAX_NAME_GROUP_CHARACTERS = 64
"""A component group of a DICOM person name (PS3.5 6.2, PN)."""


def name_text(dicom_name: str) -> str:
    """Person name "Family^Given^Middle^Prefix^Suffix=…=…" as "Family, Given Middle (ideographic form)"."""
    alphabetic, *others = one_line(dicom_name).split("=")
    parts = [part.strip() for part in alphabetic.split("^")]
    given = " ".join(part for part in parts[1:3] if part)
    shown = ", ".join(part for part in (parts[0], given) if part)
    also = ", ".join(" ".join(group.replace("^", " ").split()) for group in others if group.strip("^ "))
    return f"{shown} ({also})" if shown and also else shown or also


def dicom_name(name: str) -> str:
    """Person name for DICOM: at most three groups, each of at most 64 characters, nothing that separates values.

    A name typed in one piece becomes the family name; the final ``^`` says that this is meant.
    """
    groups = [
        one_line(group, MAX_NAME_GROUP_CHARACTERS - 1).strip() for group in one_line(name).replace("\\", "/").split("=")
    ]
    joined = "=".join(groups[:3]).rstrip("=")
    return joined if not joined or "^" in joined else f"{joined}^"


def is_date(text: str) -> bool:
    """Whether a text is a day as DICOM writes it, ``YYYYMMDD``."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return False
    try:
        dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def iso_date(text: str) -> str | None:
    """Day as ``YYYY-MM-DD``; None when it is none."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if is_date(text) else None


def date_text(text: str) -> str:
    """Day for a reader; what is no day is shown as it is."""
    return iso_date(text) or one_line(text)


def time_text(text: str) -> str:
    """Time of day for a reader, "14:05"."""
    return f"{text[:2]}:{text[2:4]}" if is_time(text) and len(text) >= 4 else ""


def is_time(text: str) -> bool:
    """Whether a text is a time of day as DICOM writes it, ``HHMMSS.FFFFFF`` or the beginning of that."""
    return _TIME.fullmatch(text) is not None


def utc_text(iso_utc: str) -> str:
    """Time of the workspace for a reader: "2026-11-23 12:03 UTC"."""
    return f"{iso_utc[:10]} {iso_utc[11:16]} UTC"


def moment(iso_utc: str) -> dt.datetime:
    """Time of the workspace as a datetime in UTC."""
    return dt.datetime.fromisoformat(iso_utc.replace("Z", "+00:00"))
