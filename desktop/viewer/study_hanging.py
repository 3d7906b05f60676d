"""Hangs the study that is read: its film, the films beside it, the thumbnails, and what is a key image."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from db.records import Instance, Study
from desktop.operations.patient_films import PatientFilms, load_patient_films, set_key_image
from desktop.operations.studies import draft_instance, show_instance
from desktop.services import Services
from desktop.settings import LayoutName
from desktop.viewer.film_cell import FilmCell
from desktop.viewer.film_grid import FilmGrid
from desktop.viewer.hanging import LAYOUTS
from desktop.viewer.prepared_film import PreparedFilm
from desktop.viewer.thumbnail_maker import ThumbnailMaker
from desktop.viewer.thumbnails import FilmEntry, ThumbnailStrip, thumbnail_of

NAMESAKE_NOTE = "Same patient ID, another name or birth date: perhaps another person"


class StudyHanging(QObject):
    """Follows the reading and fills grid and strip.

    Signals
    -------
    notice(str)
        One sentence for the reader.
    """

    notice = Signal(str)

    def __init__(self, services: Services, grid: FilmGrid, strip: ThumbnailStrip, parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._reading = services, services.reading
        self._grid, self._strip = grid, strip
        self._films: PatientFilms | None = None
        self._thumbnails = ThumbnailMaker(services, strip, self)
        self._grid.layout_name = services.settings.film_layout
        self._grid.set_layout(self._grid.layout_name)
        for cell in grid.cells.values():
            cell.film_shown.connect(self._on_film_shown)
            cell.film_chosen.connect(self._mark)
        strip.film_chosen.connect(self.choose)
        grid.arranged.connect(self._mark)
        self._reading.opened.connect(self._on_opened)
        self._reading.image_changed.connect(self._on_image_changed)
        self._on_opened()

    @property
    def _main(self) -> FilmCell:
        return self._grid.cells["main"]

    @property
    def patient_films(self) -> PatientFilms | None:
        """Earlier studies and key images; None until the workspace has been asked."""
        return self._films

    # -- the reading --------------------------------------------------------------------------------------------

    def _on_opened(self) -> None:
        study = self._reading.study
        self._films = None
        self._thumbnails.stop()
        self._grid.clear()
        self._grid.set_layout(self._services.settings.film_layout)
        self._list()
        if study is None:
            return
        first = draft_instance(study)
        if first is None:
            self._main.clear("No film.")
            return
        self._main.wait_for(first)
        if self._services.workspace is not None:
            load_patient_films(
                study_uid=study.study_uid, services=self._services, owner=self,
                on_success=lambda films: self._on_patient_films(study, films),
            )  # fmt: skip

    def _on_patient_films(self, study: Study, films: PatientFilms) -> None:
        if self._reading.study is None or self._reading.study.study_uid != study.study_uid:
            return
        self._films = films
        self._list()
        self._hang()
        if self._main.view.image is not None:
            self._thumbnails.start()

    def _on_image_changed(self) -> None:
        reading, instance = self._reading, self._reading.instance
        if instance is None:
            return
        was = self._main.instance
        if reading.image is None:
            self._main.show_fault(instance, reading.image_fault)
        else:
            self._main.show_image(instance, reading.image)
        if was is not instance:
            self._hang()

    def _on_film_shown(self, instance: Instance, film: PreparedFilm) -> None:
        if any(entry.instance is instance for entry in self._strip.missing()):
            self._services.background.run(
                self, thumbnail_of, film, on_success=lambda picture: self._take_picture(instance, picture)
            )
        self._mark()
        if self._films is not None:
            self._thumbnails.start()

    def _take_picture(self, instance: Instance, picture: QImage) -> None:
        self._strip.set_picture(instance, picture)

    # -- what hangs ---------------------------------------------------------------------------------------------

    def set_layout(self, name: LayoutName) -> None:
        """Show another layout from now on, also for the next studies."""
        self._services.settings.film_layout = name
        self._grid.set_layout(name)
        self._hang()

    def _hang(self) -> None:
        study, main = self._reading.study, self._main.instance
        if study is not None and main is not None and self._films is not None:
            self._grid.hang(study, main, self._films.priors)
        self._mark()

    def _list(self) -> None:
        study = self._reading.study
        entries = [FilmEntry(instance) for instance in study.instances] if study is not None else []
        films = self._films or PatientFilms()
        entries += [FilmEntry(instance, is_prior=True) for prior in films.priors for instance in prior.instances]
        entries += [FilmEntry(instance, is_namesake=True) for other in films.namesakes for instance in other.instances]
        self._strip.set_films(entries)
        self._strip.setVisible(len(entries) > 1)
        self._mark()

    def choose(self, entry: FilmEntry) -> None:
        """Show a film where it belongs: earlier ones in the place of the prior, never in the main one."""
        if entry.is_prior or entry.is_namesake:
            if "prior" not in LAYOUTS[self._grid.layout_name]:
                self._grid.set_layout("prior")
            self._grid.cells["prior"].view.tag = "OTHER NAME" if entry.is_namesake else "PRIOR"
            self._grid.cells["prior"].show(entry.instance, NAMESAKE_NOTE if entry.is_namesake else "")
            self._grid.activate("prior")
        elif self._grid.active_role == "lateral":
            self._grid.cells["lateral"].show(entry.instance)
        else:
            self._show_main(entry.instance)
        self._grid.active_cell.view.setFocus()

    def _show_main(self, instance: Instance) -> None:
        self._main.wait_for(instance)
        self._hang()
        show_instance(instance=instance, services=self._services)

    def step(self, step: int) -> None:
        """The film after (before) the one in the active place, among those that may hang there."""
        cell, role = self._grid.active_cell, self._grid.active_role
        entries = [e for e in self._strip.entries if (e.is_prior if role == "prior" else not e.is_prior)]
        entries = [entry for entry in entries if not entry.is_namesake]
        uids = [entry.instance.instance_uid for entry in entries]
        here = uids.index(cell.instance.instance_uid) if cell.instance and cell.instance.instance_uid in uids else -1
        if 0 <= here + step < len(entries) and (here >= 0 or step > 0):
            self.choose(entries[here + step])

    # -- key images ---------------------------------------------------------------------------------------------

    def toggle_key_image(self) -> None:
        """Mark the film of the active place as a key image, or take the mark away."""
        instance = self._grid.active_cell.instance
        if instance is None or self._films is None:
            self.notice.emit("There is no film to mark.")
            return
        is_key = instance.instance_uid not in self._films.key_images

        def keep() -> None:
            if self._films is not None:
                change = {instance.instance_uid}
                marked = self._films.key_images | change if is_key else self._films.key_images - change
                self._films = PatientFilms(self._films.priors, self._films.namesakes, frozenset(marked))
            self._mark()
            self.notice.emit("Marked as a key image." if is_key else "No key image any more.")

        set_key_image(
            instance_uid=instance.instance_uid, is_key=is_key, services=self._services, owner=self, on_success=keep
        )

    @property
    def is_key_image(self) -> bool:
        """Whether the film of the active place is a key image."""
        instance = self._grid.active_cell.instance
        return instance is not None and self._films is not None and instance.instance_uid in self._films.key_images

    def _mark(self) -> None:
        key_images = self._films.key_images if self._films is not None else frozenset()
        shown = set()
        for cell in self._grid.cells.values():
            uid = cell.instance.instance_uid if cell.instance is not None else ""
            cell.view.mark_key_image(uid in key_images)
            if cell.view in self._grid.shown_views:
                shown.add(uid)
        self._strip.set_marks(shown, key_images)
