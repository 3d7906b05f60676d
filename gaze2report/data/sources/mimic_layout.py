"""Where MIMIC-CXR and MIMIC-CXR-JPG keep a film and a report: ``files/p10/p10000032/s50414267/<dicom>.jpg``."""

from __future__ import annotations

import re
from pathlib import Path

from gaze2report.data.csv_rows import inside

FILM_SUFFIXES = (".jpg", ".dcm", ".png")
_STUDY_IN_PATH = re.compile(r"(?:^|/)s(\d+)(?:/|\.txt$|$)")


def study_of_path(path: str) -> str:
    """Study number in a path like ``files/p10/p10000032/s50414267/x.dcm``; empty where there is none."""
    match = _STUDY_IN_PATH.search(path)
    return match[1] if match else ""


def film_path(root: Path, patient_id: str, study_id: str, dicom_id: str) -> Path | None:
    """Path of a film below a MIMIC-CXR folder, whichever form is there; None where a name is no plain name."""
    folder = f"files/p{patient_id[:2]}/p{patient_id}/s{study_id}"
    names = [f"{folder}/{dicom_id}{suffix}" for suffix in FILM_SUFFIXES] if "/" not in dicom_id else []
    paths = [path for name in names if (path := inside(root, name)) is not None]
    return next((path for path in paths if path.is_file()), paths[0] if paths else None)


def report_path(root: Path, patient_id: str, study_id: str) -> Path:
    """Path of a report; the reports' archive unpacks into a folder of its own, or straight beside the films."""
    name = f"files/p{patient_id[:2]}/p{patient_id}/s{study_id}.txt"
    beside = root / name
    return beside if beside.is_file() else root / "mimic-cxr-reports" / name
