"""Gaze in the layout of REFLACX 1.0.0 (Bigolin Lanfredi et al. 2022), with its published column names.

``main_data/metadata_phase_3.csv`` has a row a reading, a reading being one case on one film, and ``main_data/<id>/``
its ``fixations.csv`` and ``gaze.csv``. What differs is said in ``README.txt``: pupils are diameters made areas, times
count from the begin of the case, and names are hashes.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.gaze.case_gaze import CaseGaze, MappedRecording
from gaze2report.gaze.export_content import Exportable, number_text, reader_label, recording_label, uid_label
from gaze2report.gaze.export_folder import ExportedRecording, ExportManifest, ExportRefused, new_folder, write_manifest
from gaze2report.gaze.view_log import ViewRow
from gaze2report.gaze.view_mapping import FixationOnFilm, SamplesOnFilm, map_samples

METADATA = "main_data/metadata_phase_3.csv"
_VIEW_COLUMNS = (
    *("window_width", "window_level"),
    *(f"{corner}_shown_from_image" for corner in ("xmin", "ymin", "xmax", "ymax")),
    *(f"{corner}_in_screen_coordinates" for corner in ("xmin", "ymin", "xmax", "ymax")),
)
_PLACE_COLUMNS = (
    *("x_position", "y_position", "pupil_area_normalized"),
    *("angular_resolution_x_pixels_per_degree", "angular_resolution_y_pixels_per_degree"),
)
FIXATION_COLUMNS = ("timestamp_start_fixation", "timestamp_end_fixation", *_PLACE_COLUMNS, *_VIEW_COLUMNS)
GAZE_COLUMNS = ("timestamp_sample", *_PLACE_COLUMNS, *_VIEW_COLUMNS)
METADATA_COLUMNS = (
    *("id", "split", "eye_tracking_data_discarded", "image", "dicom_id", "subject_id", "image_size_x", "image_size_y"),
    *("reader", "recording", "source", "gate", "ai_visible_fixations"),
)


@dataclass(frozen=True, eq=False)
class _Places:
    """Samples of a whole recording on films, and the pupils beside them."""

    on_film: SamplesOnFilm
    time_ms: NDArray[np.float64]
    place_px: NDArray[np.float64]
    pupil_area: NDArray[np.float64]


def write_reflacx(folder: Path, recordings: Sequence[Exportable]) -> ExportManifest:
    """Write readings into a new folder.

    Every sample of a case is in one ``gaze.csv``: that of the film under it, else, without a place, that of the first.

    Raises
    ------
    ExportRefused
        If the folder is not empty, or a recording cannot be brought onto films.
    """
    for one in recordings:
        if one.mapped is None:
            raise ExportRefused(
                f"recording {one.content.recording_id} cannot be written in the layout of REFLACX: {one.not_mapped}; "
                "as Parquet it can"
            )
    new_folder(folder)
    (folder / "main_data").mkdir()
    (folder / "README.txt").write_text(_README, encoding="utf-8")
    rows: list[dict[str, Any]] = []
    written = []
    for one in recordings:
        assert one.mapped is not None
        written.append(_write_recording(folder, one, one.mapped, rows))
    _write(folder / METADATA, METADATA_COLUMNS, rows)
    return write_manifest(folder, "reflacx", written, [METADATA, "README.txt"])


def _write_recording(
    folder: Path, one: Exportable, mapped: MappedRecording, metadata: list[dict[str, Any]]
) -> ExportedRecording:
    label = recording_label(one.content.recording_id)
    places = _places(one, mapped)
    files: list[str] = []
    n_fixations = n_inside = 0
    for case in one.cases:
        inside = (places.time_ms * 1000 >= case.start_us) & (places.time_ms * 1000 < case.end_us)
        n_inside += int(inside.sum())
        for number, film in enumerate(_films(case, places, inside)):
            name = f"P900R{len(metadata) + 1:06d}"
            fixations = [fixation for fixation in case.fixations if fixation.instance_uid == film]
            n_fixations += len(fixations)
            reading = folder / "main_data" / name
            reading.mkdir()
            _write(reading / "fixations.csv", FIXATION_COLUMNS, _fixation_rows(case, fixations, places))
            gaze = _gaze_rows(case, film, places, inside, mapped, takes_the_rest=number == 0)
            _write(reading / "gaze.csv", GAZE_COLUMNS, gaze)
            files += [f"main_data/{name}/fixations.csv", f"main_data/{name}/gaze.csv"]
            metadata.append(_metadata_row(one, mapped, case, film, name, fixations))
    counts = {
        "samples": len(one.content.samples),
        "samples_in_cases": n_inside,
        "samples_outside_cases": len(places.time_ms) - n_inside,
        "samples_of_one_time": len(one.content.samples) - len(places.time_ms),
        "fixations": n_fixations,
    }
    return ExportedRecording(label, label, tuple(files), counts)


def _films(case: CaseGaze, places: _Places, inside: NDArray[np.bool_]) -> list[str]:
    """Films of a case that fixations or samples lie on, in the order in which they come; else one without a name."""
    films = [fixation.instance_uid for fixation in case.fixations]
    indices = np.unique(places.on_film.view_index[inside])
    films += [places.on_film.views[index].instance_uid for index in indices if index >= 0]
    return list(dict.fromkeys(films)) or [""]


def _places(one: Exportable, mapped: MappedRecording) -> _Places:
    samples = mapped.samples
    place_px = samples.place_px()
    on_film = map_samples(samples, place_px, mapped.log, mapped.screen_name)
    table = one.content.samples[mapped.order]
    eyes = [
        np.where(table[f"{eye}_pupil_valid"] == 1, table[f"{eye}_pupil_mm"].astype(np.float64), np.nan)
        for eye in ("left", "right")
    ]
    is_known = np.isfinite(eyes).any(axis=0)
    diameter = np.full(len(table), np.nan)
    diameter[is_known] = np.nanmean(np.array(eyes)[:, is_known], axis=0)
    return _Places(on_film, samples.time_ms, place_px, diameter**2)


def _fixation_rows(case: CaseGaze, fixations: Iterable[FixationOnFilm], places: _Places) -> Iterable[list[str]]:
    mean_area = _mean_area(case, places)
    for one in fixations:
        during = (places.time_ms >= one.onset_ms) & (places.time_ms <= one.offset_ms)
        area = places.pupil_area[during]
        known = area[np.isfinite(area)]
        yield [
            *(_seconds(case, at_ms) for at_ms in (one.onset_ms, one.offset_ms)),
            number_text(one.x_px),
            number_text(one.y_px),
            number_text(float(known.mean() / mean_area) if len(known) else None),
            number_text(one.px_per_dva_x),
            number_text(one.px_per_dva_y),
            number_text(one.window_width),
            number_text(one.window_center),
            *(number_text(value) for side in one.view.shown_rectangles for value in side),
        ]


def _gaze_rows(
    case: CaseGaze,
    film: str,
    places: _Places,
    inside: NDArray[np.bool_],
    mapped: MappedRecording,
    *,
    takes_the_rest: bool,
) -> Iterable[list[str]]:
    mean_area = _mean_area(case, places)
    shown: dict[int, tuple[list[str], ViewRow]] = {}
    for index, view in enumerate(places.on_film.views):
        if view.instance_uid == film:
            rectangles = [number_text(value) for side in view.shown_rectangles for value in side]
            shown[index] = ([number_text(view.window_width), number_text(view.window_center), *rectangles], view)
    for row in np.flatnonzero(inside).tolist():
        index = int(places.on_film.view_index[row])
        area = places.pupil_area[row]
        pupil = number_text(float(area / mean_area) if np.isfinite(area) else None)
        time_s = _seconds(case, float(places.time_ms[row]))
        if index in shown:
            cells, view = shown[index]
            x_px, y_px = places.on_film.place_image_px[row]
            across, down = mapped.screen.px_per_dva(places.place_px[row])
            view_map = view.image_to_screen
            degrees = (
                1 / np.hypot(view_map.a / across, view_map.c / down),
                1 / np.hypot(view_map.b / across, view_map.d / down),
            )
            yield [time_s, *map(number_text, (x_px, y_px)), pupil, *map(number_text, degrees), *cells]
        elif index < 0 and takes_the_rest:
            yield [time_s, "", "", pupil, *[""] * (2 + len(_VIEW_COLUMNS))]


def _mean_area(case: CaseGaze, places: _Places) -> float:
    """Mean over the fixations of the case, by which REFLACX normalises pupils; 1 where no pupil was measured."""
    during = np.zeros(len(places.time_ms), dtype=bool)
    for one in case.fixations:
        first, last = np.searchsorted(places.time_ms, (one.onset_ms, one.offset_ms))
        during[first : last + 1] = True
    area = places.pupil_area[during & np.isfinite(places.pupil_area)]
    return float(area.mean()) if len(area) else 1.0


def _metadata_row(
    one: Exportable, mapped: MappedRecording, case: CaseGaze, film: str, name: str, fixations: list[FixationOnFilm]
) -> dict[str, Any]:
    columns, rows = mapped.film_sizes.get(film, (1, 1))
    study = _digits(case.study_uid or film or one.content.recording_id, 8)
    subject = f"1{_digits(f'patient of {case.study_uid or film}', 7)}"
    dicom_id = uid_label(film) or "none"
    values = (
        *(name, "train", "False", f"files/p{subject[:2]}/p{subject}/s{study}/{dicom_id}.dcm", dicom_id, subject),
        *(columns, rows, reader_label(one.content.reader), recording_label(one.content.recording_id)),
        *(one.content.source, case.gates.level),
        sum(fixation.is_ai_overlay_visible or fixation.is_draft_visible for fixation in fixations),
    )
    return dict(zip(METADATA_COLUMNS, values, strict=True))


def _digits(text: str, count: int) -> str:
    return str(int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10**count).zfill(count)


def _seconds(case: CaseGaze, at_ms: float) -> str:
    """Seconds since the begin of the case, to the microsecond: REFLACX rounds to 1 ms, too coarse for 1200 Hz."""
    return f"{(at_ms * 1000.0 - case.start_us) / 1e6:.6f}"


def _write(path: Path, columns: Sequence[str], rows: Iterable[Any]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow(row.values() if isinstance(row, dict) else row)


_README = """The layout of REFLACX 1.0.0, with its column names. What differs:

- times are seconds since the begin of the case; there is no dictation beside them
- pupil_area_normalized is the square of the mean pupil diameter of both eyes, by its mean over the case's fixations
- positions are of both eyes together, as the fixations were found
- a sample that lies on no film has no position and stands in gaze.csv of the first film of its case
- ids, images and subjects are hashes; one subject is one study here, because patients are not told apart
- columns after image_size_y in the metadata are not REFLACX's: reader, recording, source (eye, simulation, replay or
  mouse), gate (quality of the gaze of the case), ai_visible_fixations (while anything of a model could be seen)
"""
