"""Size that a JPEG, JPEG-LS or JPEG 2000 stream announces, read without decoding it.

The DICOM header and the compressed stream each state a size, and a decoder believes the stream: both are checked.
"""

from __future__ import annotations

import struct

_SOC_AND_SIZ = b"\xff\x4f\xff\x51"
_JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  "
_NOT_A_FRAME_HEADER = frozenset({0xC4, 0xC8, 0xCC})  # DHT, JPG, DAC lie among the SOF markers
_JPEG_LS_FRAME_HEADER = 0xF7
_START_OF_SCAN = 0xDA


def announced_size(stream: bytes) -> tuple[int, int, int] | None:
    """Rows, columns and components of a compressed stream; None where no header of one is found."""
    if stream.startswith(_JP2_SIGNATURE) or stream.startswith(_SOC_AND_SIZ):
        return _jpeg2000_size(stream)
    if stream.startswith(b"\xff\xd8"):
        return _jpeg_size(stream)
    return None


def _jpeg2000_size(stream: bytes) -> tuple[int, int, int] | None:
    """SIZ marker segment (ITU-T T.800 A.5.1)."""
    start = stream.find(_SOC_AND_SIZ)
    if start < 0 or len(stream) < start + 42:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", stream, start + 8)
    (components,) = struct.unpack_from(">H", stream, start + 40)
    return max(bottom - top, 0), max(right - left, 0), components


def _jpeg_size(stream: bytes) -> tuple[int, int, int] | None:
    """First frame header SOFn (ITU-T T.81 B.2.2; T.87 C.2.2 for JPEG-LS)."""
    position = 2
    while position + 4 <= len(stream):
        if stream[position] != 0xFF:
            return None
        marker = stream[position + 1]
        if marker == 0xFF:  # fill byte
            position += 1
            continue
        if marker == _START_OF_SCAN:
            return None
        is_frame = 0xC0 <= marker <= 0xCF and marker not in _NOT_A_FRAME_HEADER
        if is_frame or marker == _JPEG_LS_FRAME_HEADER:
            if position + 10 > len(stream):
                return None
            rows, columns, components = struct.unpack_from(">HHB", stream, position + 5)
            return rows, columns, components
        (length,) = struct.unpack_from(">H", stream, position + 2)
        position += 2 + length
    return None
