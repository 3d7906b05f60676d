"""Checking a training set: whether it is whole, unaltered, lawful in every example, and free of leaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from gaze2report.data.example_json import line_to_example
from gaze2report.data.example_rules import IMAGE_FILE, problems_of
from gaze2report.data.splits import LeakGuard
from gaze2report.data.training_example import TrainingExample
from gaze2report.data.training_set import (
    EXAMPLES,
    IMAGES,
    MANIFEST,
    TrainingSet,
    file_sha256,
    manifest_sha256,
    read_manifest_json,
)
from gaze2report.data.training_set_writer import SetCounts
from gaze2report.errors import TrainingSetUnusable

Progress = Callable[[int, int], None]


def find_problems(
    folder: Path, *, with_films: bool = True, progress: Progress = lambda done, total: None
) -> Iterator[str]:
    """Find everything that is wrong with a training set, each as a sentence; nothing when it is sound.

    Parameters
    ----------
    with_films : bool
        Whether to hash every film, which takes as long as reading them; otherwise only their presence is checked.

    Raises
    ------
    TrainingSetUnusable
        If the folder is no training set at all.
    """
    content = read_manifest_json(folder)
    manifest = TrainingSet.open(folder).manifest
    if manifest_sha256(content) != manifest.sha256:
        yield f"{MANIFEST} is not the one that was written: its own hash does not match"
    yield from _file_problems(folder, manifest.files)
    if not manifest.description.licence:
        yield f"{MANIFEST} does not say on what terms the set may be used"
    counts, films = SetCounts(), _Films(folder, with_films)
    yield from _example_problems(folder, counts, films, manifest.counts.get("total", {}).get("examples", 0), progress)
    yield from _count_problems(manifest.counts, counts.to_dict())
    yield from films.unknown()


def _file_problems(folder: Path, files: dict[str, str]) -> Iterator[str]:
    if EXAMPLES not in files:
        yield f"{MANIFEST} does not name {EXAMPLES}"
    for name, sha256 in sorted(files.items()):
        path = folder / name
        if Path(name).name != name:
            yield f"{MANIFEST} names {name!r}, which is no file of the set's own folder"
        elif not path.is_file():
            yield f"{name} is missing"
        elif file_sha256(path) != sha256:
            yield f"{name} is not the file that was written: its hash does not match"


def _example_problems(
    folder: Path, counts: SetCounts, films: _Films, n_expected: int, progress: Progress
) -> Iterator[str]:
    guard, names = LeakGuard(), set()
    try:
        stream = (folder / EXAMPLES).open("rb")
    except OSError:
        return  # told above
    with stream:
        for number, line in enumerate(stream, start=1):
            try:
                example = line_to_example(line, f"{EXAMPLES}, line {number}")
            except TrainingSetUnusable as error:
                yield str(error)
                continue
            where = f"example {example.example_id}"
            yield from (f"{where}: {problem}" for problem in problems_of(example))
            if example.example_id in names:
                yield f"{where}: its name stands twice"
            names.add(example.example_id)
            leak = guard.leak_of(example.split, example.names_in_split())
            if leak is None:
                guard.add(example.split, example.names_in_split())
            else:
                yield f"{where}: {leak}"
            yield from films.check(example)
            counts.add(example)
            progress(number, max(n_expected, number))


def _count_problems(told: dict[str, dict[str, int]], found: dict[str, dict[str, int]]) -> Iterator[str]:
    for part, counts in found.items():
        for name, count in counts.items():
            if part in told and told[part].get(name, count) != count:
                yield f"{MANIFEST} tells of {told[part][name]} {name} ({part}), there are {count}"


class _Films:
    """The films of a set: each named one must be there and be the one it is named for, and no other may be."""

    def __init__(self, folder: Path, with_hash: bool) -> None:
        self._folder = folder
        self._with_hash = with_hash
        self._seen: set[str] = set()

    def check(self, example: TrainingExample) -> Iterator[str]:
        for image in example.images:
            if image.file is None or image.file in self._seen or not IMAGE_FILE.fullmatch(image.file):
                continue  # a path of another form is told by the rules
            self._seen.add(image.file)
            path = self._folder / image.file
            if path.is_symlink() or not path.is_file():
                yield f"film {image.file} of example {example.example_id} is missing"
            elif self._with_hash and file_sha256(path) != image.sha256:
                yield f"film {image.file} of example {example.example_id} is not the file that was written"

    def unknown(self) -> Iterator[str]:
        for path in sorted((self._folder / IMAGES).rglob("*")):
            name = path.relative_to(self._folder).as_posix()
            if not path.is_dir() and name not in self._seen:
                yield f"{name} lies in the set and belongs to no example"
