"""Warnings from the text alone: sides that do not agree, and a critical finding that nobody was told of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gaze2report.report_checks.content import Issue, ReportContent, StudyFacts
from gaze2report.report_checks.statements import Statement, clauses, statements
from gaze2report.report_text import sentence_spans

_IMPOSSIBLE = re.compile(r"\bleft middle lobe\b|\bright lingula", re.IGNORECASE)
_DESCRIBED = ("findings",)
_CONCLUDED = ("impression", "recommendation")

_CRITICAL = re.compile(
    r"\btension\b[\w ]{0,20}\bpneumothorax|\bpneumothora(?:x|ces)\b|\bpneumoperitoneum\b|\bpneumomediastinum\b"
    r"|\bfree (?:intraperitoneal |intra-abdominal |subdiaphragmatic )?(?:air|gas)\b"
    r"|\b(?:air|gas) (?:under|beneath|below) the (?:\w+ )?(?:hemi)?diaphragm"
    r"|\bmediastinal shift\b|\bshift of the mediastinum\b|\b(?:aortic|acute) dissection\b"
    r"|\b(?:endotracheal|et) tube\b[\w ,]{0,60}\b(?:main ?stem|main bronchus|bronchus intermedius|esophag|oesophag)"
    r"|\b(?:feeding|nasogastric|ng|enteric|orogastric|dobhoff) tube\b[\w ,]{0,60}\b(?:bronch|lung|lobe|airway|pleura)"
    r"|\bretained (?:sponge|needle|foreign body|surgical)|\bmalpositioned\b",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"\b(?:no|without|not|negative for|free of|clear of|absence of|resolved|resolution of|ruled out|rather than|nor"
    r"|risk of|removal of|exclude[ds]?|excluded)\b",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"\b(?:discussed|communicated|notified|informed|relayed|telephoned|called|conveyed|reported)\b"
    r"[^.\n]{0,80}\b(?:dr|doctor|physician|clinician|nurse|team|ward|service|department|practitioner|pm|am)\b",
    re.IGNORECASE,
)


def laterality(content: ReportContent, _facts: StudyFacts) -> Iterator[Issue]:
    """A finding has in the impression no side that it has not in the findings."""
    found = [one for one in statements(content.sections) if one.is_present and one.sides]
    described = [one for one in found if one.section in _DESCRIBED]
    told: set[tuple[str, int]] = set()
    for one in found:
        if one.section in _CONCLUDED and _contradicts(one, described) and (one.section, one.start) not in told:
            told.add((one.section, one.start))
            sides = {side for other in described if other.finding == one.finding for side in other.sides}
            sentence = f"Side: {_sides_text(one.sides)} {one.finding} here, {_sides_text(sides)} in the findings."
            yield Issue("laterality", "warning", sentence, one.section, one.start, one.end)
    for section, text in content.sections.items():
        for match in _IMPOSSIBLE.finditer(text):
            yield Issue("laterality", "warning", f"There is no {match.group().lower()}.", section, *match.span())


def _contradicts(one: Statement, described: list[Statement]) -> bool:
    sides = [other.sides for other in described if other.finding == one.finding]
    return bool(sides) and not one.sides <= frozenset().union(*sides)


def _sides_text(sides: frozenset[str] | set[str]) -> str:
    return " and ".join(sorted(sides))


def critical_result(content: ReportContent, _facts: StudyFacts) -> Iterator[Issue]:
    """Somebody was told of a finding that cannot wait."""
    if content.has_communication or any(_TOLD.search(text) for text in content.sections.values()):
        return
    for section, text in content.sections.items():
        if section not in (*_DESCRIBED, *_CONCLUDED):
            continue
        for start, end in sentence_spans(text):
            for clause in clauses(text[start:end]):
                match = _CRITICAL.search(clause)
                if match and not _ABSENT.search(clause[: match.start()]) and not _ABSENT.search(clause[match.end() :]):
                    sentence = f"Critical finding ({match.group().lower()}): it is not noted who was told."
                    yield Issue("critical result", "warning", sentence, section, start, end)
                    return
