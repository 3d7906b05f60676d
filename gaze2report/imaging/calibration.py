"""How long a pixel is, and how far that can be trusted: the calibration of one film.

A projection film is taken with a magnification that its header may or may not tell. A length at the detector that is
shown as a length in the patient is a danger, so the kind of calibration is part of every unit: plain ``mm`` is never
said of a projection.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gaze2report.types import InstanceHeader

CalibrationKind = Literal[
    "none", "unknown", "detector", "calibrated", "magnification", "geometry", "user", "cross-sectional"
]

SPACING_TOLERANCE = 1e-3
"""Spacings that differ by less than this ratio are the same number written twice; a magnification is far larger."""

LARGEST_MAGNIFICATION = 10.0
"""A larger one is a wrong header, not a film of a person."""

_CROSS_SECTIONAL = ("CT", "MR", "PT", "NM")

_EXPLANATIONS: dict[CalibrationKind, str] = {
    "none": "The file states no pixel spacing: lengths are in pixels.",
    "unknown": "The file states a pixel spacing and not what it holds for: lengths may be magnified.",
    "detector": "Pixel spacing at the detector: what lies in front of it is shown larger than it is.",
    "calibrated": "Pixel spacing corrected by the modality.",
    "magnification": "Pixel spacing at the detector, divided by the magnification that the file estimates.",
    "geometry": "Pixel spacing at the detector, corrected by the distances of source, patient and detector.",
    "user": "Pixel spacing from a line of known length drawn by a reader.",
    "cross-sectional": "Pixel spacing in the patient.",
}


@dataclass(frozen=True)
class LineCalibration:
    """A line on the film whose true length a reader knows, for example of a marker ball.

    Ends are in image pixels. ``by`` names the reader, ``at_utc`` is the time, ISO 8601.
    """

    x0_px: float
    y0_px: float
    x1_px: float
    y1_px: float
    length_mm: float
    by: str
    at_utc: str

    def __post_init__(self) -> None:
        length_px = math.hypot(self.x1_px - self.x0_px, self.y1_px - self.y0_px)
        if not (math.isfinite(length_px) and length_px >= 1.0):
            raise ValueError("a calibration line must be at least one pixel long")
        if not (math.isfinite(self.length_mm) and self.length_mm > 0):
            raise ValueError("the length of a calibration line must be a positive number of millimetres")


@dataclass(frozen=True)
class Calibration:
    """What one pixel of a film measures.

    Attributes
    ----------
    row_mm, column_mm : float or None
        Distance between the centres of two rows (downwards), and of two columns (to the right), in the order of
        DICOM's Pixel Spacing; None where lengths are in pixels.
    kind : str
        Where the distances come from; ``none`` for pixels.
    unit_suffix : str
        Unit of every length with its caveat, for example ``mm @detector``, ``px``. To be shown whole.
    explanation : str
        One sentence for the reader.
    magnification : float
        By how much the spacing at the detector was divided; 1 where it was not.
    """

    row_mm: float | None
    column_mm: float | None
    kind: CalibrationKind
    unit_suffix: str
    explanation: str
    magnification: float = 1.0

    @property
    def is_metric(self) -> bool:
        """Whether lengths are in millimetres of some kind."""
        return self.row_mm is not None

    @property
    def row_spacing(self) -> float:
        """Height of a pixel in the calibration's unit: millimetres, or 1 pixel."""
        return 1.0 if self.row_mm is None else self.row_mm

    @property
    def column_spacing(self) -> float:
        """Width of a pixel in the calibration's unit: millimetres, or 1 pixel."""
        return 1.0 if self.column_mm is None else self.column_mm

    @property
    def area_suffix(self) -> str:
        """Unit of every area with its caveat, for example ``mm² @detector``."""
        unit, _, caveat = self.unit_suffix.partition(" ")
        return f"{unit}² {caveat}".rstrip()

    def length(self, dx_px: float, dy_px: float) -> float:
        """Length of a step of ``dx_px`` columns and ``dy_px`` rows, in the calibration's unit."""
        return math.hypot(dx_px * self.column_spacing, dy_px * self.row_spacing)


def calibration_of(header: InstanceHeader, line: LineCalibration | None = None) -> Calibration:
    """Calibration of one instance; a reader's line goes before everything in the header.

    Follows the meaning of Pixel Spacing and Imager Pixel Spacing in projection radiography (PS3.3 10.7.1.3): equal
    values are not corrected for magnification, differing ones are. Where only a spacing at the detector is known, it is
    divided by the Estimated Radiographic Magnification Factor, or by source to detector over source to patient.

    Parameters
    ----------
    header : InstanceHeader
    line : LineCalibration, optional
        It keeps the pixels' shape that the header states.
    """
    stated = _from_header(header)
    return stated if line is None else _from_line(line, stated)


def _from_header(header: InstanceHeader) -> Calibration:
    pixel, imager = header.pixel_spacing_mm, header.imager_pixel_spacing_mm
    if pixel is None and imager is None:
        return Calibration(None, None, "none", "px", _EXPLANATIONS["none"])
    if pixel is not None and imager is None:
        if header.modality in _CROSS_SECTIONAL:
            return _calibration(pixel, "cross-sectional", "mm")
        return _calibration(pixel, "unknown", "mm (uncalibrated?)")
    assert imager is not None
    if pixel is not None and not _are_same(pixel, imager):
        kind = header.pixel_spacing_calibration_type
        shown = kind if kind in ("FIDUCIAL", "GEOMETRY") else "unknown"
        return _calibration(pixel, "calibrated", f"mm (calibrated: {shown})")
    return _from_detector(imager, header)


def _from_detector(imager: tuple[float, float], header: InstanceHeader) -> Calibration:
    """The spacing is one at the detector: correct it as far as the header allows."""
    stated = header.estimated_magnification
    if stated is not None and 1.0 < stated <= LARGEST_MAGNIFICATION:
        return _calibration(imager, "magnification", "mm (ERMF)", stated)
    detector_mm, patient_mm = header.source_to_detector_mm, header.source_to_patient_mm
    if detector_mm is not None and patient_mm is not None and patient_mm > 0:
        ratio = detector_mm / patient_mm
        if 1.0 < ratio <= LARGEST_MAGNIFICATION:
            return _calibration(imager, "geometry", "mm (geometry est.)", ratio)
    return _calibration(imager, "detector", "mm @detector")


def _from_line(line: LineCalibration, stated: Calibration) -> Calibration:
    shown_length = stated.length(line.x1_px - line.x0_px, line.y1_px - line.y0_px)
    factor = line.length_mm / shown_length
    return Calibration(
        row_mm=stated.row_spacing * factor,
        column_mm=stated.column_spacing * factor,
        kind="user",
        unit_suffix="mm (user cal.)",
        explanation=f"{_EXPLANATIONS['user']} By {line.by or 'an unnamed reader'} at {line.at_utc}.",
    )


def _calibration(
    spacing: tuple[float, float], kind: CalibrationKind, suffix: str, magnification: float = 1.0
) -> Calibration:
    row_mm, column_mm = spacing[0] / magnification, spacing[1] / magnification
    return Calibration(row_mm, column_mm, kind, suffix, _EXPLANATIONS[kind], magnification)


def _are_same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(math.isclose(a, b, rel_tol=SPACING_TOLERANCE) for a, b in zip(one, other, strict=True))
