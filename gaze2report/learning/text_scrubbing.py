"""Names, dates and numbers that point at a person, taken out of report texts (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)).

What is removed leaves ``___``, as in MIMIC-CXR. Names are those that the workspace knows of: the patient, the readers,
the physicians in the headers; a name that nobody told the program about is not found, so no text is called anonymous.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MARK = "___"
_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",  # e-mail
        r"\b(?:https?://|www\.)\S+",
        r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b",  # 2024-03-01
        r"\b\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})\b",  # 3/1/24, 01.03.2024
        rf"\b\d{{1,2}}(?:st|nd|rd|th)?[ .]+(?:of )?(?:{_MONTHS})\b\.?(?:,? +\d{{4}})?",  # 1 March 2024
        rf"\b(?:{_MONTHS})\b\.? +\d{{1,2}}(?:st|nd|rd|th)?\b(?:,? +\d{{4}})?",  # March 1, 2024
        rf"\b(?:{_MONTHS})\b\.?,? +\d{{4}}\b",  # March 2024
        r"\b(?:19|20)\d{6}\b",  # DICOM date
        r"\b\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?",
        r"\b\d{1,2} ?[ap]\.?m\b\.?",
        r"(?<!\w)(?=(?:[ ()./+-]?\d){8})\+?\(?\d{2,4}\)?(?:[ ./-]\d{2,8}){2,}\b",  # telephone, 8 digits or more
        r"\b(?=[A-Z0-9-]*\d)[A-Z]{1,4}-?\d{4,}[A-Z0-9-]*\b",  # A-10012, MRN000123
        r"\b\d{5,}\b",
        r"\b(?:dr|prof|mr|mrs|ms|miss)\.?(?: (?:med|dr)\.?)*(?-i: [A-Z][\w'-]+(?: [A-Z][\w'-]+)?)",
    )
)
_LEAST_NAME_LENGTH = 2


@dataclass(frozen=True)
class ScrubbedText:
    """A text without what points at a person, and how many places were taken out."""

    text: str
    n_removed: int


def scrub(text: str, names: Iterable[str] = ()) -> ScrubbedText:
    """Take names, dates, times, telephone numbers and identifiers out of a text.

    Parameters
    ----------
    names : iterable of str
        DICOM person names (``Doe^Jane``), names as they stand under reports, patient ids, accession numbers; each part
        of two characters or more is removed wherever it stands as a word, in any case.
    """
    removed = 0
    for pattern in (*_PATTERNS, *_name_patterns(names)):
        text, count = pattern.subn(MARK, text)
        removed += count
    return ScrubbedText(re.sub(rf"{MARK}(?:[ ,./-]*{MARK})+", MARK, text), removed)


def _name_patterns(names: Iterable[str]) -> list[re.Pattern[str]]:
    parts = {
        part
        for name in names
        for part in (name.strip(), *re.split(r"[\^=\s,.]+", name))
        if len(part) >= _LEAST_NAME_LENGTH and part.lower() not in _NOT_NAMES
    }
    return [
        re.compile(rf"(?<!\w){re.escape(part)}(?:'s)?(?!\w)", re.IGNORECASE)
        for part in sorted(parts, key=lambda one: (-len(one), one))
    ]


_NOT_NAMES = frozenset({"dr", "prof", "med", "mr", "mrs", "ms", "md", "the", "of", "and", "no", "unknown", "anonymous"})
