"""A report as plain text, as it goes to the clipboard."""

from __future__ import annotations

from db.records import TEXT_SECTIONS, WorkingText
from desktop.report.communication_row import communication_text


def report_text(work: WorkingText) -> str:
    """All sections that say something, each under its name, and the communications."""
    parts = [(name.capitalize(), work.section(name)) for name in TEXT_SECTIONS]
    told = "\n".join(communication_text(entry) for entry in work.communications)
    parts.append(("Critical result communicated", told))
    return "\n\n".join(f"{name}:\n{text}" for name, text in parts if text.strip())
