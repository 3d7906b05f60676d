"""How long one looked where: fixations spread by a Gaussian and weighted by duration.

Notation: F fixations; a map has R rows and C columns that cover the whole image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.gaze.recorded_gaze import RecordedGaze
from gaze2report.types import Fixation

SHARE_WITHOUT_GEOMETRY = 0.03
"""Standard deviation as a share of the longer side where a degree is not known: about one degree for a film that fills
the height of a 21-inch screen (some 430 mm) at 650 mm."""

LONG_SIDE_CELLS = 256


@dataclass(frozen=True)
class Spread:
    """Standard deviation of the Gaussian of each fixation.

    Attributes
    ----------
    sigma_px : tuple of float
        Image pixels, one a fixation.
    text : str
        What it is, for the reader: one visual degree, or a share of the film.
    """

    sigma_px: tuple[float, ...]
    text: str


@dataclass(frozen=True, eq=False)
class DurationMap:
    """Looking time over an image.

    Attributes
    ----------
    seconds : ndarray of float32, shape (R, C)
        Looking time of each cell; sums to the durations of the fixations inside the image.
    spread : Spread
    """

    seconds: NDArray[np.float32]
    spread: Spread

    @property
    def is_empty(self) -> bool:
        """Whether no fixation lay inside the image."""
        return not self.seconds.any()


def spread_of_prediction(fixations: Sequence[Fixation], width_px: float, height_px: float) -> Spread:
    """Spread of a predicted scanpath: nobody sat before a screen, so a share of the film stands in for a degree."""
    sigma_px = SHARE_WITHOUT_GEOMETRY * max(width_px, height_px)
    text = f"sigma {SHARE_WITHOUT_GEOMETRY * 100:.0f} % of the film ({sigma_px:.0f} px): no viewing geometry"
    return Spread((sigma_px,) * len(fixations), text)


def spread_of_recording(gaze: RecordedGaze, width_px: float, height_px: float) -> Spread:
    """One visual degree for every fixation where the geometry of all is known, else a share of the film."""
    degrees = [gaze.px_per_dva(index) for index in range(len(gaze.fixations))]
    known = tuple(px for px in degrees if px is not None)
    if not known or len(known) < len(degrees):
        return spread_of_prediction(gaze.scanpath, width_px, height_px)
    low, high = min(known), max(known)
    shown = f"{low:.0f}" if round(low) == round(high) else f"{low:.0f} to {high:.0f}"
    return Spread(known, f"sigma 1 visual degree ({shown} px)")


def duration_map(
    fixations: Sequence[Fixation],
    spread: Spread,
    width_px: float,
    height_px: float,
    *,
    long_side_cells: int = LONG_SIDE_CELLS,
) -> DurationMap:
    """Spread the durations of fixations over the image (as Bigolin Lanfredi et al. 2022 draw REFLACX).

    Parameters
    ----------
    fixations : sequence of Fixation
        Image pixels and seconds. Those outside the image are left out.
    spread : Spread
        As long as ``fixations``; each sigma above 0.
    width_px, height_px : float
        Size of the image.
    long_side_cells : int
        Cells along the longer side of the map.

    Raises
    ------
    ValueError
        If the spread does not fit or the image has no extent.
    """
    if len(spread.sigma_px) != len(fixations) or any(not sigma > 0 for sigma in spread.sigma_px):
        raise ValueError("each fixation needs a spread above 0")
    if not (width_px > 0 and height_px > 0):
        raise ValueError(f"an image of {width_px} x {height_px} px has no extent")
    cell_px = max(width_px, height_px) / long_side_cells
    columns, rows = (max(1, round(side / cell_px)) for side in (width_px, height_px))
    inside = [
        (f.x_px / width_px * columns, f.y_px / height_px * rows, f.duration_s, sigma / cell_px)
        for f, sigma in zip(fixations, spread.sigma_px, strict=True)
        if 0 <= f.x_px < width_px and 0 <= f.y_px < height_px and f.duration_s > 0
    ]
    if not inside:
        return DurationMap(np.zeros((rows, columns), dtype=np.float32), spread)
    x, y, seconds, sigma = np.array(inside, dtype=np.float64).T
    across, down = _kernels(x, sigma, columns), _kernels(y, sigma, rows)
    return DurationMap(((down * seconds[:, None]).T @ across).astype(np.float32), spread)


def _kernels(centre: NDArray[np.float64], sigma: NDArray[np.float64], cells: int) -> NDArray[np.float64]:
    """Gaussians over the middles of cells, each of sum 1: (F,) to (F, cells)."""
    far = (np.arange(cells) + 0.5 - centre[:, None]) / sigma[:, None]
    # Taken from the nearest cell, so that one much narrower than a cell does not vanish.
    exponent = -0.5 * far**2
    values = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return np.asarray(values / values.sum(axis=1, keepdims=True), dtype=np.float64)
