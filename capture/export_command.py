"""``python -m capture export``: recordings as BIDS, in the layout of REFLACX, or as Parquet, without a workspace.

The agent never loads this: it needs what the workstation's Python has. What a workspace exports is noted there, so that
a withdrawal reaches it; what is exported here is not, and whoever does it keeps track of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from capture import recording
from capture.samples import SAMPLE_DTYPE
from capture.tracker import TrackerError
from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.case_gaze import cases_of, map_recording
from gaze2report.gaze.clock_map import TimeSync
from gaze2report.gaze.export_content import Exportable
from gaze2report.gaze.export_folder import ExportManifest, ExportRefused
from gaze2report.gaze.gaze_export import counts_text, write_export
from gaze2report.gaze.recording_content import LogEntry, RecordingContent, Segment


def export(paths: list[Path], kind: str, out: Path) -> ExportManifest:
    """Export recordings into a new folder.

    Raises
    ------
    TrackerError
        "refused", with the reason, if it cannot be done; nothing is left out in silence.
    NotARecording
        If a file is none.
    """
    try:
        return write_export(out, kind, [exportable(path) for path in paths])
    except (Gaze2ReportError, OSError) as error:
        raise TrackerError("refused", str(error)) from error


def summary(manifest: ExportManifest) -> str:
    """Say in one line what was written."""
    return counts_text(manifest)


def exportable(path: Path) -> Exportable:
    """Read a recording and what follows from it.

    Raises
    ------
    ExportRefused
        If it is not finished, withdrawn, or damaged.
    """
    about = recording.describe(path)
    if about.state not in ("stopped", "recovered", "failed"):
        raise ExportRefused(f"{path}: a recording in the state {about.state!r} is not exported")
    checked = recording.verify(path)
    if not checked.is_whole:
        raise ExportRefused(f"{path}: {' '.join(checked.faults)}")
    content = content_of(path)
    try:
        mapped = map_recording(content, {})
        return Exportable(content, cases_of(content, mapped, {}), mapped)
    except Gaze2ReportError as error:
        return Exportable(content, not_mapped=str(error))


def content_of(path: Path) -> RecordingContent:
    """Read all of a recording."""
    about = recording.describe(path)
    blocks = list(recording.chunks(path))
    segments = recording.rows(path, "segment")
    samples = np.concatenate([block for _, block in blocks]) if blocks else np.zeros(0, SAMPLE_DTYPE)
    numbers = [np.full(len(block), segment, dtype=np.int64) for segment, block in blocks]
    syncs = [sync for row in segments for sync in recording.time_syncs(path, row["segment"])]
    return RecordingContent(
        recording_id=about.recording_id,
        reader=about.consent["reader_pseudonym"],
        source=about.source,
        state=about.state,
        ended=about.ended,
        tracker=about.tracker,
        frequency_hz=about.frequency_hz,
        display_area=about.display_area,
        versions=about.versions,
        counts=about.counts,
        is_degraded=about.is_degraded,
        started_us=about.started_us,
        started_utc_us=about.started_utc_us,
        samples=samples,
        sample_segments=np.concatenate(numbers) if numbers else np.zeros(0, np.int64),
        segments=tuple(
            Segment(row["segment"], row["started_us"], row["frequency_hz"], row["reason"]) for row in segments
        ),
        exchanges=tuple(
            TimeSync(sync.request_us, sync.device_us, sync.response_us)
            for sync in syncs
            if sync.response_us >= sync.request_us
        ),
        anchors=tuple((row["system_us"], row["utc_us"]) for row in recording.rows(path, "utc_anchor")),
        notices=tuple((row["system_us"], row["kind"], row["text"]) for row in recording.rows(path, "notification")),
        markers=_log(path, "marker"),
        views=_log(path, "view_log"),
    )


def _log(path: Path, table: str) -> tuple[LogEntry, ...]:
    rows = recording.rows(path, table)
    return tuple(LogEntry(row["seq"], row["system_us"], row["kind"], row["body"]) for row in rows)
