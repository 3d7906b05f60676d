"""PNG and JPEG films: 8 or 16 bits, grey; colour is converted to grey with a note."""

from __future__ import annotations

import warnings
from io import BufferedReader
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from gaze2report.errors import ImageTooLarge, NotAnImage
from gaze2report.imaging.dicom import pixel_sha256
from gaze2report.imaging.input_file import open_input, sha256_of
from gaze2report.imaging.limits import IntakeLimits
from gaze2report.imaging.tolerant import plain_text
from gaze2report.imaging.uids import derived_uid
from gaze2report.types import Image, InstanceHeader, VoiWindow

FORMATS = ("PNG", "JPEG")
_SIXTEEN_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_RASTER_ERRORS = (OSError, ValueError, TypeError, LookupError, SyntaxError, ArithmeticError, EOFError)
FULL_RANGE_8_BIT = VoiWindow(128.0, 256.0, "LINEAR", "full range")


def read_raster(path: Path | str, limits: IntakeLimits | None = None) -> Image:
    """Read a PNG or JPEG file of 8 or 16 bits.

    An 8-bit file opens under its full range, because whoever made it chose its grey levels; a 16-bit file opens
    under the automatic window.

    Raises
    ------
    UnreadableInput
        If the path cannot be read.
    NotAnImage
        If the content is damaged, animated, or not of 8 or 16 bits.
    ImageTooLarge
        If the header announces more pixels than the limits allow.
    """
    limits = limits or IntakeLimits()
    with open_input(path, limits) as stream:
        file_sha256 = sha256_of(stream)
        picture = _open(path, stream, limits)
        notes: list[str] = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                codes, bits = _grey_codes(picture, notes)
        except _RASTER_ERRORS as error:
            raise NotAnImage(path, f"its {picture.format} data cannot be decoded ({plain_text(str(error))})") from error
        header = _header(picture, file_sha256)
    return Image(
        codes=codes,
        modality_values=np.arange(2**bits, dtype=np.float64),
        header=header,
        pixel_sha256=pixel_sha256(codes, bits, is_signed=False),
        windows=(FULL_RANGE_8_BIT,) if bits == 8 else (),
        notes=tuple(notes),
    )


def read_raster_header(path: Path | str, limits: IntakeLimits | None = None) -> tuple[InstanceHeader, str]:
    """Header made for a PNG or JPEG file, and the SHA-256 of the file, without decoding the pixels."""
    limits = limits or IntakeLimits()
    with open_input(path, limits) as stream:
        file_sha256 = sha256_of(stream)
        return _header(_open(path, stream, limits), file_sha256), file_sha256


def _open(path: Path | str, stream: BufferedReader, limits: IntakeLimits) -> PIL.Image.Image:
    """Read the file's own header and check it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)  # the limits below are lower
            picture = PIL.Image.open(stream, formats=FORMATS)
    except PIL.Image.DecompressionBombError as error:
        raise ImageTooLarge(path, "its header announces more pixels than the limit allows") from error
    except _RASTER_ERRORS as error:
        raise NotAnImage(path, "it is not a readable PNG or JPEG file") from error
    pixels = picture.width * picture.height
    samples_bytes = 2 if picture.mode in _SIXTEEN_BIT_MODES else len(picture.getbands())
    if pixels > limits.max_pixels or pixels * samples_bytes > limits.max_pixel_bytes:
        raise ImageTooLarge(
            path,
            f"its header announces {picture.width} x {picture.height} pixels, more than the limit of "
            f"{limits.max_pixels / 1e6:.0f} megapixels",
        )
    if getattr(picture, "n_frames", 1) != 1:
        raise NotAnImage(path, "it is an animation; only single images are read")
    return picture


def _grey_codes(picture: PIL.Image.Image, notes: list[str]) -> tuple[NDArray[np.uint16], int]:
    if picture.mode in _SIXTEEN_BIT_MODES:
        return np.asarray(picture).astype(np.uint16), 16
    if picture.mode == "1":
        return np.asarray(picture.convert("L")).astype(np.uint16), 8
    if picture.mode != "L":
        notes.append(f"The file is in colour ({picture.mode}); it was converted to grey.")
        flat = picture.convert("RGB") if picture.mode in ("CMYK", "P", "PA", "RGBA", "LA") else picture
        picture = flat.convert("L")
    return np.asarray(picture).astype(np.uint16), 8


def _header(picture: PIL.Image.Image, file_sha256: str) -> InstanceHeader:
    return InstanceHeader(
        study_uid=derived_uid(file_sha256, "study"),
        series_uid=derived_uid(file_sha256, "series"),
        instance_uid=derived_uid(file_sha256, "instance"),
        photometric_interpretation="MONOCHROME2",
        rows=picture.height,
        columns=picture.width,
        bits_stored=16 if picture.mode in _SIXTEEN_BIT_MODES else 8,
        is_lossy=picture.format == "JPEG",
    )
