"""Gaze as a BIDS data set: eye tracking as BIDS 1.11 has it (BEP 020).

A run is a segment of a recording, in which the tracker ran through. Each eye has its own ``physio`` file; samples that
never came are rows of n/a, because a BIDS recording has no holes. Fixations and markers stand in ``physioevents``.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.gaze.data_gaps import absent_between
from gaze2report.gaze.export_content import (
    Exportable,
    number_text,
    reader_label,
    recording_label,
    seconds_since_start,
    uid_label,
)
from gaze2report.gaze.export_folder import ExportedRecording, ExportManifest, ExportRefused, new_folder, write_manifest
from gaze2report.gaze.recording_content import RecordingWithoutScreen
from gaze2report.gaze.sample_layout import EYES
from gaze2report.gaze.screen_geometry import ScreenGeometry

BIDS_VERSION = "1.11.1"
TASK = "reading"
_COLUMNS: dict[str, dict[str, str]] = {
    "timestamp": {"Description": "Host time of the sample.", "Units": "s", "Origin": "Start of the recording"},
    "x_coordinate": {"Description": "Gaze position, to the right of the screen's left edge.", "Units": "pixel"},
    "y_coordinate": {"Description": "Gaze position, below the screen's top edge.", "Units": "pixel"},
    "pupil_size": {"Description": "Pupil diameter.", "Units": "mm"},
    "eye_openness": {"Description": "Opening of the lids.", "Units": "mm"},
    "eye_distance": {"Description": "Distance of the eye from the tracker, along its z axis.", "Units": "mm"},
    "device_time": {"Description": "The tracker's own clock since the first sample of this run.", "Units": "us"},
}
_NO_VALUE = "n/a"


@dataclass(frozen=True, eq=False)
class _Run:
    """Samples of one segment, with rows for those that never came."""

    number: int
    frequency_hz: float
    rows: NDArray[np.int64]  # index into the samples; -1 where none came
    time_s: NDArray[np.float64]


def write_bids(folder: Path, recordings: Sequence[Exportable], name: str = "Gaze of radiologists") -> ExportManifest:
    """Write a BIDS data set into a new folder.

    Raises
    ------
    ExportRefused
        If the folder is not empty, or a recording does not say what screen its gaze is on.
    """
    screens = [_screen(one) for one in recordings]
    new_folder(folder)
    _json(folder / "dataset_description.json", _description(name))
    (folder / "README").write_text(_README, encoding="utf-8")
    (folder / ".bidsignore").write_text("gaze_export.json\nWITHDRAWN.json\n", encoding="utf-8")
    readers = sorted({one.content.reader for one in recordings})
    rows = [f"sub-{reader_label(reader)}" for reader in readers]
    (folder / "participants.tsv").write_text("\n".join(["participant_id", *rows]) + "\n", encoding="utf-8")
    written: list[ExportedRecording] = []
    next_run: dict[str, int] = {}
    for one, screen in zip(recordings, screens, strict=True):
        subject = f"sub-{reader_label(one.content.reader)}"
        first = next_run.get(subject, 1)
        exported, next_run[subject] = _write_recording(folder, subject, first, one, screen)
        written.append(exported)
    shared = ["dataset_description.json", "README", ".bidsignore", "participants.tsv"]
    return write_manifest(folder, "bids", written, shared)


def _screen(one: Exportable) -> ScreenGeometry:
    try:
        return one.content.screen()[1]
    except RecordingWithoutScreen as error:
        label = one.content.recording_id
        raise ExportRefused(f"recording {label} cannot be written as BIDS: {error}; as Parquet it can") from error


def _write_recording(
    folder: Path, subject: str, first_run: int, one: Exportable, screen: ScreenGeometry
) -> tuple[ExportedRecording, int]:
    files: list[str] = []
    n_padded = n_fixations = n_markers = 0
    runs = _runs(one, first_run)
    fixations = [fixation for case in one.cases for fixation in case.fixations]
    for run in runs:
        stem = f"{subject}/beh/{subject}_task-{TASK}_run-{run.number:02d}"
        (folder / subject / "beh").mkdir(parents=True, exist_ok=True)
        n_padded += int((run.rows < 0).sum())
        for number, eye in enumerate(EYES, start=1):
            path = f"{stem}_recording-eye{number}_physio"
            _gzip(folder / f"{path}.tsv.gz", _sample_lines(one, run, eye, screen))
            _json(folder / f"{path}.json", _physio_sidecar(one, run, eye, screen))
            files += [f"{path}.tsv.gz", f"{path}.json"]
        is_last = run is runs[-1]
        events = list(_events(one, run, fixations, is_last))
        n_fixations += sum(kind == "fixation" for _, _, kind, _ in events)
        n_markers += sum(kind == _NO_VALUE for _, _, kind, _ in events)
        lines = (f"{onset:.6f}\t{_or_none(length)}\t{kind}\t{text}" for onset, length, kind, text in events)
        path = f"{stem}_recording-eye1_physioevents"
        _gzip(folder / f"{path}.tsv.gz", lines)
        _json(folder / f"{path}.json", _EVENTS_SIDECAR)
        files += [f"{path}.tsv.gz", f"{path}.json"]
        files += _task_events(folder, stem, one, run, screen)
    counts = {
        "samples": len(one.content.samples),
        "runs": len(runs),
        "padded": n_padded,
        "fixations": n_fixations,
        "markers": n_markers,
    }
    label = recording_label(one.content.recording_id)
    return ExportedRecording(label, subject, tuple(files), counts), first_run + len(runs)


def _runs(one: Exportable, first_run: int) -> list[_Run]:
    """One run a segment; samples in order of time, with a row for each that never came."""
    content = one.content
    time_s = seconds_since_start(content, content.mapped_clock()[0])
    rates = {segment.segment: segment.frequency_hz for segment in content.segments}
    found: list[_Run] = []
    for segment in np.unique(content.sample_segments):
        rows = np.flatnonzero(content.sample_segments == segment)
        rows = rows[np.argsort(time_s[rows], kind="stable")]
        frequency_hz = rates.get(int(segment), content.frequency_hz)
        absent = absent_between(time_s[rows] * 1000.0, frequency_hz)
        places = np.arange(len(rows)) + np.concatenate([[0], np.cumsum(absent)])
        padded = np.full(int(places[-1]) + 1, -1, dtype=np.int64)
        padded[places] = rows
        times = np.interp(np.arange(len(padded)), places, time_s[rows])
        found.append(_Run(first_run + len(found), frequency_hz, padded, times))
    return found


def _sample_lines(one: Exportable, run: _Run, eye: str, screen: ScreenGeometry) -> Iterator[str]:
    samples = one.content.samples
    first_us = int(samples["device_us"][run.rows[run.rows >= 0][0]])
    is_gaze, is_pupil = samples[f"{eye}_gaze_valid"] == 1, samples[f"{eye}_pupil_valid"] == 1
    x_px = samples[f"{eye}_x"].astype(np.float64) * screen.width_px
    y_px = samples[f"{eye}_y"].astype(np.float64) * screen.height_px
    pupil, openness = samples[f"{eye}_pupil_mm"], samples[f"{eye}_openness_mm"]
    is_open, is_origin = samples[f"{eye}_openness_valid"] == 1, samples[f"{eye}_origin_valid"] == 1
    distance, device_us = samples[f"{eye}_origin_mm"][:, 2], samples["device_us"]
    for row, time_s in zip(run.rows.tolist(), run.time_s.tolist(), strict=True):
        if row < 0:
            yield "\t".join([f"{time_s:.6f}", *[_NO_VALUE] * (len(_COLUMNS) - 1)])
            continue
        cells = (
            f"{x_px[row]:.4f}" if is_gaze[row] else _NO_VALUE,
            f"{y_px[row]:.4f}" if is_gaze[row] else _NO_VALUE,
            _or_none(pupil[row] if is_pupil[row] else None),
            _or_none(openness[row] if is_open[row] else None),
            _or_none(distance[row] if is_origin[row] else None),
            str(int(device_us[row]) - first_us),
        )
        yield "\t".join([f"{time_s:.6f}", *cells])


def _events(
    one: Exportable, run: _Run, fixations: Iterable[Any], is_last: bool
) -> list[tuple[float, float | None, str, str]]:
    """Fixations and markers from the begin of a run to that of the next: onset, duration, kind, message."""
    start_us = one.content.started_us
    first_segment = one.content.sample_segments.min()
    of_run = one.content.sample_segments[run.rows[run.rows >= 0][0]]
    begin_s = -np.inf if of_run == first_segment else run.time_s[0]
    later = one.content.sample_segments > of_run
    end_s = np.inf
    if not is_last and later.any():
        clock = seconds_since_start(one.content, one.content.mapped_clock()[0])
        next_segment = one.content.sample_segments[later].min()
        end_s = float(clock[one.content.sample_segments == next_segment].min())
    found: list[tuple[float, float | None, str, str]] = []
    for fixation in fixations:
        onset_s = (fixation.onset_ms * 1000.0 - start_us) / 1e6
        is_seen = fixation.is_ai_overlay_visible or fixation.is_draft_visible
        text = (
            f"film {uid_label(fixation.instance_uid)} x_px {fixation.x_px:.2f} y_px {fixation.y_px:.2f} "
            f"ai_visible {int(is_seen)}"
        )
        found.append((onset_s, fixation.duration_ms / 1000.0, "fixation", text))
    for marker in one.content.markers:
        found.append(((marker.system_us - start_us) / 1e6, None, _NO_VALUE, marker.kind))
    return sorted((event for event in found if begin_s <= event[0] < end_s), key=lambda event: event[0])


def _task_events(folder: Path, stem: str, one: Exportable, run: _Run, screen: ScreenGeometry) -> list[str]:
    """The cases that a run holds, and on what screen they were read."""
    begin_s, end_s = float(run.time_s[0]), float(run.time_s[-1])
    lines = ["onset\tduration\ttrial_type\tstudy\tgate"]
    for case in one.cases:
        start_s = (case.start_us - one.content.started_us) / 1e6
        stop_s = (case.end_us - one.content.started_us) / 1e6
        if start_s < end_s and stop_s > begin_s:
            study = uid_label(case.study_uid) or _NO_VALUE
            lines.append(f"{start_s:.6f}\t{stop_s - start_s:.6f}\tcase\t{study}\t{case.gates.level}")
    (folder / f"{stem}_events.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sidecar = {
        "TaskName": TASK,
        "StimulusPresentation": {
            "ScreenDistance": round(screen.viewing_distance_mm / 1000.0, 4),
            "ScreenOrigin": ["top", "left"],
            "ScreenResolution": [round(screen.width_px), round(screen.height_px)],
            "ScreenSize": [round(screen.width_mm / 1000.0, 4), round(screen.height_mm / 1000.0, 4)],
        },
        "trial_type": {"Description": "What begins here.", "Levels": {"case": "The reading of one study."}},
        "study": {"Description": "Hash that names the study."},
        "gate": {"Description": "Quality of the gaze of the case, the worst of its gates."},
    }
    _json(folder / f"{stem}_events.json", sidecar)
    return [f"{stem}_events.tsv", f"{stem}_events.json"]


def _physio_sidecar(one: Exportable, run: _Run, eye: str, screen: ScreenGeometry) -> dict[str, Any]:
    errors = [case.error_dva for case in one.cases if case.error_dva is not None]
    content: dict[str, Any] = {
        "TaskName": TASK,
        "PhysioType": "eyetrack",
        "SamplingFrequency": run.frequency_hz,
        "StartTime": round(float(run.time_s[0]), 6),
        "Columns": list(_COLUMNS),
        "RecordedEye": eye,
        "SampleCoordinateSystem": "gaze-on-screen",
        "Manufacturer": "Tobii" if one.content.source == "eye" else _NO_VALUE,
        "ManufacturersModelName": str(one.content.tracker.get("model", _NO_VALUE)),
        "SoftwareVersions": str(one.content.tracker.get("sdk_version", "")) or _NO_VALUE,
        "EyeTrackerDistance": round(screen.viewing_distance_mm / 1000.0, 4),
        "EyeTrackingMethod": "mouse" if one.content.source == "mouse" else "P-CR",
        "Description": f"Source of the samples: {one.content.source}. Rows of n/a only are samples that never came.",
        **_COLUMNS,
    }
    if errors:
        content |= {"AverageCalibrationError": float(np.mean(errors))}
    return content


_EVENTS_SIDECAR = {
    "Columns": ["onset", "duration", "trial_type", "message"],
    "Description": "Fixations of both eyes together, as found on the screen and mapped to films; markers.",
    "OnsetSource": "timestamp",
    "onset": {"Description": "On the clock of the column timestamp.", "Units": "s"},
    "duration": {"Description": "From the first to the last sample.", "Units": "s"},
    "trial_type": {"Description": "Kind of event.", "Levels": {"fixation": "A fixation on a film."}},
    "message": {"Description": "Of a fixation its film and place in image pixels; of a marker its kind."},
}

_README = """Gaze of radiologists who read chest radiographs.

Each run is a stretch over which the tracker ran through. Readers are pseudonyms; there are no dates, and films and
studies are named by hashes. Rows of n/a in a physio file are samples that the tracker took and that never came.
"""


def _description(name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "License": _NO_VALUE,
        "GeneratedBy": [{"Name": "gaze2report-workstation"}],
    }


def _or_none(value: Any) -> str:
    return number_text(None if value is None else float(value)) or _NO_VALUE


def _json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _gzip(path: Path, lines: Iterable[str]) -> None:
    """Compressed without name and time, so that the same content gives the same bytes."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        for line in lines:
            packed.write(line.encode() + b"\n")
