"""CheXpert's 14 labels of a report, found by rules: mention, negation, uncertainty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.clinical_phrases import (
    HEADING,
    MENTIONS,
    NEGATION,
    NEGATION_BEHIND,
    NORMAL_MENTIONS,
    SCOPE_END,
    SKIPPED_SECTIONS,
    UNCERTAIN,
    UNCERTAIN_BEHIND,
)
from gaze2report.types import CHEXPERT_OBSERVATIONS

Label = Literal[1, 0, -1]
POSITIVE: Literal[1] = 1
NEGATIVE: Literal[0] = 0
UNCERTAIN_LABEL: Literal[-1] = -1
UncertainPolicy = Literal["positive", "negative"]

NO_FINDING, SUPPORT_DEVICES = "No Finding", "Support Devices"
_SENTENCE_END = re.compile(r"(?<!\bdr)(?<!\bvs)[.;!?](?=\s|$)|\n\s*\n", re.IGNORECASE)
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_CLAUSE_END = re.compile(r",? \b(?:but|however|although|though|while|whereas)\b", re.IGNORECASE)
_REACH = 300
"""Characters of a clause that a negation reaches; without it a report that repeats itself takes quadratic time."""
_LIST_NUMBER = re.compile(r"(?:^|(?<=\s))\d{1,2}[.)](?=\s)")


def label_report(text: str) -> dict[str, Label]:
    """Label a report with the observations of CheXpert (Irvin et al. 2019).

    Parameters
    ----------
    text : str
        A report. Where it has headings, sections that ask or tell how (indication, technique, ...) are not read.

    Returns
    -------
    dict of str to int
        1 present, 0 absent, -1 uncertain, by observation; what the report does not speak of is missing. Of several
        mentions the present one counts, then the uncertain one. "No Finding" is 1 when nothing but devices is present
        or uncertain, and else missing.
    """
    found: dict[str, Label] = {}
    for clause in _clauses(text):
        for name, label in _labels_of(clause):
            if found.get(name) != POSITIVE and (label != NEGATIVE or name not in found):
                found[name] = label
    if text.strip() and all(found.get(name, NEGATIVE) == NEGATIVE for name in MENTIONS if name != SUPPORT_DEVICES):
        found[NO_FINDING] = POSITIVE
    return found


def label_matrix(texts: Sequence[str]) -> NDArray[np.float64]:
    """Label reports.

    Returns
    -------
    ndarray, shape (N, 14)
        1, 0, -1 or NaN (not spoken of), in the order of ``CHEXPERT_OBSERVATIONS``.
    """
    labels = np.full((len(texts), len(CHEXPERT_OBSERVATIONS)), np.nan)
    for row, text in enumerate(texts):
        for name, label in label_report(text).items():
            labels[row, CHEXPERT_OBSERVATIONS.index(name)] = label
    return labels


def is_positive(labels: NDArray[np.float64], uncertain: UncertainPolicy) -> NDArray[np.bool_]:
    """Reduce labels to present or not; uncertain ones by the policy, what is not spoken of is not present."""
    counted = [POSITIVE, UNCERTAIN_LABEL] if uncertain == "positive" else [POSITIVE]
    return np.isin(labels, counted)


def _clauses(text: str) -> Iterator[str]:
    for section in _read_sections(text.replace("\r\n", "\n")):
        for sentence in _SENTENCE_END.split(_LIST_NUMBER.sub("\n\n", section)):
            if sentence is not None:
                for clause in _CLAUSE_END.split(" ".join(sentence.split())):
                    if clause.strip():
                        yield clause


def _read_sections(text: str) -> Iterator[str]:
    """The text of the sections in which something seen is told."""
    heads = list(HEADING.finditer(text))
    yield text[: heads[0].start()] if heads else text
    for number, head in enumerate(heads):
        body = text[head.end() : heads[number + 1].start() if number + 1 < len(heads) else len(text)]
        if not SKIPPED_SECTIONS.search(head["heading"] or head["inline"]):
            yield body
        else:  # a paragraph behind it is the report again, with no heading of its own
            paragraphs = _PARAGRAPH.split(body.lstrip(), maxsplit=1)
            yield from paragraphs[1:]


def _labels_of(clause: str) -> Iterator[tuple[str, Label]]:
    for name, pattern in MENTIONS.items():
        for match in pattern.finditer(clause):
            before = clause[max(0, match.start() - _REACH) : match.start()]
            yield name, _label(before, match.group(), clause[match.end() : match.end() + _REACH])
    for name, pattern in NORMAL_MENTIONS.items():
        if pattern.search(clause):
            yield name, NEGATIVE


def _label(before: str, mention: str, behind: str) -> Label:
    open_before = list(UNCERTAIN.finditer(before))
    if open_before or UNCERTAIN_BEHIND.match(behind):
        return UNCERTAIN_LABEL
    negations = list(NEGATION.finditer(before))
    if negations and not SCOPE_END.search(before, negations[-1].end()):
        return NEGATIVE
    if re.search(r"\bnot\b", mention) or NEGATION_BEHIND.match(behind):
        return NEGATIVE
    return POSITIVE
