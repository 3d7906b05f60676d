"""The editor of one section: the document and the reading's text are the same at every moment."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from desktop import theme
from desktop.reading import Reading
from desktop.report.edit_highlighter import ai_lines, ai_selections
from desktop.text_spans import Origin, Run, difference, plain, utf16_length

MARGIN_PX = 24
_STATES_KEPT = 400


class SectionEditor(QPlainTextEdit):
    """Edits one section of the reading; what the model writes arrives through the reading."""

    def __init__(self, reading: Reading, section: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading, self._section = reading, section
        self._is_applying = self._is_own_change = False
        self._was_streaming = False
        self._undo_steps = self._redo_steps = 0
        self._states: dict[str, tuple[Run, ...]] = {}
        self.setTabChangesFocus(True)
        self.setViewportMargins(MARGIN_PX, 0, 0, 0)
        self._margin = _AiMargin(self)
        self._redraw = QTimer(self, singleShot=True, interval=0)
        self._redraw.timeout.connect(self._show_origins)
        self.document().contentsChange.connect(self._on_contents_change)
        self.updateRequest.connect(lambda *_: self._margin.update())
        reading.section_spliced.connect(self._on_section_spliced)
        reading.opened.connect(self.reload)
        reading.report_changed.connect(self._on_report_changed)
        self.reload()

    def reload(self) -> None:
        """Show the reading's text from scratch."""
        self._is_applying = True
        self.setPlainText(self._reading.sections[self._section].text)
        self._is_applying = False
        self._states.clear()
        self._was_streaming = False
        self._count_steps()
        self._on_report_changed()

    def _on_report_changed(self) -> None:
        self.setReadOnly(not self._reading.can_edit)
        self._redraw.start()

    # -- reader -> reading --------------------------------------------------------------------------------------

    def _on_contents_change(self, _position: int, _removed: int, _added: int) -> None:
        if self._is_applying:
            return
        section = self._reading.sections[self._section]
        new = self.toPlainText()
        position, removed, inserted = difference(section.text, new)
        is_step_back = self._is_undo_or_redo()
        self._count_steps()
        if not removed and not inserted:
            return
        self._remember()
        self._was_streaming = False
        self._is_own_change = True
        self._reading.splice(self._section, position, removed, inserted, "reader")
        self._is_own_change = False
        if is_step_back and new in self._states:
            self._reading.restore_origins(self._section, self._states[new])
        self._redraw.start()

    def _is_undo_or_redo(self) -> bool:
        document = self.document()
        return document.availableUndoSteps() < self._undo_steps or 0 < self._redo_steps != document.availableRedoSteps()

    def _count_steps(self) -> None:
        self._undo_steps = self.document().availableUndoSteps()
        self._redo_steps = self.document().availableRedoSteps()

    def _remember(self) -> None:
        """Keep the origins of the text as it was, so that undo brings them back too."""
        section = self._reading.sections[self._section]
        self._states.pop(section.text, None)
        self._states[section.text] = section.runs
        while len(self._states) > _STATES_KEPT:
            del self._states[next(iter(self._states))]

    # -- reading -> editor --------------------------------------------------------------------------------------

    def _on_section_spliced(self, section: str, position: int, removed: int, inserted: str) -> None:
        if section != self._section or self._is_own_change:
            return
        text = self.toPlainText()
        start = utf16_length(text[:position])
        end = start + utf16_length(text[position : position + removed])
        cursor = QTextCursor(self.document())
        self._is_applying = True
        if self._was_streaming:  # the whole stream is one step back
            cursor.joinPreviousEditBlock()
        else:
            cursor.beginEditBlock()
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(inserted)
        cursor.endEditBlock()
        self._is_applying = False
        self._was_streaming = True
        self._count_steps()
        self._redraw.start()

    # -- origins ------------------------------------------------------------------------------------------------

    def _show_origins(self) -> None:
        section = self._reading.sections[self._section]
        is_shown = not self._reading.is_signed and section.has_ai
        self._margin.lines = ai_lines(section) if is_shown else {}
        self.setExtraSelections(ai_selections(self.document(), section) if is_shown else [])
        self._margin.update()

    def insertFromMimeData(self, source: object) -> None:
        """Paste plain text only."""
        self.insertPlainText(plain(source.text()))  # type: ignore[attr-defined]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the margin beside the text."""
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._margin.setGeometry(QRect(inside.left(), inside.top(), MARGIN_PX, inside.height()))

    def minimumSizeHint(self) -> QSize:
        """Three lines."""
        return QSize(220, self.fontMetrics().lineSpacing() * 3 + 16)


class _AiMargin(QWidget):
    """A bar beside each line with AI text, and "AI" where one begins."""

    def __init__(self, editor: SectionEditor) -> None:
        super().__init__(editor)
        self._editor = editor
        self.lines: dict[int, Origin] = {}
        self.setToolTip("AI: text of the model as it came. A dashed bar: AI text that you have changed.")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is in sight."""
        painter = QPainter(self)
        font = QFont(self.font())
        font.setPixelSize(9)
        font.setBold(True)
        painter.setFont(font)
        editor = self._editor
        block = editor.firstVisibleBlock()
        while block.isValid():
            box = editor.blockBoundingGeometry(block).translated(editor.contentOffset())
            if box.top() > self.height():
                break
            origin = self.lines.get(block.blockNumber())
            if origin is not None:
                self._paint_line(painter, int(box.top()), int(box.height()), block.blockNumber(), origin)
            block = block.next()
        painter.end()

    def _paint_line(self, painter: QPainter, top: int, height: int, number: int, origin: str) -> None:
        colour = QColor(theme.AI_MARK if origin == "ai" else theme.MUTED)
        style = Qt.PenStyle.SolidLine if origin == "ai" else Qt.PenStyle.DashLine
        painter.setPen(QPen(colour, 2, style, Qt.PenCapStyle.FlatCap))
        painter.drawLine(MARGIN_PX - 4, top + 2, MARGIN_PX - 4, top + height - 2)
        if self.lines.get(number - 1) is None:
            painter.setPen(colour)
            line = self.fontMetrics().height()
            painter.drawText(QRect(0, top, MARGIN_PX - 7, line), Qt.AlignmentFlag.AlignCenter, "AI")
