"""Which look each scanpath of a reading has, and what it is called on the film."""

from __future__ import annotations

from desktop.reading_gaze import GazeTrack
from desktop.viewer.scanpath_overlay import LABEL, PREDICTED, RECORDED, ScanpathStyle


def style_of(number: int, track: GazeTrack) -> ScanpathStyle:
    """Colour and shape of the scanpath with this number: the predicted one has its own, recorded ones take turns."""
    return PREDICTED if track.recording is None else RECORDED[(number + 1) % len(RECORDED)]


def label_of(track: GazeTrack) -> str:
    """Whose gaze it is, and that it is poor where it is."""
    if track.recording is None:
        return LABEL
    name = f"recorded gaze: {track.recording.reader}" if track.recording.reader else "recorded gaze"
    return f"{name} (quality poor or unknown)" if track.fault else name
