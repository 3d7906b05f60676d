"""Gaze on the screen to gaze on the film, through the view that was in force.

Samples are mapped one by one, and a fixation is the mean of its mapped samples. A fixation during which the place it
rests on changed under the eye straddles that change: by rule it is split there, and parts that are too short are left
out, or it is dropped. Everything left out is counted. A change of window, of the overlays, or in another viewport moves
nothing and splits nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gaze2report.gaze.detected_fixations import DetectedFixation
from gaze2report.gaze.gaze_samples import FloatArray, GazeSamples, is_valid
from gaze2report.gaze.screen_geometry import ScreenGeometry
from gaze2report.gaze.view_log import ViewLog, ViewRow, ViewState

StraddleRule = Literal["split", "drop"]


@dataclass(frozen=True, eq=False)
class SamplesOnFilm:
    """Samples on films. N samples.

    Attributes
    ----------
    place_image_px : ndarray, shape (N, 2)
        Image pixels of the film shown; may lie outside of the image; NaN where no film was under the gaze.
    view_index : ndarray of int64, shape (N,)
        Into ``views``; -1 where no film was under the gaze.
    views : tuple of ViewRow
        What the viewports under the gaze showed.
    """

    place_image_px: FloatArray
    view_index: NDArray[np.int64]
    views: tuple[ViewRow, ...]

    def view_of(self, sample: int) -> ViewRow | None:
        """What one sample was mapped through."""
        index = int(self.view_index[sample])
        return self.views[index] if index >= 0 else None


@dataclass(frozen=True)
class FixationOnFilm:
    """One fixation, or the part of one, on a film.

    Attributes
    ----------
    instance_uid : str
    x_px, y_px : float
        Mean of its mapped samples, image pixels; may lie outside of the image.
    onset_ms, offset_ms : float
        System clock of the recording.
    px_per_dva_x, px_per_dva_y : float
        Image pixels per degree of visual angle along the two axes of the image.
    is_on_image : bool
        Whether it lies inside the image.
    is_part : bool
        Whether it is what is left of a fixation that was split.
    is_ai_overlay_visible, is_draft_visible : bool
        Whether anything that a model made could be seen over a film, or a model's draft be read, at any time in it.
    window_center, window_width : float, optional
        Mean over its samples; None where one was seen without a window.
    screen_x_px, screen_y_px : float
        Mean on the screen, device pixels.
    valid_share : float
        Share of samples that the tracker saw, 0 to 1.
    view : ViewRow
        What its viewport showed when it began.
    """

    instance_uid: str
    x_px: float
    y_px: float
    onset_ms: float
    offset_ms: float
    px_per_dva_x: float
    px_per_dva_y: float
    is_on_image: bool
    is_part: bool
    is_ai_overlay_visible: bool
    is_draft_visible: bool
    window_center: float | None
    window_width: float | None
    screen_x_px: float
    screen_y_px: float
    valid_share: float
    view: ViewRow

    @property
    def duration_ms(self) -> float:
        """From the first to the last sample."""
        return self.offset_ms - self.onset_ms


@dataclass(frozen=True)
class MappingCounts:
    """What became of the fixations; ``n_detected = n_whole + n_straddling + n_beside_film``.

    Attributes
    ----------
    n_detected : int
        Fixations on the screen.
    n_whole : int
        Mapped as they are.
    n_beside_film : int
        With no film under them all the time: on the report, the desk, another screen.
    n_straddling : int
        During which the view changed under the eye.
    n_dropped : int
        Straddling ones of which nothing was kept.
    n_parts_kept, n_parts_left_out : int
        Parts of straddling ones. Left out: too short, unseen by the tracker, or beside the films.
    """

    n_detected: int = 0
    n_whole: int = 0
    n_beside_film: int = 0
    n_straddling: int = 0
    n_dropped: int = 0
    n_parts_kept: int = 0
    n_parts_left_out: int = 0

    @property
    def sentence(self) -> str:
        """For the reader."""
        text = f"Of {self.n_detected} fixations {self.n_whole} lie on a film, {self.n_beside_film} beside the films"
        if not self.n_straddling:
            return text + "; during none the view changed."
        return (
            f"{text}; during {self.n_straddling} the view changed: {self.n_parts_kept} parts were kept, "
            f"{self.n_parts_left_out} left out, {self.n_dropped} fixations dropped."
        )


@dataclass(frozen=True)
class MappedFixations:
    """Fixations on films, in order of time, and what was left out."""

    fixations: tuple[FixationOnFilm, ...]
    counts: MappingCounts


@dataclass(frozen=True)
class MappingRule:
    """What becomes of a fixation that straddles a change.

    Attributes
    ----------
    straddling : {'split', 'drop'}
    least_part_ms : float
        Shorter parts are left out; the least duration of a fixation by the Tobii I-VT filter.
    """

    straddling: StraddleRule = "split"
    least_part_ms: float = 60.0


SPLIT_AT_CHANGES = MappingRule()


def map_samples(samples: GazeSamples, place_px: FloatArray, log: ViewLog, screen_name: str) -> SamplesOnFilm:
    """Map places on the tracker's screen, shape (N, 2), to films.

    Parameters
    ----------
    samples : GazeSamples
        Gives the times, in ms of the clock of the log.
    place_px : ndarray, shape (N, 2)
        Device pixels of the tracker's screen, ``samples.place_px(...)``.
    screen_name : str
        The monitor that the tracker is mounted on; films on others are not under the gaze.
    """
    mapped = np.full((len(samples), 2), np.nan)
    view_index = np.full(len(samples), -1, dtype=np.int64)
    views: dict[int, tuple[int, ViewRow]] = {}
    indices = log.state_indices(samples.time_ms)
    for first, last in _equal_runs(indices):
        if indices[first] < 0:
            continue
        free = is_valid(place_px[first : last + 1])
        for row in log.states[indices[first]].rows:
            if not row.instance_uid or row.screen.name != screen_name:
                continue
            here = first + np.flatnonzero(free & row.covers(place_px[first : last + 1]))
            mapped[here] = row.screen_to_image.apply(place_px[here])
            free[here - first] = False
            if len(here):
                view_index[here] = views.setdefault(id(row), (len(views), row))[0]
    return SamplesOnFilm(mapped, view_index, tuple(row for _, row in views.values()))


def map_fixations(
    fixations: Sequence[DetectedFixation],
    samples: GazeSamples,
    place_px: FloatArray,
    log: ViewLog,
    screen: ScreenGeometry,
    screen_name: str,
    rule: MappingRule = SPLIT_AT_CHANGES,
) -> MappedFixations:
    """Map fixations on the tracker's screen to films; see ``map_samples`` for the parameters."""
    mapper = _Mapper(samples, place_px, log, log.state_indices(samples.time_ms), screen, screen_name)
    found: list[FixationOnFilm] = []
    whole = beside = straddling = dropped = kept = left_out = 0
    for fixation in fixations:
        parts = list(mapper.parts_of(fixation))
        if len(parts) == 1:
            only = mapper.on_film(*parts[0], is_part=False)
            found += [only] if only else []
            whole, beside = whole + (only is not None), beside + (only is None)
            continue
        straddling += 1
        usable = [] if rule.straddling == "drop" else parts
        long = [p for p in usable if samples.time_ms[p[1]] - samples.time_ms[p[0]] >= rule.least_part_ms]
        mapped = [one for part in long if (one := mapper.on_film(*part, is_part=True))]
        found += mapped
        kept, left_out, dropped = kept + len(mapped), left_out + len(parts) - len(mapped), dropped + (not mapped)
    counts = MappingCounts(len(fixations), whole, beside, straddling, dropped, kept, left_out)
    return MappedFixations(tuple(found), counts)


@dataclass(frozen=True, eq=False)
class _Mapper:
    samples: GazeSamples
    place_px: FloatArray
    log: ViewLog
    state_indices: NDArray[np.int64]
    screen: ScreenGeometry
    screen_name: str

    def parts_of(self, fixation: DetectedFixation) -> Iterator[tuple[int, int, ViewRow | None]]:
        """Parts of a fixation over which its place on the film stays: first and last sample, and the view."""
        indices = self.state_indices[fixation.first : fixation.last + 1]
        begin: int | None = None
        view: ViewRow | None = None
        for first, _ in _equal_runs(indices):
            row = self._row(int(indices[first]), (fixation.x_px, fixation.y_px))
            if begin is None:
                begin, view = 0, row
            elif _key(row) != _key(view):
                yield fixation.first + begin, fixation.first + first - 1, view
                begin, view = first, row
        yield fixation.first + (begin or 0), fixation.last, view

    def on_film(self, first: int, last: int, view: ViewRow | None, *, is_part: bool) -> FixationOnFilm | None:
        """One part on its film; None beside the films, or where the tracker saw nothing."""
        here = self.place_px[first : last + 1]
        seen = is_valid(here)
        if view is None or not seen.any():
            return None
        on_screen = here[seen].mean(axis=0)
        x, y = view.screen_to_image.apply(here[seen]).mean(axis=0)
        states = self._states(first, last)
        across, down = self.screen.px_per_dva(on_screen)
        view_map = view.image_to_screen
        center, width = self._window(first, last, view.pane)
        return FixationOnFilm(
            instance_uid=view.instance_uid,
            x_px=float(x),
            y_px=float(y),
            onset_ms=float(self.samples.time_ms[first]),
            offset_ms=float(self.samples.time_ms[last]),
            px_per_dva_x=float(1 / np.hypot(view_map.a / across, view_map.c / down)),
            px_per_dva_y=float(1 / np.hypot(view_map.b / across, view_map.d / down)),
            is_on_image=bool(0 <= x < view.columns_px and 0 <= y < view.rows_px),
            is_part=is_part,
            is_ai_overlay_visible=any(state.is_ai_overlay_visible for state in states),
            is_draft_visible=any(state.is_draft_visible for state in states),
            window_center=center,
            window_width=width,
            screen_x_px=float(on_screen[0]),
            screen_y_px=float(on_screen[1]),
            valid_share=float(seen.mean()),
            view=view,
        )

    def _row(self, index: int, place_px: tuple[float, float]) -> ViewRow | None:
        return self.log.states[index].row_at(place_px, self.screen_name) if index >= 0 else None

    def _states(self, first: int, last: int) -> list[ViewState]:
        """Every state in force at any time from the first to the last sample, those between two samples too."""
        low, high = int(self.state_indices[first]), int(self.state_indices[last])
        return [self.log.states[index] for index in range(max(low, 0), high + 1)]

    def _window(self, first: int, last: int, pane: int) -> tuple[float | None, float | None]:
        """Mean window over the samples, each weighted alike: they come at even times."""
        values, counts = np.unique(self.state_indices[first : last + 1], return_counts=True)
        rows = [next(row for row in self.log.states[index].rows if row.pane == pane) for index in values]
        centers = [row.window_center for row in rows if row.window_center is not None]
        widths = [row.window_width for row in rows if row.window_width is not None]
        if len(centers) < len(rows) or len(widths) < len(rows):
            return None, None
        return float(np.average(centers, weights=counts)), float(np.average(widths, weights=counts))


def _key(row: ViewRow | None) -> object:
    return None if row is None else row.geometry_key


def _equal_runs(values: NDArray[np.int64]) -> list[tuple[int, int]]:
    """First and last index (inclusive) of each run of equal values."""
    if not len(values):
        return []
    ends = np.flatnonzero(np.diff(values))
    return list(zip([0, *(ends + 1).tolist()], [*ends.tolist(), len(values) - 1], strict=True))
