"""ScanMatch: similarity of two scanpaths as sequences of grid cells, with or without duration."""

from __future__ import annotations

from collections.abc import Sequence

from gaze2report.gaze.pairwise_scanmatch import ScanMatchSettings, scanmatch_of_all
from gaze2report.types import Fixation


def scanmatch(
    first: Sequence[Fixation],
    second: Sequence[Fixation],
    width_px: float,
    height_px: float,
    *,
    temporal_bin_ms: float | None = 100.0,
    columns: int = 12,
    rows: int = 8,
    threshold_cells: float = 3.5,
    gap: float = 0.0,
) -> float:
    """Compare two scanpaths by ScanMatch (Cristino, Mathôt, Theeuwes & Gilchrist 2010).

    Each fixation becomes the symbol of its grid cell; with a temporal bin, it is repeated once per bin of its
    duration. Two symbols score the threshold less the distance of their cells; the score of the best alignment is
    divided by what the longer sequence would score with itself. The defaults are those of the authors' toolbox;
    studies of chest films also use 16 x 12 cells and 50 ms, and scores under different settings do not compare.

    Parameters
    ----------
    first, second : sequence of Fixation
        Image pixels and seconds; what lies outside the image counts at its edge.
    width_px, height_px : float
        Size of the image.
    temporal_bin_ms : float or None
        Duration of a symbol; None compares places and order only. Halves are rounded to even.
    columns, rows : int
        Grid.
    threshold_cells : float
        Distance in cells at which the score of two symbols is 0.
    gap : float
        Score of a symbol that is put beside nothing.

    Returns
    -------
    float
        At most 1 (the same sequence), 0 without any agreement when ``gap`` is 0; NaN when a sequence is empty.
    """
    settings = ScanMatchSettings(columns, rows, temporal_bin_ms, threshold_cells, gap)
    return float(scanmatch_of_all([first], [second], width_px, height_px, settings)[0, 0])
