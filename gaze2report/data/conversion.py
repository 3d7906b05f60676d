"""From a public data set to a training set: record by record, with progress, resumed after a kill to the same bytes.

What is converted is kept in a folder beside the goal: the films, and a journal with one line a record. A conversion
that was stopped goes on after the last whole line. At the end the journal is read through once, strictly, into the
training set, which appears whole; the journal then goes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

from gaze2report import __version__
from gaze2report.data.conversion_journal import Journal
from gaze2report.data.example_rules import problems_of, without_breaches
from gaze2report.data.training_example import TrainingExample, TrainingImage
from gaze2report.data.training_set import Dropped, SetDescription, TrainingSetManifest
from gaze2report.data.training_set_writer import ImageStorage, TrainingSetWriter, store_image
from gaze2report.errors import SplitLeaks, StorageFailed, UnreadableInput
from gaze2report.imaging.intake import Intake

Progress = Callable[[int, int], None]
SplitChoice = Literal["source", "published", "patient"]

_JOURNAL = "journal.jsonl"


@dataclass(frozen=True)
class ConversionOptions:
    """What a user may choose.

    Attributes
    ----------
    images : {"copy", "hardlink", "none"}
        How films come into the set.
    image_root : Path, optional
        Where films lie that are not part of the source.
    split : {"source", "published", "patient"}
        ``source`` is the published split where there is a sound one; ``patient`` draws it anew.
    patients : Path, optional
        A MIMIC-CXR metadata table, which tells whose film it is.
    positive_certainty : int
        REFLACX: from this certainty on a finding counts as present (3, "possibly", in the authors' own evaluation).
    """

    images: Literal["copy", "hardlink", "none"] = "copy"
    image_root: Path | None = None
    split: SplitChoice = "source"
    patients: Path | None = None
    positive_certainty: int = 3


class Source(Protocol):
    """One data set as it lies on disk; what one must offer to be converted."""

    def description(self) -> SetDescription:
        """What the training set will say of itself."""

    def identity(self) -> str:
        """Name the input: changes when the source's index files or the options do."""

    def records(self) -> Sequence[str]:
        """Names of the records in a fixed order."""

    def left_out(self) -> Iterable[Dropped]:
        """What was dropped while the index files were read."""

    def examples(self, record: str, work: RecordWork) -> Iterable[TrainingExample]:
        """Convert one record; what is left out is told to ``work``."""


@dataclass
class RecordWork:
    """What converting one record needs and leaves: films are stored through it, losses are told to it."""

    record: str
    set_folder: Path
    intake: Intake
    storage: Literal["copy", "hardlink", "none"]
    dropped: list[Dropped] = field(default_factory=list)

    def drop(self, what: str, reason: str, count: int = 1, detail: str = "") -> None:
        """Tell that something was left out; nothing happens for a count of 0."""
        if count:
            self.dropped.append(Dropped(self.record, what, reason, count, detail))

    def image(
        self, image_id: str, path: Path | None, view: str = "", size_px: tuple[int, int] | None = None
    ) -> TrainingImage:
        """Describe a film and store it; a film that is missing or unreadable is told, and its size is the source's.

        Parameters
        ----------
        path : Path, optional
            The film; None where it is not at hand.
        size_px : (width, height), optional
            What the source says; the file's own size goes before it.
        """
        width_px, height_px = size_px or (None, None)
        known = TrainingImage(image_id, width_px, height_px, view)
        if path is None or self.storage == "none":
            return known
        if not path.is_file():
            self.drop("film", "it is not there", detail=path.name)
            return known
        try:
            header, sha256 = self.intake.read_header(path)
        except UnreadableInput as error:
            self.drop("film", "it cannot be read", detail=error.reason)
            return known
        storage: ImageStorage = self.storage
        name = store_image(path, sha256, _suffix_of(path), self.set_folder, storage)
        return replace(known, width_px=header.columns, height_px=header.rows, file=name, sha256=sha256)


def convert(
    source: Source,
    out: Path,
    options: ConversionOptions,
    progress: Progress = lambda done, total: None,
    intake: Intake | None = None,
) -> TrainingSetManifest:
    """Convert a data set, or go on with a conversion that was stopped.

    Parameters
    ----------
    out : Path
        The training set to write; must not exist.
    progress : callable
        Called with the records done and to do; an exception it raises stops the conversion, which can be resumed.
    intake : Intake, optional
        What films are read through; by default one of its own.

    Raises
    ------
    StorageFailed
        If the disk refuses, ``out`` exists, or what was begun there belongs to another conversion.
    SplitLeaks
        If the split would let one part be known from another.
    """
    if out.exists():
        raise StorageFailed(f"{out} exists already; a training set is never changed, name another folder")
    beside = out.with_name(f".{out.name}.converting")
    try:
        beside.mkdir(parents=True, exist_ok=True)
        (beside / "set").mkdir(exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"cannot write beside {out}: {error.strerror}") from error
    header = {"identity": source.identity(), "code_version": __version__}
    records = list(source.records())
    with Journal(beside / _JOURNAL, header) as journal:
        done = journal.n_done(records)
        if intake is None:
            with Intake() as own:
                _convert_records(source, records, done, journal, beside / "set", own, options, progress)
        else:
            _convert_records(source, records, done, journal, beside / "set", intake, options, progress)
        with TrainingSetWriter(out, source.description(), aside=beside / "set") as writer:
            _write_set(writer, source, journal)
            manifest = writer.finish()
    shutil.rmtree(beside, ignore_errors=True)
    return manifest


def _convert_records(
    source: Source,
    records: Sequence[str],
    done: int,
    journal: Journal,
    set_folder: Path,
    intake: Intake,
    options: ConversionOptions,
    progress: Progress,
) -> None:
    for number, record in enumerate(records[done:], start=done + 1):
        work = RecordWork(record, set_folder, intake, options.images)
        kept = []
        for example in source.examples(record, work):
            lawful, breaches = without_breaches(example)
            for what, problem in breaches:
                work.drop(what, "it breaks a rule of the form", detail=problem)
            problems = problems_of(lawful)
            if problems:
                work.drop("example", "it breaks a rule of the form", detail=f"{example.example_id}: {problems[0]}")
            else:
                kept.append(lawful)
        journal.add(record, kept, work.dropped)
        progress(number, len(records))


def _write_set(writer: TrainingSetWriter, source: Source, journal: Journal) -> None:
    for dropped in source.left_out():
        writer.add_dropped(dropped)
    for record, examples, losses in journal.entries():
        for dropped in losses:
            writer.add_dropped(dropped)
        for example in examples:
            leak = writer.leak_of(example)
            if writer.is_known(example.example_id):
                writer.add_dropped(Dropped(record, "example", "one of the same name came before"))
            elif leak is not None and leak.kind == "picture":
                reason = "its very picture stands in another split under another name"
                writer.add_dropped(Dropped(record, "example", reason, detail=str(leak)))
            elif leak is not None:
                raise SplitLeaks(str(leak))
            else:
                writer.add(example)


def _suffix_of(path: Path) -> str:
    """Kind of a film that the intake has accepted, by its first bytes."""
    with path.open("rb") as stream:
        start = stream.read(4)
    return "png" if start.startswith(b"\x89PNG") else "jpg" if start.startswith(b"\xff\xd8") else "dcm"
