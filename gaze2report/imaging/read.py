"""Reading any supported file: what a file is, is decided by its first bytes, never by its name."""

from __future__ import annotations

from pathlib import Path

from gaze2report.errors import NotAnImage
from gaze2report.imaging.dicom import read_dicom, read_dicom_header
from gaze2report.imaging.dicom_stream import PREAMBLE_BYTES
from gaze2report.imaging.input_file import open_input
from gaze2report.imaging.limits import IntakeLimits
from gaze2report.imaging.raster import read_raster, read_raster_header
from gaze2report.types import Image, InstanceHeader

_RASTER_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
# A DICOM preamble may hold anything, so a file can be a program and a DICOM file at once (CVE-2019-11687).
_PROGRAM_SIGNATURES = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xfe\xed\xfa\xce", "a macOS program"),
    (b"\xfe\xed\xfa\xcf", "a macOS program"),
    (b"\xce\xfa\xed\xfe", "a macOS program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a macOS program"),
    (b"#!", "a script"),
)


def read_image(path: Path | str, limits: IntakeLimits | None = None) -> Image:
    """Read a DICOM, PNG or JPEG radiograph in this process; only the intake worker calls it.

    Raises
    ------
    UnreadableInput
        One of its kinds, with a sentence that says what and why.
    """
    limits = limits or IntakeLimits()
    return read_raster(path, limits) if _is_raster(path, limits) else read_dicom(path, limits)


def read_image_header(path: Path | str, limits: IntakeLimits | None = None) -> tuple[InstanceHeader, str]:
    """Header of a radiograph and the SHA-256 of its file, without decoding pixels.

    Raises
    ------
    UnreadableInput
        As ``read_image``, save for what only decoding can show.
    """
    limits = limits or IntakeLimits()
    return read_raster_header(path, limits) if _is_raster(path, limits) else read_dicom_header(path, limits)


def _is_raster(path: Path | str, limits: IntakeLimits) -> bool:
    with open_input(path, limits) as stream:
        start = stream.read(PREAMBLE_BYTES + 4)
    for signature, name in _PROGRAM_SIGNATURES:
        if start.startswith(signature):
            raise NotAnImage(path, f"it starts as {name}; such a file is not opened, even if it is DICOM as well")
    return start.startswith(_RASTER_SIGNATURES) and start[PREAMBLE_BYTES:] != b"DICM"
