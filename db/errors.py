"""The known errors of the workspace: each one is a sentence that says what and why."""

from __future__ import annotations

from pathlib import Path

from gaze2report.errors import EXIT_REFUSED, EXIT_WRONG_USE, Gaze2ReportError


class WorkspaceError(Gaze2ReportError):
    """A folder that cannot be used as a workspace, or not now."""

    code = "workspace"
    exit_code = EXIT_WRONG_USE


class WorkspaceMissing(WorkspaceError):
    """The folder holds no workspace."""

    code = "workspace_missing"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds no workspace; make one with: python -m db init --workspace {folder}")


class WorkspaceExists(WorkspaceError):
    """A workspace is there already and is not overwritten."""

    code = "workspace_exists"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds a workspace already; nothing was changed")


class WorkspaceInUse(WorkspaceError):
    """Another program has the workspace for itself."""

    code = "workspace_in_use"
    exit_code = EXIT_REFUSED

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(
            f"the workspace {folder} is open in another window or program ({holder}); close it there first"
        )


class WorkspaceTooNew(WorkspaceError):
    """The database was written by a newer release; nothing was changed."""

    code = "workspace_too_new"

    def __init__(self, folder: Path, found: str, known: str) -> None:
        super().__init__(
            f"the workspace {folder} was written by a newer release (its schema is {found}, this program knows "
            f"up to {known}); open it with that release, nothing was changed"
        )


class WorkspaceTooOld(WorkspaceError):
    """The database has an older schema and the caller asked not to migrate it."""

    code = "workspace_too_old"

    def __init__(self, folder: Path, found: str, known: str) -> None:
        super().__init__(
            f"the workspace {folder} has schema {found}, this program writes {known}; open it once to bring it up to "
            "date (a copy is kept in backups/)"
        )


class WorkspaceDamaged(WorkspaceError):
    """The database file is not one of ours or is damaged."""

    code = "workspace_damaged"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be read as a workspace database ({reason}); a copy may lie in backups/")


class UnknownRecord(Gaze2ReportError):
    """A study, reading, draft or adapter version that is not in the workspace."""

    code = "unknown_record"

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"the workspace has no {kind} {key}")


class ImportRefused(Gaze2ReportError):
    """A readable file that contradicts what the workspace holds; it was not imported."""

    code = "import_refused"
    exit_code = EXIT_REFUSED

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = str(path)
        self.reason = reason


class ReadingLocked(Gaze2ReportError):
    """Another reader has the study open."""

    code = "reading_locked"
    exit_code = EXIT_REFUSED

    def __init__(self, study_uid: str, reader: str, since_utc: str) -> None:
        super().__init__(
            f"{reader} has this study open since {since_utc}; it can be read, or taken over, but not shared"
        )
        self.study_uid = study_uid
        self.reader = reader
        self.since_utc = since_utc


class ReadingClosed(Gaze2ReportError):
    """A reading that was closed, signed or taken over takes no more text."""

    code = "reading_closed"
    exit_code = EXIT_REFUSED


class StudySigned(Gaze2ReportError):
    """The study has a signed report; only an addendum can be written."""

    code = "study_signed"
    exit_code = EXIT_REFUSED

    def __init__(self, study_uid: str) -> None:
        super().__init__("this study has a signed report, which cannot be changed; write an addendum instead")
        self.study_uid = study_uid


class ReportRefused(Gaze2ReportError):
    """A report that may not be kept or signed as it is."""

    code = "report_refused"
    exit_code = EXIT_REFUSED


class OutputRefused(Gaze2ReportError):
    """A report that cannot go out in the form that was asked for."""

    code = "output_refused"
    exit_code = EXIT_REFUSED


class DraftRefused(Gaze2ReportError):
    """A draft that does not belong to the study it was given for."""

    code = "draft_refused"
    exit_code = EXIT_REFUSED


class IllegalTransition(Gaze2ReportError):
    """A change of status that the life of a report does not allow."""

    code = "illegal_transition"
    exit_code = EXIT_REFUSED

    def __init__(self, study_uid: str, before: str, after: str) -> None:
        super().__init__(f"a study that is {before} cannot become {after}")
        self.study_uid = study_uid


class MeasurementsRefused(Gaze2ReportError):
    """Measurements on a film that is not of the patient being read."""

    code = "measurements_refused"
    exit_code = EXIT_REFUSED


class NotAllowed(Gaze2ReportError):
    """An act that the person's role does not allow."""

    code = "not_allowed"
    exit_code = EXIT_REFUSED


class AccountRefused(Gaze2ReportError):
    """An account that may not be made or changed like this."""

    code = "account_refused"
    exit_code = EXIT_REFUSED


class NoConsent(Gaze2ReportError):
    """Gaze of a reader who has not agreed to it, or does so no more: nothing of it is kept."""

    code = "no_consent"
    exit_code = EXIT_REFUSED


class LoginRefused(Gaze2ReportError):
    """A name or password that is wrong; which of them is not said."""

    code = "login_refused"
    exit_code = EXIT_REFUSED

    def __init__(self) -> None:
        super().__init__("the name or the password is not right")


class LoginThrottled(Gaze2ReportError):
    """Too many failed logins; the account waits."""

    code = "login_throttled"
    exit_code = EXIT_REFUSED

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many failed logins; try again in {max(1, round(wait_s))} s")
        self.wait_s = wait_s
