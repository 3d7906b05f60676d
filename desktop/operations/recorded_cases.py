"""Recordings of gaze into the workspace, and what the workspace holds of a study, off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.background import Job
from desktop.services import Services
from gaze2report.gaze.recorded_gaze import RecordedGaze

if TYPE_CHECKING:
    from db.case_gaze import RecordedCase
    from db.database import Workspace


@dataclass(frozen=True)
class ImportedCase:
    """A recording that is in the workspace now.

    Attributes
    ----------
    cases : tuple of RecordedCase
        With their gates; empty where nothing could be derived.
    gaze : tuple of RecordedGaze
        One for each film looked at.
    not_derived : str
        Why nothing could be derived.
    """

    recording_id: str
    cases: tuple[RecordedCase, ...]
    gaze: tuple[RecordedGaze, ...]
    not_derived: str


def import_case(
    *,
    path: Path,
    study_uid: str,
    services: Services,
    owner: QObject,
    on_imported: Callable[[ImportedCase], None],
) -> Job:
    """Take a closed recording of one case into the workspace."""
    # Not in the lane of the database: minutes of samples take seconds, and the next study must open meanwhile.
    return services.background.run(
        owner, _import_case, services.workspace, path, study_uid, services.session.reader,
        lane="io", on_success=on_imported, must_finish=True, title="Keeping the recorded gaze",
    )  # fmt: skip


def import_left_over(*, folder: Path, services: Services, owner: QObject, on_done: Callable[[int], None]) -> Job:
    """Take recordings that no window has taken in yet into the workspace; ``on_done`` gets how many there were."""
    return services.background.run(
        owner, _import_left_over, services.workspace, folder, services.session.reader,
        lane="io", on_success=on_done, title="Keeping recorded gaze",
    )  # fmt: skip


def withdraw_consent(
    *,
    pseudonym: str,
    services: Services,
    owner: QObject,
    on_done: Callable[[tuple[str, ...]], None],
    on_failure: Callable[[BaseException], None],
) -> Job:
    """Withdraw a reader's consent and delete what rests on it; ``on_done`` gets what was done, in sentences."""
    # In the lane of the agent: a recording under way is ended there first.
    return services.background.run(
        owner, _withdraw, services.workspace, pseudonym, services.session.reader,
        lane="capture", on_success=on_done, on_failure=on_failure, must_finish=True, title="Withdrawing consent",
    )  # fmt: skip


def gaze_of_study(
    *, study_uid: str, services: Services, owner: QObject, on_found: Callable[[list[RecordedGaze]], None]
) -> Job:
    """Give all gaze recorded on a study."""
    return services.background.run(owner, _gaze_of_study, services.workspace, study_uid, lane="db", on_success=on_found)


def _import_case(workspace: Workspace, path: Path, study_uid: str, actor: str) -> ImportedCase:
    from db import case_gaze, recordings

    done = recordings.import_recording(workspace, path, actor=actor, study_uid=study_uid)
    cases = tuple(case_gaze.cases_of_recording(workspace, done.recording_id))
    source = f"recording {done.recording_id}"
    gaze = (one for one in case_gaze.recorded_gaze_of(workspace, study_uid) if one.provenance.source == source)
    return ImportedCase(done.recording_id, cases, tuple(gaze), done.not_derived)


def _import_left_over(workspace: Workspace, folder: Path, actor: str) -> int:
    from capture.recording import NotARecording, describe
    from capture.spool_schema import SUFFIX
    from db import recordings
    from db.errors import ImportRefused, NoConsent
    from gaze2report.errors import UnreadableInput

    known = {entry.recording_id for entry in recordings.list_recordings(workspace)}
    done = 0
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if path.stem in known:
            continue
        try:
            if describe(path).state in ("stopped", "recovered", "failed"):
                recordings.import_recording(workspace, path, actor=actor)
                done += 1
        except (NotARecording, ImportRefused, NoConsent, UnreadableInput):
            continue  # the file stays as it is; python -m capture verify says what is wrong with it
    return done


def _withdraw(workspace: Workspace, pseudonym: str, actor: str) -> tuple[str, ...]:
    from db import withdrawal

    return withdrawal.withdraw_consent(workspace, pseudonym, actor=actor).sentences


def _gaze_of_study(workspace: Workspace, study_uid: str) -> list[RecordedGaze]:
    from db import case_gaze

    return case_gaze.recorded_gaze_of(workspace, study_uid)
