"""The view log: what the viewports showed, and when.

One row states what one viewport shows from a moment on, as it was *presented*, until the next row of that viewport.
Rows are frozen facts of the recording; everything that is derived from gaze maps through them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaze2report.gaze.affine import SAME, Affine

NOT_BY_A_MODEL = frozenset(
    {"shutter", "overlay planes", "measurements", "magnifier", "recorded gaze", "recording light"}
)
"""Names of overlays that come from the film, the reader or the program; any other counts as a model's."""

FloatArray = NDArray[np.float64]
GeometryKey = tuple[str, int, str, Affine]


@dataclass(frozen=True)
class ScreenPlacement:
    """A monitor as the window system places it on the desktop.

    Attributes
    ----------
    name : str
        Tells this monitor from the others; compared with that of the tracker.
    x_logical, y_logical : float
        Its top left corner on the desktop in logical pixels; negative left of or above the main monitor.
    width_px, height_px : int
        Device pixels.
    device_pixel_ratio : float
        Device pixels per logical pixel, above 0.

    Raises
    ------
    ValueError
        If a size or the ratio is not above 0.
    """

    name: str
    x_logical: float
    y_logical: float
    width_px: int
    height_px: int
    device_pixel_ratio: float = 1.0

    def __post_init__(self) -> None:
        if not (self.width_px > 0 and self.height_px > 0 and self.device_pixel_ratio > 0):
            raise ValueError(f"the screen {self.name!r} has no extent or pixel ratio")

    def desktop_to_device(self, x_logical: float, y_logical: float) -> tuple[float, float]:
        """Logical pixels of the desktop to device pixels of this monitor."""
        ratio = self.device_pixel_ratio
        return (x_logical - self.x_logical) * ratio, (y_logical - self.y_logical) * ratio


@dataclass(frozen=True)
class ViewRow:
    """What one viewport shows from ``time_us`` on.

    Attributes
    ----------
    time_us : int
        When it was presented, on the system clock of the recording.
    screen : ScreenPlacement
        The monitor that the viewport is on.
    viewport_x_logical, viewport_y_logical : float
        Its top left corner on the desktop, in logical pixels.
    viewport_width_px, viewport_height_px : int
        Its size in device pixels.
    instance_uid : str
        SOP Instance UID of the film; empty when none can be seen (closed, covered, minimised).
    columns_px, rows_px : int
        Size of the film.
    image_to_viewport : Affine
        Image pixels to device pixels of the viewport: zoom, pan, turn and flip.
    window_center, window_width : float, optional
        VOI window; None where a lookup table or none is in use.
    is_inverted : bool
    is_ai_overlay_visible : bool
        Whether anything that a model made is drawn over the film: predicted gaze, boxes, regions.
    is_draft_visible : bool
        Whether a model's draft can be read anywhere on the screen.
    pane : int
        Which viewport, where several films hang side by side.

    Raises
    ------
    ValueError
        If a film is named but has no extent, or the viewport has none.
    """

    time_us: int
    screen: ScreenPlacement
    viewport_x_logical: float
    viewport_y_logical: float
    viewport_width_px: float
    viewport_height_px: float
    instance_uid: str = ""
    columns_px: int = 0
    rows_px: int = 0
    image_to_viewport: Affine = SAME
    window_center: float | None = None
    window_width: float | None = None
    is_inverted: bool = False
    is_ai_overlay_visible: bool = False
    is_draft_visible: bool = False
    pane: int = 0

    def __post_init__(self) -> None:
        if self.instance_uid and not (self.columns_px > 0 and self.rows_px > 0):
            raise ValueError(f"a film of {self.columns_px} x {self.rows_px} px has no extent")
        if self.instance_uid and not (self.viewport_width_px > 0 and self.viewport_height_px > 0):
            raise ValueError("a viewport that shows a film has an extent")

    @cached_property
    def image_to_screen(self) -> Affine:
        """Image pixels to device pixels of the monitor."""
        left, top = self.screen.desktop_to_device(self.viewport_x_logical, self.viewport_y_logical)
        return self.image_to_viewport.then(Affine(tx=left, ty=top))

    @cached_property
    def screen_to_image(self) -> Affine:
        """Inverse of ``image_to_screen``."""
        return self.image_to_screen.inverse

    @property
    def rectangle_px(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the viewport, in device pixels of the monitor."""
        left, top = self.screen.desktop_to_device(self.viewport_x_logical, self.viewport_y_logical)
        return left, top, left + self.viewport_width_px, top + self.viewport_height_px

    def covers(self, place_px: ArrayLike) -> NDArray[np.bool_]:
        """Whether places on the monitor, shape (..., 2), lie in the viewport; False where they are NaN."""
        place = np.asarray(place_px, dtype=np.float64)
        left, top, right, bottom = self.rectangle_px
        x, y = place[..., 0], place[..., 1]
        return np.asarray((x >= left) & (x < right) & (y >= top) & (y < bottom))

    @property
    def shown_rectangles(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Left, top, right, bottom of the part of the image that is shown: in image pixels, and on the monitor."""
        left, top, right, bottom = self.rectangle_px
        corners = self.screen_to_image.apply(np.array([(left, top), (right, bottom)]))
        size = (self.columns_px, self.rows_px)
        low, high = np.clip(corners.min(axis=0), 0, size), np.clip(corners.max(axis=0), 0, size)
        on_screen = self.image_to_screen.apply(np.array([low, high]))
        shown = (*low, *high), (*on_screen.min(axis=0), *on_screen.max(axis=0))
        return tuple(map(float, shown[0])), tuple(map(float, shown[1]))

    @property
    def geometry_key(self) -> GeometryKey:
        """What must stay the same for a place on the screen to stay the same place on a film."""
        return self.instance_uid, self.pane, self.screen.name, self.image_to_screen


@dataclass(frozen=True)
class ViewState:
    """What all viewports show from ``time_us`` until the next state: the newest row of each, newest first."""

    time_us: int
    rows: tuple[ViewRow, ...]

    def row_at(self, place_px: ArrayLike, screen_name: str) -> ViewRow | None:
        """The film under one place of a monitor, shape (2,); None where there is none."""
        for row in self.rows:
            if row.instance_uid and row.screen.name == screen_name and bool(row.covers(place_px)):
                return row
        return None

    @property
    def is_ai_overlay_visible(self) -> bool:
        """In any viewport that shows a film."""
        return any(row.is_ai_overlay_visible for row in self.rows if row.instance_uid)

    @property
    def is_draft_visible(self) -> bool:
        """A draft may be read where no film is shown."""
        return any(row.is_draft_visible for row in self.rows)


@dataclass(frozen=True)
class ViewLog:
    """All rows of a recording, in order of time.

    Raises
    ------
    ValueError
        If the rows are not in order.
    """

    rows: tuple[ViewRow, ...]

    def __post_init__(self) -> None:
        if any(later.time_us < row.time_us for row, later in pairwise(self.rows)):
            raise ValueError("the rows of a view log must be in order of time")

    @classmethod
    def of(cls, rows: Iterable[ViewRow]) -> ViewLog:
        """A log of rows in any order; of two rows of one moment the later given one holds."""
        return cls(tuple(sorted(rows, key=lambda row: row.time_us)))

    @cached_property
    def states(self) -> tuple[ViewState, ...]:
        """What was shown, from one change to the next; rows of one moment are one change."""
        newest: dict[int, ViewRow] = {}
        found: list[ViewState] = []
        for row in self.rows:
            newest.pop(row.pane, None)  # a pane that changes moves to the end: of two that overlap it is on top
            newest[row.pane] = row
            state = ViewState(row.time_us, tuple(reversed(newest.values())))
            if found and found[-1].time_us == row.time_us:
                found[-1] = state
            else:
                found.append(state)
        return tuple(found)

    @cached_property
    def starts_ms(self) -> FloatArray:
        """When each state begins, in ms."""
        return np.array([state.time_us for state in self.states], dtype=np.float64) / 1000.0

    def state_at(self, time_us: int) -> ViewState | None:
        """What was shown at a moment; None before the first row."""
        index = bisect_right(self.states, time_us, key=lambda state: state.time_us) - 1
        return self.states[index] if index >= 0 else None

    def state_indices(self, time_ms: FloatArray) -> NDArray[np.int64]:
        """Index into ``states`` for each time, shape (N,); -1 before the first row."""
        return np.asarray(np.searchsorted(self.starts_ms, time_ms, side="right") - 1, dtype=np.int64)
