"""Makes the missing thumbnails one after the other, when the film that is read is on screen already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from desktop.background import Job
from desktop.services import Services
from desktop.viewer.prepared_film import prepare_film
from desktop.viewer.thumbnails import FilmEntry, ThumbnailStrip, thumbnail_of

if TYPE_CHECKING:
    from gaze2report.imaging.intake import Intake


class ThumbnailMaker(QObject):
    """Reads films for the strip; a film that cannot be read keeps an empty thumbnail, and says why when opened."""

    def __init__(self, services: Services, strip: ThumbnailStrip, parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._strip = services, strip
        self._failed: set[str] = set()
        self._job: Job | None = None

    def start(self) -> None:
        """Make what is missing, unless that is under way."""
        if self._job is None:
            self._make_next()

    def stop(self) -> None:
        """Make no more."""
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _make_next(self) -> None:
        self._job = None
        wanted = [entry for entry in self._strip.missing() if entry.instance.sha256 not in self._failed]
        if wanted:
            self._make(wanted[0])

    def _make(self, entry: FilmEntry) -> None:
        instance = entry.instance

        def take(picture: QImage) -> None:
            self._strip.set_picture(instance, picture)
            self._make_next()

        def skip(_: BaseException) -> None:
            self._failed.add(instance.sha256)
            self._make_next()

        # the intake of imports, so that opening a film never waits for a thumbnail
        self._job = self._services.background.run(
            self, _read_small, self._services.import_intake, instance.object_path, on_success=take, on_failure=skip
        )


def _read_small(intake: Intake, path: Path) -> QImage:
    return thumbnail_of(prepare_film(intake.read(path)))
