"""IU X-Ray (Demner-Fushman et al. 2016): Open-i's reports with their films, from the XML or from R2Gen's annotation.

The folder holds ``annotation.json`` (R2Gen), or ``NLMCXR_reports.tgz`` or ``ecgen-radiology/*.xml`` with films
``<parentImage id>.png`` in ``NLMCXR_png/``, ``images/`` or the folder itself. ``r2gen_split.json``, a list of
``{"study_id", "split"}``, gives R2Gen's split to the XML; studies that it does not name are trained on. There is no
gaze.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from gaze2report.data.conversion import ConversionOptions, RecordWork, Source
from gaze2report.data.csv_rows import inside
from gaze2report.data.report_corpus import read_split
from gaze2report.data.sources import open_i, r2gen
from gaze2report.data.sources.open_i import ARCHIVE_NAME, OpenIReport, parse_report, read_files
from gaze2report.data.sources.r2gen import R2GenSource
from gaze2report.data.splits import Split, drawn_split, published_split
from gaze2report.data.training_example import UNKNOWN_LABELS, ReportText, TrainingExample, TrainingImage
from gaze2report.data.training_set import Dropped, SetDescription
from gaze2report.types import CHEXPERT_OBSERVATIONS

SPLIT_FILE = "r2gen_split.json"
XML_FOLDER = "ecgen-radiology"
_FILM_FOLDERS = ("NLMCXR_png", "images", ".")
_LICENCE = "CC BY-NC-ND 4.0"
_CITATION = "Demner-Fushman et al., Preparing a collection of radiology examinations, JAMIA 2016"
_NOTE = "There is no gaze in this set. De-identified words read XXXX."


def open_iu_xray(folder: Path, options: ConversionOptions) -> Source:
    """Open the folder as the form it has."""
    if (folder / r2gen.FILE).is_file():
        rule = "drawn by patient, 8 to 1 to 1 by hash" if options.split == "patient" else "R2Gen's own, by study"
        return R2GenSource(folder, options, _description("iu-xray, R2Gen's annotation", rule, ()))
    return OpenIXmlSource(folder, options)


class OpenIXmlSource:
    """Open-i's own XML files, one study a patient."""

    def __init__(self, folder: Path, options: ConversionOptions) -> None:
        self._folder = folder
        self._options = options
        self._from, self._notes = _find_reports(folder)
        self._left_out: list[Dropped] = []
        self._hash = hashlib.sha256()
        self._reports: dict[str, OpenIReport] = {}
        for name, xml in read_files(self._from):
            self._hash.update(xml)
            self._add(name, xml)
        self._split, self._rule = self._choose_split()

    def description(self) -> SetDescription:
        """What the set says of itself."""
        return _description("Open-i reports (XML)", self._rule, (*self._notes, *self._repetition()))

    def identity(self) -> str:
        """Hash of all reports, the split and what was chosen."""
        return f"iu-xray {self._hash.hexdigest()} {sorted(self._split.items())} {self._options}"

    def records(self) -> list[str]:
        """Names of the studies."""
        return sorted(self._reports)

    def left_out(self) -> list[Dropped]:
        """Reports that cannot be read or have no name."""
        return self._left_out

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert one study."""
        report = self._reports[record]
        found = {
            "indication": report.indication,
            "comparison": report.comparison,
            "findings": report.findings,
            "impression": report.impression,
        }
        sections = {name: text for name, text in found.items() if text}
        if not report.findings and not report.impression:
            work.drop("report", "it has neither findings nor impression")
            sections = {}
        images = self._images(report, work)
        if not images and not sections:
            work.drop("study", "it has neither films nor a report")
            return
        yield TrainingExample(
            example_id=record,
            patient_id=record,
            split=self._split[record],
            study_id=record,
            images=images,
            reports=(ReportText("written", sections),) if sections else (),
            labels=to_labels(report),
            source_labels={"MeSH": list(report.mesh)} if report.mesh else {},
        )

    def _add(self, name: str, xml: bytes) -> None:
        try:
            report = parse_report(xml)
        except ElementTree.ParseError as error:
            self._left_out.append(Dropped(name, "report", "it cannot be read", detail=str(error)))
            return
        if not report.study_id:
            self._left_out.append(Dropped(name, "report", "it has no name (uId)"))
        elif report.study_id in self._reports:
            self._left_out.append(Dropped(name, "report", "one of the same name came before"))
        else:
            self._reports[report.study_id] = report

    def _images(self, report: OpenIReport, work: RecordWork) -> tuple[TrainingImage, ...]:
        images = []
        for image_id in dict.fromkeys(report.image_ids):
            path = inside(self._folder, f"{image_id}.png") if "/" not in image_id else None
            if path is None:
                work.drop("film", "its name is no plain name", detail=image_id[:80])
            else:
                images.append(work.image(image_id, self._film(path.name)))
        return tuple(images)

    def _film(self, name: str) -> Path | None:
        """Where a film lies; None where there is no folder of films at all."""
        roots = [self._options.image_root] if self._options.image_root else [self._folder / f for f in _FILM_FOLDERS]
        here = next((root / name for root in roots if (root / name).is_file()), None)
        expected = next((root / name for root in roots[:-1] if root.is_dir()), None)
        return here or expected or (roots[0] / name if self._options.image_root else None)

    def _choose_split(self) -> tuple[dict[str, Split], str]:
        path = self._folder / SPLIT_FILE
        if self._options.split == "patient" or not path.is_file():
            return {name: drawn_split(name) for name in self._reports}, "drawn by patient, 8 to 1 to 1 by hash"
        told = published_split(read_split(path).items())
        n_untold = sum(name not in told for name in self._reports)
        rule = f"R2Gen's own, by study; {n_untold:,} studies that it does not name are trained on"
        return {name: told.get(name, "train") for name in self._reports}, rule

    def _repetition(self) -> tuple[str, ...]:
        """How much of the test text a model may know by heart."""
        texts: dict[Split, list[str]] = {"train": [], "val": [], "test": []}
        for name, report in self._reports.items():
            if report.findings:
                texts[self._split[name]].append(" ".join(report.findings.split()))
        seen = set(texts["train"])
        n_seen = sum(text in seen for text in texts["test"])
        return (f"{n_seen:,} of {len(texts['test']):,} test findings occur word for word in train: tell them apart.",)


def to_labels(report: OpenIReport) -> dict[str, float | None]:
    """CheXpert-14 of the MeSH terms: what one asserts is present; only an index of "normal" says what is absent."""
    if report.mesh == ("normal",):
        return {name: float(name == "No Finding") for name in CHEXPERT_OBSERVATIONS}
    present = report.observations - {"No Finding"}
    return {name: 1.0 if name in present else None for name in UNKNOWN_LABELS}


def _find_reports(folder: Path) -> tuple[Path, tuple[str, ...]]:
    for path in (folder / XML_FOLDER, folder / ARCHIVE_NAME):
        if path.exists():
            return path, ()
    if any(folder.glob("*.xml")):
        return folder, ()
    return open_i.locate_archive(), ("The reports are those that the installed package torchxrayvision carries.",)


def _description(source: str, rule: str, notes: tuple[str, ...]) -> SetDescription:
    return SetDescription(
        name="iu-xray",
        kind="iu-xray",
        source=source,
        citation=_CITATION,
        licence=_LICENCE,
        may_be_shared=False,
        split_unit="patient",
        split_rule=rule,
        notes=(_NOTE, "Open-i has one study a patient, so the study stands for the patient.", *notes),
    )
