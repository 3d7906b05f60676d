"""How much one input file may cost before it is refused or its worker is stopped."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class IntakeLimits:
    """Bounds on one input file.

    Attributes
    ----------
    max_file_bytes
        Larger files are refused unread.
    max_pixels, max_pixel_bytes
        Checked against the header and the compressed stream's own header, before anything is decoded.
    max_inflated_bytes
        A deflated data set is inflated this far and no further.
    max_elements
        Data elements at the top level of a DICOM file; a real radiograph has a few hundred.
    read_timeout_s
        Wall-clock time for one file, enforced by the parent, which kills the worker. JPEG 2000 at the pixel limit
        takes 10 to 15 s.
    start_timeout_s
        Wall-clock time for a worker to come up.
    max_address_space_bytes
        ``RLIMIT_AS`` of the worker, where the system has it. It counts mapped, not resident, memory: the interpreter
        and the codecs take about 0.4 GiB of it, and JPEG 2000 at the pixel limit about 0.5 GiB more.
    niceness
        Added to the worker's niceness, where the system has it: how far it stands back for others.
    """

    max_file_bytes: int = 1024 * MEBIBYTE
    max_pixels: int = 64_000_000
    max_pixel_bytes: int = 256 * MEBIBYTE
    max_inflated_bytes: int = 192 * MEBIBYTE
    max_elements: int = 50_000
    read_timeout_s: float = 60.0
    start_timeout_s: float = 60.0
    max_address_space_bytes: int = 1280 * MEBIBYTE
    niceness: int = 0
