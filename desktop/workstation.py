"""The workstation put together: services, window, and the order in which they begin and end."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from types import FrameType

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from desktop.background import Background
from desktop.errors import ErrorReporter
from desktop.garbage import GarbageWhenIdle
from desktop.main_window import MainWindow
from desktop.model_host import ModelHost
from desktop.operations.studies import open_workspace
from desktop.reading import Reading
from desktop.services import Services
from desktop.settings import Settings
from desktop.theme import apply_theme
from gaze2report.errors import EXIT_OK, EXIT_REFUSED

_SIGNAL_LOOK_MS = 200


class Workstation(QObject):
    """Everything of one run of the program."""

    def __init__(self, arguments: argparse.Namespace, host_command: list[str], reporter: ErrorReporter) -> None:
        super().__init__()
        from gaze2report.imaging.intake import Intake

        self._arguments = arguments
        self._exit_code = EXIT_OK
        self.services = Services(
            background=Background(reporter.report),
            host=ModelHost(host_command),
            film_intake=Intake(),
            import_intake=Intake(),
            settings=Settings(settings_path()),
            reporter=reporter,
            reading=Reading(),
        )
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        apply_theme(application, self.services.settings.text_size_px)  # before any widget, so that none is styled twice
        self.window = MainWindow(self.services)
        self.window.first_painted.connect(self._on_first_painted)
        self.window.closed.connect(QApplication.quit)
        self._garbage = GarbageWhenIdle(self)
        self._pending_signal: int | None = None
        self._watch_signals()

    def show(self) -> None:
        """Put the window on screen; everything slow begins after its first paint."""
        if self._arguments.study is not None:
            from desktop.study_mode.study_start import StudyStart

            self._study = StudyStart(self.services, self.window, self._arguments, self)
            self._study.window.closed.connect(QApplication.quit)
            self._study.begin(default_workspace_folder)
            return
        if self._arguments.screenshot is not None:
            self.window.resize(*self._arguments.screenshot_size)
        self.window.show()

    def close(self) -> int:
        """End everything that was begun; returns the exit code."""
        self._garbage.stop()
        self.window.prefetch.stop()
        self.services.host.stop()
        self.window.capture.end()
        self.services.background.close()
        for intake in (self.services.film_intake, self.services.import_intake):
            intake.close()
        if self.services.workspace is not None:
            self.services.workspace.close()
        return self._exit_code

    # -- beginning ----------------------------------------------------------------------------------------------

    def _on_first_painted(self) -> None:
        self._garbage.start()
        folder = self._arguments.workspace or default_workspace_folder()
        self.services.reporter.log_to(folder / "logs")
        open_workspace(
            folder=folder, services=self.services, owner=self, on_opened=self._on_workspace_opened,
            on_failure=self._on_workspace_failed,
        )  # fmt: skip
        if self._arguments.screenshot is not None:
            self._prepare_screenshot()
        else:
            self.window.tour.start_at_first_film()

    def _on_workspace_opened(self) -> None:
        is_named = bool(self._arguments.adapter or self._arguments.host_command)
        self.window.versions.begin(host_follows=not is_named, then=self._start_host)
        self.window.begin(self._on_ready)

    def _start_host(self) -> None:
        if not self._arguments.no_model and self.services.settings.does_model_start:
            self.services.host.start()

    def _on_ready(self) -> None:
        if self._arguments.files:
            self.window.import_paths(self._arguments.files)

    def _on_workspace_failed(self, error: BaseException) -> None:
        self.services.workspace_fault = str(error)
        self.services.reporter.report(error)
        self._start_host()
        self.window.worklist.show_sentence("The workspace could not be opened. See below; then start again.")
        self._exit_code = EXIT_REFUSED

    def _prepare_screenshot(self) -> None:
        from desktop.app import exit_code_of
        from desktop.screenshots import Screenshot

        path = self._arguments.screenshot
        shot = Screenshot(
            self.window, self.services, path, self._arguments.screenshot_after, self._arguments.screenshot_timeout
        )

        def end(fault: str) -> None:
            self._exit_code = exit_code_of(fault, path)
            self.window.close()

        shot.finished.connect(end)

    # -- signals of the system ----------------------------------------------------------------------------------

    def _watch_signals(self) -> None:
        """Close in order on Ctrl+C and SIGTERM; Python sees them only between Qt events, so a timer wakes it."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        self._signal_timer = QTimer(self, interval=_SIGNAL_LOOK_MS)
        self._signal_timer.timeout.connect(self._look_for_signal)
        self._signal_timer.start()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._pending_signal = number

    def _look_for_signal(self) -> None:
        if self._pending_signal is not None:
            self._pending_signal = None
            self.window.close()


def settings_path() -> Path:
    """Where the window keeps its settings."""
    from platformdirs import user_config_dir

    return Path(user_config_dir("gaze2report")) / "desktop.ini"


def default_workspace_folder() -> Path:
    """Where the workspace lies when nobody says."""
    from platformdirs import user_data_dir

    return Path(user_data_dir("gaze2report")) / "workspace"
