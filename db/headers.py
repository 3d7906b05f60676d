"""Headers of instances as JSON, and what they say about the patient."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from gaze2report.types import InstanceHeader

_FIELDS = {field.name for field in dataclasses.fields(InstanceHeader)}
_PAIRS = {"pixel_spacing_mm", "imager_pixel_spacing_mm", "patient_orientation"}


def header_to_json(header: InstanceHeader) -> str:
    """Write a header; only what it says, so that empty fields cost nothing."""
    said = {name: value for name, value in dataclasses.asdict(header).items() if value not in ("", None)}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, allow_nan=False)


def header_from_json(text: str) -> InstanceHeader:
    """Read a header; fields of another release are left out."""
    said: dict[str, Any] = {name: value for name, value in json.loads(text).items() if name in _FIELDS}
    for name in _PAIRS & said.keys():
        said[name] = tuple(said[name])
    return InstanceHeader(**said)


def patient_identity(header: InstanceHeader) -> str:
    """Give the key under which two files are of one person.

    PatientID alone is not enough, hospitals give the same ones: name and birth date must agree too, apart from case
    and spacing. Without a PatientID every study is a person of its own: to split one person in two is harmless, to
    join two is not.
    """
    if not header.patient_id.strip():
        return json.dumps(["study", header.study_uid])
    return json.dumps(
        ["patient", header.patient_id.strip(), _plain_name(header.patient_name), header.patient_birth_date.strip()],
        ensure_ascii=False,
    )


def patient_conflict(header: InstanceHeader, patient_id: str, name: str, birth_date: str) -> str:
    """Say how a file contradicts the patient of the study it wants to join; empty when it does not."""
    pairs = (
        ("PatientID", header.patient_id.strip(), patient_id.strip()),
        ("name", _plain_name(header.patient_name), _plain_name(name)),
        ("birth date", header.patient_birth_date.strip(), birth_date.strip()),
    )
    differing = [label for label, new, old in pairs if new and old and new != old]
    return " and ".join(differing)


def age_years(header: InstanceHeader) -> float | None:
    """Give the age at the study: PatientAge, else whole years between birth and study date, else None."""
    if header.patient_age_years is not None:
        return header.patient_age_years
    birth, study = header.patient_birth_date.strip(), header.study_date.strip()
    if not all(len(date) == 8 and date.isascii() and date.isdigit() for date in (birth, study)):
        return None
    years = int(study[:4]) - int(birth[:4]) - (study[4:] < birth[4:])
    return float(years) if 0 <= years <= 130 else None


def _plain_name(name: str) -> str:
    return " ".join(name.replace("^", " ").replace("=", " ").split()).casefold()
