"""What else there is of the patient on screen: earlier studies, studies under the same ID, key images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from db.records import Study
from desktop.background import Job
from desktop.services import Services

if TYPE_CHECKING:
    from db.database import Workspace


@dataclass(frozen=True)
class PatientFilms:
    """Films around a study.

    Attributes
    ----------
    priors : tuple of Study
        Earlier studies of the same patient, the most recent first.
    namesakes : tuple of Study
        Studies under the same PatientID with another name or birth date: perhaps another person.
    key_images : frozenset of str
        SOP Instance UIDs.
    """

    priors: tuple[Study, ...] = ()
    namesakes: tuple[Study, ...] = ()
    key_images: frozenset[str] = frozenset()


def load_patient_films(
    *, study_uid: str, services: Services, owner: QObject, on_success: Callable[[PatientFilms], None]
) -> Job:
    """Look for the other films of the patient of a study."""
    return services.background.run(
        owner, _patient_films, services.workspace, study_uid, lane="db", on_success=on_success
    )


def set_key_image(
    *, instance_uid: str, is_key: bool, services: Services, owner: QObject, on_success: Callable[[], None]
) -> Job:
    """Mark a film as a key image, or take the mark away; it is kept when ``on_success`` is called."""
    return services.background.run(
        owner, _set_key_image, services.workspace, instance_uid, is_key, services.session.reader,
        lane="db", on_success=lambda _: on_success(), must_finish=True,
    )  # fmt: skip


def _patient_films(workspace: Workspace, study_uid: str) -> PatientFilms:
    from db import key_images, studies

    return PatientFilms(
        studies.prior_studies(workspace, study_uid),
        studies.studies_of_same_id(workspace, study_uid),
        key_images.of_patient(workspace, study_uid),
    )


def _set_key_image(workspace: Workspace, instance_uid: str, is_key: bool, reader: str) -> None:
    from db import key_images

    key_images.set_key_image(workspace, instance_uid, is_key, reader)
