"""The menus and their keys: a table of what the window can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenuBar

from desktop.model_host import ModelHost

if TYPE_CHECKING:
    from desktop.main_window import MainWindow

Entry = tuple[str, str, Callable[[], object]] | None
"""Text, key ("" for none) and call; None is a line between two groups."""


def make_menus(bar: QMenuBar, window: MainWindow, host: ModelHost) -> None:
    """Fill the menu bar; the keys work wherever the keyboard is."""
    view, report = window.viewer.view, window.report
    menus: dict[str, tuple[Entry, ...]] = {
        "&File": (
            ("Open &files...", "Ctrl+O", window.ask_for_files),
            ("Open f&older...", "Ctrl+Shift+O", window.ask_for_folder),
            None,
            ("&Quit", "Ctrl+Q", window.close),
        ),
        "&Study": (
            ("&Worklist", "Ctrl+L", window.show_worklist),
            ("&Filter the worklist", "Ctrl+F", window.focus_filter),
            None,
            ("Next &unread", "Ctrl+N", window.open_next_unread),
            ("Study &before", "Ctrl+Left", lambda: window.open_neighbour(-1)),
            ("Study &after", "Ctrl+Right", lambda: window.open_neighbour(1)),
        ),
        "&Image": (
            ("&Fit", "Ctrl+Return", view.fit),
            ("&1:1", "Ctrl+0", view.zoom_to_pixels),
            ("Zoom &in", "Ctrl++", lambda: view.zoom(1.25)),
            ("Zoom &out", "Ctrl+-", lambda: view.zoom(0.8)),
            ("&Invert", "Ctrl+Shift+I", view.invert),
            None,
            ("Predicted &gaze (AI)", "F4", window.viewer.toggle_gaze),
        ),
        "&Report": (
            ("&Keyboard to report / image", "F3", window.switch_focus),
            None,
            ("&Draft / cancel draft", "F5", report.draft_or_cancel),
            ("&Insert AI draft", "F9", report.insert_drafts),
            None,
            ("&Accept as preliminary", "F10", report.accept),
            ("&Sign...", "F12", report.ask_to_sign),
            ("&Copy text", "", report.copy_text),
        ),
        "&Model": (("Start &again", "", host.retry_now), ("Switch &off", "", host.switch_off)),
        "&Help": (("&Keys", "F1", window.show_keys),),
    }
    for title, entries in menus.items():
        menu = bar.addMenu(title)
        for entry in entries:
            if entry is None:
                menu.addSeparator()
            else:
                menu.addAction(_action(window, *entry))


def _action(window: MainWindow, text: str, key: str, call: Callable[[], object]) -> QAction:
    action = QAction(text, window)
    if key:
        action.setShortcut(QKeySequence(key))
    action.triggered.connect(lambda _=False: call())
    return action
