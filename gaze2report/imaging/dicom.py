"""DICOM radiographs: header, grey pipeline and stored values of one single-frame greyscale instance."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from gaze2report.errors import ImageTooLarge, NotAnImage
from gaze2report.imaging.codestream import announced_size
from gaze2report.imaging.dicom_header import read_header
from gaze2report.imaging.dicom_luts import (
    read_is_inverted,
    read_modality_values,
    read_padding_codes,
    read_voi_luts,
    read_windows,
    stored_values,
)
from gaze2report.imaging.dicom_stream import OpenInstance, parse_header, read_pixel_element
from gaze2report.imaging.input_file import open_input, sha256_of
from gaze2report.imaging.limits import IntakeLimits
from gaze2report.imaging.overlays import read_overlays
from gaze2report.imaging.shutters import read_shutter
from gaze2report.imaging.tolerant import ELEMENT_ERRORS, TolerantDataset, plain_text
from gaze2report.types import Image, InstanceHeader

_NATIVE = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)
_JPEG_FAMILY = frozenset(
    {
        "1.2.840.10008.1.2.4.50",  # JPEG Baseline
        "1.2.840.10008.1.2.4.51",  # JPEG Extended
        "1.2.840.10008.1.2.4.57",  # JPEG Lossless, process 14
        "1.2.840.10008.1.2.4.70",  # JPEG Lossless, process 14, selection value 1
        "1.2.840.10008.1.2.4.80",  # JPEG-LS lossless
        "1.2.840.10008.1.2.4.81",  # JPEG-LS near-lossless
        "1.2.840.10008.1.2.4.90",  # JPEG 2000 lossless
        "1.2.840.10008.1.2.4.91",  # JPEG 2000
    }
)
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR_WORDS = ("RGB", "YBR", "PALETTE", "HSV", "ARGB", "CMYK")
_RUST_PANIC = "PanicException"  # of the RLE decoder: not an Exception, and not importable
_DECODE_ERRORS = (*ELEMENT_ERRORS, RuntimeError, OSError, BufferError)


@dataclass(frozen=True)
class _Layout:
    """How stored values lie in the pixel data."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool


def read_dicom(path: Path | str, limits: IntakeLimits | None = None) -> Image:
    """Read a single-frame greyscale DICOM instance.

    Only a worker process calls this: a hostile file can exhaust or crash the process that decodes it.

    Parameters
    ----------
    path
        A Part 10 file, or a bare data set whose SOP class and size are believable.
    limits : IntakeLimits, optional

    Returns
    -------
    Image

    Raises
    ------
    UnreadableInput
        If the path cannot be read.
    NotAnImage
        If it is damaged, in colour, multi-frame, or without pixel data.
    ImageTooLarge
        If header or compressed stream announces more than the limits allow.
    """
    limits = limits or IntakeLimits()
    with open_input(path, limits) as stream:
        instance = parse_header(path, stream, limits, with_overlays=True)
        header = TolerantDataset(instance.dataset)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values; those that matter become notes
            layout = _check_layout(path, header, instance, limits)
            read_pixel_element(path, instance)
            codes, bits = _read_codes(path, header, instance, layout, limits)
            image = _image(header, instance, codes, bits, layout.is_signed, lambda: sha256_of(stream))
            overlays = read_overlays(header, limits.max_pixels, is_little_endian=instance.is_little_endian)
            shutter = read_shutter(header, layout.rows, layout.columns)
            return replace(image, overlays=overlays, shutter=shutter, notes=tuple(header.notes))


def read_dicom_header(path: Path | str, limits: IntakeLimits | None = None) -> tuple[InstanceHeader, str]:
    """Header of a DICOM instance and the SHA-256 of its file, without touching the pixel data.

    Raises
    ------
    UnreadableInput
        As ``read_dicom``, save for what only decoding can show.
    """
    limits = limits or IntakeLimits()
    with open_input(path, limits) as stream:
        file_sha256 = sha256_of(stream)
        instance = parse_header(path, stream, limits)
        header = TolerantDataset(instance.dataset)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _check_layout(path, header, instance, limits)
            return read_header(header, instance.transfer_syntax_uid, lambda: file_sha256), file_sha256


def _image(
    header: TolerantDataset,
    instance: OpenInstance,
    codes: NDArray[np.uint16],
    bits: int,
    is_signed: bool,
    file_sha256: Callable[[], str],
) -> Image:
    little = instance.is_little_endian
    modality_values = read_modality_values(header, stored_values(bits, is_signed), is_little_endian=little)
    return Image(
        codes=codes,
        modality_values=modality_values,
        header=read_header(header, instance.transfer_syntax_uid, file_sha256),
        pixel_sha256=pixel_sha256(codes, bits, is_signed),
        windows=read_windows(header),
        voi_luts=read_voi_luts(header, modality_values, is_little_endian=little),
        is_inverted=read_is_inverted(header),
        padding_codes=read_padding_codes(header, bits, is_signed),
        notes=tuple(header.notes),
    )


def pixel_sha256(codes: NDArray[np.uint16], bits_stored: int, is_signed: bool) -> str:
    """SHA-256 over shape, type and stored values, the same for every lossless encoding of the same pixels."""
    rows, columns = codes.shape
    kind = "int" if is_signed else "uint"
    digest = hashlib.sha256(f"{rows}x{columns}:{kind}{bits_stored}:".encode("ascii"))
    digest.update(np.ascontiguousarray(codes, dtype="<u2").data)
    return digest.hexdigest()


def _check_layout(path: Path | str, header: TolerantDataset, instance: OpenInstance, limits: IntakeLimits) -> _Layout:
    """Refuse what cannot be shown, before any pixel is read."""
    syntax = instance.transfer_syntax_uid
    if syntax not in _NATIVE and syntax not in _JPEG_FAMILY and syntax != RLELossless:
        raise NotAnImage(path, f"its transfer syntax {plain_text(UID(syntax).name)[:80]!r} is not supported")
    if instance.pixel_bytes is None:
        raise NotAnImage(path, "it is DICOM without readable pixel data: not an image, or damaged")
    photometric = header.text("PhotometricInterpretation").upper()
    samples = header.integer("SamplesPerPixel") or 1
    if samples != 1 or photometric.startswith(_COLOUR_WORDS):
        raise NotAnImage(path, f"it is a colour image ({photometric or samples}), not a radiograph")
    if photometric not in _GREY:
        stated = f"is {photometric!r}" if photometric else "is missing"
        raise NotAnImage(path, f"its photometric interpretation {stated}, so its grey levels have no meaning")
    frames = header.integer("NumberOfFrames")
    if frames is not None and frames != 1:
        raise NotAnImage(path, f"it has {frames} frames; only single images are read")
    layout = _layout(path, header)
    _check_size(path, layout, instance, limits)
    return layout


def _layout(path: Path | str, header: TolerantDataset) -> _Layout:
    rows, columns = header.integer("Rows") or 0, header.integer("Columns") or 0
    allocated, stored = header.integer("BitsAllocated") or 0, header.integer("BitsStored") or 0
    if rows < 1 or columns < 1:
        raise NotAnImage(path, "its header states no image size")
    if allocated not in (8, 16, 32) or not 1 <= stored <= min(allocated, 16):
        raise NotAnImage(path, f"it stores {stored} of {allocated} bits a pixel; up to 16 of 8, 16 or 32 are read")
    high_bit = header.integer("HighBit")
    if high_bit is None or not stored - 1 <= high_bit < allocated:
        high_bit = stored - 1
    return _Layout(rows, columns, allocated, stored, high_bit, header.integer("PixelRepresentation") == 1)


def _check_size(path: Path | str, layout: _Layout, instance: OpenInstance, limits: IntakeLimits) -> None:
    pixels = layout.rows * layout.columns
    if pixels > limits.max_pixels or pixels * layout.bits_allocated // 8 > limits.max_pixel_bytes:
        raise ImageTooLarge(
            path,
            f"its header announces {layout.columns} x {layout.rows} pixels of {layout.bits_allocated} bits, more than "
            f"the limit of {limits.max_pixels / 1e6:.0f} megapixels and {limits.max_pixel_bytes / 2**20:.0f} MiB",
        )
    if instance.pixel_bytes is not None and instance.pixel_bytes > limits.max_pixel_bytes + 2**16:
        raise ImageTooLarge(
            path, f"its pixel data take {instance.pixel_bytes / 2**20:.0f} MiB, more than the limit allows"
        )


def _read_codes(
    path: Path | str, header: TolerantDataset, instance: OpenInstance, layout: _Layout, limits: IntakeLimits
) -> tuple[NDArray[np.uint16], int]:
    """Stored values shifted to start at 0, and the bits they take."""
    syntax = instance.transfer_syntax_uid
    if syntax in _JPEG_FAMILY:
        _check_codestream(path, instance, layout, limits)
    decoder_syntax = instance.dataset.file_meta.TransferSyntaxUID
    options: dict[str, Any] = {"correct_unused_bits": False}
    try:
        # unused bits are masked below, where a high bit away from its usual place is known
        stored, _ = get_decoder(decoder_syntax).as_array(instance.dataset, raw=True, **options)
    except MemoryError:
        raise
    except BaseException as error:
        if not isinstance(error, _DECODE_ERRORS) and type(error).__name__ != _RUST_PANIC:
            raise
        detail = plain_text(str(error))[:300]
        raise NotAnImage(path, f"its pixel data cannot be decoded ({detail})") from error
    if stored.shape != (layout.rows, layout.columns):
        raise NotAnImage(path, f"its pixel data decode to the shape {stored.shape}, not the size in its header")
    bits = layout.bits_stored
    if syntax in _JPEG_FAMILY:
        bits = _bits_needed(header, stored, layout)
        shift = 0
    else:
        shift = layout.high_bit - layout.bits_stored + 1
    return _codes(stored, bits, shift, layout.is_signed), bits


def _codes(stored: NDArray[np.generic], bits: int, shift: int, is_signed: bool) -> NDArray[np.uint16]:
    native = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    unsigned = native.view(f"u{native.dtype.itemsize}")
    if shift:
        unsigned = unsigned >> shift
    codes = unsigned.astype(np.uint16)
    mask = 2**bits - 1
    if mask != 0xFFFF:
        codes &= mask
    if is_signed:
        codes ^= 2 ** (bits - 1)  # two's complement to offset binary
    return codes


def _bits_needed(header: TolerantDataset, stored: NDArray[np.integer], layout: _Layout) -> int:
    """Bits of a value, from the decoded values where they exceed what the header states."""
    low, high = int(stored.min()), int(stored.max())
    half = 2 ** (layout.bits_stored - 1)
    allowed = (-half, half - 1) if layout.is_signed else (0, 2 * half - 1)
    if allowed[0] <= low and high <= allowed[1]:
        return layout.bits_stored
    bits = min(layout.bits_allocated, 16)
    header.note(f"The header states {layout.bits_stored} bits a pixel and the pixels use more; {bits} are used.")
    return bits


def _check_codestream(path: Path | str, instance: OpenInstance, layout: _Layout, limits: IntakeLimits) -> None:
    """Compare the size in the compressed stream, which a decoder believes, with the header's."""
    try:
        frame = next(generate_frames(instance.dataset.PixelData, number_of_frames=1))
    except (*_DECODE_ERRORS, StopIteration) as error:
        raise NotAnImage(path, "its compressed pixel data are damaged") from error
    size = announced_size(frame)
    if size is None:
        raise NotAnImage(path, "its compressed pixel data do not start as the transfer syntax says")
    rows, columns, components = size
    if rows * columns * components > limits.max_pixels:
        raise ImageTooLarge(path, f"its compressed stream announces {columns} x {rows} x {components} samples")
    if (rows, columns, components) != (layout.rows, layout.columns, 1):
        raise NotAnImage(
            path,
            f"its header states {layout.columns} x {layout.rows} grey pixels and its compressed stream "
            f"{columns} x {rows} pixels of {components} components",
        )
