"""The film of a study case, and what of patient and AI the protocol lets be seen with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from desktop.services import Services
from desktop.viewer.annotations import Banner, banner_of
from desktop.viewer.gaze_layer import GazeLayer
from desktop.viewer.image_view import ImageView
from desktop.viewer.prepared_film import PreparedFilm, prepare_film
from desktop.viewer.scanpath_overlay import ShownScanpath
from gaze2report.errors import Gaze2ReportError

if TYPE_CHECKING:
    from db.database import Workspace
    from db.records import Study
    from desktop.film_cache import FilmCache
    from gaze2report.types import Draft


class CaseMissing(Gaze2ReportError):
    """A case of the protocol that the workspace does not hold."""

    code = "case_missing"


@dataclass(frozen=True)
class StudyCase:
    """A case made ready.

    Attributes
    ----------
    draft : Draft or None
        The newest kept draft of the film, for a protocol that lets the AI be seen.
    """

    name: str
    study: Study
    film: PreparedFilm
    draft: Draft | None


def load_case(workspace: Workspace, films: FilmCache, name: str, is_ai_shown: bool) -> StudyCase:
    """Find a case by accession number or Study Instance UID, and read its film; in the background.

    Raises
    ------
    CaseMissing
        If the workspace holds no such study, or it has no film.
    """
    from db import drafts, studies
    from desktop.operations.studies import draft_instance

    uids = [
        entry.study_uid for entry in studies.worklist(workspace) if name in (entry.accession_number, entry.study_uid)
    ]
    if len(uids) != 1:
        what = "no study" if not uids else "several studies"
        raise CaseMissing(f"The protocol names the case {name}, and the workspace holds {what} of that number.")
    study = studies.get(workspace, uids[0])
    instance = draft_instance(study)
    if instance is None:
        raise CaseMissing(f"The study of the case {name} has no film.")
    film = prepare_film(films.read(instance.object_path))
    kept = [record.draft for record in drafts.of_study(workspace, uids[0])] if is_ai_shown else []
    of_film = [draft for draft in kept if draft.instance_uid == instance.instance_uid]
    return StudyCase(name, study, film, of_film[-1] if of_film else None)


class StudyView(ImageView):
    """A film under the protocol's blinding: no name, no number, no date where the patient is hidden."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from desktop.viewer.view_settings import follow_settings

        follow_settings(self, services.settings)
        self.hides_patient = True
        self.case_words = ""
        self.ai_layer = GazeLayer()
        self.add_layer(self.ai_layer)

    @property
    def banner(self) -> Banner | None:
        """The place of the case in the study instead of the patient."""
        if self.hides_patient:
            return Banner(self.case_words, ())
        return banner_of(self.header, self.tag) if self.header is not None else None

    def show_case(self, case: StudyCase, words: str, *, hides_patient: bool) -> None:
        """Show the film of a case."""
        self.hides_patient, self.case_words = hides_patient, words
        self.ai_layer.scanpaths = (ShownScanpath(case.draft.scanpath),) if case.draft is not None else ()
        self.set_film(case.film)

    def show_nothing(self) -> None:
        """Take the film off."""
        self.ai_layer.scanpaths = ()
        self.set_message("")
