"""Macros: as soon as a shortcut is typed its text is shown below the caret; Tab puts it in its place."""

from __future__ import annotations

import re

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel

from desktop import theme
from desktop.operations.templates import Templates
from desktop.reading import Reading
from desktop.report.report_sections import ReportSections
from desktop.report.section_editor import SectionEditor
from gaze2report.report_templates.fields import find_fields
from gaze2report.report_templates.merge import expand
from gaze2report.report_templates.template import SHORTEST_SHORTCUT, Template

_WORD_BEHIND = re.compile(r"(?<![\w-])([A-Za-z][A-Za-z0-9]*)$")
_LONGEST_SHORTCUT = 20
_LONGEST_PREVIEW = 240


class MacroHint(QLabel):
    """Preview of the macro whose shortcut stands before the caret.

    Signals
    -------
    has_fields
        A macro with fields is in the text, the caret before the first of them.
    """

    has_fields = Signal()

    def __init__(self, reading: Reading, templates: Templates, sections: ReportSections) -> None:
        super().__init__(sections)
        self._reading, self._templates, self._sections = reading, templates, sections
        self.macro: Template | None = None
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setStyleSheet(
            f"background: {theme.RAISED}; color: {theme.TEXT}; border: 1px solid {theme.ACCENT_DEEP}; padding: 4px 6px;"
        )
        self.hide()
        for editor in sections.editors.values():
            editor.key_filters.insert(0, self._take_key)
            editor.cursorPositionChanged.connect(lambda editor=editor: self._look(editor))
        reading.opened.connect(self.hide)

    def _look(self, editor: SectionEditor) -> None:
        word = self._word_before(editor)
        is_wanted = editor.hasFocus() and self._reading.can_edit and len(word) >= SHORTEST_SHORTCUT
        self.macro = self._templates.macro(word) if is_wanted else None
        if self.macro is None:
            self.hide()
            return
        text = expand(self.macro.text, self._templates.merge_data())
        preview = text if len(text) <= _LONGEST_PREVIEW else f"{text[:_LONGEST_PREVIEW]}..."
        self.setText(f"{self.macro.name} - Tab takes, Esc leaves\n{preview}")
        self._place(editor)

    def _place(self, editor: SectionEditor) -> None:
        width = max(self._sections.viewport().width() - 24, 160)
        self.setFixedWidth(width)
        self.setFixedHeight(self.heightForWidth(width) + 4)
        below = editor.viewport().mapTo(self._sections, editor.cursorRect().bottomLeft() + QPoint(0, 4))
        above = editor.viewport().mapTo(self._sections, editor.cursorRect().topLeft() - QPoint(0, self.height() + 4))
        fits = below.y() + self.height() <= self._sections.height()
        self.move(12, below.y() if fits else max(above.y(), 0))
        self.show()
        self.raise_()

    def _word_before(self, editor: SectionEditor) -> str:
        if editor.textCursor().hasSelection():
            return ""
        at = editor.caret()
        match = _WORD_BEHIND.search(editor.section_text.text[max(0, at - _LONGEST_SHORTCUT - 1) : at])
        return match[1] if match else ""

    def _take_key(self, editor: SectionEditor, event: QKeyEvent) -> bool:
        if self.isHidden() or self.macro is None:
            return False
        if event.key() == Qt.Key.Key_Tab:
            self._expand(editor, self.macro)
            return True
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            return True
        return False

    def _expand(self, editor: SectionEditor, macro: Template) -> None:
        word, at = self._word_before(editor), editor.caret()
        text = expand(macro.text, self._templates.merge_data())
        start = at - len(word)
        self._reading.splice(editor.section, start, len(word), text, "macro")
        caret = start if find_fields(text) else start + len(text)
        editor.select(caret, caret)
        self.hide()
        if find_fields(text):
            self.has_fields.emit()
