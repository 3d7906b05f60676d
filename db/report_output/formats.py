"""The forms in which a report goes out; apart, so that a window can name them without loading what writes them."""

from __future__ import annotations

from typing import Literal, get_args

OutputFormat = Literal["pdf", "text", "sr", "encapsulated-pdf", "fhir"]
OUTPUT_FORMATS: tuple[str, ...] = get_args(OutputFormat)
SUFFIXES: dict[str, str] = {"pdf": ".pdf", "text": ".txt", "sr": ".dcm", "encapsulated-pdf": ".dcm", "fhir": ".json"}
ONLY_SIGNED = frozenset({"encapsulated-pdf"})
"""Formats that do not take a preliminary report."""


def suggested_name(study_uid: str, version: int, status: str, output_format: str) -> str:
    """Suggest a file name that says nothing of the patient."""
    kind = {"sr": "-sr", "encapsulated-pdf": "-pdf"}.get(output_format, "")
    end_of_uid = study_uid[-12:].replace(".", "-").strip("-")
    return f"report-{end_of_uid}-v{version}-{status.replace(' ', '-')}{kind}{SUFFIXES[output_format]}"
