"""Writing a training set: aside, strictly, and renamed only when it is whole."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Literal

from gaze2report import __version__
from gaze2report.data.example_json import example_to_line
from gaze2report.data.example_rules import problems_of
from gaze2report.data.splits import Leak, LeakGuard
from gaze2report.data.training_example import TrainingExample
from gaze2report.data.training_set import (
    COUNTED,
    DROPPED,
    EXAMPLES,
    IMAGES,
    MANIFEST,
    PARTS,
    TOTAL,
    Dropped,
    SetDescription,
    TrainingSetManifest,
    manifest_sha256,
    manifest_to_json,
)
from gaze2report.errors import ExampleRefused, StorageFailed

ImageStorage = Literal["copy", "hardlink"]


class SetCounts:
    """Counts a training set's content, in all and by split."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[str]] = {part: Counter() for part in PARTS}
        self._seen: set[tuple[str, str]] = set()

    def add(self, example: TrainingExample) -> None:
        """Count one example; a patient, image or picture that was seen before is not counted again."""
        new = {
            "patients": self._n_new("patient", [example.patient_id]),
            "images": self._n_new("image", [image.image_id for image in example.images]),
            "image_files": self._n_new("picture", [image.sha256 for image in example.images if image.sha256]),
            "examples": 1,
            "scanpaths": len(example.scanpaths),
            "fixations": sum(len(scanpath.x) for scanpath in example.scanpaths),
            "reports": len(example.reports),
            "regions": len(example.regions),
            "labelled": int(example.is_labelled),
        }
        for part in (TOTAL, example.split):
            self._counts[part].update(new)

    def _n_new(self, kind: str, names: Iterable[str]) -> int:
        new = {(kind, name) for name in names} - self._seen
        self._seen |= new
        return len(new)

    def to_dict(self) -> dict[str, dict[str, int]]:
        """Return the counts by part and kind."""
        return {part: {name: counts[name] for name in COUNTED} for part, counts in self._counts.items()}


class TrainingSetWriter:
    """Writes one training set.

    Use as a context manager and call ``finish`` at its end; a set that was not finished leaves nothing behind.

    Parameters
    ----------
    folder : Path
        Where the set will be; must not exist.
    description : SetDescription
    aside : Path, optional
        Folder to write in until the end, on the same disk; kept when the writing breaks off, so that it can
        be continued. By default one that is removed.

    Raises
    ------
    StorageFailed
        If the folder exists already, or the disk refuses.
    """

    def __init__(self, folder: Path, description: SetDescription, aside: Path | None = None) -> None:
        if folder.exists():
            raise StorageFailed(f"{folder} exists already; a training set is never changed, name another folder")
        self._folder = folder
        self._description = description
        self._is_kept = aside is not None
        self._guard = LeakGuard()
        self._counts = SetCounts()
        self._names: set[str] = set()
        self._used: set[str] = set()
        self._reasons: Counter[tuple[str, str]] = Counter()
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            self.aside = aside or Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
            self.aside.mkdir(exist_ok=True)
            self._examples = _HashedFile(self.aside / EXAMPLES)
            self._dropped = _HashedFile(self.aside / DROPPED)
        except OSError as error:
            raise StorageFailed(f"cannot write a training set beside {folder}: {error.strerror}") from error

    def __enter__(self) -> TrainingSetWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._examples.close()
        self._dropped.close()
        if not self._is_kept:
            shutil.rmtree(self.aside, ignore_errors=True)

    def leak_of(self, example: TrainingExample) -> Leak | None:
        """What of the example stands in another split already; None where nothing does."""
        return self._guard.leak_of(example.split, example.names_in_split())

    def is_known(self, example_id: str) -> bool:
        """Whether an example of this name was written already."""
        return example_id in self._names

    def add(self, example: TrainingExample) -> None:
        """Write one example.

        Raises
        ------
        ExampleRefused
            If it breaks a rule of the form, or its name was there before.
        SplitLeaks
            If its patient or one of its images stands in another split already.
        StorageFailed
            If the disk refuses.
        """
        problems = problems_of(example)
        if example.example_id in self._names:
            problems.append("an example of this name was written before")
        problems += [
            f"the film {image.file} is not in the folder"
            for image in example.images
            if not problems and image.file is not None and not (self.aside / image.file).is_file()
        ]
        if problems:
            raise ExampleRefused(f"example {example.example_id}: {problems[0]}")
        self._guard.add(example.split, example.names_in_split())
        self._names.add(example.example_id)
        self._counts.add(example)
        self._used.update(image.file for image in example.images if image.file is not None)
        self._examples.write(example_to_line(example))

    def add_dropped(self, dropped: Dropped) -> None:
        """Write down something that was left out."""
        self._reasons[dropped.what, dropped.reason] += dropped.count
        row = {
            "record": _writable(dropped.record),
            "what": dropped.what,
            "reason": dropped.reason,
            "count": dropped.count,
        }
        if dropped.detail:
            row["detail"] = _writable(dropped.detail)
        self._dropped.write(json.dumps(row, ensure_ascii=False, sort_keys=True))

    def finish(self) -> TrainingSetManifest:
        """Write the manifest and put the set in its place.

        Raises
        ------
        StorageFailed
            If the disk refuses; the folder is then not there.
        """
        manifest = TrainingSetManifest(
            description=SetDescription(**{**vars(self._description), "made_by": f"gaze2report {__version__}"}),
            counts=self._counts.to_dict(),
            dropped=tuple(
                {"what": what, "reason": reason, "count": count}
                for (what, reason), count in sorted(self._reasons.items(), key=lambda item: (-item[1], item[0]))
            ),
            files={EXAMPLES: self._examples.finish(), DROPPED: self._dropped.finish()},
            sha256="",
        )
        self._remove_unused_images()
        content = manifest_to_json(manifest)
        content["sha256"] = manifest_sha256(content)
        try:
            text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
            (self.aside / MANIFEST).write_text(text, encoding="utf-8")
            self.aside.chmod(0o755)
            os.rename(self.aside, self._folder)
        except OSError as error:
            raise StorageFailed(f"cannot write the training set {self._folder}: {error.strerror}") from error
        return TrainingSetManifest(**{**vars(manifest), "sha256": content["sha256"]})

    def _remove_unused_images(self) -> None:
        """Take out films that no example names: those of dropped records, and what a killed copy has left."""
        films = self.aside / IMAGES
        if not films.exists():
            return
        for path in (*sorted(films.rglob("*"), reverse=True), films):
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(self.aside).as_posix() not in self._used:
                path.unlink()


def store_image(source: Path, sha256: str, suffix: str, set_folder: Path, storage: ImageStorage) -> str:
    """Put a film into a set's folder under the name of its hash, whole or not at all; returns its path in the set.

    Raises
    ------
    StorageFailed
        If the disk refuses, or a hard link is asked for across two disks.
    """
    name = f"{IMAGES}/{sha256[:2]}/{sha256}.{suffix}"
    target = set_folder / name
    if target.exists():
        return name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if storage == "hardlink":
            os.link(source, target)
        else:
            aside = target.with_name(f".{target.name}.aside")
            shutil.copyfile(source, aside)
            aside.chmod(0o644)
            os.replace(aside, target)
    except OSError as error:
        reason = "the two lie on different disks" if error.errno == errno.EXDEV else error.strerror
        raise StorageFailed(f"cannot {storage} {source} into {set_folder}: {reason}") from error
    return name


def _writable(text: str) -> str:
    """Text of a hostile source, with what is no character replaced."""
    return text.encode("utf-8", "backslashreplace").decode()


class _HashedFile:
    """A text file that is written line by line and hashed as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: IO[bytes] = path.open("wb")
        self._hash = hashlib.sha256()

    def write(self, line: str) -> None:
        data = line.encode("utf-8") + b"\n"
        self._hash.update(data)
        try:
            self._stream.write(data)
        except OSError as error:
            raise StorageFailed(f"cannot write {self._path}: {error.strerror}") from error

    def finish(self) -> str:
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
        except OSError as error:
            raise StorageFailed(f"cannot write {self._path}: {error.strerror}") from error
        return self._hash.hexdigest()

    def close(self) -> None:
        self._stream.close()
