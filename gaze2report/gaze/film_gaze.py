"""Mapped fixations of one film as recorded gaze, the form in which the reader sees it and a draft is made from it."""

from __future__ import annotations

from gaze2report.errors import Refused
from gaze2report.gaze.recorded_gaze import GazeProvenance, GazeQuality, RecordedFixation, RecordedGaze
from gaze2report.gaze.view_mapping import MappedFixations


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
