"""Blockers: what a report must not be signed with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gaze2report.report_checks.content import Issue, ReportContent, StudyFacts
from gaze2report.report_templates.fields import find_fields

_LEFTOVER = re.compile(
    r"\bX{3,}\b|\?{3,}|\b(?:TODO|TBD|FIXME|lorem ipsum)\b|\{[^{}\n]{0,200}\}|<[a-z][a-z ]{1,30}>|\.{4,}", re.IGNORECASE
)
_IDENTIFIER = re.compile(
    r"\b(?P<what>accession|acc|mrn|patient id)\b\.?(?: number| no\.?)?[ :#]{1,3}(?P<value>[A-Z0-9][A-Z0-9._-]{2,})",
    re.IGNORECASE,
)


def missing_text(content: ReportContent, _facts: StudyFacts) -> Iterator[Issue]:
    """Findings and impression say something."""
    for name, sentence in (
        ("findings", "The findings are empty."),
        ("impression", "The impression is empty."),
    ):
        if not content.sections.get(name, "").strip():
            yield Issue(f"missing {name}", "blocker", sentence, name)


def unfilled(content: ReportContent, _facts: StudyFacts) -> Iterator[Issue]:
    """No field of a template is left, and nothing that stands for text to come."""
    for section, text in content.sections.items():
        for field in find_fields(text):
            shown = text[field.start : field.end]
            sentence = f"The field {_short(shown)} is not filled in."
            if not field.is_mandatory:
                sentence = f"The field {_short(shown)} still offers its default."
            yield Issue("placeholder", "blocker", sentence, section, field.start, field.end)
        for match in _LEFTOVER.finditer(text):
            sentence = f"{_short(match.group())} stands for text that is missing."
            yield Issue("placeholder", "blocker", sentence, section, *match.span())


def unreviewed_ai(content: ReportContent, _facts: StudyFacts) -> Iterator[Issue]:
    """Every AI sentence was accepted, changed or removed by the reader."""
    for section, start, end in content.unreviewed:
        sentence = f"AI sentence not reviewed: {_short(content.sections[section][start:end])}"
        yield Issue("unreviewed AI", "blocker", sentence, section, start, end)


def wrong_study(content: ReportContent, facts: StudyFacts) -> Iterator[Issue]:
    """The text is of the study on screen, and names no other one."""
    if content.study_uid and facts.study_uid and content.study_uid != facts.study_uid:
        yield Issue("wrong study", "blocker", "The text was written for another study than the one on screen.")
    for section, text in content.sections.items():
        for match in _IDENTIFIER.finditer(text):
            own = facts.accession_number if match["what"].lower().startswith("acc") else facts.patient_id
            if own and match["value"].rstrip(".").lower() != own.lower():
                sentence = f"The text names {match.group()}, this is {own}."
                yield Issue("wrong study", "blocker", sentence, section, *match.span())


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
