"""A whole workstation for tests: real workspace, real intake, and a scripted model host (or none)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from factories import make_dicom
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtTest import QTest

from db import database, studies
from db.database import Workspace
from db.records import Study
from desktop.background import Background
from desktop.errors import ErrorReporter
from desktop.host_state import HostTimes
from desktop.main_window import MainWindow
from desktop.model_host import ModelHost
from desktop.reading import Reading
from desktop.services import Services
from desktop.settings import Settings
from gaze2report.imaging.intake import Intake

SCRIPTED_HOST = Path(__file__).parent / "gui" / "scripted_host.py"
FAST = HostTimes(health_every_s=0.1, silence_s=20.0, shutdown_s=0.3, first_delay_s=0.1, longest_delay_s=0.4)
"""Quick to restart, but patient: a busy machine must not look like a host that hangs."""

IMPATIENT = replace(FAST, silence_s=1.0, draft_silence_s=1.5)
"""For hosts that do hang."""


def host_command(mode: str = "normal", step_s: float = 0.002, *more: str) -> list[str]:
    """Command line of the scripted host."""
    return [sys.executable, str(SCRIPTED_HOST), mode, str(step_s), *more]


class Station:
    """Services and window, and what the user was told."""

    def __init__(self, folder: Path, intake: Intake, command: list[str], times: HostTimes) -> None:
        self.told: list[str] = []
        self.bugs: list[str] = []
        self.reporter = ErrorReporter()
        self.reporter.known_error.connect(self.told.append)
        self.reporter.bug_found.connect(lambda summary, _path: self.bugs.append(summary))
        self.services = Services(
            background=Background(self.reporter.report),
            host=ModelHost(command, times=times),
            film_intake=intake,
            import_intake=intake,
            settings=Settings(folder / "desktop.ini"),
            reporter=self.reporter,
            reading=Reading(),
        )
        self.services.settings.reader_name = "reader"
        self.services.workspace = open_or_make(folder / "workspace")
        self.window = MainWindow(self.services)
        self.window.resize(1366, 768)

    @property
    def workspace(self) -> Workspace:
        """The open workspace."""
        assert self.services.workspace is not None
        return self.services.workspace

    @property
    def reading(self) -> Reading:
        """The study on screen."""
        return self.services.reading

    def add(self, path: Path) -> Study:
        """Import a film without the window."""
        added = studies.import_file(self.workspace, self.services.import_intake, path)
        return studies.get(self.workspace, added.study_uid)

    def open(self, qtbot: Any, study_uid: str, *, with_image: bool = True) -> None:
        """Open a study as a double click does, and wait for it."""
        self.window.open_study(study_uid)
        qtbot.waitUntil(lambda: self.reading.study is not None and self.reading.study.study_uid == study_uid)
        if with_image:
            qtbot.waitUntil(lambda: self.window.viewer.view.image is not None, timeout=20_000)

    def type(self, section: str, text: str) -> None:
        """Type at the end of a section."""
        editor = self.window.report.editors[section]
        editor.moveCursor(editor.textCursor().MoveOperation.End)
        QTest.keyClicks(editor, text)

    def text(self, section: str) -> str:
        """What the editor shows; must be what the reading holds."""
        shown = self.window.report.editors[section].toPlainText()
        assert shown == self.reading.sections[section].text
        return shown

    def close(self) -> None:
        """End everything."""
        self.window.prefetch.stop()
        self.services.host.stop()
        self.window.capture.end()
        self.services.background.close()
        self.workspace.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def open_or_make(folder: Path) -> Workspace:
    """The workspace of a folder, new if there is none."""
    if (folder / database.DATABASE_NAME).exists():
        return database.open_workspace(folder, exclusive=True)
    return database.create_workspace(folder, exclusive=True)


@contextmanager
def station(folder: Path, intake: Intake, command: list[str], times: HostTimes = FAST) -> Iterator[Station]:
    """A workstation that is ended in any case; the intake is only lent, because its worker takes a second to start."""
    made = Station(folder, intake, command, times)
    try:
        yield made
    finally:
        made.close()


def film(folder: Path, seed: int = 0, **elements: object) -> Path:
    """A made film; another seed is another study of another patient."""
    return make_dicom(folder / f"film{seed}.dcm", seed=seed, **elements)


def wait_drafted(made: Station, qtbot: Any) -> None:
    """Wait until the draft is there and kept."""
    qtbot.waitUntil(lambda: bool(made.reading.drafts), timeout=15_000)
