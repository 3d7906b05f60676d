"""A validation: how good the gaze of each eye is at targets that no calibration was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.display_area import geometry_of_display_area, middle_of_eyes
from gaze2report.gaze.quality_gates import GateResult, Level, judge_validation
from gaze2report.gaze.quality_measures import EyeQuality, TargetQuality, mean_quality, target_quality
from gaze2report.gaze.recorded_gaze import WORST_ERROR_DVA
from gaze2report.gaze.recorded_rows import samples_of_rows
from gaze2report.gaze.screen_geometry import ScreenGeometry

EyeName = Literal["left", "right"]
EYES: tuple[EyeName, ...] = ("left", "right")
Place = tuple[float, float]


class NotValidated(Gaze2ReportError):
    """A validation that gives no result; the sentence says why."""

    code = "not_validated"


@dataclass(frozen=True, eq=False)
class LookedAt:
    """Samples that were taken while a target was looked at; ``target`` in fractions of the display area."""

    target: Place
    table: NDArray[np.void]


@dataclass(frozen=True)
class Validation:
    """What was measured.

    Attributes
    ----------
    targets : tuple of TargetQuality
    gates : dict
        For each eye what it means.
    screen : ScreenGeometry
        With the place of the eyes that was measured.
    """

    targets: tuple[TargetQuality, ...]
    gates: Mapping[EyeName, GateResult]
    screen: ScreenGeometry

    def eye(self, name: EyeName) -> EyeQuality:
        """Mean over the targets of one eye."""
        return mean_quality([getattr(target, name) for target in self.targets])

    @property
    def level(self) -> Level:
        """Of the worse eye; of the other one where an eye was not seen at all: one is enough.

        Red where the error is so large that nothing may be concluded from a recording.
        """
        error = self.error_dva
        if error is None or error > WORST_ERROR_DVA:
            return "red"
        seen = [self.gates[name].level for name in EYES if np.isfinite(self.eye(name).accuracy_dva)]
        order: tuple[Level, ...] = ("green", "not_measured", "yellow", "red")
        return max(seen, key=order.index, default="red")

    @property
    def error_dva(self) -> float | None:
        """Mean accuracy of the eyes that were seen."""
        known = [value for name in EYES if np.isfinite(value := self.eye(name).accuracy_dva)]
        return float(np.mean(known)) if known else None


def screen_before_eyes(
    tables: Sequence[NDArray[np.void]], display_area: Mapping[str, Any], width_px: float, height_px: float
) -> ScreenGeometry:
    """The tracker's screen before the eyes of these samples.

    Raises
    ------
    NotValidated
        If both eyes were never seen at once, or the display area is no rectangle before them.
    """
    everything = np.concatenate(tables) if tables else None
    if everything is None or not len(everything):
        raise NotValidated("No sample came from the tracker.")
    eyes = []
    for eye in EYES:
        is_known = (everything[f"{eye}_origin_valid"] == 1)[:, None]
        eyes.append(np.where(is_known, everything[f"{eye}_origin_mm"].astype(np.float64), np.nan))
    middle = middle_of_eyes(eyes[0], eyes[1])
    if middle is None:  # with one eye only, that eye's place is the best there is
        known = [place for eye in eyes for place in eye[np.isfinite(eye).all(axis=1)]]
        if not known:
            raise NotValidated("The tracker did not see your eyes; sit before it and try again.")
        x, y, z = np.median(known, axis=0)
        middle = float(x), float(y), float(z)
    top_left, top_right, bottom_left = (display_area[f"{name}_mm"] for name in ("top_left", "top_right", "bottom_left"))
    try:
        return geometry_of_display_area(top_left, top_right, bottom_left, middle, width_px, height_px)
    except ValueError as error:
        raise NotValidated(f"The tracker's display area cannot be used: {error}.") from error


def validate(
    looked: Sequence[LookedAt], display_area: Mapping[str, Any], width_px: float, height_px: float
) -> Validation:
    """Measure both eyes at every target.

    Raises
    ------
    NotValidated
        If there is no target, or nothing was seen.
    """
    if not looked:
        raise NotValidated("No target was looked at.")
    screen = screen_before_eyes([one.table for one in looked], display_area, width_px, height_px)
    targets = []
    for one in looked:
        if not len(one.table):
            raise NotValidated("No sample came from the tracker while a target was shown.")
        x, y = screen.fraction_to_px(one.target)
        targets.append(target_quality(samples_of_rows(one.table, screen).samples, (float(x), float(y)), screen))
    return Validation(tuple(targets), judge_validation(targets), screen)
