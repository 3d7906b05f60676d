"""From an open file to a pydicom data set, with every size checked before it is paid for."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from gaze2report.errors import ImageTooLarge, NotAnImage
from gaze2report.imaging.dicom_header import HEADER_KEYWORDS
from gaze2report.imaging.dicom_luts import LUT_KEYWORDS
from gaze2report.imaging.limits import IntakeLimits
from gaze2report.imaging.overlays import OVERLAY_TAGS
from gaze2report.imaging.shutters import SHUTTER_KEYWORDS
from gaze2report.imaging.tolerant import ELEMENT_ERRORS, plain_text

PREAMBLE_BYTES = 128
_PIXEL_KEYWORDS = (
    "SamplesPerPixel",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PlanarConfiguration",
)
_DATA_KEYWORDS = ("PixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths")
_PIXEL_DATA_TAG = 0x7FE00010
_UNDEFINED_LENGTH = 0xFFFFFFFF
_INFLATE_CHUNK_BYTES = 1 << 20
_PARSE_ERRORS = (*ELEMENT_ERRORS, OSError)


def _tags(keywords: tuple[str, ...]) -> list[int]:
    return [tag for tag in map(tag_for_keyword, keywords) if tag is not None]


_HEADER_TAGS = _tags(HEADER_KEYWORDS + LUT_KEYWORDS + SHUTTER_KEYWORDS + _PIXEL_KEYWORDS)
_DATA_TAGS = _tags(_DATA_KEYWORDS)


@dataclass(frozen=True)
class OpenInstance:
    """A parsed header with the stream left at the start of its pixel data.

    Attributes
    ----------
    dataset : FileDataset
        Only the elements this program uses; others are skipped unread.
    transfer_syntax_uid : str
        As the file states it (also for deflated files), or as guessed where it states none.
    pixel_bytes : int or None
        Length of the pixel data element: None where there is none, for compressed data what is left of the file.
    """

    dataset: FileDataset
    transfer_syntax_uid: str
    stream: BinaryIO
    pixel_bytes: int | None
    is_little_endian: bool


def parse_header(
    path: Path | str, stream: BinaryIO, limits: IntakeLimits, *, with_overlays: bool = False
) -> OpenInstance:
    """Parse a DICOM file up to its pixel data; overlay planes only where they are wanted.

    Raises
    ------
    NotAnImage
        If the file is not DICOM, or its structure cannot be followed.
    ImageTooLarge
        If it inflates to, or has, more than the limits allow.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns about values; those that matter become notes
            return _parse_header(path, stream, limits, with_overlays=with_overlays)
    except RecursionError as error:
        raise NotAnImage(path, "its DICOM sequences are nested too deeply") from error
    except _PARSE_ERRORS as error:
        raise NotAnImage(path, f"its DICOM structure is damaged ({_short(error)})") from error


def read_pixel_element(path: Path | str, instance: OpenInstance) -> None:
    """Read the pixel data of a parsed instance into its data set.

    Raises
    ------
    NotAnImage
        If the element cannot be followed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = read_dataset(
                instance.stream,
                bool(instance.dataset.original_encoding[0]),
                instance.is_little_endian,
                stop_when=lambda tag, vr, length: tag > _PIXEL_DATA_TAG,
                specific_tags=list(_DATA_TAGS),
            )
            instance.dataset.update(data)
    except RecursionError as error:
        raise NotAnImage(path, "its DICOM sequences are nested too deeply") from error
    except _PARSE_ERRORS as error:
        raise NotAnImage(path, f"its pixel data cannot be followed ({_short(error)})") from error


def _parse_header(path: Path | str, stream: BinaryIO, limits: IntakeLimits, *, with_overlays: bool) -> OpenInstance:
    start = stream.read(PREAMBLE_BYTES + 4)
    has_preamble = start[PREAMBLE_BYTES:] == b"DICM"
    stream.seek(PREAMBLE_BYTES + 4 if has_preamble else 0)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
    stated = str(meta.get("TransferSyntaxUID", "") or "").strip("\0 ")
    transfer_syntax = stated or _guess_transfer_syntax(stream)
    encoding = UID(transfer_syntax)
    if transfer_syntax == DeflatedExplicitVRLittleEndian:
        stream = _inflate(path, stream, limits)
        encoding = ExplicitVRLittleEndian
    is_implicit, is_little = encoding == ImplicitVRLittleEndian, encoding != ExplicitVRBigEndian
    pixel_bytes: list[int] = []
    dataset = read_dataset(
        stream,
        is_implicit,
        is_little,
        stop_when=_stop_at_pixels(path, limits, pixel_bytes),
        specific_tags=[*_HEADER_TAGS, *(OVERLAY_TAGS if with_overlays else ())],
    )
    file_meta = FileMetaDataset()
    file_meta.TransferSyntaxUID = encoding
    instance = FileDataset(None, dataset, None, file_meta, is_implicit, is_little)  # type: ignore[arg-type]
    instance.set_original_encoding(is_implicit, is_little, dataset._character_set)
    if not has_preamble and not _is_sane(instance):
        raise NotAnImage(path, "it is neither a DICOM, a PNG nor a JPEG file")
    length = pixel_bytes[0] if pixel_bytes else None
    if length == _UNDEFINED_LENGTH:
        length = _bytes_left(stream)
    return OpenInstance(instance, transfer_syntax, stream, length, is_little)


def _stop_at_pixels(
    path: Path | str, limits: IntakeLimits, pixel_bytes: list[int]
) -> Callable[[int, str | None, int], bool]:
    """Callback for pydicom: stop at group 7FE0, keep the length of the pixel data, count the elements."""
    count = 0

    def stop(tag: int, vr: str | None, length: int) -> bool:
        nonlocal count
        count += 1
        if count > limits.max_elements:
            raise NotAnImage(path, f"it has more than {limits.max_elements} data elements")
        if tag == _PIXEL_DATA_TAG:
            pixel_bytes.append(length)
        elif 0x7FE00001 <= tag <= 0x7FE0000F:  # offset tables come first, then the pixel data of undefined length
            pixel_bytes.append(_UNDEFINED_LENGTH)
        return tag >= 0x7FE00001

    return stop


def _guess_transfer_syntax(stream: BinaryIO) -> str:
    """Encoding of a data set without file meta information, from its first element."""
    start = stream.read(6)
    stream.seek(-len(start), io.SEEK_CUR)
    if len(start) < 6 or not start[4:6].isalpha() or not start[4:6].isupper():
        return str(ImplicitVRLittleEndian)
    (group,) = struct.unpack("<H", start[:2])
    # a big-endian group 0008 read as little-endian is 2048
    return str(ExplicitVRBigEndian if group >= 1024 else ExplicitVRLittleEndian)


def _inflate(path: Path | str, stream: BinaryIO, limits: IntakeLimits) -> io.BytesIO:
    """Inflate a deflated data set (PS3.5 A.5) up to the limit."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = io.BytesIO()
    while chunk := stream.read(_INFLATE_CHUNK_BYTES):
        pending = chunk
        while pending and not inflater.eof:
            try:
                inflated.write(inflater.decompress(pending, _INFLATE_CHUNK_BYTES))
            except zlib.error as error:
                raise NotAnImage(path, "its deflated content is damaged") from error
            pending = inflater.unconsumed_tail
            if inflated.tell() > limits.max_inflated_bytes:
                raise ImageTooLarge(
                    path, f"its deflated content exceeds the limit of {limits.max_inflated_bytes / 2**20:.0f} MiB"
                )
    inflated.write(inflater.flush())
    inflated.seek(0)
    return inflated


def _is_sane(dataset: Dataset) -> bool:
    """Whether a file without the DICM prefix can be believed to be DICOM."""
    sop_class = str(dataset.get("SOPClassUID", "") or "")
    return sop_class.startswith("1.2.840.10008.5.1.4.1.1.") and "Rows" in dataset and "Columns" in dataset


def _bytes_left(stream: BinaryIO) -> int:
    here = stream.tell()
    end = stream.seek(0, io.SEEK_END)
    stream.seek(here)
    return end - here


def _short(error: BaseException) -> str:
    return plain_text(str(error))[:200] or type(error).__name__
