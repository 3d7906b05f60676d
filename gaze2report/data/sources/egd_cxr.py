"""EGD-CXR 1.0.0 (Karargyris et al. 2021): one radiologist's gaze and dictation on 1,083 MIMIC-CXR films; credentialed.

``master_sheet.csv`` (a row a film), ``fixations.csv``, ``bounding_boxes.csv`` and
``audio_segmentation_transcripts/<dicom>/transcript.json``. Films are those of MIMIC-CXR. There is no published split:
the authors' code draws one by patient.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from gaze2report.data.conversion import ConversionOptions, RecordWork
from gaze2report.data.csv_rows import inside, number, read_rows, whole_number
from gaze2report.data.sources.egd_film import (
    original_frame,
    read_boxes,
    read_dictation,
    read_fixations,
    read_padding,
    to_regions,
    to_scanpaths,
)
from gaze2report.data.sources.mimic_layout import film_path
from gaze2report.data.splits import Split, drawn_split
from gaze2report.data.training_example import UNKNOWN_LABELS, ReportText, TrainingExample
from gaze2report.data.training_set import Dropped, SetDescription, file_sha256
from gaze2report.errors import SplitLeaks
from gaze2report.types import CHEXPERT_OBSERVATIONS

MASTER_COLUMNS = ("dicom_id", "study_id", "patient_id")
TRANSCRIPTS = "audio_segmentation_transcripts"
_LABEL_SUFFIX = "__chx"
_OBSERVATION_OF_COLUMN = {name.lower().replace(" ", "_") + _LABEL_SUFFIX: name for name in CHEXPERT_OBSERVATIONS}
_CONDITIONS = ("Normal", "CHF", "pneumonia")


class EgdFolder:
    """One folder of EGD-CXR's layout, opened: its films, fixations and boxes."""

    def __init__(self, folder: Path, left_out: list[Dropped], master_sheet: str = "master_sheet.csv") -> None:
        self.folder = folder
        self.tables = [folder / master_sheet, folder / "fixations.csv"]
        self.films: dict[str, dict[str, str]] = {}

        def damaged(line: int) -> None:
            left_out.append(Dropped(f"{master_sheet}, line {line}", "film", "its row is damaged"))

        for row in read_rows(self.tables[0], MASTER_COLUMNS, damaged):
            name = row["dicom_id"]
            if not name or whole_number(row["patient_id"]) is None or whole_number(row["study_id"]) is None:
                left_out.append(Dropped(name[:80] or "?", "film", "it, its patient or its study has no name"))
            elif "/" in name or inside(folder, name) is None:
                left_out.append(Dropped(name[:80], "film", "its name is no plain name"))
            elif name in self.films:
                left_out.append(Dropped(name, "film", "one of the same name came before"))
            else:
                self.films[name] = row
        self._fixations = read_fixations(self.tables[1], self.films, left_out)
        boxes = folder / "bounding_boxes.csv"
        self._boxes = read_boxes(boxes) if boxes.is_file() else {}

    def study_and_patient(self, dicom_id: str) -> tuple[str, str]:
        """Numbers of a film's study and patient."""
        row = self.films[dicom_id]
        return str(whole_number(row["study_id"])), str(whole_number(row["patient_id"]))

    def example(
        self,
        dicom_id: str,
        image_root: Path | None,
        split: Split,
        work: RecordWork,
        prefix: str = "",
        reports: tuple[ReportText, ...] = (),
        film: Path | None = None,
    ) -> TrainingExample:
        """Convert one film of the master sheet.

        Parameters
        ----------
        prefix : str
            Put before the film's name to name the example.
        reports : tuple of ReportText
            What else is known to be written of the film's study.
        film : Path, optional
            Where the film lies, if not below ``image_root``.
        """
        row = self.films[dicom_id]
        study, patient = self.study_and_patient(dicom_id)
        if film is None and image_root is not None:
            film = film_path(image_root, patient, study, dicom_id)
        image = work.image(dicom_id, film, row.get("ViewPosition", ""))
        fixations = self._fixations.get(dicom_id, [])
        if not fixations:
            work.drop("scanpath", "there is no fixation on the film")
        padding = read_padding(row)
        pixels = original_frame(fixations, image, padding, work)
        labels, source_labels = to_labels(row)
        dictated = read_dictation(self.folder / TRANSCRIPTS / dicom_id, row.get("cxr_exam_indication", ""), work)
        return TrainingExample(
            example_id=prefix + dicom_id,
            patient_id=patient,
            split=split,
            study_id=study,
            images=(image,),
            scanpaths=to_scanpaths(fixations, image, pixels, padding, work) if fixations else (),
            reports=(*reports, *dictated),
            regions=to_regions(self._boxes.get(dicom_id, ()), image, pixels, work),
            labels=labels,
            source_labels=source_labels,
        )


def to_labels(row: Mapping[str, str]) -> tuple[dict[str, float | None], dict[str, float]]:
    """Map the ``<finding>__chx`` columns to CheXpert-14 (uncertain, -1, is unknown) and keep what the source says."""
    labels, source_labels = dict(UNKNOWN_LABELS), {}
    for column, cell in row.items():
        observation = _OBSERVATION_OF_COLUMN.get(column.strip().lower().replace(" ", "_"))
        value = number(cell)
        if value is not None and (observation or column in _CONDITIONS):
            source_labels[column] = value
        if observation and value in (0.0, 1.0):
            labels[observation] = value
    return labels, source_labels


class EgdCxrSource:
    """The folder that holds ``master_sheet.csv``; films from ``--image-root``, a MIMIC-CXR or MIMIC-CXR-JPG folder."""

    def __init__(self, folder: Path, options: ConversionOptions) -> None:
        if options.split == "published":
            raise SplitLeaks("EGD-CXR has no published split; leave --split away")
        self._left_out: list[Dropped] = []
        self._options = options
        self._egd = EgdFolder(folder, self._left_out)

    def description(self) -> SetDescription:
        """What the set says of itself."""
        return SetDescription(
            name="egd-cxr",
            kind="egd-cxr",
            source="Eye Gaze Data for Chest X-rays 1.0.0 (PhysioNet)",
            citation="Karargyris et al., Scientific Data 2021; Goldberger et al., PhysioNet, 2000",
            licence="PhysioNet Credentialed Health Data License 1.5.0",
            may_be_shared=False,
            split_unit="patient",
            split_rule="drawn by patient, 8 to 1 to 1 by hash; there is no published split",
            notes=(
                "The reports are dictations at the eye tracker, not the signed reports of MIMIC-CXR.",
                "With films, positions are the whole pixels that were published; without, fractions of the film.",
            ),
        )

    def identity(self) -> str:
        """Hash of the tables and what was chosen."""
        return f"egd-cxr {[file_sha256(path) for path in self._egd.tables]} {self._options}"

    def records(self) -> list[str]:
        """Names of the films."""
        return sorted(self._egd.films)

    def left_out(self) -> list[Dropped]:
        """Rows of calibration pictures and of films that the master sheet does not name."""
        return self._left_out

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert one film."""
        _, patient = self._egd.study_and_patient(record)
        yield self._egd.example(record, self._options.image_root, drawn_split(patient), work)
