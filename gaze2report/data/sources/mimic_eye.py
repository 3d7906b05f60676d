"""MIMIC-Eye 1.0.0 (Hsieh et al. 2023): REFLACX and EGD-CXR by patient, with films and reports; credentialed.

``patient_<id>/`` with ``CXR-JPG/s<study>/<dicom>.jpg``, ``CXR-DICOM/s<study>.txt``, ``REFLACX/metadata.csv`` and
``REFLACX/main_data/<reading>/``, ``EyeGaze/`` in the layout of EGD-CXR. Some of its films were read for both sets, so
the split is drawn anew, by patient.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from gaze2report.data.conversion import ConversionOptions, RecordWork
from gaze2report.data.csv_rows import inside
from gaze2report.data.sources.egd_cxr import EgdFolder
from gaze2report.data.sources.mimic_cxr import sectioned
from gaze2report.data.sources.mimic_layout import FILM_SUFFIXES
from gaze2report.data.sources.reflacx import Reading, read_metadata
from gaze2report.data.sources.reflacx_reading import reading_to_example
from gaze2report.data.splits import drawn_split
from gaze2report.data.training_example import ReportText, TrainingExample
from gaze2report.data.training_set import Dropped, SetDescription, file_sha256
from gaze2report.errors import SplitLeaks, UnreadableInput

_PATIENT = re.compile(r"patient_(\d+)")
_TABLES = ("REFLACX/metadata.csv", "EyeGaze/master_sheet.csv", "EyeGaze/fixations.csv")


class MimicEyeSource:
    """The folder that holds the patients' folders; a record is a patient."""

    def __init__(self, folder: Path, options: ConversionOptions) -> None:
        if options.split == "published":
            raise SplitLeaks("MIMIC-Eye has no split of its own; leave --split away")
        self._folder = folder
        self._options = options
        self._patients = sorted(path.name for path in folder.iterdir() if _PATIENT.fullmatch(path.name))
        if not self._patients:
            raise UnreadableInput(folder, "holds no folder patient_<number>")

    def description(self) -> SetDescription:
        """What the set says of itself."""
        return SetDescription(
            name="mimic-eye",
            kind="mimic-eye",
            source="MIMIC-Eye 1.0.0 (PhysioNet)",
            citation="Hsieh et al., MIMIC-Eye, 2023; the sources' own citations; Goldberger et al., PhysioNet, 2000",
            licence="PhysioNet, restricted access, on the terms its users have agreed to",
            may_be_shared=False,
            split_unit="patient",
            split_rule="drawn by patient, 8 to 1 to 1 by hash; this is not MIMIC-CXR's own split",
            notes=("Dictations stand beside the signed reports: look at a report's kind.",),
            options={"positive_certainty": self._options.positive_certainty},
        )

    def identity(self) -> str:
        """Hash of all patients' tables and what was chosen."""
        digest = hashlib.sha256()
        for patient in self._patients:
            for name in _TABLES:
                path = self._folder / patient / name
                digest.update(f"{patient} {name} {file_sha256(path) if path.is_file() else ''}\n".encode())
        return f"mimic-eye {digest.hexdigest()} {self._options}"

    def records(self) -> list[str]:
        """Names of the patients' folders."""
        return self._patients

    def left_out(self) -> list[Dropped]:
        """Nothing: what a patient loses is told with the patient."""
        return []

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert one patient: readings of REFLACX, then films of EGD-CXR."""
        patient, folder = record.removeprefix("patient_"), self._folder / record
        try:
            found = [*self._readings(patient, folder, work), *self._films(patient, folder, work)]
        except UnreadableInput as error:
            work.drop("patient", "a table cannot be read", detail=error.reason)
            return []
        if not found and not work.dropped:
            work.drop("patient", "there is no gaze")
        return found

    def _readings(self, patient: str, folder: Path, work: RecordWork) -> Iterator[TrainingExample]:
        table = folder / "REFLACX" / "metadata.csv"
        if not table.is_file():
            return
        left_out: list[Dropped] = []
        readings = list(read_metadata(table, left_out, set()))
        _tell(left_out, work)
        for reading in readings:
            if reading.patient_id != patient:
                work.drop("reading", "it belongs to another patient", detail=reading.reading_id)
                continue
            image = work.image(reading.dicom_id, _film(folder, reading), size_px=reading.size_px)
            example = reading_to_example(
                reading,
                folder / "REFLACX" / "main_data" / reading.reading_id,
                image,
                drawn_split(patient),
                self._options.positive_certainty,
                work,
                _report(folder, reading.study_id, work),
            )
            if example is not None:
                yield example

    def _films(self, patient: str, folder: Path, work: RecordWork) -> Iterator[TrainingExample]:
        if not (folder / "EyeGaze" / "master_sheet.csv").is_file():
            return
        left_out: list[Dropped] = []
        egd = EgdFolder(folder / "EyeGaze", left_out)
        _tell(left_out, work)
        for dicom_id in sorted(egd.films):
            study, owner = egd.study_and_patient(dicom_id)
            if owner != patient:
                work.drop("film", "it belongs to another patient", detail=dicom_id)
                continue
            film = _film_at(folder, study, dicom_id)
            reports = _report(folder, study, work)
            yield egd.example(dicom_id, None, drawn_split(patient), work, "egd-", reports, film)


def _film(folder: Path, reading: Reading) -> Path | None:
    is_plain = "/" not in reading.dicom_id and inside(folder, reading.dicom_id) is not None
    return _film_at(folder, reading.study_id, reading.dicom_id) if is_plain else None


def _film_at(folder: Path, study: str, dicom_id: str) -> Path:
    paths = [folder / "CXR-JPG" / f"s{study}" / f"{dicom_id}{suffix}" for suffix in FILM_SUFFIXES]
    return next((path for path in paths if path.is_file()), paths[0])


def _report(folder: Path, study: str, work: RecordWork) -> tuple[ReportText, ...]:
    return sectioned(folder / "CXR-DICOM" / f"s{study}.txt", work)


def _tell(left_out: Iterable[Dropped], work: RecordWork) -> None:
    for dropped in left_out:
        work.drop(dropped.what, dropped.reason, dropped.count, dropped.record)
