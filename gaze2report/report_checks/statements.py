"""What a report states: findings with their side and whether they are there, found by rules.

The rules are deliberately plain, so that a reader can see why something was pointed out: a clause is searched for
findings, a negating word before a finding (or "is absent" behind it) negates it, and the nearest side word that no
other finding comes between is its side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gaze2report.report_text import sentence_spans

LEFT, RIGHT = "left", "right"

FINDINGS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "effusion": r"(?:pleural )?effusions?\b|\b(?:pleural|layering) fluid|costophrenic (?:angle )?blunting"
        r"|blunting of the (?:\w+ ){0,2}costophrenic|hydrothorax",
        "pneumothorax": r"\b(?:hydro)?pneumothora(?:x|ces)\b",
        "airspace": r"(?<!bone )(?<!mineral )\bdensit(?:y|ies)\b|\bopacit(?:y|ies)\b|\bopacifications?\b"
        r"|\bconsolidations?\b|\bpneumonias?\b|\binfiltrates?\b|\bair ?-?space disease\b",
        "atelectasis": r"\batelecta(?:sis|tic)\b|\bvolume loss\b|\bcollapse\b",
        "nodule": r"\bnodul(?:es?|ar)\b|\bmass(?:es)?\b|\blesions?\b",
        "granuloma": r"\bgranulomas?\b",
        "fracture": r"\bfractures?\b",
        "elevation": r"\belevat(?:ion|ed)\b[\w ]{0,20}\bhemidiaphragm\b"
        r"|\bhemidiaphragm\b[\w ]{0,12}\belevat(?:ion|ed)\b",
        "line": r"\bpicc\b|\bcatheters?\b|\bcentral (?:venous )?lines?\b|\bport-?a-?cath\b|\bchest port\b|\bpacemaker\b"
        r"|\bpacer\b|\bicd\b|\bchest tubes?\b|\bpleural (?:drain|tube)s?\b",
        "scar": r"\bscar(?:ring|s)?\b|\bfibrosis\b|\bpleural thickening\b",
        "adenopathy": r"\b(?:lymph)?adenopathy\b",
        "edema": r"\bo?edema\b",
    }.items()
}
"""Findings that have words of their own in findings and impression; one name for what one speaks of in both."""

_CLAUSE_END = re.compile(r"[;.](?=\s|$)|,? \b(?:but|however|although|except|with the exception of|aside from)\b")
_NEGATION = re.compile(
    r"\b(?:no|without|not|free of|negative for|absence of|rather than|neither|nor|never"
    r"|ruled out|clear of|no longer|removal of|removed)\b",
    re.IGNORECASE,
)
_NEGATED_BEHIND = re.compile(
    r"^[\w ,]{0,40}?\b(?:is|are|was|were|ha(?:s|ve) been) "
    r"(?:absent|excluded|ruled out|removed|not (?:seen|present|identified|visualized|evident))\b",
    re.IGNORECASE,
)
_SIDE = re.compile(
    r"\b(?P<both>bilateral(?:ly)?|both|bibasilar|bibasal|biapical|right and left|left and right|left greater than right"
    r"|right greater than left)\b"
    r"|\b(?P<left>left(?:-sided)?|lul|lll|lingular?)\b|\b(?P<right>right(?:-sided)?|rul|rll|rml|middle lobe)\b",
    re.IGNORECASE,
)
_JOINED = re.compile(r"[\s,/]*(?:and/or|and|or|versus|vs\.?)?\s*(?:an? |some |mild |minimal |associated |adjacent )*")
_EXPLAINS = re.compile(
    r"\b(?:represent\w*|consistent|suggest\w*|compatible|reflect\w*|due|likely|probably|associated|with|indicat\w*|or|and)\b"
)
_NOT_A_SIDE = re.compile(
    r"^(?:-sided)? (?:heart|ventric|atri|aort|cardiac|hilum|hilar|cardiophrenic|paratracheal stripe|arch)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Statement:
    """A finding that a report speaks of.

    Attributes
    ----------
    finding : str
        A name of `FINDINGS`.
    is_present : bool
        False when it is negated; what is said to have resolved was there.
    sides : frozenset of str
        "left", "right", both, or empty when no side is stated.
    section, start, end : str, int, int
        The sentence that states it.
    """

    finding: str
    is_present: bool
    sides: frozenset[str]
    section: str
    start: int
    end: int


def statements(sections: Mapping[str, str]) -> list[Statement]:
    """All findings that the sections state, in order."""
    return [
        statement
        for section, text in sections.items()
        for start, end in sentence_spans(text)
        for statement in _of_sentence(text[start:end], section, start, end)
    ]


def clauses(sentence: str) -> Iterator[str]:
    """The clauses of a sentence; "but" and the like begin one."""
    position = 0
    for match in _CLAUSE_END.finditer(sentence):
        yield sentence[position : match.start()]
        position = match.end()
    yield sentence[position:]


def _of_sentence(sentence: str, section: str, start: int, end: int) -> Iterator[Statement]:
    for clause in clauses(sentence):
        groups = _grouped(_mentions(clause), clause)
        inherited: frozenset[str] = frozenset()
        for number, group in enumerate(groups):
            first, last = group[0][0], group[-1][1]
            before = groups[number - 1][-1][1] if number else 0
            after = groups[number + 1][0][0] if number + 1 < len(groups) else len(clause)
            is_present = not (_NEGATION.search(clause[:first]) or _NEGATED_BEHIND.match(clause[last:]))
            sides = _sides(clause, first, last, before, after)
            if not sides and number and _EXPLAINS.search(clause[before:first]):
                sides = inherited
            inherited = sides
            for name in dict.fromkeys(name for _, _, name in group):
                yield Statement(name, is_present, sides, section, start, end)


def _mentions(clause: str) -> list[tuple[int, int, str]]:
    return sorted(
        (match.start(), match.end(), name) for name, pattern in FINDINGS.items() for match in pattern.finditer(clause)
    )


def _grouped(mentions: list[tuple[int, int, str]], clause: str) -> list[list[tuple[int, int, str]]]:
    """Mentions that nothing but "and" or "versus" parts are one: "atelectasis versus scarring in the left base"."""
    groups: list[list[tuple[int, int, str]]] = []
    for mention in mentions:
        if groups and _JOINED.fullmatch(clause[groups[-1][-1][1] : mention[0]]):
            groups[-1].append(mention)
        else:
            groups.append([mention])
    return groups


def _sides(clause: str, first: int, last: int, before: int, after: int) -> frozenset[str]:
    """Side of a mention: the last side word before it that follows the mention before, else the first behind it."""
    found = [match for match in _SIDE.finditer(clause) if not _NOT_A_SIDE.match(clause[match.end() :])]
    near = [match for match in found if before <= match.start() < last]
    behind = [match for match in found if last <= match.start() and match.end() <= after]
    here = near or behind
    if not here:
        return frozenset()
    chosen = near[-1] if near else behind[0]
    names = {str(chosen.lastgroup)}
    for other in here:  # "in the left and right upper lobes"
        between = clause[min(other.end(), chosen.end()) : max(other.start(), chosen.start())]
        if other is not chosen and re.fullmatch(r"[\w ,]{0,24}\band\b[\w ,]{0,16}", between):
            names.add(str(other.lastgroup))
    return frozenset({LEFT, RIGHT}) if "both" in names else frozenset(names)
