"""Gaze of a reader on one film, as recorded: fixations in image pixels, how good they are, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import radians, tan

from gaze2report.types import Fixation, SectionName

WORST_ERROR_DVA = 1.5
"""Mean error of the validation, in degrees of visual angle, above which nothing is concluded from a recording."""

LEAST_VALID_SHARE = 0.8
"""Share of valid samples below which nothing is concluded from a recording."""


@dataclass(frozen=True)
class RecordedFixation:
    """One fixation of a reader.

    Attributes
    ----------
    x_px, y_px : float
        Image coordinates, see `gaze2report.types`; may lie outside of the image.
    duration_ms : float
        Above 0.
    onset_ms : float, optional
        Since the start of the recording.
    px_per_dva : float, optional
        Image pixels per degree of visual angle while it lasted: it changes with the zoom.
    ai_visible : bool, optional
        Whether anything that a model made, over a film or as a draft, could be seen meanwhile: it draws the eye.
    """

    x_px: float
    y_px: float
    duration_ms: float
    onset_ms: float | None = None
    px_per_dva: float | None = None
    ai_visible: bool | None = None

    @property
    def fixation(self) -> Fixation:
        """Place and duration alone, in seconds."""
        return Fixation(self.x_px, self.y_px, self.duration_ms / 1000.0)


@dataclass(frozen=True)
class ViewingGeometry:
    """How far the reader sat from what, all above 0.

    Attributes
    ----------
    viewing_distance_mm : float
        Eye to screen.
    pixel_pitch_mm : float
        Distance of two pixels of the screen.
    screen_px_per_image_px : float
        Zoom at which the film was shown.
    """

    viewing_distance_mm: float
    pixel_pitch_mm: float
    screen_px_per_image_px: float = 1.0

    @property
    def px_per_dva(self) -> float:
        """Image pixels that one degree of visual angle spans in the middle of the screen."""
        spanned_mm = 2 * self.viewing_distance_mm * tan(radians(0.5))
        return spanned_mm / self.pixel_pitch_mm / self.screen_px_per_image_px


@dataclass(frozen=True)
class GazeQuality:
    """How far a recording can be trusted; None where it was not measured.

    Attributes
    ----------
    error_dva : float, optional
        Mean distance of gaze and target in the validation, in degrees of visual angle.
    valid_share : float, optional
        Share of samples with a valid eye, 0 to 1.
    """

    error_dva: float | None = None
    valid_share: float | None = None

    @property
    def fault(self) -> str:
        """Why nothing may be concluded from where the gaze was not; empty when the quality is good."""
        if self.error_dva is None or self.valid_share is None:
            return "the quality of the recording is not known"
        if self.error_dva > WORST_ERROR_DVA:
            return f"the gaze error is {self.error_dva:.1f} degrees, more than {WORST_ERROR_DVA}"
        if self.valid_share < LEAST_VALID_SHARE:
            return f"only {self.valid_share * 100:.0f} % of the samples are valid, less than {LEAST_VALID_SHARE:.0%}"
        return ""


@dataclass(frozen=True)
class GazeProvenance:
    """What made a recording; empty where it does not say.

    Attributes
    ----------
    tracker : str
        Model of the tracker, or ``simulated``.
    classifier : str
        How fixations were found in the samples, with its version.
    source : str
        Where the recording was read from.
    """

    tracker: str = ""
    classifier: str = ""
    source: str = ""


@dataclass(frozen=True)
class TimedSentence:
    """A sentence of the report and when it was written or accepted, in ms since the start of the recording."""

    section: SectionName
    text: str
    start_ms: float
    end_ms: float


@dataclass(frozen=True)
class RecordedGaze:
    """What one reader looked at on one film.

    Attributes
    ----------
    fixations : tuple of RecordedFixation
        At least one, in order of onset.
    instance_uid : str
        SOP Instance UID of the film; empty when the recording does not say.
    reader : str
        Pseudonym of the reader; empty when the recording does not say.
    geometry : ViewingGeometry, optional
        For fixations that do not say what a degree spans.
    started_at_utc : str
        Moment that onsets are counted from, ISO 8601; empty when the recording does not say.
    sentences : tuple of TimedSentence
        When the sentences of the report were written, if the recording says so.
    """

    fixations: tuple[RecordedFixation, ...]
    instance_uid: str = ""
    reader: str = ""
    quality: GazeQuality = field(default_factory=GazeQuality)
    geometry: ViewingGeometry | None = None
    provenance: GazeProvenance = field(default_factory=GazeProvenance)
    started_at_utc: str = ""
    sentences: tuple[TimedSentence, ...] = ()

    @property
    def scanpath(self) -> tuple[Fixation, ...]:
        """Places and durations, in seconds."""
        return tuple(fixation.fixation for fixation in self.fixations)

    def px_per_dva(self, index: int) -> float | None:
        """Image pixels that a degree of visual angle spanned during one fixation; None when not known."""
        own = self.fixations[index].px_per_dva
        if own is not None:
            return own
        return self.geometry.px_per_dva if self.geometry is not None else None
