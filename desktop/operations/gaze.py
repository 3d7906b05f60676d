"""Reading recorded gaze, and working out duration maps and comparisons, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from desktop.background import Job
from desktop.heat_map import heat_map_picture
from desktop.reading_gaze import GazeOfAnotherFilm, GazeTrack
from desktop.services import Services
from gaze2report.evaluation.scanpath_metrics.comparison import ScanpathComparison, compare_scanpaths
from gaze2report.gaze.duration_map import duration_map
from gaze2report.gaze.recorded_gaze import RecordedGaze
from gaze2report.gaze.recorded_gaze_file import read_recorded_gaze

Size = tuple[float, float]


def load_recorded_gaze(*, path: Path, services: Services, owner: QObject) -> Job:
    """Read a file of recorded gaze and lay it over the film that was on screen when it was asked for."""
    instance = services.reading.instance

    def add(gaze: RecordedGaze) -> None:
        if services.reading.instance is not instance:
            return
        try:
            services.gaze.add_recording(gaze)
        except GazeOfAnotherFilm as error:
            services.reporter.report(error)

    return services.background.run(owner, read_recorded_gaze, path, on_success=add)


def draw_heat_map(
    *, track: GazeTrack, size_px: Size, services: Services, owner: QObject, on_drawn: Callable[[QImage, str], None]
) -> Job:
    """Draw the duration map of a scanpath; ``on_drawn`` gets it with what its sigma is."""
    spread = track.spread(*size_px)
    return services.background.run(
        owner, _heat_map, track, size_px, on_success=lambda picture: on_drawn(picture, spread.text)
    )


def _heat_map(track: GazeTrack, size_px: Size) -> QImage:
    return heat_map_picture(duration_map(track.fixations, track.spread(*size_px), *size_px))


def compare_tracks(
    *,
    first: GazeTrack,
    second: GazeTrack,
    size_px: Size,
    services: Services,
    owner: QObject,
    on_compared: Callable[[ScanpathComparison], None],
) -> Job:
    """Compare two scanpaths on one film."""
    return services.background.run(
        owner, compare_scanpaths, first.fixations, second.fixations, *size_px, on_success=on_compared
    )
