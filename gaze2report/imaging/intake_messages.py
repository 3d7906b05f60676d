"""What intake and its worker say to each other about one image: JSON in the message, arrays in files.

The worker writes the arrays as ``.npy`` into a private folder that its parent made; the parent loads each without
pickle and deletes it.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.types import Image, InstanceHeader, Overlay, Shutter, VoiLut, VoiWindow

_CODES, _MODALITY_VALUES = "codes.npy", "modality_values.npy"


def save_image(image: Image, folder: Path) -> dict[str, Any]:
    """Write the arrays of an image into a folder and give the rest as JSON values."""
    np.save(folder / _CODES, image.codes, allow_pickle=False)
    np.save(folder / _MODALITY_VALUES, image.modality_values, allow_pickle=False)
    luts = []
    for index, lut in enumerate(image.voi_luts):
        np.save(folder / _lut_name(index), lut.entries, allow_pickle=False)
        luts.append({"first_mapped": lut.first_mapped, "bits": lut.bits, "explanation": lut.explanation})
    overlays = []
    for index, overlay in enumerate(image.overlays):
        np.save(folder / _overlay_name(index), overlay.mask, allow_pickle=False)
        overlays.append(
            {
                "top_px": overlay.top_px,
                "left_px": overlay.left_px,
                "label": overlay.label,
                "is_region": overlay.is_region,
            }
        )
    return {
        "header": header_to_json(image.header),
        "pixel_sha256": image.pixel_sha256,
        "windows": [dataclasses.asdict(window) for window in image.windows],
        "voi_luts": luts,
        "is_inverted": image.is_inverted,
        "padding_codes": image.padding_codes,
        "notes": image.notes,
        "overlays": overlays,
        "shutter": None if image.shutter is None else dataclasses.asdict(image.shutter),
    }


def load_image(content: dict[str, Any], folder: Path) -> Image:
    """Build an image from JSON values and the arrays in a folder; the array files are deleted.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError
        If the worker wrote something else than it should.
    """
    codes = _take_array(folder / _CODES, np.dtype(np.uint16), ndim=2)
    modality_values = _take_array(folder / _MODALITY_VALUES, np.dtype(np.float64), ndim=1)
    if codes.size == 0 or int(codes.max()) >= len(modality_values):
        raise ValueError("the codes of the image do not fit its Modality LUT")
    luts = tuple(
        VoiLut(entries=_take_array(folder / _lut_name(index), np.dtype(np.uint16), ndim=1), **lut)
        for index, lut in enumerate(content["voi_luts"])
    )
    overlays = tuple(
        Overlay(mask=_take_array(folder / _overlay_name(index), np.dtype(np.bool_), ndim=2), **overlay)
        for index, overlay in enumerate(content["overlays"])
    )
    padding = content["padding_codes"]
    return Image(
        codes=codes,
        modality_values=modality_values,
        header=header_from_json(content["header"]),
        pixel_sha256=content["pixel_sha256"],
        windows=tuple(VoiWindow(**window) for window in content["windows"]),
        voi_luts=luts,
        is_inverted=content["is_inverted"],
        padding_codes=None if padding is None else (padding[0], padding[1]),
        notes=tuple(content["notes"]),
        overlays=overlays,
        shutter=_shutter(content["shutter"]),
    )


def header_to_json(header: InstanceHeader) -> dict[str, Any]:
    """Header as JSON values."""
    return dataclasses.asdict(header)


def header_from_json(content: dict[str, Any]) -> InstanceHeader:
    """Header from JSON values; pairs come back as tuples."""
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
    }
    return InstanceHeader(**fields)


def _lut_name(index: int) -> str:
    return f"voi_lut_{index}.npy"


def _overlay_name(index: int) -> str:
    return f"overlay_{index}.npy"


def _shutter(content: dict[str, Any] | None) -> Shutter | None:
    if content is None:
        return None
    rectangle, circle = content["rectangle_px"], content["circle_px"]
    return Shutter(
        rectangle_px=None if rectangle is None else (rectangle[0], rectangle[1], rectangle[2], rectangle[3]),
        circle_px=None if circle is None else (circle[0], circle[1], circle[2]),
        polygon_px=tuple((x, y) for x, y in content["polygon_px"]),
        grey=content["grey"],
    )


def _take_array(path: Path, dtype: np.dtype[Any], ndim: int) -> NDArray[Any]:
    """Load an array without pickle and delete its file."""
    array = np.load(path, allow_pickle=False)
    os.unlink(path)
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != ndim:
        raise ValueError(f"{path.name} does not hold the array it should")
    return array
