"""Sections of a MIMIC-CXR report, found by the rules of the data set's authors (MIT-LCP, ``mimic-cxr``, MIT licence).

A heading is a line that begins with one space and capitals up to a colon. Headings are spelled in many ways and mapped
to a few names; where one repeats, the last counts; a report with neither findings nor impression has its last paragraph
instead. The authors also list some fifty reports by hand whose sections no rule finds; those are not reproduced here.
"""

from __future__ import annotations

import re

from gaze2report.data.training_example import SECTIONS

_HEADING = re.compile(r"\n ([A-Z ()/,-]+):\s")
_PARAGRAPH = "\n \n"

_SPELLINGS: dict[str, tuple[str, ...]] = {
    "impression": (
        "conclusion", "findings and impression", "findings/impression", "findings/ impression", "ndication",
        "impresson", "imprression", "imoression", "impressoin", "imprssion", "impresion", "imperssion",
        "mpression", "impession",
    ),
    "findings": (
        "chest, two views", "finding", "findins", "findindgs", "findgings", "findngs", "findnings",
        "finidngs", "reference findings",
    ),
    "indication": ("reason for examination", "reason for exam", "clinical indication", "idication"),
    "history": ("clinical history", "clinical information", "patient history", "pfi"),
    "comparison": (
        "comparisons", "reference exam", "comparison exam", "comparison film", "comparision", "comparsion",
        "comparrison", "comparisions",
    ),
    "examination": ("exam", "type of examination"),
    "recommendations": ("recommendation(s)", "recommendation"),
    "wet read": ("wetread",),
}  # fmt: skip
_NAME_OF_HEADING = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}
_OWN_NAMES = {
    "preamble", "impression", "comparison", "indication", "findings", "examination", "technique", "history",
    "notification", "addendum", "date", "comment", "wet read", "recommendations",
}  # fmt: skip
_NAMES_WITHIN = ("impression", "findings", "history", "comparison", "addendum")
_VIEWS = re.compile(
    "chest|portable|pa and lateral|lateral and pa|ap and lateral|lateral and ap|frontal and|two views|frontal view|"
    "pa view|ap view|one view|lateral view|bone window|frontal upright|frontal semi-upright|ribs|pa and lat"
)


def split_sections(text: str) -> dict[str, str]:
    """Return the sections of a report that a training set keeps, by name, without surrounding white space.

    Sections of other names (examination, notification, ...) are not returned.
    """
    parts = _mended(_named_parts(text))
    return {name: body.strip() for name, body in parts if name in SECTIONS and body.strip()}


def name_of_heading(heading: str) -> str:
    """Name of the section that a heading opens; the heading itself, in small letters, where it opens none of them."""
    heading = heading.lower().strip()
    if heading in _OWN_NAMES:
        return heading
    if heading in _NAME_OF_HEADING:
        return _NAME_OF_HEADING[heading]
    for name in _NAMES_WITHIN:
        if name in heading:
            return name
    return "findings" if _VIEWS.search(heading) else heading


def _named_parts(text: str) -> list[tuple[str, str]]:
    """Cut a report at its headings; what stands before the first is the preamble."""
    match = _HEADING.search(text)
    if match is None:
        return [("full report", text)]
    parts = [("preamble", text[: match.start(1)])]
    while match is not None:
        begin = match.end()
        # A heading right below an empty one is text of that one: report titles look like headings.
        line_end = text.find("\n", begin)
        following = _HEADING.search(text, max(line_end, begin))
        parts.append((name_of_heading(match[1]), text[begin : following.start() if following else len(text)]))
        match = following
    return parts


def _mended(parts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave out empty findings and impressions, and cut off the last paragraph where no other is left."""
    kept = [(name, body) for name, body in parts if body.strip() or name not in ("impression", "findings")]
    names = {name for name, _ in kept}
    if kept and not names & {"impression", "findings"} and _PARAGRAPH in kept[-1][1]:
        name, body = kept.pop()
        first, _, rest = body.partition(_PARAGRAPH)
        kept += [(name, first), ("last_paragraph", rest)]
    return kept
