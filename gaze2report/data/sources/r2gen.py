"""The annotation file of R2Gen (Chen et al. 2020), in which reports of Open-i and MIMIC-CXR are passed round.

``annotation.json``: ``{"train": [...], "val": [...], "test": [...]}``, items ``{"id", "report", "image_path": [...],
"split"}``, for MIMIC-CXR with ``subject_id`` and ``study_id``; the report is the findings. Films lie in ``images/``
beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaze2report.data.conversion import ConversionOptions, RecordWork
from gaze2report.data.csv_rows import inside
from gaze2report.data.splits import PUBLISHED_NAMES, Split, drawn_split, published_split
from gaze2report.data.training_example import ReportText, TrainingExample, TrainingImage
from gaze2report.data.training_set import Dropped, SetDescription, file_sha256
from gaze2report.errors import UnreadableInput

FILE = "annotation.json"


@dataclass(frozen=True)
class AnnotatedStudy:
    """One item: a study with its findings and the paths of its films."""

    name: str
    patient_id: str
    study_id: str
    report: str
    films: tuple[str, ...]
    split: str


def read_annotation(path: Path) -> list[AnnotatedStudy]:
    """Read all items.

    Raises
    ------
    UnreadableInput
        If the file is missing or of another form.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return [_to_study(item, part) for part, items in content.items() for item in items]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableInput(path, f"cannot be read as an R2Gen annotation: {error}") from error


def _to_study(item: dict[str, Any], part: str) -> AnnotatedStudy:
    name = str(item["id"])
    if part not in PUBLISHED_NAMES or item.get("split", part) != part:
        raise ValueError(f"{name} stands in {part!r} and says {item.get('split')!r}")
    # Open-i has one study a patient, and its films' names begin with the study's: CXR2384_IM-0942.
    study = str(item["study_id"]) if "study_id" in item else name.split("_", maxsplit=1)[0]
    films = item["image_path"]
    if not isinstance(films, list) or not isinstance(item["report"], str):
        raise TypeError(f"{name}: image_path must be a list and report text")
    patient = str(item.get("subject_id", study))
    return AnnotatedStudy(name, patient, study, item["report"], tuple(map(str, films)), part)


class R2GenSource:
    """A folder with ``annotation.json`` and ``images/``."""

    def __init__(self, folder: Path, options: ConversionOptions, description: SetDescription) -> None:
        self._path = folder / FILE
        self._films = options.image_root or folder / "images"
        self._options = options
        self._description = description
        self._left_out: list[Dropped] = []
        self._studies: dict[str, AnnotatedStudy] = {}
        for study in read_annotation(self._path):
            if study.name in self._studies:
                self._left_out.append(Dropped(study.name, "study", "one of the same name came before"))
            else:
                self._studies[study.name] = study
        self._split = self._choose_split()

    def description(self) -> SetDescription:
        """What the set says of itself."""
        return self._description

    def identity(self) -> str:
        """Hash of the file and what was chosen."""
        return f"r2gen {file_sha256(self._path)} {self._options}"

    def records(self) -> list[str]:
        """Names of the studies."""
        return sorted(self._studies)

    def left_out(self) -> list[Dropped]:
        """Second items of one name."""
        return self._left_out

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert one study."""
        study = self._studies[record]
        images: list[TrainingImage] = []
        for name in study.films:
            path = inside(self._films, name)
            image_id = name.rpartition(".")[0] or name
            if path is None:
                work.drop("film", "its name leads out of the source", detail=name[:80])
            elif image_id in {image.image_id for image in images}:
                work.drop("film", "the same film stands twice in the study", detail=name)
            else:
                images.append(work.image(image_id, path))
        if not study.report.strip():
            work.drop("report", "it has no text")
        yield TrainingExample(
            example_id=study.name,
            patient_id=study.patient_id,
            split=self._split[study.patient_id],
            study_id=study.study_id,
            images=tuple(images),
            reports=(ReportText("written", {"findings": study.report}),) if study.report.strip() else (),
        )

    def _choose_split(self) -> dict[str, Split]:
        studies = self._studies.values()
        if self._options.split == "patient":
            return {study.patient_id: drawn_split(study.patient_id) for study in studies}
        return published_split((study.patient_id, study.split) for study in studies)
