"""Where a scanpath shows signal but the reader did not look: a hint for a second look, never a diagnosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

from gaze2report.gaze.recorded_gaze import RecordedGaze
from gaze2report.types import Fixation

USEFUL_FIELD_DVA = 2.5
"""Radius around a fixation that counts as looked at, in degrees of visual angle: search for nodules on chest films
suffers only when less than 5 degrees across are seen (Kundel, Nodine, Thickman & Toto 1987, "Searching for lung
nodules")."""

OUTLINE_DVA = USEFUL_FIELD_DVA / 2
"""From the middle of an outlined region to its sides: it ends before the middle of what was looked at beside it."""

LEAST_DWELL_MS = 100.0
"""Time on a place below which it does not count as looked at."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class SecondLook:
    """What the hint says.

    Attributes
    ----------
    unavailable : str
        Why it cannot be known where the reader did not look; empty when it is known.
    regions_px : tuple of (x0, y0, x1, y1)
        Boxes in image pixels that the reader did not look at although the signal did, the longest-looked first; empty
        when there is none, and always when unavailable.
    """

    unavailable: str = ""
    regions_px: tuple[Box, ...] = ()


def second_look(
    signal: Sequence[Fixation], reader_gaze: RecordedGaze | None, width_px: float, height_px: float
) -> SecondLook:
    """Compare where a scanpath dwelt with where the reader looked.

    Parameters
    ----------
    signal : sequence of Fixation
        The predicted scanpath, or what another reader looked at; image pixels and seconds.
    reader_gaze : RecordedGaze or None
        Gaze of the reader of this report on this film.
    width_px, height_px : float
        Size of the image.

    Returns
    -------
    SecondLook
        Unavailable without a recording, where its quality is poor or unknown, and where it is not known what a degree
        spans: absence of gaze then proves nothing.
    """
    if reader_gaze is None:
        return SecondLook("no recorded gaze")
    if reader_gaze.quality.fault:
        return SecondLook(reader_gaze.quality.fault)
    degrees_px = [reader_gaze.px_per_dva(index) for index in range(len(reader_gaze.fixations))]
    known_px = [degree for degree in degrees_px if degree is not None]
    if not known_px or len(known_px) < len(degrees_px):
        return SecondLook("the viewing geometry of the recording is not known")
    if not signal:
        return SecondLook("no other scanpath to compare with")
    missed = [f for f in signal if _is_inside(f, width_px, height_px) and not _is_looked_at(f, reader_gaze, known_px)]
    radius_px = OUTLINE_DVA * sorted(known_px)[len(known_px) // 2]
    return SecondLook("", _regions(missed, radius_px, width_px, height_px))


def _is_inside(fixation: Fixation, width_px: float, height_px: float) -> bool:
    return 0 <= fixation.x_px < width_px and 0 <= fixation.y_px < height_px


def _is_looked_at(place: Fixation, gaze: RecordedGaze, degrees_px: Sequence[float]) -> bool:
    dwell_ms = sum(
        fixation.duration_ms
        for fixation, degree_px in zip(gaze.fixations, degrees_px, strict=True)
        if hypot(fixation.x_px - place.x_px, fixation.y_px - place.y_px) <= USEFUL_FIELD_DVA * degree_px
    )
    return dwell_ms >= LEAST_DWELL_MS


def _regions(missed: Sequence[Fixation], radius_px: float, width_px: float, height_px: float) -> tuple[Box, ...]:
    """Boxes around the missed places, those that meet made one; the one with the longest signal first."""
    regions = [(_box(f, radius_px, width_px, height_px), f.duration_s) for f in missed]
    merged = True
    while merged:
        merged = False
        for i in range(len(regions)):
            for j in range(i + 1, len(regions)):
                if _meet(regions[i][0], regions[j][0]):
                    (one, seconds), (other, more_seconds) = regions[i], regions.pop(j)
                    regions[i] = (_hull(one, other), seconds + more_seconds)
                    merged = True
                    break
            if merged:
                break
    return tuple(box for box, _ in sorted(regions, key=lambda region: -region[1]))


def _box(fixation: Fixation, radius_px: float, width_px: float, height_px: float) -> Box:
    return (
        max(0.0, fixation.x_px - radius_px),
        max(0.0, fixation.y_px - radius_px),
        min(width_px, fixation.x_px + radius_px),
        min(height_px, fixation.y_px + radius_px),
    )


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _hull(one: Box, other: Box) -> Box:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))
