"""One gaze sample as it is kept: per eye, nothing averaged, both clocks.

The layout is the file format of a recording's chunks, little-endian and without padding. Gaze, origin, pupil and
openness are 32-bit floats because the tracker library's own structures are (``tobii_research_streams.h``), so what it
delivers is kept to the bit. What a tracker did not measure is NaN with its validity 0, never a made-up number.

The capture agent writes it, so this file runs on CPython 3.10 with numpy alone.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

EYES = ("left", "right")


def _eye(name: str) -> list[tuple[str, str] | tuple[str, str, tuple[int]]]:
    return [
        (f"{name}_x", "<f4"),  # on the display area: 0 left edge, 1 right edge; may lie outside
        (f"{name}_y", "<f4"),  # 0 top edge, 1 bottom edge
        (f"{name}_point_mm", "<f4", (3,)),  # user coordinates: origin at the tracker, x right, y up, z to the user
        (f"{name}_origin_mm", "<f4", (3,)),
        (f"{name}_pupil_mm", "<f4"),  # diameter
        (f"{name}_openness_mm", "<f4"),
        (f"{name}_gaze_valid", "u1"),
        (f"{name}_origin_valid", "u1"),
        (f"{name}_pupil_valid", "u1"),
        (f"{name}_openness_valid", "u1"),
    ]


SAMPLE_DTYPE = np.dtype(
    [("device_us", "<i8"), ("system_us", "<i8"), ("received_us", "<i8"), *_eye("left"), *_eye("right")]
)
SAMPLE_LAYOUT = "gaze-sample-1"
"""Name of this layout in the ``codec`` column; a changed layout gets another name."""

LAYOUT_SHA256 = hashlib.sha256(repr(SAMPLE_DTYPE.descr).encode()).hexdigest()

Samples = NDArray[np.void]


def empty_samples(n: int = 0) -> Samples:
    """Make ``n`` samples that hold nothing: clocks 0, every measure NaN, every validity 0."""
    samples = np.zeros(n, SAMPLE_DTYPE)
    for eye in EYES:
        for field in ("x", "y", "point_mm", "origin_mm", "pupil_mm", "openness_mm"):
            samples[f"{eye}_{field}"] = np.nan
    return samples
