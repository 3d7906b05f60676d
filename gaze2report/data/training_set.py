"""A training set: a folder that can be read without a database, of any size, and names exactly what it holds.

::

    training_set.json   the manifest: form, source, licence, split, counts, what was dropped, hashes
    examples.jsonl      one example a line (gaze2report/data/example_json.py)
    dropped.jsonl       what was left out of which record, and why
    images/ab/ab12….png the films, named by the SHA-256 of the file

The set's own hash is that of its manifest, which holds the hashes of the other files, which name the pictures by
theirs. ``docs/training-set.md`` describes the form.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.example_json import line_to_example
from gaze2report.data.example_rules import IMAGE_FILE
from gaze2report.data.splits import SPLITS, Split
from gaze2report.data.training_example import TrainingExample, TrainingImage
from gaze2report.errors import TrainingSetUnusable
from gaze2report.gaze.export_folder import TOMBSTONE

FORMAT = "gaze2report-training-set"
FORMAT_VERSION = 1
MANIFEST = "training_set.json"
EXAMPLES = "examples.jsonl"
DROPPED = "dropped.jsonl"
IMAGES = "images"
TOTAL = "total"
PARTS = (TOTAL, *SPLITS)
COUNTED = ("examples", "patients", "images", "image_files", "scanpaths", "fixations", "reports", "regions", "labelled")


@dataclass(frozen=True)
class Dropped:
    """Something of a record that was left out: what, why, and how often."""

    record: str
    what: str
    reason: str
    count: int = 1
    detail: str = ""


@dataclass(frozen=True)
class SetDescription:
    """What a training set says of itself besides its content.

    Attributes
    ----------
    source, citation, licence : str
        What it was made from, whom to cite, and on what terms it may be used.
    may_be_shared : bool
        False where the source's terms forbid to hand the content on.
    split_unit : str
        What the split goes by: ``patient``, or ``image`` where the source does not tell patients apart.
    split_rule : str
        How the split was made, as a sentence.
    notes : tuple of str
        What whoever trains on it must know.
    options : dict
        Options of the conversion that changed its content.
    """

    name: str
    kind: str
    source: str
    citation: str
    licence: str
    may_be_shared: bool
    split_unit: str
    split_rule: str
    notes: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    made_by: str = ""


@dataclass(frozen=True)
class TrainingSetManifest:
    """The manifest.

    Attributes
    ----------
    counts : dict
        ``total`` and each split to counts of ``COUNTED``.
    dropped : tuple of dict
        ``{"what", "reason", "count"}``, the most frequent first.
    files : dict
        File name to SHA-256.
    sha256 : str
        Names the content: the hash of the manifest without this entry.
    """

    description: SetDescription
    counts: dict[str, dict[str, int]]
    dropped: tuple[dict[str, Any], ...]
    files: dict[str, str]
    sha256: str
    format_version: int = FORMAT_VERSION


def manifest_to_json(manifest: TrainingSetManifest) -> dict[str, Any]:
    """Manifest as a JSON object."""
    return {
        "format": FORMAT,
        "format_version": manifest.format_version,
        **{key: list(v) if isinstance(v, tuple) else v for key, v in asdict(manifest.description).items()},
        "counts": manifest.counts,
        "dropped": list(manifest.dropped),
        "files": manifest.files,
        "sha256": manifest.sha256,
    }


def manifest_sha256(content: dict[str, Any]) -> str:
    """Hash of a manifest's JSON object without its entry ``sha256``, keys this program does not know included."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class TrainingSet:
    """A training set that was opened; its examples are read as they are asked for.

    Attributes
    ----------
    folder : Path
    manifest : TrainingSetManifest
    """

    def __init__(self, folder: Path, manifest: TrainingSetManifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def open(cls, folder: Path) -> TrainingSet:
        """Read the manifest; what it does not say is empty, what it says beyond this form is passed by.

        Raises
        ------
        TrainingSetUnusable
            If the folder is no training set, or one of a newer form.
        """
        return cls(folder, _to_manifest(read_manifest_json(folder), folder))

    def examples(self, split: Split | None = None) -> Iterator[TrainingExample]:
        """Read the examples of a split, or all, in the order of the file.

        Raises
        ------
        TrainingSetUnusable
            With the line that cannot be read.
        """
        for number, line in enumerate(self._lines(), start=1):
            example = line_to_example(line, f"{self.folder / EXAMPLES}, line {number}")
            if split is None or example.split == split:
                yield example

    def offsets(self, split: Split | None = None) -> NDArray[np.int64]:
        """Where the examples of a split begin in the file, for ``example_at``; eight bytes an example.

        Raises
        ------
        TrainingSetUnusable
            With the line that cannot be read.
        """
        found, offset = [], 0
        for number, line in enumerate(self._lines(), start=1):
            example = line_to_example(line, f"{self.folder / EXAMPLES}, line {number}")
            if split is None or example.split == split:
                found.append(offset)
            offset += len(line)
        return np.asarray(found, dtype=np.int64)

    def example_at(self, offset: int) -> TrainingExample:
        """Read the example that begins at an offset."""
        try:
            with (self.folder / EXAMPLES).open("rb") as stream:
                stream.seek(offset)
                return line_to_example(stream.readline(), f"{self.folder / EXAMPLES}, byte {offset}")
        except OSError as error:
            raise TrainingSetUnusable(f"{self.folder / EXAMPLES}: cannot be read: {error.strerror}") from error

    def image_path(self, image: TrainingImage) -> Path | None:
        """Where the film lies; None where it is not part of the set.

        Raises
        ------
        TrainingSetUnusable
            If the path would lead out of the set.
        """
        if image.file is None:
            return None
        if not IMAGE_FILE.fullmatch(image.file):
            raise TrainingSetUnusable(f"{self.folder}: {image.file!r} is not the path of a film in a training set")
        return self.folder / image.file

    def dropped(self) -> Iterator[Dropped]:
        """What was left out, in the order of the source; nothing where the set does not tell."""
        path = self.folder / DROPPED
        if not path.is_file():
            return
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                row = json.loads(line)
                yield Dropped(row["record"], row["what"], row["reason"], row.get("count", 1), row.get("detail", ""))

    def _lines(self) -> Iterator[bytes]:
        try:
            with (self.folder / EXAMPLES).open("rb") as stream:
                yield from stream
        except OSError as error:
            raise TrainingSetUnusable(f"{self.folder / EXAMPLES}: cannot be read: {error.strerror}") from error


def read_manifest_json(folder: Path) -> dict[str, Any]:
    """Read the manifest's JSON object and check that this program knows its form.

    Raises
    ------
    TrainingSetUnusable
        If it is missing, damaged, of a newer form, or withdrawn.
    """
    path = folder / MANIFEST
    if (folder / TOMBSTONE).exists():
        raise TrainingSetUnusable(
            f"{folder}: a reader whose gaze it holds has withdrawn consent ({TOMBSTONE}); it must not be used any more"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TrainingSetUnusable(f"{folder} is no training set: {MANIFEST} is missing") from error
    except (OSError, ValueError, RecursionError) as error:
        raise TrainingSetUnusable(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise TrainingSetUnusable(f"{path} is not the manifest of a training set")
    version = content.get("format_version")
    if not isinstance(version, int) or not 1 <= version <= FORMAT_VERSION:
        raise TrainingSetUnusable(
            f"{folder}: training-set form {version!r} is not known here (up to {FORMAT_VERSION}); use a newer release"
        )
    return content


def _in_order(counts: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Counts in the order of the form, whatever their order in the file; unknown ones at the end."""
    parts = [part for part in PARTS if part in counts] + [part for part in counts if part not in PARTS]
    names = (*COUNTED, *sorted({name for part in parts for name in counts[part]} - set(COUNTED)))
    return {part: {name: int(counts[part][name]) for name in names if name in counts[part]} for part in parts}


def _to_manifest(content: dict[str, Any], folder: Path) -> TrainingSetManifest:
    try:
        description = SetDescription(
            name=str(content.get("name", folder.name)),
            kind=str(content.get("kind", "")),
            source=str(content.get("source", "")),
            citation=str(content.get("citation", "")),
            licence=str(content.get("licence", "")),
            may_be_shared=content.get("may_be_shared") is True,
            split_unit=str(content.get("split_unit", "patient")),
            split_rule=str(content.get("split_rule", "")),
            notes=tuple(str(note) for note in content.get("notes", ())),
            options=dict(content.get("options", {})),
            made_by=str(content.get("made_by", "")),
        )
        return TrainingSetManifest(
            description=description,
            counts=_in_order(content.get("counts", {})),
            dropped=tuple(dict(row) for row in content.get("dropped", ())),
            files=dict(content.get("files", {})),
            sha256=str(content.get("sha256", "")),
            format_version=content["format_version"],
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise TrainingSetUnusable(f"{folder / MANIFEST}: cannot be read: {error}") from error
