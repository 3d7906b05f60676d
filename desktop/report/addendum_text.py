"""The text of an addendum: templates and macros for addenda, and the fields in them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QMenu, QPlainTextEdit, QToolButton, QWidget

from desktop.operations.templates import Templates
from gaze2report.report_templates.fields import find_fields, use_defaults
from gaze2report.report_templates.merge import expand
from gaze2report.report_templates.template import SHORTEST_SHORTCUT, Template


class AddendumText(QPlainTextEdit):
    """Plain text with fields: F8 goes to the next one, Tab behind the shortcut of a macro puts its text there."""

    def __init__(self, templates: Templates, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._templates = templates
        self.setTabChangesFocus(True)
        self.setPlaceholderText("What is to be added")
        self.template_button = QToolButton()
        self.template_button.setText("Templates")
        self.template_button.setAccessibleName("Templates for addenda")
        self.template_button.setToolTip("Templates and macros for addenda; F8 goes to the next field")
        self.template_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self.template_button)
        self._menu.setToolTipsVisible(True)
        self.template_button.setMenu(self._menu)
        templates.changed.connect(self.offer)
        self.offer()

    def offer(self) -> None:
        """Offer what suits the patient on screen, the default first."""
        self._menu.clear()
        offered = self._templates.offered("addendum")
        for template in offered:
            action = QAction(template.name, self._menu)
            action.setToolTip(_whole(template))
            action.triggered.connect(lambda _=False, one=template: self.insert_template(one))
            self._menu.addAction(action)
        self.template_button.setVisible(bool(offered))

    def insert_template(self, template: Template) -> None:
        """Put a template at the caret and choose its first field."""
        cursor = self.textCursor()
        begins_at = cursor.selectionStart()
        text = expand(_whole(template), self._templates.merge_data())
        before = self.toPlainText()[:begins_at]
        cursor.insertText(text if not before or before[-1].isspace() else f" {text}")
        cursor.setPosition(begins_at)
        self.setTextCursor(cursor)
        self.setFocus()
        if not self.next_field():
            cursor.setPosition(begins_at + len(text))
            self.setTextCursor(cursor)

    def next_field(self) -> bool:
        """Choose the next field, from the last on the first; False when there is none."""
        fields = find_fields(self.toPlainText())
        if not fields:
            return False
        caret = self.textCursor().selectionEnd()
        chosen = next((one for one in fields if one.start >= caret), fields[0])
        cursor = self.textCursor()
        cursor.setPosition(chosen.start)
        cursor.setPosition(chosen.end, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        return True

    def open_field(self) -> str:
        """The first field that the reader has to fill; empty when there is none."""
        text = self.toPlainText()
        return next((text[one.start : one.end] for one in find_fields(text) if one.is_mandatory), "")

    def final_text(self) -> str:
        """The text to sign: each field that was left with a default says the default."""
        return use_defaults(self.toPlainText())

    # -- Qt -----------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Keep F8 for the fields here while there are any; elsewhere it goes through those of the report."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            is_bare_f8 = event.key() == Qt.Key.Key_F8 and not event.modifiers()
            if is_bare_f8 and find_fields(self.toPlainText()):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take F8 and Tab behind a shortcut."""
        is_bare = not event.modifiers()
        if is_bare and event.key() == Qt.Key.Key_F8 and self.next_field():
            return
        if is_bare and event.key() == Qt.Key.Key_Tab and self._take_macro():
            return
        super().keyPressEvent(event)

    def _take_macro(self) -> bool:
        cursor = self.textCursor()
        if cursor.hasSelection():
            return False
        cursor.select(QTextCursor.SelectionType.WordUnderCursor)
        word = cursor.selectedText()
        macro = self._templates.macro(word, "addendum") if len(word) >= SHORTEST_SHORTCUT else None
        if macro is None:
            return False
        self.setTextCursor(cursor)
        self.insert_template(macro)
        return True


def _whole(template: Template) -> str:
    return "\n".join(text for _, text in template.sections if text)
