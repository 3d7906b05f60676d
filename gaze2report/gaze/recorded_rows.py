"""Rows of a recording, as the capture agent keeps them, in the forms that the gaze code works on.

The agent runs where this package is not installed, so its rows are known here by their names alone: samples with
``system_us`` and, per eye, ``left_x``, ``left_y`` (fractions of the display area) and ``left_gaze_valid``; rows of the
view log with ``image_to_screen`` as (a, b, c, d, e, f) for x = a u + c v + e, y = b u + d v + f, and ``clip_screen_px``
in device pixels of the monitor named by ``screen``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.affine import Affine
from gaze2report.gaze.gaze_samples import FloatArray, GazeSamples
from gaze2report.gaze.screen_geometry import ScreenGeometry
from gaze2report.gaze.view_log import ScreenPlacement, ViewLog, ViewRow

FilmSizes = Mapping[str, tuple[int, int]]
"""SOP Instance UID to columns and rows."""


class RecordingNotMapped(Gaze2ReportError):
    """A recording whose rows do not fit together."""

    code = "recording_not_mapped"


@dataclass(frozen=True)
class OrderedSamples:
    """Samples in order of time, and how many had to be left out for it.

    Attributes
    ----------
    samples : GazeSamples
    n_repeated : int
        Left out: of the same time as another.
    n_late : int
        Came out of order; they are in their place.
    """

    samples: GazeSamples
    n_repeated: int
    n_late: int


def samples_of_rows(
    table: NDArray[np.void], screen: ScreenGeometry, system_us: NDArray[np.int64] | None = None
) -> OrderedSamples:
    """Samples of a recording in device pixels and ms of the system clock.

    Parameters
    ----------
    table : structured ndarray, shape (N,)
    screen : ScreenGeometry
        The tracker's.
    system_us : ndarray of int64, shape (N,), optional
        Times mapped anew from the tracker's clock; without it those that the tracker's library gave.
    """
    time_us = np.asarray(table["system_us"] if system_us is None else system_us, dtype=np.int64)
    n_late = int((np.diff(time_us) < 0).sum())
    _, first = np.unique(time_us, return_index=True)
    eyes = [_eye_px(table[first], eye, screen) for eye in ("left", "right")]
    samples = GazeSamples(time_us[first].astype(np.float64) / 1000.0, eyes[0], eyes[1])
    return OrderedSamples(samples, len(time_us) - len(first), n_late)


def view_log_of_rows(
    rows: Sequence[tuple[int, Mapping[str, Any]]],
    film_sizes: FilmSizes,
    screen_px: tuple[int, int],
    not_by_a_model: Collection[str] = (),
) -> ViewLog:
    """View log of the rows of a recording.

    Parameters
    ----------
    rows : sequence of (system time in us, fields)
        In any order; of two of one moment and cell the later given one holds.
    film_sizes : mapping
        Of every film that the rows name.
    screen_px : (int, int)
        Width and height of the monitor in device pixels.
    not_by_a_model : collection of str
        Names of overlays that come from the film or the reader. Any other counts as a model's: gaze that is wrongly
        taken for unaided cannot be mended later.

    Raises
    ------
    RecordingNotMapped
        If a row names a film of unknown size, or its map cannot be undone.
    """
    found = []
    for number, (system_us, fields) in enumerate(rows, start=1):
        try:
            found.append(_view_row(system_us, fields, film_sizes, screen_px, not_by_a_model))
        except (KeyError, TypeError, ValueError) as error:
            reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            raise RecordingNotMapped(f"row {number} of the view log cannot be used: {reason}") from error
    return ViewLog.of(found)


def _view_row(
    system_us: int,
    fields: Mapping[str, Any],
    film_sizes: FilmSizes,
    screen_px: tuple[int, int],
    not_by_a_model: Collection[str],
) -> ViewRow:
    uid = str(fields["image_uid"])
    if uid and uid not in film_sizes:
        raise ValueError(f"the size of the film {uid} is not known")
    columns, rows = film_sizes[uid] if uid else (0, 0)
    a, b, c, d, e, f = (float(value) for value in fields["image_to_screen"])
    left, top, right, bottom = (float(value) for value in fields["clip_screen_px"])
    center, width = fields["window"] or (None, None)
    return ViewRow(
        system_us,
        # The rows are in device pixels of their monitor already: a placement that changes nothing.
        ScreenPlacement(str(fields["screen"]), 0.0, 0.0, *screen_px),
        left,
        top,
        right - left,
        bottom - top,
        uid,
        columns,
        rows,
        Affine(a, c, b, d, e - left, f - top),
        center,
        width,
        bool(fields["is_inverted"]),
        any(name not in not_by_a_model for name in fields["overlays"]),
        bool(fields["is_draft_visible"]),
        int(fields["cell"]),
    )


def _eye_px(table: NDArray[np.void], eye: str, screen: ScreenGeometry) -> FloatArray:
    fraction = np.stack([table[f"{eye}_x"], table[f"{eye}_y"]], axis=1).astype(np.float64)
    return np.where((table[f"{eye}_gaze_valid"] == 1)[:, None], screen.fraction_to_px(fraction), np.nan)
