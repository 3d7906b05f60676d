"""The files of one REFLACX reading, as REFLACX and MIMIC-Eye keep them alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaze2report.data.conversion import RecordWork
from gaze2report.data.csv_rows import number, read_rows, read_text, truth
from gaze2report.data.sources.reflacx_labels import to_observations
from gaze2report.data.splits import Split
from gaze2report.data.training_example import (
    RecordedScanpath,
    Region,
    ReportText,
    TimedText,
    TrainingExample,
    TrainingImage,
)
from gaze2report.errors import UnreadableInput
from gaze2report.gaze.frames import Frame

if TYPE_CHECKING:
    from gaze2report.data.sources.reflacx import Reading

FIXATION_COLUMNS = (
    "timestamp_start_fixation", "timestamp_end_fixation", "x_position", "y_position", "pupil_area_normalized",
    "angular_resolution_x_pixels_per_degree", "angular_resolution_y_pixels_per_degree", "window_width", "window_level",
    "xmin_shown_from_image", "ymin_shown_from_image", "xmax_shown_from_image", "ymax_shown_from_image",
    "xmin_in_screen_coordinates", "ymin_in_screen_coordinates", "xmax_in_screen_coordinates",
    "ymax_in_screen_coordinates",
)  # fmt: skip
WORD_COLUMNS = ("word", "timestamp_start_word", "timestamp_end_word")
CORNER_COLUMNS = ("xmin", "ymin", "xmax", "ymax")
AUDIO_START = "start of the audio"


def reading_to_example(
    reading: Reading,
    folder: Path,
    image: TrainingImage,
    split: Split,
    positive_certainty: int,
    work: RecordWork,
    reports: tuple[ReportText, ...] = (),
) -> TrainingExample | None:
    """Convert one reading; None, and told, where its fixations cannot be read.

    Parameters
    ----------
    folder : Path
        ``main_data/<id>``.
    reports : tuple of ReportText
        What else is known to be written of the film's study.
    """
    frame = Frame(float(reading.size_px[0]), float(reading.size_px[1]))
    try:
        scanpath = _read_scanpath(folder / "fixations.csv", image.image_id, frame, work)
        dictated = _read_dictation(folder, work)
        regions = (
            *_read_ellipses(folder, image.image_id, frame, work),
            *_read_chest(folder, image.image_id, frame, work),
        )
    except UnreadableInput as error:
        work.drop("reading", "one of its files cannot be read", detail=error.reason)
        return None
    if scanpath is None:
        work.drop("scanpath", "no fixation is left")
    return TrainingExample(
        example_id=reading.reading_id,
        patient_id=reading.patient_id,
        split=split,
        study_id=reading.study_id,
        images=(image,),
        scanpaths=(scanpath,) if scanpath else (),
        reports=(*reports, *dictated),
        regions=regions,
        labels=to_observations(reading.labels, positive_certainty),
        source_labels={name: _plain(cell) for name, cell in reading.labels.items() if cell},
    )


def _read_scanpath(path: Path, image_id: str, frame: Frame, work: RecordWork) -> RecordedScanpath | None:
    found: dict[str, list[Any]] = {
        name: [] for name in ("x", "y", "durations", "onsets_s", "degree", "shown", "screen")
    }
    for row in read_rows(path, FIXATION_COLUMNS, lambda line: work.drop("fixation", "its row is damaged")):
        start_s, end_s, x, y, _, degree_x, degree_y, _, _, *rectangles = (
            number(row[name]) for name in FIXATION_COLUMNS
        )
        if start_s is None or end_s is None or x is None or y is None:
            work.drop("fixation", "its place or time is no number")
        elif end_s <= start_s:
            work.drop("fixation", "it ends before it starts")
        else:
            found["x"].append(x)
            found["y"].append(y)
            found["durations"].append(_difference(end_s, start_s))
            found["onsets_s"].append(start_s)
            found["degree"].append((degree_x, degree_y))
            found["shown"].append(tuple(rectangles[:4]))
            found["screen"].append(tuple(rectangles[4:]))
    if not found["x"]:
        return None
    return RecordedScanpath(
        scanpath_id="gaze",
        image_id=image_id,
        frame=frame,
        x=tuple(found["x"]),
        y=tuple(found["y"]),
        durations=tuple(found["durations"]),
        onsets_s=tuple(found["onsets_s"]),
        onset_origin=AUDIO_START,
        may_leave_frame=True,
        image_px_per_degree=_complete(found["degree"], "pixels per degree", work),
        shown_image_px=_complete(found["shown"], "part of the film that was shown", work),
        shown_screen_px=_complete(found["screen"], "part of the screen", work),
    )


def _difference(end_s: float, start_s: float) -> float:
    """A duration of times that are published to the millisecond, without the noise of binary fractions."""
    return round(end_s - start_s, 6)


def _complete(rows: list[tuple[Any, ...]], what: str, work: RecordWork) -> tuple[Any, ...] | None:
    if any(value is None for row in rows for value in row):
        work.drop("geometry", f"the {what} is not known for every fixation")
        return None
    return tuple(rows)


def _read_dictation(folder: Path, work: RecordWork) -> tuple[ReportText, ...]:
    text = read_text(folder / "transcription.txt")
    if text is None or not text.strip():
        work.drop("report", "there is no transcription")
        return ()
    words = []
    timed = folder / "timestamps_transcription.csv"
    if timed.is_file():
        for row in read_rows(timed, WORD_COLUMNS, lambda line: work.drop("word", "its row is damaged")):
            start_s, end_s = number(row["timestamp_start_word"]), number(row["timestamp_end_word"])
            if start_s is None or end_s is None or end_s < start_s:
                work.drop("word", "its times are none")
            else:
                words.append(TimedText(row["word"], start_s, end_s))
    return (ReportText("dictated", {"transcript": text.strip()}, timed_text=tuple(words)),)


def _read_ellipses(folder: Path, image_id: str, frame: Frame, work: RecordWork) -> tuple[Region, ...]:
    path = folder / "anomaly_location_ellipses.csv"
    if not path.is_file():
        return ()
    regions = []
    for row in read_rows(path, (*CORNER_COLUMNS, "certainty"), lambda line: work.drop("region", "its row is damaged")):
        names = [name for name, cell in row.items() if name not in (*CORNER_COLUMNS, "certainty") and truth(cell)]
        corners = _corners(row, work)
        if corners is not None:
            name = "|".join(names) or "unnamed"
            regions.append(Region(image_id, name, "ellipse", frame, corners, certainty=number(row["certainty"])))
    return tuple(regions)


def _read_chest(folder: Path, image_id: str, frame: Frame, work: RecordWork) -> tuple[Region, ...]:
    path = folder / "chest_bounding_box.csv"
    if not path.is_file():
        return ()
    rows = read_rows(path, CORNER_COLUMNS, lambda line: work.drop("region", "its row is damaged"))
    found = [_corners(row, work) for row in rows]
    return tuple(Region(image_id, "chest", "box", frame, corners) for corners in found if corners is not None)


def _corners(row: Mapping[str, str], work: RecordWork) -> tuple[float, float, float, float] | None:
    x0, y0, x1, y1 = (number(row[name]) for name in CORNER_COLUMNS)
    if x0 is None or y0 is None or x1 is None or y1 is None:
        work.drop("region", "a corner is no number")
    elif not (x0 < x1 and y0 < y1):
        work.drop("region", "its corners are not in the order xmin, ymin, xmax, ymax")
    else:
        return x0, y0, x1, y1
    return None


def _plain(cell: str) -> Any:
    value = number(cell)
    return cell if value is None else value
