"""What opens beside the window: keys, settings, the report of a bug. None of it stops the work."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QMainWindow

from desktop.operations.adapters import AdapterVersions
from desktop.panels.adapter_versions import AdapterVersionsDialog
from desktop.panels.bug_report import BugReport
from desktop.panels.settings_dialog import PageName, SettingsDialog
from desktop.panels.shortcut_sheet import ShortcutSheet
from desktop.services import Services
from desktop.theme import apply_theme


class WindowDialogs(QObject):
    """Makes each dialog when it is first wanted, and shows the same one again."""

    def __init__(self, window: QMainWindow, services: Services) -> None:
        super().__init__(window)
        self._window, self._services = window, services
        self.sheet: ShortcutSheet | None = None
        self.settings: SettingsDialog | None = None
        self.bug: BugReport | None = None
        self.versions: AdapterVersionsDialog | None = None
        services.reporter.bug_found.connect(self.show_bug)
        services.settings.changed.connect(self._on_setting_changed)

    def show_keys(self) -> None:
        """Show all keys."""
        if self.sheet is None:
            self.sheet = ShortcutSheet(self._services.actions, self._window)
        self.sheet.refresh()
        self.sheet.show()
        self.sheet.raise_()

    def show_settings(self, page: PageName = "General") -> None:
        """Show the settings on one of their pages."""
        if self.settings is not None:  # what "About" says, and which actions there are, is of the moment
            self.settings.deleteLater()
        self.settings = SettingsDialog(self._services, self._window)
        self.settings.show_page(page)

    def show_versions(self, versions: AdapterVersions) -> None:
        """Show the versions of the model."""
        if self.versions is None:
            self.versions = AdapterVersionsDialog(versions, self._window)
        versions.refresh()
        self.versions.show()
        self.versions.raise_()

    def show_bug(self, summary: str, log_path: str) -> None:
        """Tell of an error in the program; one that is told of already is only counted."""
        if self.bug is None:
            self.bug = BugReport(self._window)
        self.bug.tell(summary, log_path)

    def _on_setting_changed(self, name: str) -> None:
        application = QApplication.instance()
        if name == "text_size_px" and isinstance(application, QApplication):
            apply_theme(application, self._services.settings.text_size_px)
