"""The gaze, dictation and boxes on one film of EGD-CXR, as EGD-CXR and MIMIC-Eye keep them alike.

``FPOGX`` and ``FPOGY`` are fractions of a screen of 1920 x 1080 pixels, not of the film, which was fitted into it with
padding; ``X_ORIGINAL`` and ``Y_ORIGINAL`` are whole pixels of the film, and not positive where the gaze was off it.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaze2report.data.conversion import RecordWork
from gaze2report.data.csv_rows import number, read_rows, read_text, whole_number
from gaze2report.data.training_example import (
    RecordedScanpath,
    Region,
    ReportText,
    ScreenGeometry,
    TimedText,
    TrainingImage,
)
from gaze2report.data.training_set import Dropped
from gaze2report.gaze.frames import FRACTIONS, Frame, Padding, screen_fraction_to_image_px

SCREEN_PX = (1920, 1080)
FIXATION_COLUMNS = ("SESSION_ID", "DICOM_ID", "FPOGX", "FPOGY", "FPOGS", "FPOGD", "FPOGID", "FPOGV")
ORIGINAL_COLUMNS = ("X_ORIGINAL", "Y_ORIGINAL")
BOX_COLUMNS = ("dicom_id", "bbox_name", "x1", "x2", "y1", "y2")
TRACKER_START = "start of the tracker"
LARGEST_DISAGREEMENT = 0.02
"""Share of the film by which published pixels and screen positions may differ: rounding, and films of odd size."""

CALIBRATION_CUT = 5
"""Calibration pictures bear the name of a film less its last five characters."""


@dataclass(frozen=True)
class EgdFixation:
    """One row of ``fixations.csv``: what of it is needed; None where a cell is no number."""

    session: str
    fixation_id: str
    is_valid: bool
    onset_s: float | None
    duration_s: float | None
    screen: tuple[float | None, float | None]
    original_px: tuple[float | None, float | None]


def read_fixations(path: Path, known: Iterable[str], left_out: list[Dropped]) -> dict[str, list[EgdFixation]]:
    """Read all fixations by film; rows of no known film are told.

    Raises
    ------
    UnreadableInput
        If the table cannot be read or lacks a column.
    """
    films = set(known)
    calibration = {name[:-CALIBRATION_CUT] for name in films}
    found: dict[str, list[EgdFixation]] = {}
    strange: dict[tuple[str, str], int] = {}

    def damaged(line: int) -> None:
        left_out.append(Dropped(f"{path.name}, line {line}", "fixation", "its row is damaged"))

    for row in read_rows(path, (*FIXATION_COLUMNS, *ORIGINAL_COLUMNS), damaged):
        film = row["DICOM_ID"]
        if film in films:
            found.setdefault(film, []).append(_to_fixation(row))
        else:
            reason = "it was on a calibration picture" if film in calibration else "its film is not in the master sheet"
            strange[film[:80], reason] = strange.get((film[:80], reason), 0) + 1
    left_out += [Dropped(film or "?", "fixation", reason, n) for (film, reason), n in sorted(strange.items())]
    return found


def _to_fixation(row: Mapping[str, str]) -> EgdFixation:
    return EgdFixation(
        session=row["SESSION_ID"],
        fixation_id=row["FPOGID"],
        is_valid=whole_number(row["FPOGV"]) == 1,
        onset_s=number(row["FPOGS"]),
        duration_s=number(row["FPOGD"]),
        screen=(number(row["FPOGX"]), number(row["FPOGY"])),
        original_px=(number(row.get("X_ORIGINAL")), number(row.get("Y_ORIGINAL"))),
    )


def read_padding(row: Mapping[str, str]) -> Padding | None:
    """Padding of a film in the master sheet, under its present or its older names; None where it is not known."""
    sides = []
    for side in ("top", "bottom", "left", "right"):
        sides.append(number(row.get(f"image_{side}_pad", row.get(f"image_{side}"))))
    top, bottom, left, right = sides
    if top is None or bottom is None or left is None or right is None or min(top, bottom, left, right) < 0:
        return None
    if left + right >= SCREEN_PX[0] or top + bottom >= SCREEN_PX[1]:
        return None
    return Padding(top, bottom, left, right)


def original_frame(
    rows: Sequence[EgdFixation], image: TrainingImage, padding: Padding | None, work: RecordWork
) -> Frame | None:
    """Frame of the published film pixels: the film's size, if the film at hand is the one they were made for.

    A film that was resized on its way has another size than the published pixels; the screen positions, with the
    padding undone, tell.
    """
    if image.width_px is None or image.height_px is None:
        return None
    frame = Frame(float(image.width_px), float(image.height_px))
    differences = []
    for row in rows:
        x, y = row.original_px
        x_film, y_film = _film_fraction(row, padding)
        if x is not None and y is not None and x_film is not None and y_film is not None and x > 0 and y > 0:
            differences.append(max(abs(x / frame.width - x_film), abs(y / frame.height - y_film)))
    if differences and statistics.median(differences) > LARGEST_DISAGREEMENT:
        work.drop("film pixels", "they do not fit the film's size; it may have been resized, so fractions are taken")
        return None
    return frame


def to_scanpaths(
    rows: Sequence[EgdFixation],
    image: TrainingImage,
    pixels: Frame | None,
    padding: Padding | None,
    work: RecordWork,
) -> tuple[RecordedScanpath, ...]:
    """Convert the fixations on one film, a scanpath a session.

    In whole film pixels as published where their frame is known; otherwise as fractions of the film, by undoing the
    padding, which needs no size.
    """
    if pixels is None and padding is None:
        work.drop("scanpath", "neither film pixels with the film's size nor its padding are known")
        return ()
    sessions: dict[str, dict[str, EgdFixation]] = {}
    for row in rows:
        kept = sessions.setdefault(row.session, {})
        if not row.is_valid:
            work.drop("fixation", "the tracker calls it not valid (FPOGV)")
        elif row.onset_s is None or row.duration_s is None or row.duration_s <= 0:
            work.drop("fixation", "its time or duration is no number above 0")
        elif row.fixation_id in kept:
            work.drop("fixation", "it stands twice (FPOGID)")
        else:
            kept[row.fixation_id] = row
    made = []
    for session, kept in sessions.items():
        scanpath = _to_scanpath(session, list(kept.values()), image, pixels, padding, work)
        if scanpath is None:
            work.drop("scanpath", "no fixation is left", detail=session)
        else:
            made.append(scanpath)
    return tuple(made)


def _to_scanpath(
    session: str,
    rows: Sequence[EgdFixation],
    image: TrainingImage,
    pixels: Frame | None,
    padding: Padding | None,
    work: RecordWork,
) -> RecordedScanpath | None:
    frame = pixels or FRACTIONS
    kept = []
    for row in rows:
        x, y = row.original_px if pixels else _film_fraction(row, padding)
        if x is None or y is None:
            work.drop("fixation", "its place is no number")
        elif not (0 < x <= frame.width and 0 < y <= frame.height):
            work.drop("fixation", "it lies off the film")
        else:
            kept.append((x, y, row.duration_s or 0.0, row.onset_s or 0.0))
    if not kept:
        return None
    x_all, y_all, durations, onsets = zip(*kept, strict=True)
    return RecordedScanpath(
        scanpath_id=f"session-{session}",
        image_id=image.image_id,
        frame=frame,
        x=x_all,
        y=y_all,
        durations=durations,
        onsets_s=onsets,
        onset_origin=TRACKER_START,
        screen=ScreenGeometry(*SCREEN_PX),
    )


def _film_fraction(row: EgdFixation, padding: Padding | None) -> tuple[float | None, float | None]:
    x, y = row.screen
    if x is None or y is None or padding is None:
        return None, None
    screen = (float(SCREEN_PX[0]), float(SCREEN_PX[1]))
    film = screen_fraction_to_image_px(np.array([[x, y]]), screen, padding, (1.0, 1.0))
    return float(film[0, 0]), float(film[0, 1])


def read_boxes(path: Path) -> dict[str, list[dict[str, str]]]:
    """Read the anatomical boxes by film; columns go by name, because their order is x1, x2, y1, y2."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in read_rows(path, BOX_COLUMNS):
        found.setdefault(row["dicom_id"], []).append(row)
    return found


def to_regions(
    rows: Iterable[Mapping[str, str]], image: TrainingImage, pixels: Frame | None, work: RecordWork
) -> tuple[Region, ...]:
    """Convert the boxes on one film, which are in its published pixels."""
    regions = []
    for row in rows:
        x0, x1, y0, y1 = (number(row[name]) for name in ("x1", "x2", "y1", "y2"))
        if pixels is None:
            work.drop("region", "the size of its film is not known")
        elif x0 is None or x1 is None or y0 is None or y1 is None:
            work.drop("region", "a corner is no number")
        elif not (x0 < x1 and y0 < y1):
            work.drop("region", "its corners are not in the order x1, x2, y1, y2")
        else:
            regions.append(Region(image.image_id, row["bbox_name"], "box", pixels, (x0, y0, x1, y1)))
    return tuple(regions)


def read_dictation(folder: Path, indication: str, work: RecordWork) -> tuple[ReportText, ...]:
    """Read ``transcript.json``: the dictation as a whole and its phrases with their times in seconds."""
    text = read_text(folder / "transcript.json")
    if text is None:
        work.drop("report", "there is no transcript")
        return ()
    try:
        content = json.loads(text)
        phrases = [
            TimedText(str(row["phrase"]).strip(), float(row["begin_time"]), float(row["end_time"]))
            for row in content.get("time_stamped_text", ())
        ]
        full = str(content["full_text"]).strip()
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        work.drop("report", "its transcript is of another form")
        return ()
    if not full:
        work.drop("report", "its transcript is empty")
        return ()
    sections = {"transcript": full, "indication": indication.strip()}
    return (ReportText("dictated", {name: part for name, part in sections.items() if part}, timed_text=tuple(phrases)),)
