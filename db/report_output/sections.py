"""What the sections of a report are called, in words and in codes.

Codes: LOINC headings of CID 7001 "Diagnostic Imaging Report Heading" and DCM elements of CID 7002 "Diagnostic Imaging
Report Element" (DICOM PS3.16). A section that is not listed here is written all the same, under a code of our own
scheme 99G2R.
"""

from __future__ import annotations

from dataclasses import dataclass

from db.records import TEXT_SECTIONS

LOINC = "LN"
DCM = "DCM"
LOCAL_SCHEME = "99G2R"
LOCAL_SCHEME_NAME = "Gaze2Report workstation"


@dataclass(frozen=True)
class Coded:
    """A coded concept: value, coding scheme designator (``LN``, ``DCM``, ``99G2R``), meaning."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class SectionKind:
    """How a section is written: its heading, the code of the heading, and the code of a text under it."""

    heading: str
    heading_code: Coded
    text_code: Coded


REPORT_CODE = Coded("18748-4", LOINC, "Diagnostic Imaging Report")
_FINDING = Coded("121071", DCM, "Finding")
_DESCRIPTION = Coded("121065", DCM, "Procedure Description")
_COMMENT = Coded("121106", DCM, "Comment")
_KINDS: dict[str, SectionKind] = {
    "indication": SectionKind(
        "Indication",
        Coded("18785-6", LOINC, "Indications for Procedure"),
        Coded("121109", DCM, "Indications for Procedure"),
    ),
    "technique": SectionKind("Technique", Coded("55111-9", LOINC, "Current Procedure Descriptions"), _DESCRIPTION),
    "comparison": SectionKind(
        "Comparison", Coded("18834-2", LOINC, "Previous Findings"), Coded("121069", DCM, "Previous Finding")
    ),
    "findings": SectionKind("Findings", Coded("59776-5", LOINC, "Findings"), _FINDING),
    "impression": SectionKind("Impression", Coded("19005-8", LOINC, "Impressions"), Coded("121073", DCM, "Impression")),
    "recommendation": SectionKind(
        "Recommendation", Coded("18783-1", LOINC, "Recommendations"), Coded("121075", DCM, "Recommendation")
    ),
    "communication": SectionKind(
        "Communication of critical results",
        Coded("73568-8", LOINC, "Communication of Critical Results"),
        _COMMENT,
    ),
    "addendum": SectionKind("Addendum", Coded("55107-7", LOINC, "Addendum"), _COMMENT),
}
_ALIASES = {
    "recommendations": "recommendation",
    "critical_communication": "communication",
    "critical_result": "communication",
    "procedure": "technique",
}
WITHOUT_SECTION_OF_ITS_OWN = frozenset({"addendum"})


def kind_of(name: str) -> SectionKind:
    """Give the heading and the codes of a section, also of one that is new to this file."""
    known = _KINDS.get(_ALIASES.get(name, name))
    if known is not None:
        return known
    heading = name.replace("_", " ").strip().capitalize()
    code = Coded(name.upper()[:16], LOCAL_SCHEME, heading)
    return SectionKind(heading, code, code)


def names_in_order() -> tuple[str, ...]:
    """Name the sections of a report in the order in which they are written."""
    return tuple(TEXT_SECTIONS)
