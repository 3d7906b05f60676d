"""MIMIC-CXR and MIMIC-CXR-JPG 2 (Johnson et al. 2019): films, reports and labels; credentialed.

The folder holds the tables of MIMIC-CXR-JPG (``mimic-cxr-2.0.0-metadata.csv.gz``, ``-split``, ``-chexpert``) and the
reports ``files/p10/p10000032/s50414267.txt``; films lie in the same tree, or below ``--image-root``. Removed names read
``___``. A folder with ``annotation.json`` is read as R2Gen's form.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gaze2report.data.conversion import ConversionOptions, RecordWork, Source
from gaze2report.data.csv_rows import find_table, number, read_rows, read_text, require_table, whole_number
from gaze2report.data.sources import r2gen
from gaze2report.data.sources.mimic_layout import film_path, report_path
from gaze2report.data.sources.mimic_sections import split_sections
from gaze2report.data.sources.r2gen import R2GenSource
from gaze2report.data.splits import Split, drawn_split, published_split
from gaze2report.data.training_example import UNKNOWN_LABELS, ReportText, TrainingExample
from gaze2report.data.training_set import Dropped, SetDescription, file_sha256
from gaze2report.types import CHEXPERT_OBSERVATIONS

METADATA_COLUMNS = ("dicom_id", "subject_id", "study_id", "ViewPosition", "Rows", "Columns")
SPLIT_COLUMNS = ("dicom_id", "study_id", "subject_id", "split")
CHEXPERT_COLUMNS = ("subject_id", "study_id", *CHEXPERT_OBSERVATIONS)
VERSIONS = ("2.1.0", "2.0.0")


@dataclass(frozen=True, slots=True)
class Film:
    """One row of the metadata."""

    dicom_id: str
    patient_id: str
    view: str
    size_px: tuple[int, int] | None


def open_mimic_cxr(folder: Path, options: ConversionOptions) -> Source:
    """Open the folder as the form it has."""
    if (folder / r2gen.FILE).is_file():
        rule = "drawn by patient, 8 to 1 to 1 by hash" if options.split == "patient" else "R2Gen's own, by patient"
        return R2GenSource(folder, options, _description("MIMIC-CXR, R2Gen's annotation", rule))
    return MimicCxrSource(folder, options)


class MimicCxrSource:
    """The tables and files of MIMIC-CXR-JPG with the reports of MIMIC-CXR; a record is a study."""

    def __init__(self, folder: Path, options: ConversionOptions) -> None:
        self._folder = folder
        self._options = options
        self._left_out: list[Dropped] = []
        self._metadata = require_table(folder, *_names("metadata"))
        self._split_table = find_table(folder, *_names("split"))
        self._chexpert_table = find_table(folder, *_names("chexpert"))
        self._studies = self._read_studies()
        self._labels = _read_labels(self._chexpert_table) if self._chexpert_table else {}
        self._split, self._rule = self._choose_split()

    def description(self) -> SetDescription:
        """What the set says of itself."""
        return _description("MIMIC-CXR 2 and MIMIC-CXR-JPG 2 (PhysioNet)", self._rule)

    def identity(self) -> str:
        """Hash of the tables and what was chosen."""
        tables = (self._metadata, self._split_table, self._chexpert_table)
        return f"mimic-cxr {[file_sha256(table) if table else None for table in tables]} {self._options}"

    def records(self) -> list[str]:
        """Numbers of the studies."""
        return sorted(self._studies)

    def left_out(self) -> list[Dropped]:
        """Rows of the tables that cannot be used."""
        return self._left_out

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert one study."""
        films = self._studies[record]
        patient = films[0].patient_id
        if patient not in self._split:
            work.drop("study", "the split table does not name its patient")
            return
        root = self._options.image_root or self._folder
        images = tuple(
            work.image(film.dicom_id, film_path(root, patient, record, film.dicom_id), film.view, film.size_px)
            for film in films
        )
        labels, source_labels = to_labels(self._labels.get(record, {}))
        yield TrainingExample(
            example_id=f"s{record}",
            patient_id=patient,
            split=self._split[patient],
            study_id=record,
            images=images,
            reports=read_report(self._folder, patient, record, work),
            labels=labels,
            source_labels=source_labels,
        )

    def _read_studies(self) -> dict[str, list[Film]]:
        studies: dict[str, list[Film]] = {}
        names: set[str] = set()

        def damaged(line: int) -> None:
            self._left_out.append(Dropped(f"{self._metadata.name}, line {line}", "film", "its row is damaged"))

        for row in read_rows(self._metadata, METADATA_COLUMNS, damaged):
            subject, study, dicom = whole_number(row["subject_id"]), whole_number(row["study_id"]), row["dicom_id"]
            reason = ""
            if subject is None or study is None or not dicom or "/" in dicom:
                reason = "it, its study or its patient has no usable name"
            elif dicom in names:
                reason = "one of the same name came before"
            elif str(study) in studies and studies[str(study)][0].patient_id != str(subject):
                reason = "its study belongs to another patient"
            if reason:
                self._left_out.append(Dropped(dicom[:80] or "?", "film", reason))
                continue
            names.add(dicom)
            width, height = whole_number(row["Columns"]), whole_number(row["Rows"])
            size_px = (width, height) if width and height and width > 0 and height > 0 else None
            studies.setdefault(str(study), []).append(Film(dicom, str(subject), row["ViewPosition"].strip(), size_px))
        return studies

    def _choose_split(self) -> tuple[dict[str, Split], str]:
        if self._options.split == "patient" or self._split_table is None:
            patients = {films[0].patient_id for films in self._studies.values()}
            return {patient: drawn_split(patient) for patient in patients}, "drawn by patient, 8 to 1 to 1 by hash"
        rows = read_rows(self._split_table, SPLIT_COLUMNS)
        told = {(str(whole_number(row["subject_id"])), row["split"]) for row in rows}
        return published_split(sorted(told)), "MIMIC-CXR's own, by patient"


def read_report(root: Path, patient_id: str, study_id: str, work: RecordWork) -> tuple[ReportText, ...]:
    """Read a study's report and cut it into sections; what is missing is told."""
    path = report_path(root, patient_id, study_id)
    return sectioned(path, work)


def sectioned(path: Path, work: RecordWork) -> tuple[ReportText, ...]:
    """Read a report file and cut it into sections; what is missing is told."""
    text = read_text(path)
    if text is None:
        work.drop("report", "it is not there or no text", detail=path.name)
        return ()
    sections = split_sections(text)
    if not sections.keys() & {"findings", "impression", "last_paragraph"}:
        work.drop("report", "no rule finds its findings or impression", detail=path.name)
        return ()
    return (ReportText("written", sections),)


def to_labels(cells: dict[str, float]) -> tuple[dict[str, float | None], dict[str, float]]:
    """CheXpert-14: 1 and 0 as they stand; -1, uncertain, and not mentioned are unknown; the source's values beside."""
    known = {name: value if (value := cells.get(name)) in (0.0, 1.0) else None for name in UNKNOWN_LABELS}
    return known, cells


def _read_labels(table: Path) -> dict[str, dict[str, float]]:
    found = {}
    for row in read_rows(table, CHEXPERT_COLUMNS):
        values = {name: number(row[name]) for name in CHEXPERT_OBSERVATIONS}
        found[str(whole_number(row["study_id"]))] = {name: value for name, value in values.items() if value is not None}
    return found


def _names(table: str) -> tuple[str, ...]:
    return (*(f"mimic-cxr-{version}-{table}.csv" for version in VERSIONS), f"{table}.csv")


def _description(source: str, rule: str) -> SetDescription:
    return SetDescription(
        name="mimic-cxr",
        kind="mimic-cxr",
        source=source,
        citation="Johnson et al., MIMIC-CXR, Scientific Data 2019; Goldberger et al., PhysioNet, 2000",
        licence="PhysioNet Credentialed Health Data License 1.5.0",
        may_be_shared=False,
        split_unit="patient",
        split_rule=rule,
        notes=("Labels were mined from the reports (CheXpert labeler); -1, uncertain, is kept in source_labels only.",),
    )
