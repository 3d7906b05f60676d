"""Spelling in the editors: checked in the background, marked with a wave, suggestions on right click."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QColor, QTextCharFormat
from PySide6.QtWidgets import QMenu

from desktop import theme
from desktop.report.edit_highlighter import Stretch
from desktop.report.report_sections import ReportSections
from desktop.report.section_editor import SectionEditor
from desktop.services import Services

if TYPE_CHECKING:
    from gaze2report.spelling.speller import Misspelling, Speller

CHECK_AFTER_MS = 500

Found = dict[str, tuple[str, "list[Misspelling]"]]
"""By section: the text that was checked, and what was found in it."""


class Spelling(QObject):
    """Keeps the marks of the editors like their texts; a word is left alone while the caret is at its end."""

    def __init__(self, services: Services, sections: ReportSections) -> None:
        super().__init__(sections)
        self._services, self._reading, self._sections = services, services.reading, sections
        self._speller: Speller | None = None
        self._found: Found = {}
        self._is_checking = False
        self._later = QTimer(self, singleShot=True, interval=CHECK_AFTER_MS)
        self._later.timeout.connect(self._check)
        for editor in sections.editors.values():
            editor.more_looks.append(partial(self._looks, editor))
            editor.menu_fillers.append(self._fill_menu)
        self._reading.edited.connect(self._later.start)
        self._reading.opened.connect(self._later.start)

    def _check(self) -> None:
        if self._is_checking or not self._reading.can_edit:
            return
        wanted = {
            name: section.text
            for name, section in self._reading.sections.items()
            if self._found.get(name, ("", []))[0] != section.text
        }
        if not any(wanted.values()):
            self._found.update({name: (text, []) for name, text in wanted.items()})
            return
        self._is_checking = True
        own_words = self._services.settings.own_words if self._speller is None else ()
        self._services.background.run(
            self, _misspellings, self._speller, own_words, wanted, on_success=self._take, on_failure=self._fail
        )

    def _take(self, answer: tuple[Speller, Found]) -> None:
        self._speller, found = answer
        self._is_checking = False
        self._found.update(found)
        for name in found:
            self._sections.editors[name].show_looks()
        self._check()  # what was typed meanwhile

    def _fail(self, error: BaseException) -> None:
        """Without a dictionary nothing is marked, and that is said once; reports are written all the same."""
        self._services.reporter.report(error)

    def _here(self, editor: SectionEditor) -> list[Misspelling]:
        text, found = self._found.get(editor.section, ("", []))
        return found if text == editor.section_text.text and self._reading.can_edit else []

    def _looks(self, editor: SectionEditor) -> list[Stretch]:
        at = editor.caret() if editor.hasFocus() else -1
        return [(one.start, one.end, _wave()) for one in self._here(editor) if one.end != at]

    # -- right click --------------------------------------------------------------------------------------------

    def _fill_menu(self, editor: SectionEditor, menu: QMenu, at: int) -> None:
        one = next((one for one in self._here(editor) if one.start <= at <= one.end), None)
        if one is None:
            return
        word = editor.section_text.text[one.start : one.end]
        first = menu.actions()[0] if menu.actions() else None
        actions = [QAction(suggestion, menu) for suggestion in one.suggestions]
        for action in actions:
            action.triggered.connect(partial(self._replace, editor, one, action.text()))
        learn = QAction(f'Add "{word}" to my words', menu)
        learn.triggered.connect(partial(self._learn, word))
        menu.insertActions(first, [*actions, learn])
        menu.insertSeparator(first)

    def _replace(self, editor: SectionEditor, one: Misspelling, word: str, _is_checked: bool = False) -> None:
        if one in self._here(editor):
            self._reading.splice(editor.section, one.start, one.end - one.start, word)

    def _learn(self, word: str, _is_checked: bool = False) -> None:
        settings = self._services.settings
        settings.own_words = (*settings.own_words, word.lower())
        if self._speller is not None:
            self._speller.add(word)
        self._found.clear()
        self._later.start()


def _wave() -> QTextCharFormat:
    look = QTextCharFormat()
    look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
    look.setUnderlineColor(QColor(theme.ERROR))
    return look


def _misspellings(speller: Speller | None, own_words: tuple[str, ...], texts: dict[str, str]) -> tuple[Speller, Found]:
    if speller is None:
        from gaze2report.spelling.speller import Speller

        speller = Speller(own_words)
    return speller, {name: (text, speller.misspellings(text)) for name, text in texts.items()}
