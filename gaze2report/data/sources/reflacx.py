"""REFLACX 1.0.0 (Bigolin Lanfredi et al. 2022): five radiologists' gaze and dictation on MIMIC-CXR films; credentialed.

``main_data/metadata_phase_{1,2,3}.csv``, a row a reading, and ``main_data/<id>/`` with its files. Positions are pixels
of the original film and may lie outside it; times are seconds from the start of the audio and may be negative. Readings
whose eye-tracking data were discarded have no fixations and no transcription. The transcription is what was dictated,
not the MIMIC report. Films are those of MIMIC-CXR.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gaze2report.data.conversion import ConversionOptions, RecordWork
from gaze2report.data.csv_rows import read_rows, truth, whole_number
from gaze2report.data.sources.mimic_layout import film_path, study_of_path
from gaze2report.data.sources.reflacx_reading import reading_to_example
from gaze2report.data.splits import Split, drawn_split, published_split
from gaze2report.data.training_example import TrainingExample
from gaze2report.data.training_set import Dropped, SetDescription, file_sha256
from gaze2report.errors import UnreadableInput

METADATA_COLUMNS = (
    "id", "split", "eye_tracking_data_discarded", "image", "dicom_id", "subject_id", "image_size_x", "image_size_y",
)  # fmt: skip
PHASES = (1, 2, 3)
_READING_ID = re.compile(r"P[1-9]\d{2}R\d{6}")


@dataclass(frozen=True)
class Reading:
    """One row of the metadata: who read which film, and the labels as they stand there."""

    reading_id: str
    split: str
    dicom_id: str
    patient_id: str
    study_id: str
    size_px: tuple[int, int]
    labels: dict[str, str]


def read_metadata(path: Path, left_out: list[Dropped], seen: set[str]) -> Iterator[Reading]:
    """Read the readings that can be used; the others are told to ``left_out``.

    Parameters
    ----------
    seen : set of str
        Names that were read before; a second reading of a name is left out.

    Raises
    ------
    UnreadableInput
        If the table cannot be read or lacks a column.
    """

    def damaged(line: int) -> None:
        left_out.append(Dropped(f"{path.name}, line {line}", "reading", "its row is damaged"))

    for row in read_rows(path, METADATA_COLUMNS, damaged):
        reading, reason = _to_reading(row)
        if reading is not None and reading.reading_id in seen:
            left_out.append(Dropped(reading.reading_id, "reading", "one of the same name came before"))
        elif reading is None:
            left_out.append(Dropped(row["id"][:40], "reading", reason))
        else:
            seen.add(reading.reading_id)
            yield reading


def _to_reading(row: Mapping[str, str]) -> tuple[Reading | None, str]:
    width, height = whole_number(row["image_size_x"]), whole_number(row["image_size_y"])
    is_discarded = truth(row["eye_tracking_data_discarded"])
    if not _READING_ID.fullmatch(row["id"]):
        return None, "its name has another form than P300R123456"
    if is_discarded is None:
        return None, "eye_tracking_data_discarded is neither True nor False"
    if is_discarded:
        return None, "its eye-tracking data were discarded by the authors"
    if not width or not height or width < 1 or height < 1:
        return None, "the size of its film is no number of pixels"
    if not row["dicom_id"] or whole_number(row["subject_id"]) is None:
        return None, "its film or patient has no name"
    return Reading(
        reading_id=row["id"],
        split=row["split"],
        dicom_id=row["dicom_id"],
        patient_id=str(whole_number(row["subject_id"])),
        study_id=study_of_path(row["image"]),
        size_px=(width, height),
        labels={name: value for name, value in row.items() if name not in METADATA_COLUMNS},
    ), ""


class ReflacxSource:
    """The folder that holds ``main_data``; films from ``--image-root``, a MIMIC-CXR or MIMIC-CXR-JPG folder."""

    def __init__(self, folder: Path, options: ConversionOptions) -> None:
        self._main = folder / "main_data" if (folder / "main_data").is_dir() else folder
        self._options = options
        self._tables = [path for phase in PHASES if (path := self._main / f"metadata_phase_{phase}.csv").is_file()]
        if not self._tables:
            raise UnreadableInput(folder, "holds no main_data/metadata_phase_1.csv, _2.csv or _3.csv")
        self._left_out: list[Dropped] = []
        seen: set[str] = set()
        rows = (reading for table in self._tables for reading in read_metadata(table, self._left_out, seen))
        self._readings = {reading.reading_id: reading for reading in rows}
        self._split = self._choose_split()

    def description(self) -> SetDescription:
        """What the set says of itself."""
        is_drawn = self._options.split == "patient"
        return SetDescription(
            name="reflacx",
            kind="reflacx",
            source="REFLACX 1.0.0 (PhysioNet)",
            citation="Bigolin Lanfredi et al., REFLACX, Scientific Data 2022; Goldberger et al., PhysioNet, 2000",
            licence="PhysioNet Credentialed Health Data License 1.5.0",
            may_be_shared=False,
            split_unit="patient",
            split_rule="drawn by patient, 8 to 1 to 1 by hash" if is_drawn else "MIMIC-CXR's own, by patient",
            notes=(
                "The reports are dictations at the eye tracker, not the signed reports of MIMIC-CXR.",
                "Positions off the film are kept: readers looked at the buttons too.",
                "A film read by several readers stands in several examples.",
            ),
            options={"positive_certainty": self._options.positive_certainty},
        )

    def identity(self) -> str:
        """Hash of the metadata and what was chosen."""
        return f"reflacx {[file_sha256(path) for path in self._tables]} {self._options}"

    def records(self) -> list[str]:
        """Names of the readings."""
        return sorted(self._readings)

    def left_out(self) -> list[Dropped]:
        """Readings that the metadata already rules out."""
        return self._left_out

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert one reading."""
        reading = self._readings[record]
        root = self._options.image_root
        path = film_path(root, reading.patient_id, reading.study_id, reading.dicom_id) if root else None
        example = reading_to_example(
            reading,
            self._main / record,
            work.image(reading.dicom_id, path, size_px=reading.size_px),
            self._split[reading.patient_id],
            self._options.positive_certainty,
            work,
        )
        return [example] if example else []

    def _choose_split(self) -> dict[str, Split]:
        readings = self._readings.values()
        if self._options.split == "patient":
            return {reading.patient_id: drawn_split(reading.patient_id) for reading in readings}
        return published_split((reading.patient_id, reading.split) for reading in readings)
