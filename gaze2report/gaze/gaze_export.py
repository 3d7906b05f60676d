"""The kinds of exports of gaze, by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gaze2report.gaze.export_bids import write_bids
from gaze2report.gaze.export_content import Exportable
from gaze2report.gaze.export_folder import ExportManifest, ExportRefused
from gaze2report.gaze.export_parquet import write_parquet
from gaze2report.gaze.export_reflacx import write_reflacx

KINDS = ("bids", "reflacx", "parquet")


def write_export(folder: Path, kind: str, recordings: Sequence[Exportable]) -> ExportManifest:
    """Write recordings into a new folder.

    Raises
    ------
    ExportRefused
        If there is nothing to export, the folder is not empty, or the kind cannot hold a recording.
    """
    if not recordings:
        raise ExportRefused("there is no recording to export")
    if kind == "bids":
        return write_bids(folder, recordings)
    if kind == "reflacx":
        return write_reflacx(folder, recordings)
    if kind == "parquet":
        return write_parquet(folder, recordings)
    raise ExportRefused(f"there is no export {kind}; there are {', '.join(KINDS)}")


def counts_text(manifest: ExportManifest) -> str:
    """What was written, in one line."""
    totals: dict[str, int] = {}
    for one in manifest.recordings:
        for name, count in one.counts.items():
            totals[name] = totals.get(name, 0) + count
    listed = ", ".join(f"{count} {name}" for name, count in totals.items())
    return f"{manifest.folder}: {len(manifest.recordings)} recordings; {listed}"
