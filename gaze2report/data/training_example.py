"""One example of a training set: a study or a reading with its images, scanpaths, reports, regions and labels.

Everything is a frozen dataclass of plain values; positions stay in the frame the source gave them in, so that nothing
is lost to rounding, and the frame says how they map to the image.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.splits import Split
from gaze2report.gaze.frames import FRACTIONS, Frame, frame_to_frame
from gaze2report.types import CHEXPERT_OBSERVATIONS, Report

DurationUnit = Literal["s", "dwell_weight"]
ReportKind = Literal["written", "dictated"]
RegionShape = Literal["box", "ellipse", "mask_rle"]

SECTIONS: tuple[str, ...] = (
    "indication",
    "history",
    "technique",
    "comparison",
    "findings",
    "impression",
    "last_paragraph",
    "transcript",
)
"""Sections of a report; ``last_paragraph`` is what one without headings says, ``transcript`` a whole dictation."""

UNKNOWN_LABELS: dict[str, float | None] = dict.fromkeys(CHEXPERT_OBSERVATIONS)
"""Every CheXpert-14 observation, none of them known."""


@dataclass(frozen=True)
class TrainingImage:
    """One film.

    Attributes
    ----------
    width_px, height_px : int, optional
        Size of the stored pixels; None where neither the file nor the source tells.
    view : str
        As the source names it: ``PA``, ``AP``, ``LATERAL``, ``LL``, ``FRONTAL``; empty where unknown.
    file, sha256 : str, optional
        Path inside the training set, named by the hash of the file; None where the film is not part of the set.
    """

    image_id: str
    width_px: int | None = None
    height_px: int | None = None
    view: str = ""
    file: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class ScreenGeometry:
    """The screen on which the gaze was recorded; None where the source does not say."""

    width_px: int | None = None
    height_px: int | None = None
    width_mm: float | None = None
    height_mm: float | None = None
    distance_mm: float | None = None


@dataclass(frozen=True)
class RecordedScanpath:
    """The fixations of one reader on one image, in their order.

    Attributes
    ----------
    x, y : tuple of float
        Positions in ``frame``, F of each.
    durations : tuple of float
        In ``duration_unit``: seconds, or a weight that only orders and compares.
    onsets_s : tuple of float, optional
        Beginning of each fixation in seconds from ``onset_origin``; may be negative.
    reader, task : str
        Who looked, and what for (a CheXpert-14 observation, or empty for a free reading).
    may_leave_frame : bool
        Declares that positions outside the frame are meant and not an error.
    image_px_per_degree : tuple of (x, y), optional
        For each fixation, how many image pixels one degree of visual angle was.
    shown_image_px, shown_screen_px : tuple of (x0, y0, x1, y1), optional
        For each fixation, the part of the image that was shown, and where on the screen.
    """

    scanpath_id: str
    image_id: str
    frame: Frame
    x: tuple[float, ...]
    y: tuple[float, ...]
    durations: tuple[float, ...]
    duration_unit: DurationUnit = "s"
    onsets_s: tuple[float, ...] | None = None
    onset_origin: str = ""
    reader: str = ""
    task: str = ""
    screen: ScreenGeometry | None = None
    may_leave_frame: bool = False
    image_px_per_degree: tuple[tuple[float, float], ...] | None = None
    shown_image_px: tuple[tuple[float, float, float, float], ...] | None = None
    shown_screen_px: tuple[tuple[float, float, float, float], ...] | None = None

    @property
    def positions(self) -> NDArray[np.float64]:
        """Positions (x, y) in ``frame``, shape (F, 2)."""
        return np.stack([np.asarray(self.x, dtype=np.float64), np.asarray(self.y, dtype=np.float64)], axis=1)

    @property
    def is_inside(self) -> NDArray[np.bool_]:
        """Whether each fixation lies on the image, shape (F,)."""
        inside = (self.positions >= 0) & (self.positions <= (self.frame.width, self.frame.height))
        return np.asarray(inside.all(axis=1))

    def to_fractions(self) -> NDArray[np.float64]:
        """Positions as fractions of the image, shape (F, 2)."""
        return frame_to_frame(self.positions, self.frame, FRACTIONS)

    def to_image_px(self, image: TrainingImage) -> NDArray[np.float64]:
        """Positions in pixels of an image of known size, shape (F, 2).

        Raises
        ------
        ValueError
            If the size of the image is not known.
        """
        if image.width_px is None or image.height_px is None:
            raise ValueError(f"the size of image {image.image_id} is not known")
        return frame_to_frame(self.positions, self.frame, Frame(image.width_px, image.height_px))


@dataclass(frozen=True)
class TimedText:
    """A word or phrase of a dictation, in seconds from the beginning of its audio."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class ReportText:
    """A report by section, as published; ``dictated`` is what was said at the recording, not what was signed."""

    kind: ReportKind
    sections: dict[str, str]
    reader: str = ""
    timed_text: tuple[TimedText, ...] = ()


@dataclass(frozen=True)
class Region:
    """A marked part of an image.

    Attributes
    ----------
    corners : (x0, y0, x1, y1), optional
        Corners of the box, or of the box around the ellipse, in ``frame``; None for a mask.
    mask_rle : str
        Run-length code of a mask on ``frame``: pairs of gap and length, down the columns, each gap from the end of the
        run before it (the form of the SIIM-ACR masks).
    certainty : float, optional
        In the reader's own scale.
    """

    image_id: str
    name: str
    shape: RegionShape
    frame: Frame
    corners: tuple[float, float, float, float] | None = None
    mask_rle: str = ""
    certainty: float | None = None
    reader: str = ""


@dataclass(frozen=True)
class TrainingExample:
    """What one line of a training set holds.

    Attributes
    ----------
    patient_id : str
        Whom the split goes by. Where a source does not tell patients apart, the manifest says what stands in.
    labels : dict
        CheXpert-14 name to 1 present, 0 absent, None unknown.
    source_labels : dict
        Labels in the source's own words and values.
    extra : dict
        Keys of a later form of this record, kept as they were read.
    """

    example_id: str
    patient_id: str
    split: Split
    study_id: str = ""
    images: tuple[TrainingImage, ...] = ()
    scanpaths: tuple[RecordedScanpath, ...] = ()
    reports: tuple[ReportText, ...] = ()
    regions: tuple[Region, ...] = ()
    labels: dict[str, float | None] = field(default_factory=lambda: dict(UNKNOWN_LABELS))
    source_labels: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_labelled(self) -> bool:
        """Whether at least one observation is known."""
        return any(value is not None for value in self.labels.values())

    def report(self, kind: ReportKind = "written") -> Report | None:
        """Return the first report of a kind as findings, impression and indication; None where there is none."""
        for report in self.reports:
            if report.kind == kind:
                parts = report.sections
                return Report(parts.get("findings", ""), parts.get("impression", ""), parts.get("indication", ""))
        return None

    def names_in_split(self) -> dict[str, list[str]]:
        """What must not stand in another split: patient, images and pictures (by the hash of the file)."""
        return {
            "patient": [self.patient_id],
            "image": [image.image_id for image in self.images],
            "picture": [image.sha256 for image in self.images if image.sha256],
        }
