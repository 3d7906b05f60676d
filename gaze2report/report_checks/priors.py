"""Warning: the text compares with an earlier study, and there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gaze2report.report_checks.content import Issue, ReportContent, StudyFacts
from gaze2report.report_text import sentence_spans

_SECTIONS = ("comparison", "findings", "impression")

_COMPARING = (
    r"unchanged", r"compar(?:ed|ison|ing)", r"in the interval", r"interval(?:ly)?(?! follow| chest| radiograph)",
    r"previous(?:ly)?", r"prior", r"again (?:seen|noted|demonstrated|identified|present)", r"re-?demonstrated",
    r"no longer", r"since (?:the )?(?:last|prior|previous|\d)", r"new(?:ly)?", r"persist(?:s|ent|ing)",
    r"(?:im|un)prov(?:ed|ing|ement)", r"worsen(?:ed|ing)", r"progress(?:ion|ed|ing)", r"stable",
    r"decreased (?:from|since)", r"increased (?:from|since)", r"ha(?:s|ve) (?:resolved|cleared|increased|decreased)",
    r"similar (?:to|in appearance)", r"as before", r"earlier (?:study|film|exam\w*)",
)  # fmt: skip

_PAST = (
    "surg", "sternotomy", "granulomatous", "fracture", "cabg", "thoracotomy", "mastectomy", "infection", "exposure",
    "resect", "trauma", "valve", "bypass", "intervention", "injury", "lobectomy", "history", "vaccin", "tubercul",
    "disease", "operation", "procedure", "myocardial", "healed", "inflamm", "rib",
)  # fmt: skip
"""What lies before the film is not an earlier film: "prior granulomatous disease"."""

_NOT_COMPARING = (
    r"no (?:prior|previous|earlier|old|relevant|comparison)\b[\w ]{0,40}", r"none (?:is )?available", r"not available",
    r"unavailable", rf"(?:prior|previous|remote|old)(?:ly)? (?:\w+ ){{0,2}}(?:{'|'.join(_PAST)})",
    r"ha?emodynamically stable", r"stable (?:vital|condition|patient|angina)",
    r"new(?:ly)? (?:onset|diagnos|start|symptom|cough|york|baseline)",
    r"persistent(?:ly)? (?:cough|fever|pain|symptom|dyspn|hiccup)", r"if [^.]{0,60}(?:persist|worsen|progress|improv)",
    r"(?:inter\w+) spaces?", r"for (?:future )?comparison", r"if available", r"until improved",
    r"(?:correlat\w+|obtain\w*|recommend\w*|should be|suggest\w*|consider\w*)\b[^.]{0,60}\b"
    r"(?:prior|previous|compar|interval)",
)  # fmt: skip


def _any(parts: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(parts)})", re.IGNORECASE)


_COMPARES = re.compile(rf"{_any(_COMPARING).pattern}\b", re.IGNORECASE)
_COMPARES_NOT = _any(_NOT_COMPARING)


def prior(content: ReportContent, facts: StudyFacts) -> Iterator[Issue]:
    """Nothing is compared when there is no earlier study."""
    if facts.has_prior is not False:
        return
    for section in _SECTIONS:
        text = content.sections.get(section, "")
        for start, end in sentence_spans(text):
            sentence = _COMPARES_NOT.sub(lambda match: "." * len(match.group()), text[start:end])
            match = _COMPARES.search(sentence)
            if match:
                what = f'"{match.group()}" compares, and this patient has no earlier study here.'
                yield Issue("prior", "warning", what, section, start, end)
