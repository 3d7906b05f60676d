"""Names, ages, dates and views as a reader wants to see them."""

from __future__ import annotations


def name_text(dicom_name: str) -> str:
    """Person name "Family^Given^Middle^Prefix^Suffix" as "Family, Given Middle"; "no name" when empty."""
    parts = [part.strip() for part in dicom_name.split("=", maxsplit=1)[0].split("^")]
    given = " ".join(part for part in parts[1:3] if part)
    return ", ".join(part for part in (parts[0], given) if part) or "no name"


def sex_age_text(sex: str, age_years: float | None) -> str:
    """Sex and age as "F 63 y"; infants in months."""
    age = "" if age_years is None else (f"{age_years * 12:.0f} mo" if age_years < 2 else f"{age_years:.0f} y")
    return " ".join(part for part in (sex, age) if part)


def date_text(dicom_date: str) -> str:
    """DICOM date as "2024-05-31"; anything else as it is."""
    if len(dicom_date) == 8 and dicom_date.isdigit():
        return f"{dicom_date[:4]}-{dicom_date[4:6]}-{dicom_date[6:]}"
    return dicom_date


def time_text(dicom_time: str) -> str:
    """DICOM time as "14:05"; anything else as it is."""
    return f"{dicom_time[:2]}:{dicom_time[2:4]}" if len(dicom_time) >= 4 and dicom_time[:4].isdigit() else dicom_time


def when_text(dicom_date: str, dicom_time: str) -> str:
    """Date and time of a study."""
    return " ".join(part for part in (date_text(dicom_date), time_text(dicom_time)) if part)


def utc_text(iso_utc: str) -> str:
    """Timestamp "2026-11-23T12:03:04.000000Z" as "2026-11-23 12:03 UTC"."""
    return f"{iso_utc[:10]} {iso_utc[11:16]} UTC" if len(iso_utc) >= 16 else iso_utc
