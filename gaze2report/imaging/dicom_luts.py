"""Modality LUT, VOI LUTs, windows and padding of a DICOM header, for use as tables over the stored codes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaze2report.imaging.tolerant import ELEMENT_ERRORS, TolerantDataset
from gaze2report.types import VoiLut, VoiLutFunction, VoiWindow

LUT_KEYWORDS = (
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "VOILUTSequence",
    "VOILUTFunction",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "PresentationLUTShape",
    "PresentationLUTSequence",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
)
_FUNCTIONS: dict[str, VoiLutFunction] = {"LINEAR": "LINEAR", "LINEAR_EXACT": "LINEAR_EXACT", "SIGMOID": "SIGMOID"}


class BrokenLut(ValueError):
    """A LUT item that cannot be used; the text says why."""


def stored_values(bits_stored: int, is_signed: bool) -> NDArray[np.int64]:
    """Stored value of each code: codes start at 0, signed data at ``-2**(bits_stored - 1)``."""
    codes = np.arange(2**bits_stored, dtype=np.int64)
    return codes - 2 ** (bits_stored - 1) if is_signed else codes


def read_modality_values(
    header: TolerantDataset, stored: NDArray[np.int64], *, is_little_endian: bool
) -> NDArray[np.float64]:
    """Output of the Modality LUT for each stored value (PS3.3 C.11.1); the value itself where there is none."""
    items = header.items("ModalityLUTSequence")
    if items:
        try:
            entries, first_mapped, _ = _read_lut(items[0], is_little_endian)
        except BrokenLut as error:
            header.note(f"The Modality LUT is unusable ({error}); stored values are used instead.")
        else:
            return entries[np.clip(stored - first_mapped, 0, len(entries) - 1)].astype(np.float64)
    slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
    if slope is None and intercept is None:
        return stored.astype(np.float64)
    if slope is None or intercept is None or slope == 0:
        header.note("The rescale slope and intercept are unusable; stored values are used instead.")
        return stored.astype(np.float64)
    values: NDArray[np.float64] = stored.astype(np.float64) * slope + intercept
    if np.isfinite(values).all():
        return values
    header.note("The rescale slope and intercept are unusable; stored values are used instead.")
    return stored.astype(np.float64)


def read_voi_luts(
    header: TolerantDataset, modality_values: NDArray[np.float64], *, is_little_endian: bool
) -> tuple[VoiLut, ...]:
    """Usable items of the VOI LUT Sequence; a broken one is left out with a note."""
    luts = []
    for index, item in enumerate(header.items("VOILUTSequence")):
        try:
            entries, first_mapped, bits = _read_lut(item, is_little_endian)
        except BrokenLut as error:
            header.note(f"VOI LUT {index + 1} is unusable ({error}); the window is used instead.")
            continue
        if first_mapped >= 2**15 and modality_values.max() < first_mapped:
            first_mapped -= 2**16  # a negative input written in an unsigned element
        explanation = item.text("LUTExplanation")
        luts.append(VoiLut(float(first_mapped), entries, bits, explanation))
    return tuple(luts)


def read_windows(header: TolerantDataset) -> tuple[VoiWindow, ...]:
    """All usable windows with their explanations, in the header's order."""
    centers, widths = header.numbers("WindowCenter"), header.numbers("WindowWidth")
    if len(centers) != len(widths):
        header.note(f"The header has {len(centers)} window centres and {len(widths)} widths; the pairs are used.")
    explanations = header.values("WindowCenterWidthExplanation")
    function = _function(header)
    smallest_width = 1.0 if function == "LINEAR" else 0.0
    windows = []
    for index, (center, width) in enumerate(zip(centers, widths, strict=False)):
        # PS3.3 C.11.2.1.2.1: LINEAR needs a width of at least 1, the others one above 0
        if width < smallest_width or width <= 0:
            header.note(f"Window {index + 1} has the impossible width {width:g} and was ignored.")
            continue
        explanation = str(explanations[index]).strip() if index < len(explanations) else ""
        windows.append(VoiWindow(center, width, function, explanation))
    return tuple(windows)


def read_is_inverted(header: TolerantDataset) -> bool:
    """Whether the smallest VOI output is shown white.

    MONOCHROME1 and Presentation LUT Shape INVERSE state the same thing (PS3.3 C.8.11.3.1.2 pairs them), so both
    together invert once.
    """
    shape = header.text("PresentationLUTShape").upper()
    if shape not in ("", "IDENTITY", "INVERSE"):
        header.note(f"The Presentation LUT Shape {shape!r} is unknown and was ignored.")
    if header.value("PresentationLUTSequence") is not None:
        header.note("The file has a Presentation LUT Sequence, which is not applied.")
    is_monochrome1 = header.text("PhotometricInterpretation").upper() == "MONOCHROME1"
    return is_monochrome1 or shape == "INVERSE"


def read_padding_codes(header: TolerantDataset, bits_stored: int, is_signed: bool) -> tuple[int, int] | None:
    """First and last code of Pixel Padding Value and Range Limit (PS3.3 C.7.5.1.1.2)."""
    value = header.integer("PixelPaddingValue")
    if value is None:
        return None
    limit = header.integer("PixelPaddingRangeLimit")
    ends = sorted((value, value if limit is None else limit))
    offset = 2 ** (bits_stored - 1) if is_signed else 0
    if is_signed:  # a negative value written in an unsigned element
        ends = sorted(end - 2**16 if end >= 2**15 else end for end in ends)
    first, last = (end + offset for end in ends)
    if last < 0 or first >= 2**bits_stored:
        return None  # padding that no stored value can have
    return max(first, 0), min(last, 2**bits_stored - 1)


def _function(header: TolerantDataset) -> VoiLutFunction:
    name = header.text("VOILUTFunction").upper() or "LINEAR"
    if name not in _FUNCTIONS:
        header.note(f"The VOI LUT Function {name!r} is unknown; LINEAR is used instead.")
    return _FUNCTIONS.get(name, "LINEAR")


def _read_lut(item: TolerantDataset, is_little_endian: bool) -> tuple[NDArray[np.uint16], int, int]:
    """Entries, first mapped input and bits of an entry of a LUT item (PS3.3 C.11.1.1.1 and C.11.2.1.1)."""
    descriptor = item.numbers("LUTDescriptor")
    if len(descriptor) != 3:
        raise BrokenLut("its descriptor does not have three values")
    count, first_mapped, bits = (int(number) for number in descriptor)
    count = count % 2**16 or 2**16  # 0 stands for 65 536
    if not 8 <= bits <= 16:
        raise BrokenLut(f"its descriptor says {bits} bits an entry")
    entries = _lut_entries(item, count, bits, is_little_endian)
    if len(entries) < count:
        raise BrokenLut(f"its descriptor says {count} entries and it has {len(entries)}")
    entries = entries[:count]
    highest = int(entries.max())
    if highest >= 2**bits:
        item.note(f"A LUT says {bits} bits an entry and holds values up to {highest}; the larger range is used.")
        bits = highest.bit_length()
    return entries, first_mapped, bits


def _lut_entries(item: TolerantDataset, count: int, bits: int, is_little_endian: bool) -> NDArray[np.uint16]:
    data = item.value("LUTData")
    if data is None:
        raise BrokenLut("it has no data")
    if isinstance(data, bytes):
        if bits == 8 and len(data) == count + count % 2:  # one byte an entry, padded to an even length
            return np.frombuffer(data[:count], dtype=np.uint8).astype(np.uint16)
        order = "<u2" if is_little_endian else ">u2"
        return np.frombuffer(data[: len(data) // 2 * 2], dtype=order).astype(np.uint16)
    try:
        return np.atleast_1d(np.asarray(data, dtype=np.int64)).astype(np.uint16)
    except ELEMENT_ERRORS as error:
        raise BrokenLut("its data are not numbers") from error
