"""Gaze as Parquet, nothing left out and nothing rounded: samples to the bit, views, markers, cases, fixations.

Needs pyarrow, which is large and wanted by few: ``pip install "gaze2report-workstation[parquet]"``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from gaze2report.gaze.export_content import Exportable, reader_label, recording_label, uid_label
from gaze2report.gaze.export_folder import ExportedRecording, ExportManifest, ExportRefused, new_folder, write_manifest
from gaze2report.gaze.recording_content import RecordingContent
from gaze2report.gaze.sample_layout import SAMPLE_LAYOUT

_UIDS = ("instance_uid", "image_uid", "study_uid")


def write_parquet(folder: Path, recordings: Sequence[Exportable]) -> ExportManifest:
    """Write a folder a recording, one Parquet file a kind of row, into a new folder.

    Raises
    ------
    ExportRefused
        If the folder is not empty, or pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ExportRefused(
            'Parquet needs pyarrow, which is not installed: pip install "gaze2report-workstation[parquet]"'
        ) from error
    new_folder(folder)
    written = [_write_recording(folder, one) for one in recordings]
    return write_manifest(folder, "parquet", written, [])


def _write_recording(folder: Path, one: Exportable) -> ExportedRecording:
    content = one.content
    label = recording_label(content.recording_id)
    about = {
        "layout": SAMPLE_LAYOUT,
        "reader": reader_label(content.reader),
        "source": content.source,
        "state": content.state,
        "tracker_model": str(content.tracker.get("model", "")),
        "frequency_hz": content.frequency_hz,
        "display_area": content.display_area,
        "started_us": content.started_us,
        "clock": "host time, monotonic, us",
        "counts": dict(content.counts),
        "is_degraded": content.is_degraded,
        "not_mapped": one.not_mapped,
    }
    tables: dict[str, dict[str, Any]] = {"samples": _samples(one)}
    lists: dict[str, list[dict[str, Any]]] = {
        "segments": [vars(segment) for segment in content.segments],
        "time_syncs": [asdict(exchange) for exchange in content.exchanges],
        "notices": [
            {"system_us": us, "kind": kind, "text": _without_names(text, content)} for us, kind, text in content.notices
        ],
        "markers": [_log_row(entry) for entry in content.markers],
        "views": [_log_row(entry) for entry in content.views],
        "cases": [_case_row(number, case) for number, case in enumerate(one.cases)],
        "fixations": [
            _fixation_row(number, fixation) for number, case in enumerate(one.cases) for fixation in case.fixations
        ],
    }
    tables |= {name: _columns(rows) for name, rows in lists.items()}
    (folder / label).mkdir()
    files, counts = [], {}
    for name, columns in tables.items():
        counts[name] = len(next(iter(columns.values()))) if columns else 0
        _write(folder / label / f"{name}.parquet", columns, {**about, "rows": counts[name]})
        files.append(f"{label}/{name}.parquet")
    return ExportedRecording(label, label, tuple(files), counts)


def _samples(one: Exportable) -> dict[str, Any]:
    """Every field of every sample; of places in mm one column an axis."""
    samples = one.content.samples
    columns: dict[str, Any] = {"segment": one.content.sample_segments}
    for name in samples.dtype.names or ():
        values = samples[name]
        if values.ndim == 1:
            columns[name] = np.ascontiguousarray(values)
        else:
            stem = name.removesuffix("_mm")
            columns |= {f"{stem}_{axis}_mm": np.ascontiguousarray(values[:, k]) for k, axis in enumerate("xyz")}
    return columns


def _log_row(entry: Any) -> dict[str, Any]:
    body = {name: uid_label(str(value)) if name in _UIDS else value for name, value in entry.body.items()}
    return {"seq": entry.seq, "system_us": entry.system_us, "kind": entry.kind, "body_json": json.dumps(body)}


def _without_names(text: str, content: RecordingContent) -> str:
    """A notice without what would tell which device it was."""
    for name in ("serial_number", "address", "name"):
        told = str(content.tracker.get(name, ""))
        text = text.replace(told, "...") if told else text
    return text


def _case_row(number: int, case: Any) -> dict[str, Any]:
    gates = {gate.name: gate.value for gate in case.gates.gates}
    return {
        "case": number,
        "study": uid_label(case.study_uid),
        "start_us": case.start_us,
        "end_us": case.end_us,
        "level": case.gates.level,
        **gates,
        "error_dva": case.error_dva,
        "classifier": case.classifier,
    }


def _fixation_row(number: int, one: Any) -> dict[str, Any]:
    row = {name: value for name, value in vars(one).items() if name not in ("view", "instance_uid")}
    image_px, screen_px = one.view.shown_rectangles
    sides = ("left", "top", "right", "bottom")
    return {
        "case": number,
        "film": uid_label(one.instance_uid),
        **row,
        **{f"shown_image_{side}_px": value for side, value in zip(sides, image_px, strict=True)},
        **{f"shown_screen_{side}_px": value for side, value in zip(sides, screen_px, strict=True)},
    }


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _write(path: Path, columns: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(dict(columns))
    table = table.replace_schema_metadata({"gaze2report": json.dumps(about)})
    parquet.write_table(table, path, compression="zstd")
