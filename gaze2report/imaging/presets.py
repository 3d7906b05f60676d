"""The named windows of a film: what its header offers, the automatic one, and two made from the film itself.

A radiograph's values have no fixed scale as those of CT have, so "lung" and "mediastinum" cannot be numbers. They are
taken from the film's own middle: the values there fall into air (lungs) and tissue (mediastinum, bone, below the
diaphragm), parted where the variance between both is largest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.imaging.windowing import automatic_window
from gaze2report.types import Image, VoiLut, VoiWindow

_MIDDLE = (0.15, 0.85)
"""The share of rows and columns that is looked at: lungs and mediastinum, without collimator and side marker."""

_SAMPLE_PIXELS = 120_000
_BINS = 256
_KEYS_OF_HEADER = "123456"


@dataclass(frozen=True, eq=False)
class Preset:
    """One entry of the window menu.

    Attributes
    ----------
    name : str
        The header's own explanation where it has one.
    key : str
        Digit under which it is reached; empty for none.
    """

    name: str
    voi: VoiWindow | VoiLut
    key: str = ""


def presets_of(image: Image, counts: NDArray[np.intp] | None = None) -> tuple[Preset, ...]:
    """All named windows of an image: the header's LUTs first, as the standard prefers them, then its windows.

    Parameters
    ----------
    counts : ndarray, shape (L,), optional
        How often each code occurs, where that is known.
    """
    stated: list[tuple[str, VoiWindow | VoiLut]] = [
        (lut.explanation or f"VOI LUT {number}", lut) for number, lut in enumerate(image.voi_luts, 1)
    ]
    stated += [(window.explanation or f"Window {number}", window) for number, window in enumerate(image.windows, 1)]
    keys = (*_KEYS_OF_HEADER, *("" for _ in stated))
    lung, mediastinum = lung_and_mediastinum(image)
    return (
        *(Preset(name, voi, key) for (name, voi), key in zip(stated, keys, strict=False)),
        Preset("Automatic (1 to 99 %)", automatic_window(image, counts), "0"),
        Preset("Lung (from this film)", lung, "7"),
        Preset("Mediastinum (from this film)", mediastinum, "8"),
    )


def lung_and_mediastinum(image: Image) -> tuple[VoiWindow, VoiWindow]:
    """Windows with their contrast in the lungs, and in the mediastinum.

    The lung window runs from the 1st percentile on the dark side to the mean of the tissue, the mediastinal one from
    the mean of the air to the 99th percentile on the bright side. Padding is left out.

    Notes
    -----
    The parting of air and tissue is the threshold of Otsu (IEEE Trans. Syst. Man Cybern. 9:62, 1979).
    """
    sample = _middle_values(image)
    low, high = (float(value) for value in np.percentile(sample, (1.0, 99.0)))
    if not high > low:
        window = automatic_window(image)
        return window, window
    inside = sample[(sample >= low) & (sample <= high)]
    threshold = _otsu_threshold(inside, low, high)
    below, above = float(inside[inside <= threshold].mean()), float(inside[inside > threshold].mean())
    of_low, of_high = _window(low, above, "lung"), _window(below, high, "mediastinum")
    if not image.is_inverted:
        return of_low, of_high
    return _window(below, high, "lung"), _window(low, above, "mediastinum")  # air has the high values


def _middle_values(image: Image) -> NDArray[np.float64]:
    """Modality LUT outputs of the middle of the film, thinned out."""
    rows, columns = image.codes.shape
    step = max(1, int(np.sqrt(rows * columns / _SAMPLE_PIXELS)))
    first, last = _MIDDLE
    part = image.codes[
        int(rows * first) : int(rows * last) + 1 : step, int(columns * first) : int(columns * last) + 1 : step
    ]
    codes = part.ravel()
    if image.padding_codes is not None:
        is_padding = (codes >= image.padding_codes[0]) & (codes <= image.padding_codes[1])
        codes = codes[~is_padding] if not is_padding.all() else codes
    return image.modality_values[codes]


def _otsu_threshold(values: NDArray[np.float64], low: float, high: float) -> float:
    counts, edges = np.histogram(values, bins=_BINS, range=(low, high))
    centers = (edges[:-1] + edges[1:]) / 2
    weight = np.cumsum(counts)[:-1].astype(np.float64)
    total = np.cumsum(counts * centers)
    others = counts.sum() - weight
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = total[:-1] / weight - (total[-1] - total[:-1]) / others
        between = np.nan_to_num(weight * others * difference**2)
    return float(edges[1:-1][int(np.argmax(between))])


def _window(low: float, high: float, name: str) -> VoiWindow:
    return VoiWindow((low + high) / 2.0, max(high - low, 1e-9), "LINEAR_EXACT", name)
