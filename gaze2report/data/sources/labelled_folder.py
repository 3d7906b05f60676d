"""A folder of one's own: films with an index that says whose they are and what is known of them; no gaze.

``index.csv`` with the columns ``image`` (path in the folder) and ``patient_id``, and, where known, ``study_id``,
``view``, ``split``, CheXpert-14 names (1, 0, -1 for uncertain, or empty), and report sections (``findings``,
``impression``, ``indication``, ...). Films of one patient and study are one example. Or ``index.json`` in the form of
the NIH ChestX-ray14 sample (``gaze2report/data/sources/nih_cxr14.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gaze2report.data.conversion import ConversionOptions, RecordWork
from gaze2report.data.csv_rows import inside, number, read_rows
from gaze2report.data.sources.nih_cxr14 import read_films
from gaze2report.data.splits import Split, drawn_split, published_split
from gaze2report.data.training_example import SECTIONS, UNKNOWN_LABELS, ReportText, TrainingExample, TrainingImage
from gaze2report.data.training_set import Dropped, SetDescription, file_sha256
from gaze2report.errors import SplitLeaks, UnreadableInput
from gaze2report.types import CHEXPERT_OBSERVATIONS

TABLE, NIH_INDEX = "index.csv", "index.json"
REQUIRED = ("image", "patient_id")


@dataclass
class LabelledStudy:
    """Films of one patient and study, with the first row's words and labels."""

    patient_id: str
    study_id: str
    split: str = ""
    films: list[tuple[str, str]] = field(default_factory=list)
    labels: dict[str, float | None] = field(default_factory=lambda: dict(UNKNOWN_LABELS))
    source_labels: dict[str, float] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)


class LabelledFolderSource:
    """The folder with the index."""

    def __init__(self, folder: Path, options: ConversionOptions) -> None:
        self._folder = folder
        self._options = options
        self._left_out: list[Dropped] = []
        self._index = next((path for name in (TABLE, NIH_INDEX) if (path := folder / name).is_file()), None)
        if self._index is None:
            raise UnreadableInput(folder, f"holds neither {TABLE} nor {NIH_INDEX}")
        read = self._read_table if self._index.name == TABLE else self._read_nih
        self._studies: dict[str, LabelledStudy] = {}
        for name, study in read(self._index):
            self._studies[name] = study
        self._split, self._rule = self._choose_split()

    def description(self) -> SetDescription:
        """What the set says of itself."""
        is_nih = self._index is not None and self._index.name == NIH_INDEX
        return SetDescription(
            name=self._folder.resolve().name,
            kind="labelled-folder",
            source="NIH ChestX-ray14" if is_nih else "a folder of labelled films",
            citation="Wang et al., ChestX-ray8, CVPR 2017" if is_nih else "",
            licence="no restriction, cite" if is_nih else "unknown: whoever made the folder decides",
            may_be_shared=is_nih,
            split_unit="patient",
            split_rule=self._rule,
            notes=("Labels were mined from reports and are noisy.",) if is_nih else (),
        )

    def identity(self) -> str:
        """Hash of the index and what was chosen."""
        return f"labelled-folder {file_sha256(self._index) if self._index else ''} {self._options}"

    def records(self) -> list[str]:
        """Names of the studies."""
        return sorted(self._studies)

    def left_out(self) -> list[Dropped]:
        """Rows of the index that cannot be used."""
        return self._left_out

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert one study."""
        study = self._studies[record]
        images: list[TrainingImage] = []
        for name, view in study.films:
            image = work.image(name, inside(self._folder, name), view)
            if image.file is None and self._options.images != "none":
                continue  # told by the film
            images.append(image)
        if not images:
            work.drop("example", "none of its films is left")
            return
        yield TrainingExample(
            example_id=record,
            patient_id=study.patient_id,
            split=self._split[study.patient_id],
            study_id=study.study_id,
            images=tuple(images),
            reports=(ReportText("written", study.sections),) if study.sections else (),
            labels=study.labels,
            source_labels=study.source_labels,
        )

    def _read_table(self, path: Path) -> Iterator[tuple[str, LabelledStudy]]:
        studies: dict[str, LabelledStudy] = {}
        seen: set[str] = set()

        def damaged(line: int) -> None:
            self._left_out.append(Dropped(f"{path.name}, line {line}", "film", "its row is damaged"))

        for row in read_rows(path, REQUIRED, damaged):
            image, patient, study_id = row["image"].strip(), row["patient_id"].strip(), row.get("study_id", "").strip()
            name = f"{patient}/{study_id}" if study_id else image
            reason = self._reason_against(image, patient, seen)
            if reason is None:
                seen.add(image)
                study = studies.setdefault(name, LabelledStudy(patient, study_id, row.get("split", "").strip()))
                _add_row(study, row, image, self._left_out)
            else:
                self._left_out.append(Dropped(image[:80] or "?", "film", reason))
        yield from studies.items()

    def _reason_against(self, image: str, patient: str, seen: set[str]) -> str | None:
        if not patient:
            return "it has no patient"
        if inside(self._folder, image) is None:
            return "its name leads out of the folder"
        return "one of the same name came before" if image in seen else None

    def _read_nih(self, path: Path) -> Iterator[tuple[str, LabelledStudy]]:
        def left_out(image: str) -> None:
            self._left_out.append(Dropped(image, "film", "the index calls its quality bad"))

        for film in read_films(path.parent, left_out):
            is_below = film.path.is_relative_to(path.parent)
            name = film.path.relative_to(path.parent).as_posix() if is_below else film.path.name
            if not is_below or inside(path.parent, name) is None:
                self._left_out.append(Dropped(name[:80], "film", "its name leads out of the folder"))
                continue
            labels = {
                observation: None if math.isnan(value) else float(value)
                for observation, value in zip(CHEXPERT_OBSERVATIONS, film.labels, strict=True)
            }
            yield name, LabelledStudy(film.patient_id, "", films=[(name, film.view)], labels=labels)

    def _choose_split(self) -> tuple[dict[str, Split], str]:
        studies = list(self._studies.values())
        told = [(study.patient_id, study.split) for study in studies if study.split]
        if self._options.split == "published" and not told:
            raise SplitLeaks("the index has no column split; leave --split away")
        if not told or self._options.split == "patient":
            return {s.patient_id: drawn_split(s.patient_id) for s in studies}, "drawn by patient, 8 to 1 to 1 by hash"
        split = published_split(told)
        untold = {study.patient_id for study in studies} - set(split)
        if untold:
            raise SplitLeaks(f"the index gives {len(untold)} patients no split, first {min(untold)!r}")
        return split, "the index's own, by patient"


def _add_row(study: LabelledStudy, row: Mapping[str, str], image: str, left_out: list[Dropped]) -> None:
    study.films.append((image, row.get("view", "").strip()))
    if row.get("split", "").strip() != study.split:
        raise SplitLeaks(f"the films of study {study.study_id!r} of patient {study.patient_id!r} stand in two splits")
    for name in CHEXPERT_OBSERVATIONS:
        cell, value = row.get(name, "").strip(), number(row.get(name))
        if value is not None and value not in (-1.0, 0.0, 1.0):
            value = None
        if cell and value is None:
            left_out.append(Dropped(image, "label", "it is none of 1, 0 and -1", detail=f"{name}: {cell[:40]}"))
        elif value is not None and study.source_labels.setdefault(name, value) != value:
            left_out.append(Dropped(image, "label", "another film of the study says otherwise", detail=name))
        elif value in (0.0, 1.0):
            study.labels[name] = value
    for section in SECTIONS:
        text = row.get(section, "").strip()
        if text and study.sections.setdefault(section, text) != text:
            left_out.append(Dropped(image, "report", "another film of the study has another text", detail=section))
