"""Overlay planes of groups 6000 to 601E (PS3.3 C.9.2): graphics and regions that a device drew beside the pixels."""

from __future__ import annotations

import numpy as np
from pydicom.overlays.numpy_handler import get_overlay_array

from gaze2report.imaging.tolerant import ELEMENT_ERRORS, TolerantDataset, plain_text
from gaze2report.types import Overlay

_GROUPS = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _FRAMES, _DESCRIPTION, _TYPE, _ORIGIN = 0x0010, 0x0011, 0x0015, 0x0022, 0x0040, 0x0050
_BITS_ALLOCATED, _BIT_POSITION, _LABEL, _DATA = 0x0100, 0x0102, 0x1500, 0x3000
_ELEMENTS = (
    _ROWS, _COLUMNS, _FRAMES, _DESCRIPTION, _TYPE, _ORIGIN, _BITS_ALLOCATED, _BIT_POSITION, _LABEL, _DATA,
)  # fmt: skip
OVERLAY_TAGS = tuple(group << 16 | element for group in _GROUPS for element in _ELEMENTS)


def read_overlays(header: TolerantDataset, max_pixels: int, *, is_little_endian: bool) -> tuple[Overlay, ...]:
    """Overlay planes of a data set; one that cannot be used is left out with a note.

    Parameters
    ----------
    max_pixels
        A plane that announces more is not unpacked.
    is_little_endian
        Order of the file's 16-bit words, in which the bits are packed.
    """
    overlays = []
    for group in _GROUPS:
        if (group, _ROWS) in header.dataset or (group, _DATA) in header.dataset:
            try:
                overlay = _read_overlay(header, group, max_pixels, is_little_endian)
            except ELEMENT_ERRORS:
                header.note(f"The overlay {group:04X} is unusable and is not shown.")
            else:
                overlays += [overlay] if overlay is not None else []
    return tuple(overlays)


def _read_overlay(header: TolerantDataset, group: int, max_pixels: int, is_little_endian: bool) -> Overlay | None:
    dataset = header.dataset
    if (group, _DATA) not in dataset:
        header.note(f"The overlay {group:04X} lies in unused bits of the pixels, which is retired, and is not shown.")
        return None
    rows, columns = int(dataset[group, _ROWS].value), int(dataset[group, _COLUMNS].value)
    frames = int(dataset[group, _FRAMES].value or 1) if (group, _FRAMES) in dataset else 1
    if not (rows > 0 and columns > 0 and rows * columns <= max_pixels and frames == 1):
        raise ValueError("a plane of an impossible size")
    element = dataset[group, _DATA]
    if not is_little_endian and element.VR == "OW":
        words = element.value[: len(element.value) // 2 * 2]
        element.value = np.frombuffer(words, ">u2").astype("<u2").tobytes()
    if (group, _BITS_ALLOCATED) not in dataset:
        dataset.add_new((group, _BITS_ALLOCATED), "US", 1)
    mask = np.asarray(get_overlay_array(dataset, group), dtype=np.bool_)
    origin = dataset[group, _ORIGIN].value if (group, _ORIGIN) in dataset else (1, 1)
    names = [
        plain_text(str(dataset[group, element].value or ""))
        for element in (_LABEL, _DESCRIPTION)
        if (group, element) in dataset
    ]
    return Overlay(
        mask=mask,
        top_px=int(origin[0]) - 1,
        left_px=int(origin[1]) - 1,
        label=next((name for name in names if name), f"overlay {group:04X}"),
        is_region=(group, _TYPE) in dataset and str(dataset[group, _TYPE].value).strip().upper() == "R",
    )
