"""The shared nouns: frozen dataclasses over numpy that cross package borders.

Gaze and points are (x, y); arrays are [row, column]. Image coordinates are pixels of the stored image, x to the
right and y down, with (0, 0) at the outer corner of the first pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

VoiLutFunction = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]
GazeSource = Literal["predicted", "recorded", "none", "uniform", "centre", "medoid", "shuffled"]
SectionName = Literal["findings", "impression"]

CHEXPERT_OBSERVATIONS: tuple[str, ...] = (
    "No Finding",
    "Enlarged Cardiomediastinum",
    "Cardiomegaly",
    "Lung Opacity",
    "Lung Lesion",
    "Edema",
    "Consolidation",
    "Pneumonia",
    "Atelectasis",
    "Pneumothorax",
    "Pleural Effusion",
    "Pleural Other",
    "Fracture",
    "Support Devices",
)
"""The 14 observations of CheXpert (Irvin et al. 2019), in the order of its label file."""


@dataclass(frozen=True)
class VoiWindow:
    """One window of the VOI LUT Module (PS3.3 C.11.2.1.2), in units of the Modality LUT's output."""

    center: float
    width: float
    function: VoiLutFunction = "LINEAR"
    explanation: str = ""


@dataclass(frozen=True, eq=False)
class VoiLut:
    """One item of the VOI LUT Sequence (PS3.3 C.11.2.1.1).

    Attributes
    ----------
    first_mapped : float
        Input value (Modality LUT output) that the first entry maps.
    entries : ndarray of uint16, shape (L,)
        Output values, 0 to ``2**bits - 1``.
    bits : int
        Bits of an entry, 8 to 16.
    """

    first_mapped: float
    entries: NDArray[np.uint16]
    bits: int
    explanation: str = ""


@dataclass(frozen=True)
class InstanceHeader:
    """What the workstation keeps of an instance's header; empty string or None where the file says nothing."""

    study_uid: str
    series_uid: str
    instance_uid: str
    patient_id: str = ""
    patient_name: str = ""
    patient_sex: str = ""
    patient_birth_date: str = ""
    patient_age_years: float | None = None
    accession_number: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    series_description: str = ""
    modality: str = ""
    body_part: str = ""
    view_position: str = ""
    laterality: str = ""
    indication: str = ""
    photometric_interpretation: str = ""
    presentation_intent: str = ""
    rows: int = 0
    columns: int = 0
    bits_stored: int = 0
    transfer_syntax_uid: str = ""
    is_lossy: bool = False
    pixel_spacing_mm: tuple[float, float] | None = None
    imager_pixel_spacing_mm: tuple[float, float] | None = None
    pixel_spacing_calibration_type: str = ""
    estimated_magnification: float | None = None
    source_to_detector_mm: float | None = None
    source_to_patient_mm: float | None = None
    patient_position: str = ""
    patient_orientation: tuple[str, str] | None = None
    sop_class_uid: str = ""


@dataclass(frozen=True, eq=False)
class Overlay:
    """One overlay plane of group 60xx (PS3.3 C.9.2).

    Attributes
    ----------
    mask : ndarray of bool, shape (overlay rows, overlay columns)
    top_px, left_px : int
        Image row and column of the mask's first pixel, counted from 0; may lie outside of the image.
    label : str
        What the file calls it; ``overlay 60xx`` where it has no name.
    is_region : bool
        True for a region of interest, False for graphics.
    """

    mask: NDArray[np.bool_]
    top_px: int = 0
    left_px: int = 0
    label: str = ""
    is_region: bool = False


@dataclass(frozen=True)
class Shutter:
    """Display shutter (PS3.3 C.7.6.11): what lies outside of any of its shapes is covered. In image coordinates.

    Attributes
    ----------
    rectangle_px : tuple of float, optional
        Left, top, right, bottom.
    circle_px : tuple of float, optional
        x and y of the centre, radius.
    polygon_px : tuple of (x, y)
        Its corners in order; empty where there is none.
    grey : float
        What covers, 0 (black) to 1 (white).
    """

    rectangle_px: tuple[float, float, float, float] | None = None
    circle_px: tuple[float, float, float] | None = None
    polygon_px: tuple[tuple[float, float], ...] = ()
    grey: float = 0.0


@dataclass(frozen=True, eq=False)
class Image:
    """A radiograph as stored, with everything needed to show it under any window.

    Every display value is a function of the stored value, so the whole grey pipeline of an image is one table with
    an entry per code: ``gaze2report.imaging.windowing.display_table``.

    Attributes
    ----------
    codes : ndarray of uint16, shape (rows, columns)
        Stored pixel values shifted to start at 0 (signed data are offset); index into ``modality_values``.
    modality_values : ndarray of float64, shape (L,)
        Output of the Modality LUT for each code.
    windows, voi_luts
        What the header offers, in the header's order. Empty when it offers none.
    is_inverted : bool
        True when the smallest VOI output is to be shown white (MONOCHROME1, or Presentation LUT Shape INVERSE).
    padding_codes : tuple of int, optional
        First and last code that stand for padding; shown black whatever the window.
    overlays : tuple of Overlay
    shutter : Shutter, optional
    notes : tuple of str
        What was tolerated while reading, as sentences for the reader.
    pixel_sha256 : str
        SHA-256 of the stored pixel values, shape and type included.
    """

    codes: NDArray[np.uint16]
    modality_values: NDArray[np.float64]
    header: InstanceHeader
    pixel_sha256: str
    windows: tuple[VoiWindow, ...] = ()
    voi_luts: tuple[VoiLut, ...] = ()
    is_inverted: bool = False
    padding_codes: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    shutter: Shutter | None = None


@dataclass(frozen=True)
class Fixation:
    """One fixation on the image: position in image pixels, duration in seconds."""

    x_px: float
    y_px: float
    duration_s: float


@dataclass(frozen=True)
class Report:
    """A report by section; the indication is given by the request, the other two are written."""

    findings: str = ""
    impression: str = ""
    indication: str = ""


@dataclass(frozen=True)
class Sentence:
    """One sentence of a draft. ``box_px`` and ``unsupported`` are None where they are not computed."""

    text: str
    section: SectionName
    box_px: tuple[float, float, float, float] | None = None
    unsupported: bool | None = None


@dataclass(frozen=True)
class Provenance:
    """What made a draft: enough to make the same bytes again on the same machine."""

    base_model: str
    base_model_sha256: str
    adapter: str
    adapter_sha256: str
    preprocessing_sha256: str
    pixel_sha256: str
    seed: int
    code_version: str


@dataclass(frozen=True)
class Draft:
    """The model's text for one image, with what it looked at and what made it.

    Attributes
    ----------
    observations : dict
        CheXpert-14 name to probability in [0, 1]; None where the training data gave no measured support.
    section : str, optional
        The one section that was written anew; None for a whole report.
    timing_s : dict
        Seconds of ``decode, encode, scanpath, first_token, total``; not part of the reproducible bytes.
    """

    file: str
    study_uid: str
    instance_uid: str
    report: Report
    sentences: tuple[Sentence, ...]
    observations: dict[str, float | None]
    scanpath: tuple[Fixation, ...]
    gaze: GazeSource
    provenance: Provenance
    created_at_utc: str = ""
    timing_s: dict[str, float] = field(default_factory=dict)
    section: SectionName | None = None
