"""Readings for tests of the report's widgets: no workspace, no host."""

from __future__ import annotations

from pathlib import Path

from db.records import Instance, Patient, Series, Study, WorkingText
from db.records import Reading as ReadingRecord
from desktop.reading import Reading
from gaze2report.types import Draft, InstanceHeader, Provenance, Report

FINDINGS, IMPRESSION = "The lungs are clear. The heart is normal. No effusion.", "No acute disease."


def study(status: str = "in-progress", sex: str = "F", age_years: float | None = 60.0) -> Study:
    header = InstanceHeader("1", "1.1", "1.1.1")
    series = Series("1.1", "DX", "", (Instance("1.1.1", "1.1", Path("film"), "", 1, header, ""),))
    return Study("1", Patient("P", "N", "", sex), age_years, "", "", "", "", "", status, "", "", (series,))  # type: ignore[arg-type]


def open_reading(work: WorkingText = WorkingText(), status: str = "in-progress", mode: str = "ai-first") -> Reading:  # noqa: B008
    reading = Reading()
    reading.open(study(status), ReadingRecord(1, "1", "reader", "", work, mode=mode))  # type: ignore[arg-type]
    return reading


def draft(findings: str = FINDINGS, impression: str = IMPRESSION) -> Draft:
    made_by = Provenance("b", "", "adapter", "a" * 64, "", "", 0, "")
    return Draft("", "1", "1.1.1", Report(findings, impression), (), {}, (), "predicted", made_by)


def drafted_reading(findings: str = FINDINGS, impression: str = IMPRESSION) -> Reading:
    """A reading into which a draft has come."""
    reading = open_reading()
    reading.begin_draft("id", "1.1.1")
    reading.finish_draft(draft(findings, impression))
    return reading
