"""Starting the workstation in gaze study mode: its protocol, its workspace, its window in place of the main one."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from desktop.main_window import MainWindow
from desktop.operations.studies import open_workspace
from desktop.services import Services
from desktop.study_mode.study_run import StudyRun
from desktop.study_mode.study_window import StudyWindow
from gaze2report.errors import Gaze2ReportError, UnreadableInput
from gaze2report.gaze_study.protocol import read_protocol

_PSEUDONYM = re.compile(r"[A-Za-z0-9_-]{3,40}")


def check_arguments(arguments: argparse.Namespace) -> str:
    """Why study mode cannot be started so; empty when it can."""
    if not _PSEUDONYM.fullmatch(arguments.reader):
        return "--study needs --reader PSEUDONYM: 3 to 40 letters, digits, '-' or '_', never a name"
    try:
        read_protocol(arguments.study)
    except UnreadableInput as error:
        return str(error)
    return ""


class StudyStart(QObject):
    """Everything of one run in study mode.

    Attributes
    ----------
    window : StudyWindow
    run : StudyRun
    """

    def __init__(self, services: Services, main: MainWindow, arguments: argparse.Namespace, parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._main, self._arguments = services, main, arguments
        protocol = read_protocol(arguments.study)
        self.run = StudyRun(services, main.capture, protocol, arguments.reader, self)
        self.window = StudyWindow(services, main.capture, self.run)
        main.capture.stand_before(self.window, self.window.view, lambda: self.window.is_draft_visible)
        main.capture.study_progress = lambda: self.run.words if self.run.step != "finished" else "all cases done"
        services.reporter.known_error.connect(self.window.notice.setText)

    def begin(self, default_folder: Callable[[], Path]) -> None:
        """Show the window and open the workspace."""
        folder = self._arguments.workspace or default_folder()
        self._services.reporter.log_to(folder / "logs")
        self.window.showMaximized()
        open_workspace(
            folder=folder, services=self._services, owner=self, on_opened=self.on_opened,
            on_failure=self._services.reporter.report,
        )  # fmt: skip

    def on_opened(self) -> None:
        """The workspace is there."""
        try:
            self.run.begin()
        except Gaze2ReportError as error:
            self.run.fault = str(error)
            self.run.changed.emit()
            return
        self._main.capture.begin()
