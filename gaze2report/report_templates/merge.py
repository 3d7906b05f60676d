"""Merge fields: what is known of the patient and the study, put into a template's text.

``<age> <sex> <date> <prior date> <prior studies> <measurements>``. What is not known becomes a field that the reader
has to fill, never an empty place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gaze2report.report_templates.template import Template, TemplateFault, without_comments

_SEXES = {"F": "female", "M": "male"}
_MERGE = re.compile(r"<([a-z][a-z ]*)>")


@dataclass(frozen=True)
class MergeData:
    """What merge fields are filled with.

    Attributes
    ----------
    date : str
        Date of the study, DICOM ``YYYYMMDD``.
    prior_dates : tuple of str, optional
        Dates of earlier studies, the most recent first; None when that is not known.
    measurements : str
        Sentences of what was measured on the films; empty when nothing was.
    """

    sex: str = ""
    age_years: float | None = None
    date: str = ""
    prior_dates: tuple[str, ...] | None = None
    measurements: str = ""

    def values(self) -> dict[str, str]:
        """Name of each merge field and its text; empty when it is not known."""
        priors = self.prior_dates
        return {
            "age": "" if self.age_years is None else f"{self.age_years:.0f}",
            "sex": _SEXES.get(self.sex, ""),
            "date": iso_date(self.date),
            "prior date": "" if priors is None else iso_date(priors[0]) if priors else "none",
            "prior studies": ""
            if priors is None
            else ", ".join(map(iso_date, priors))
            if priors
            else "None available.",
            "measurements": self.measurements,
        }


def merge(text: str, data: MergeData) -> str:
    """Fill the merge fields of a text; the fields of the reader stay."""
    values = data.values()
    return _MERGE.sub(lambda match: values.get(match[1], match[0]) or f"[? {match[1]}]", text)


def expand(text: str, data: MergeData) -> str:
    """A template's text as it goes into a report: without comments, merge fields filled."""
    return merge(without_comments(text), data)


def refuse_unknown_merge_fields(template: Template) -> None:
    """Refuse a template that asks for what there is not.

    Raises
    ------
    TemplateFault
        With the field and those there are.
    """
    for _, text in template.sections:
        for match in _MERGE.finditer(text):
            if match[1] not in MERGE_FIELDS:
                known = ", ".join(f"<{name}>" for name in MERGE_FIELDS)
                raise TemplateFault(f"there is no merge field {match[0]}; there are {known}")


def iso_date(date: str) -> str:
    """A DICOM date as ``YYYY-MM-DD``; what is none stays as it is."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if re.fullmatch(r"\d{8}", date) else date


MERGE_FIELDS = tuple(MergeData().values())
