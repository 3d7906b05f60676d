"""From stored values to display grey levels: the grey pipeline as one table with an entry per code.

Modality LUT, VOI LUT or window, inversion and padding are all functions of the stored value (PS3.4 N.2), so a drag
step needs only a new table of at most 65 536 entries and one look-up per pixel. numpy only: the workstation computes
this on each mouse move.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaze2report.types import Image, VoiLut, VoiWindow

AUTOMATIC = "automatic"
_LOW_FRACTION, _HIGH_FRACTION = 0.01, 0.99
_ROWS_AT_ONCE = 32  # their indices and levels stay in the processor's cache
_RISE_START, _RISE_END = 0.1, 0.9


def display_table(image: Image, voi: VoiWindow | VoiLut | None = None, *, invert: bool = False) -> NDArray[np.uint8]:
    """Grey level of each code, the whole grey pipeline included.

    Parameters
    ----------
    image : Image
    voi : VoiWindow or VoiLut, optional
        What to show the values under; ``default_voi(image)`` when not given.
    invert : bool
        Invert once more than the file asks for (the reader's own inversion).

    Returns
    -------
    ndarray of uint8, shape (L,)
        0 is black. Padding is black whatever the window and the inversion.

    Notes
    -----
    Inversion comes after the VOI stage: for MONOCHROME1 the smallest VOI output is shown white (PS3.3 C.7.6.3.1.2).
    """
    level = voi_output(image.modality_values, default_voi(image) if voi is None else voi)
    if image.is_inverted != invert:
        level = 1.0 - level
    table = np.rint(level * 255.0).astype(np.uint8)
    if image.padding_codes is not None:
        first, last = image.padding_codes
        table[first : last + 1] = 0
    return table


def to_display(image: Image, voi: VoiWindow | VoiLut | None = None, *, invert: bool = False) -> NDArray[np.uint8]:
    """Display grey levels of the whole image, shape (rows, columns)."""
    table = display_table(image, voi, invert=invert)
    display = np.empty(image.codes.shape, np.uint8)
    for top in range(0, len(display), _ROWS_AT_ONCE):  # twice as fast as one take over the whole image
        rows = slice(top, top + _ROWS_AT_ONCE)
        # codes lie within the table; the mode "raise" would copy what it writes
        np.take(table, image.codes[rows], out=display[rows], mode="clip")
    return display


def voi_output(values: NDArray[np.float64], voi: VoiWindow | VoiLut) -> NDArray[np.float64]:
    """Output of the VOI stage for Modality LUT outputs, scaled to 0..1.

    Source: PS3.3 C.11.2.1.1 (VOI LUT), C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2 (LINEAR_EXACT).
    """
    if isinstance(voi, VoiLut):
        position = np.clip(np.floor(values - voi.first_mapped), 0, len(voi.entries) - 1).astype(np.intp)
        return voi.entries[position] / float(2**voi.bits - 1)
    if voi.function == "SIGMOID":
        # beyond +-700 the exponential overflows, and the output has long been 0 or 1
        exponent = np.clip(-4.0 * (values - voi.center) / voi.width, -700.0, 700.0)
        return np.asarray(1.0 / (1.0 + np.exp(exponent)))
    center, width = voi.center, voi.width
    if voi.function == "LINEAR":
        center, width = center - 0.5, width - 1.0
    if width <= 0:  # LINEAR with width 1 is a threshold
        return (values > center).astype(np.float64)
    return np.clip((values - center) / width + 0.5, 0.0, 1.0)


def default_voi(image: Image, counts: NDArray[np.intp] | None = None) -> VoiWindow | VoiLut:
    """What the image opens with: its first VOI LUT, else its first window, else the automatic window.

    A VOI LUT comes before a window, as in ``pydicom.pixels.apply_voi_lut(prefer_lut=True)``.
    """
    if image.voi_luts:
        return image.voi_luts[0]
    if image.windows:
        return image.windows[0]
    return automatic_window(image, counts)


def count_codes(image: Image) -> NDArray[np.intp]:
    """How often each code occurs, shape (L,). Takes some 5 ms a megapixel: not for the GUI thread."""
    counts = np.zeros(len(image.modality_values), np.intp)
    for top in range(0, len(image.codes), _ROWS_AT_ONCE):  # bincount makes a copy of 8 bytes a pixel
        counts += np.bincount(image.codes[top : top + _ROWS_AT_ONCE].ravel(), minlength=len(counts))
    return counts


def automatic_window(image: Image, counts: NDArray[np.intp] | None = None) -> VoiWindow:
    """Window from the 1st to the 99th percentile of the image's own values, padding left out.

    ``counts`` as :func:`count_codes` gives them, where they are known.
    """
    counts = count_codes(image) if counts is None else counts.copy()
    if image.padding_codes is not None:
        first, last = image.padding_codes
        counts[first : last + 1] = 0
    order = np.argsort(image.modality_values, kind="stable")  # a Modality LUT need not be monotone
    cumulative = np.cumsum(counts[order])
    total = int(cumulative[-1])
    if total == 0:  # nothing but padding
        low, high = float(image.modality_values.min()), float(image.modality_values.max())
    else:
        ranks = np.searchsorted(cumulative, [_LOW_FRACTION * total, _HIGH_FRACTION * total])
        low, high = (float(value) for value in image.modality_values[order[np.minimum(ranks, len(order) - 1)]])
    width = high - low if high > low else 1.0
    return VoiWindow((low + high) / 2.0, width, "LINEAR_EXACT", AUTOMATIC)


def equivalent_window(image: Image, voi: VoiWindow | VoiLut) -> VoiWindow:
    """Window to start a drag from: a window as it is, a VOI LUT as the straight line through its rise.

    The line runs through the first inputs where the LUT has gone 10 % and 90 % of the way between its extremes. A LUT
    that falls has no equivalent window; the line then has the same steepness, rising.
    """
    if isinstance(voi, VoiWindow):
        return voi
    entries = voi.entries.astype(np.float64)
    low, high = float(entries.min()), float(entries.max())
    if high <= low:
        return automatic_window(image)
    share = (entries - low) / (high - low)
    if share[0] > share[-1]:
        share = 1.0 - share
    start, end = (float(np.argmax(share >= level)) for level in (_RISE_START, _RISE_END))
    width = max(abs(end - start), 1.0) / (_RISE_END - _RISE_START)
    explanation = f"from {voi.explanation}" if voi.explanation else "from VOI LUT"
    return VoiWindow(voi.first_mapped + (start + end) / 2.0, width, "LINEAR_EXACT", explanation)
