"""Mapped fixations of one film as recorded gaze, the form in which the reader sees it and a draft is made from it."""

from __future__ import annotations

from collections.abc import Sequence

from gaze2report.errors import Refused
from gaze2report.gaze.recorded_gaze import GazeProvenance, GazeQuality, RecordedFixation, RecordedGaze
from gaze2report.gaze.view_mapping import MappedFixations
from gaze2report.types import Fixation, Image


def gaze_on_film(
    mapped: MappedFixations,
    instance_uid: str,
    *,
    start_ms: float,
    reader: str = "",
    started_at_utc: str = "",
    quality: GazeQuality | None = None,
    provenance: GazeProvenance | None = None,
) -> RecordedGaze:
    """All fixations of a recording that lie on one film.

    Fixations beside the image but in its viewport stay, outside of it.

    Parameters
    ----------
    start_ms : float
        Moment that onsets are counted from, on the clock of the fixations.

    Raises
    ------
    Refused
        If no fixation lies on this film.
    """
    fixations = tuple(
        RecordedFixation(
            x_px=one.x_px,
            y_px=one.y_px,
            duration_ms=one.duration_ms,
            onset_ms=one.onset_ms - start_ms,
            px_per_dva=(one.px_per_dva_x * one.px_per_dva_y) ** 0.5,
            ai_visible=one.is_ai_overlay_visible or one.is_draft_visible,
        )
        for one in mapped.fixations
        if one.instance_uid == instance_uid and one.duration_ms > 0
    )
    if not fixations:
        raise Refused("gaze_beside_film", f"no fixation of the recording lies on the film {instance_uid}")
    return RecordedGaze(
        fixations,
        instance_uid=instance_uid,
        reader=reader,
        quality=quality or GazeQuality(),
        provenance=provenance or GazeProvenance(),
        started_at_utc=started_at_utc,
    )


def fixations_on_film(fixations: Sequence[Fixation], image: Image, instance_uid: str = "") -> tuple[Fixation, ...]:
    """Fixations of a reader, for a film that they can be of.

    Raises
    ------
    Refused
        If they are said to be of another film, or none lies on this one.
    """
    if instance_uid and instance_uid != image.header.instance_uid:
        raise Refused("gaze_of_another_film", f"the recorded gaze is of another film ({instance_uid})")
    rows, columns = image.codes.shape
    if not any(0 <= f.x_px < columns and 0 <= f.y_px < rows for f in fixations):
        raise Refused("gaze_beside_film", "no fixation of the recorded gaze lies on the film")
    return tuple(fixations)
