"""Which files a person means who names files and folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

Progress = Callable[[int, int], None]


def files_under(paths: Iterable[Path | str]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """List the files named and those in the folders named, sorted within a folder, each once.

    Inside folders, hidden files and DICOMDIR (an index, not an image) are left out and links to folders are not
    followed. A file that is named itself is always listed.

    Returns
    -------
    files : list of Path
    failures : list of (Path, str)
        What is not there or cannot be opened, with a sentence.
    """
    files: dict[Path, None] = {}
    failures: list[tuple[Path, str]] = []
    for path in map(Path, paths):
        if path.is_dir():
            files.update(dict.fromkeys(_walk(path, failures)))
        elif path.exists():
            files[path] = None
        else:
            failures.append((path, f"{path}: there is no such file or folder"))
    return list(files), failures


def _walk(folder: Path, failures: list[tuple[Path, str]]) -> Iterable[Path]:
    def unreadable(error: OSError) -> None:
        name = Path(error.filename or folder)
        failures.append((name, f"{name}: {error.strerror or error}"))

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and name.upper() != "DICOMDIR" and path.is_file():
                yield path
