"""The report as plain text: UTF-8, lines as in the report."""

from __future__ import annotations

from db.report_output.clean_text import one_line
from db.report_output.demographics import date_text, name_text, time_text, utc_text
from db.report_output.document import RESEARCH_USE, OutputDocument, OutputSection


def head_lines(document: OutputDocument) -> tuple[tuple[str, str], ...]:
    """Give label and value of what stands above a report; an empty value is left out."""
    study, version = document.study, document.version
    age = "" if study.age_years is None else f"{study.age_years:.0f} y"
    when = " ".join(part for part in (date_text(study.study_date), time_text(study.study_time)) if part)
    lines = (
        ("Patient", name_text(study.patient.name) or "no name"),
        ("Patient ID", one_line(study.patient.patient_id)),
        ("Born", date_text(study.patient.birth_date)),
        ("Sex, age", ", ".join(part for part in (one_line(study.patient.sex), age) if part)),
        ("Examination", one_line(study.description)),
        ("Date", when),
        ("Accession number", one_line(study.accession_number)),
        ("Study UID", study.study_uid),
        ("Status", document.status_text),
        ("Version", f"{version.version} of {utc_text(version.created_at_utc)}"),
    )
    return tuple((label, value) for label, value in lines if value)


def state_lines(document: OutputDocument) -> tuple[str, ...]:
    """Say what keeps this version from being relied on; empty when nothing does."""
    lines = []
    if not document.is_signed:
        lines.append("PRELIMINARY: this report is not signed.")
    if document.superseded_by is not None:
        lines.append(f"SUPERSEDED: version {document.superseded_by} of this report is newer.")
    return tuple(lines)


def page_head(document: OutputDocument) -> str:
    """Say on one line whose report it is, for every page but the first."""
    study = document.study
    parts = (name_text(study.patient.name) or "no name", study.patient.patient_id, study.accession_number)
    return " · ".join(one_line(part) for part in parts if one_line(part))


def heading_of(section: OutputSection) -> str:
    """Heading of a section; an addendum says by whom and when."""
    if section.added_by is None:
        return section.kind.heading
    added = section.added_by
    return f"{section.kind.heading} by {one_line(added.signer)}, {utc_text(added.created_at_utc)}"


def signature_line(document: OutputDocument) -> str:
    """Who signed and when, or that nobody has."""
    version = document.version
    when = utc_text(version.created_at_utc)
    if not document.is_signed:
        return f"Not signed. Kept as preliminary by {one_line(version.author)}, {when}."
    signed = [one for one in (*document.predecessors, version) if not one.addendum]
    of = signed[-1] if signed else version
    return f"Signed by {one_line(of.signer)}, {utc_text(of.created_at_utc)}."


def foot_lines(document: OutputDocument) -> tuple[str, ...]:
    """Give what stands below every report: signature, hand of the model, hash, purpose."""
    return (
        signature_line(document),
        *document.amendments,
        document.assistance_sentence,
        f"SHA-256 of the report's text: {document.version.text_sha256}",
        RESEARCH_USE,
    )


def watermark_of(document: OutputDocument) -> str:
    """Word across each page; empty for a signed report that no newer version has replaced."""
    if not document.is_signed:
        return "PRELIMINARY"
    return "SUPERSEDED" if document.superseded_by is not None else ""


def to_text(document: OutputDocument) -> str:
    """Write the report as plain text; each section's text stands in it as it is."""
    head = head_lines(document)
    width = max(len(label) for label, _ in head) + 2
    parts = ["RADIOLOGY REPORT", *state_lines(document), ""]
    parts += [f"{label + ':':{width}}{value}" for label, value in head]
    for section in document.sections:
        parts += ["", heading_of(section).upper() if section.added_by is None else heading_of(section), section.text]
    parts += ["", "--", *foot_lines(document), ""]
    return "\n".join(parts)
