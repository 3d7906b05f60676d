"""The settings: one window beside the work, whose choices hold at once."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTabWidget, QVBoxLayout, QWidget

from desktop.panels.keys_page import KeysPage
from desktop.panels.settings_pages import AboutPage, DisplayPage, GeneralPage
from desktop.services import Services

PageName = Literal["General", "Display", "Keys", "About"]


class SettingsDialog(QDialog):
    """Pages of settings; the reader can go on reading while it is open."""

    def __init__(self, services: Services, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.setWindowFlag(Qt.WindowType.Tool)
        self.general = GeneralPage(services)
        self.display = DisplayPage(services)
        self.keys = KeysPage(services.actions)
        self.about = AboutPage(services)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName("Pages of the settings")
        for name, page in zip(
            ("General", "Display", "Keys", "About"), (self.general, self.display, self.keys, self.about), strict=True
        ):
            self.tabs.addTab(page, name)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 12)
        column.addWidget(self.tabs, 1)
        buttons.setContentsMargins(18, 0, 18, 0)
        column.addWidget(buttons)
        self.resize(720, 560)

    def show_page(self, name: PageName) -> None:
        """Open it on a page."""
        for number in range(self.tabs.count()):
            if self.tabs.tabText(number) == name:
                self.tabs.setCurrentIndex(number)
        self.show()
        self.raise_()
        self.activateWindow()
