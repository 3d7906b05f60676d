"""Warnings from what is known of the study: sex, age, the findings head, measurements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gaze2report.report_checks.content import Issue, ReportContent, StudyFacts
from gaze2report.report_text import assertions, sentence_spans

CTR_LIMIT = 0.50
"""Cardiothoracic ratio on a PA film above which a heart is called enlarged (Danzer 1919)."""

CTR_DOUBT = 0.02
"""Within this of the limit, a measured ratio contradicts neither "normal" nor "enlarged"."""

SURELY_PRESENT, SURELY_ABSENT = 0.5, 0.02
"""Calibrated probabilities from which on a report that says the opposite is pointed out."""

_OF_SEX = {
    "F": re.compile(
        r"\b(?:she|her|hers|herself|woman|women|female|lady|mrs|ms|pregnan(?:t|cy)|gravid|uter(?:us|ine)|ovar(?:y|ies|ian)"
        r"|hysterectomy|post-?menopausal|breast (?:implants?|augmentation)|lumpectomy|girl)\b",
        re.IGNORECASE,
    ),
    "M": re.compile(
        r"\b(?:he|his|him|himself|man|male|gentleman|mr|prostat(?:e|ic|ectomy)|testic(?:le|les|ular)|scrot(?:um|al)"
        r"|gyna?ecomastia|boy)\b",
        re.IGNORECASE,
    ),
}
_SEX_TEXT = {"F": "female", "M": "male"}

_AGE = re.compile(
    r"\b(?P<age>\d{1,3})[ -]?(?:(?P<years>years?|yrs?|y)\b[ -]?(?:old|o\b|/o\b|of age)|(?:yo|y/o)\b"
    r"|(?P<months>months?|weeks?|days?)[ -]old)",
    re.IGNORECASE,
)
_CHILD = re.compile(r"\b(?:child|children|infant|newborn|neonat(?:e|al)|toddler|p(?:a)?ediatric)\b", re.IGNORECASE)
_AGED = re.compile(r"\b(?:elderly|octogenarian|senile)\b", re.IGNORECASE)

_HEART = r"(?:heart|cardiac (?:silhouette|size|contours?)|cardiomediastin(?:al silhouette|um))"
_HEART_NORMAL = re.compile(
    rf"\b{_HEART}\b[^.;]{{0,50}}\b(?:normal|not enlarged|unremarkable|within normal)"
    r"|\bno (?:evidence of )?(?:cardiomegaly|cardiac enlargement)\b|\bnormal (?:heart|cardiac)\b",
    re.IGNORECASE,
)
_HEART_LARGE = re.compile(
    r"(?<!no )(?<!without )(?<!evidence of )\bcardiomegaly\b|\benlarged (?:heart|cardiac)\b"
    rf"|\b{_HEART}\b[\w ]{{0,24}}(?<!not )\benlarged\b",
    re.IGNORECASE,
)
_CTR = re.compile(r"\b(?:cardio-?thoracic (?:ratio|index)|ctr)\b[^.\d\n]{0,40}(?P<ratio>0?[.,]\d{1,3})", re.IGNORECASE)


def sex(content: ReportContent, facts: StudyFacts) -> Iterator[Issue]:
    """The text speaks of nobody of the other sex."""
    for other, pattern in _OF_SEX.items():
        if facts.sex not in ("F", "M") or facts.sex == other:
            continue
        for section, text in content.sections.items():
            for match in pattern.finditer(text):
                own = _SEX_TEXT[facts.sex]
                sentence = f'"{match.group()}" is said of a {_SEX_TEXT[other]} patient; this patient is {own}.'
                yield Issue("sex", "warning", sentence, section, *match.span())


def age(content: ReportContent, facts: StudyFacts) -> Iterator[Issue]:
    """The text speaks of nobody of another age."""
    if facts.age_years is None:
        return
    for section, text in content.sections.items():
        for match in _AGE.finditer(text):
            stated = 0.0 if match["months"] else float(match["age"])
            if abs(stated - facts.age_years) >= (3 if match["months"] else 2):
                sentence = f'"{match.group()}": this patient is {facts.age_years:.0f} years old.'
                yield Issue("age", "warning", sentence, section, *match.span())
        wrong = _CHILD if facts.age_years >= 18 else _AGED if facts.age_years < 50 else None
        for match in wrong.finditer(text) if wrong is not None else ():
            sentence = f'"{match.group()}": this patient is {facts.age_years:.0f} years old.'
            yield Issue("age", "warning", sentence, section, *match.span())


def findings_head(content: ReportContent, facts: StudyFacts) -> Iterator[Issue]:
    """No sentence says the opposite of what the findings head is sure of."""
    for section in ("findings", "impression"):
        text = content.sections.get(section, "")
        for start, end in sentence_spans(text):
            for name, is_present in assertions(text[start:end]).items():
                probability = facts.observations.get(name)
                if probability is None:
                    continue
                if probability <= SURELY_ABSENT if is_present else probability >= SURELY_PRESENT:
                    says = "says it is there" if is_present else "says it is not there"
                    what = f"{name}: the text {says}, the AI's probability is {100 * probability:.0f} %."
                    yield Issue("negation", "warning", what, section, start, end)


def heart_size(content: ReportContent, facts: StudyFacts) -> Iterator[Issue]:
    """What is said of the heart's size goes with the measured cardiothoracic ratio."""
    ratio = facts.ctr
    for text in content.sections.values():
        for match in _CTR.finditer(text):
            ratio = float(match["ratio"].replace(",", "."))
    if ratio is None or abs(ratio - CTR_LIMIT) <= CTR_DOUBT:
        return
    pattern, word = (_HEART_NORMAL, "normal") if ratio > CTR_LIMIT else (_HEART_LARGE, "enlarged")
    for section in ("findings", "impression"):
        text = content.sections.get(section, "")
        for start, end in sentence_spans(text):
            if pattern.search(text[start:end]):
                what = f"The heart is called {word}; the cardiothoracic ratio is {ratio:.2f}."
                yield Issue("measurement", "warning", what, section, start, end)
