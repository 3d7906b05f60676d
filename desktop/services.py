"""The long-lived objects that operations work with; made once in ``app.py`` and passed on by argument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.actions import Actions
from desktop.background import Background
from desktop.drawings import Drawings
from desktop.errors import ErrorReporter
from desktop.film_cache import FilmCache
from desktop.model_host import ModelHost
from desktop.reading import Reading
from desktop.reading_gaze import ReadingGaze
from desktop.session import Session
from desktop.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from db.database import Workspace
    from gaze2report.imaging.intake import Intake
    from gaze2report.types import Image


class Services(QObject):
    """What the operations need.

    Attributes
    ----------
    session : Session
        Who is reading, and what they may do.
    actions : Actions
        What the reader can do; each part of the window registers its own.
    drawings : Drawings
        What is drawn on the films of the patient on screen.
    film_intake, import_intake : Intake
        Two, so that opening a film never waits for an import.
    films : FilmCache
        Films decoded already; reads the others through ``film_intake``.
    workspace : Workspace or None
        None until lane "db" has opened it.
    workspace_fault : str
        Why it cannot be opened.

    Signals
    -------
    studies_changed
        What the worklist shows is no longer what the workspace holds.
    """

    studies_changed = Signal()

    def __init__(
        self,
        *,
        background: Background,
        host: ModelHost,
        film_intake: Intake,
        import_intake: Intake,
        settings: Settings,
        reporter: ErrorReporter,
        reading: Reading,
    ) -> None:
        super().__init__()
        self.background = background
        self.host = host
        self.film_intake = film_intake
        self.import_intake = import_intake
        self.films = FilmCache(self._read_film)
        self.settings = settings
        self.session = Session(settings, self)
        self.actions = Actions(settings, self)
        self.reporter = reporter
        self.reading = reading
        self.gaze = ReadingGaze(reading, self)
        self.drawings = Drawings(self)
        self.workspace: Workspace | None = None
        self.workspace_fault = ""

    def _read_film(self, path: Path) -> Image:
        return self.film_intake.read(path)
