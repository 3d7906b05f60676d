"""A folder of exported gaze: what lies in it of which recording, so that one can be taken out again.

``gaze_export.json`` names the files of each recording with their hashes, and the word by which shared tables name it.
A folder in which somebody's gaze was withdrawn holds ``WITHDRAWN.json``; such a folder must not be used any more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gaze2report.errors import Gaze2ReportError

MANIFEST = "gaze_export.json"
TOMBSTONE = "WITHDRAWN.json"
FORMAT, VERSION = "gaze2report-gaze-export", 1


class ExportRefused(Gaze2ReportError):
    """Gaze that cannot be exported like this."""

    code = "export_refused"


@dataclass(frozen=True)
class ExportedRecording:
    """What one recording became.

    Attributes
    ----------
    recording_id : str
    label : str
        By which names of files and rows of shared tables name it.
    files : tuple of str
        Relative to the folder, with forward slashes.
    counts : dict of str to int
        ``samples``, ``fixations`` and so on that were written: what came in goes out.
    """

    recording_id: str
    label: str
    files: tuple[str, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class ExportManifest:
    """What a whole export is.

    Attributes
    ----------
    kind : str
        ``bids``, ``reflacx`` or ``parquet``.
    shared : tuple of str
        Files that hold rows of several recordings.
    sha256 : str
        Of ``gaze_export.json``.
    """

    kind: str
    folder: Path
    recordings: tuple[ExportedRecording, ...]
    shared: tuple[str, ...]
    sha256: str


def new_folder(folder: Path) -> Path:
    """Make the folder of an export; one with something in it is refused."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportRefused(f"{folder} is not empty; an export is written into a folder of its own")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def write_manifest(
    folder: Path, kind: str, recordings: Sequence[ExportedRecording], shared: Iterable[str]
) -> ExportManifest:
    """Write the manifest, last of all: a folder without it is no whole export."""
    names = tuple(sorted(shared))
    every = sorted({name for one in recordings for name in one.files} | set(names))
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "recordings": {
            one.recording_id: {"label": one.label, "files": list(one.files), "counts": dict(one.counts)}
            for one in recordings
        },
        "shared": list(names),
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in every},
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return ExportManifest(kind, folder, tuple(recordings), names, hashlib.sha256(text.encode()).hexdigest())


def remove_recordings(folder: Path, recording_ids: Sequence[str]) -> list[str]:
    """Remove files and rows of some recordings from an export; gives the files removed.

    A folder without a manifest, as a training set is, stays as it is: its tombstone alone says what it is.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return []
    content = json.loads(manifest.read_text(encoding="utf-8"))
    removed: list[str] = []
    labels: list[str] = []
    for recording_id in recording_ids:
        one = content["recordings"].get(recording_id)
        if one is None:
            continue
        labels.append(one["label"])
        for name in one["files"]:
            path = folder / name
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                path.unlink()
                removed.append(name)
    for name in content["shared"]:
        path = folder / name
        if path.is_file() and path.suffix in (".tsv", ".csv"):
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if not _names_any(line, labels)]
            path.write_text("".join(kept), encoding="utf-8")
    return removed


def _names_any(line: str, labels: Sequence[str]) -> bool:
    cells = {cell.strip() for cell in line.replace("\t", ",").split(",")}
    return any(label in cells for label in labels)
