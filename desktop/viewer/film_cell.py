"""One place of a layout: reads a film in the background and puts it into its view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from db.records import Instance
from desktop.background import Job
from desktop.errors import known_sentence
from desktop.film_cache import FilmCache
from desktop.services import Services
from desktop.viewer.image_view import ImageView
from desktop.viewer.prepared_film import PreparedFilm, prepare_film
from gaze2report.types import Image

OPENING = "Opening the film..."


class FilmCell(QObject):
    """Shows films in one view; the answer for an older choice is dropped.

    Attributes
    ----------
    instance : Instance or None
        The film chosen last.

    Signals
    -------
    film_chosen
        Another film, or none, was chosen; its banner is up.
    film_shown(Instance, PreparedFilm)
        The film is on screen.
    """

    film_chosen = Signal()
    film_shown = Signal(object, object)

    def __init__(self, services: Services, view: ImageView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services, self.view = services, view
        self.instance: Instance | None = None
        self._note = ""
        self._job: Job | None = None

    def show(self, instance: Instance, note: str = "") -> None:
        """Read and show a film; the one that is there already only gets the note."""
        self._note = note
        if self.instance is not None and self.instance.instance_uid == instance.instance_uid:
            self.view.set_note(note)
            return
        self.wait_for(instance)
        self._run(instance, _read_and_prepare, self._services.films, instance.object_path)

    def wait_for(self, instance: Instance) -> None:
        """Say that a film is being opened."""
        self._forget_job()
        self.instance = instance
        self.view.set_message(OPENING, instance.header)
        self.film_chosen.emit()

    def show_image(self, instance: Instance, image: Image) -> None:
        """Show a film that has been read already."""
        self._note = ""
        self._choose(instance)
        self._run(instance, _prepare, self._services.films, image)

    def show_fault(self, instance: Instance, sentence: str) -> None:
        """Say why a film cannot be shown."""
        self._choose(instance)
        self.view.set_message(f"This film cannot be shown.\n\n{sentence}", instance.header)

    def clear(self, sentence: str = "") -> None:
        """Show no film but a sentence."""
        self._forget_job()
        self.instance = None
        self.view.set_message(sentence)
        self.film_chosen.emit()

    def _choose(self, instance: Instance) -> None:
        self._forget_job()
        if self.instance is not instance:
            self.instance = instance
            self.film_chosen.emit()

    def _run(self, instance: Instance, work: Callable[..., PreparedFilm], *arguments: object) -> None:
        def show(film: PreparedFilm) -> None:
            self.view.set_film(film)
            self.view.set_note(self._note)
            self.film_shown.emit(instance, film)

        def fail(error: BaseException) -> None:
            sentence = known_sentence(error)
            if sentence is None:
                self._services.reporter.report(error)
            self.show_fault(instance, sentence or "It could not be read; the log says more.")

        self._job = self._services.background.run(self, work, *arguments, on_success=show, on_failure=fail)

    def _forget_job(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None


def _read_and_prepare(films: FilmCache, path: Path) -> PreparedFilm:
    return _prepare(films, films.read(path))


def _prepare(films: FilmCache, image: Image) -> PreparedFilm:
    kept = films.prepared(image)
    return kept if isinstance(kept, PreparedFilm) else prepare_film(image)
