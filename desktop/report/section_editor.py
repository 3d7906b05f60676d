"""The editor of one section: the document and the reading's text are the same at every moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QInputMethodEvent, QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QMenu, QPlainTextEdit, QToolTip, QWidget

from desktop.reading import Reading
from desktop.report.ai_margin import MARGIN_PX, AiMargin
from desktop.report.edit_highlighter import (
    ORIGIN_TEXTS,
    Stretch,
    ai_stretches,
    field_stretches,
    linked_format,
    selections,
)
from desktop.report.origin_mime import put_origins, spans_of
from desktop.text_spans import (
    Origin,
    SectionText,
    Span,
    code_points,
    difference_at,
    plain,
    sentence_at,
    utf16_length,
)

_STATES_KEPT = 400


class SectionEditor(QPlainTextEdit):
    """Edits one section of the reading; what the model writes arrives through the reading.

    Parameters
    ----------
    most_lines : int, optional
        The editor is as high as its text, up to so many lines; without it, it takes the room it is given.

    Signals
    -------
    sentence_entered(str, int, int)
        The caret came into another sentence of this section: section, start and end in characters.
    """

    sentence_entered = Signal(str, int, int)

    def __init__(
        self, reading: Reading, section: str, parent: QWidget | None = None, *, most_lines: int | None = None
    ) -> None:
        super().__init__(parent)
        self._reading, self._section, self._most_lines = reading, section, most_lines
        self._is_applying = self._is_own_change = False
        self._was_streaming = False
        self._undo_steps = 0
        self._undone: list[str] = []
        self._states: dict[str, tuple[Span, ...]] = {}
        self._now: tuple[str, tuple[Span, ...]] = ("", ())
        self._origin: Origin = "reader"
        self._linked: tuple[tuple[int, int], ...] = ()
        self._sentence: tuple[int, int] | None = None
        self.key_filters: list[Callable[[SectionEditor, QKeyEvent], bool]] = []
        self.more_looks: list[Callable[[], list[Stretch]]] = []
        self.menu_fillers: list[Callable[[SectionEditor, QMenu, int], None]] = []
        self.setAccessibleName(section.capitalize())
        self.setTabChangesFocus(True)
        self._margin = AiMargin(self)
        self._redraw = QTimer(self, singleShot=True, interval=0)
        self._redraw.timeout.connect(self.show_looks)
        self.document().contentsChange.connect(self._on_contents_change)
        self.document().documentLayout().documentSizeChanged.connect(self._fit_height)
        self.cursorPositionChanged.connect(self._on_caret_moved)
        self.updateRequest.connect(lambda *_: self._margin.update())
        reading.section_spliced.connect(self._on_section_spliced)
        reading.origins_changed.connect(self._on_origins_changed)
        reading.opened.connect(self.reload)
        reading.text_replaced.connect(self.reload)
        reading.report_changed.connect(self._on_report_changed)
        self.reload()

    @property
    def section(self) -> str:
        """Name of the section."""
        return self._section

    @property
    def section_text(self) -> SectionText:
        """Text and origins, as the reading holds them."""
        return self._reading.sections[self._section]

    @property
    def shows_origins(self) -> bool:
        """Whether AI text is marked: until the report is signed."""
        return not self._reading.is_signed and self.section_text.has_ai

    def reload(self) -> None:
        """Show the reading's text from scratch."""
        self._is_applying = True
        self.setPlainText(self.section_text.text)
        self._is_applying = False
        self._states.clear()
        self._undone.clear()
        self._was_streaming = False
        self._linked = ()
        self._note_state()
        self._fit_height()
        self._on_report_changed()

    def _on_report_changed(self) -> None:
        self.setReadOnly(not self._reading.can_edit)
        self._redraw.start()

    # -- reader -> reading --------------------------------------------------------------------------------------

    def _on_contents_change(self, at: int, _removed: int, _added: int) -> None:
        if self._is_applying:
            return
        old, new = self.section_text.text, self.toPlainText()
        position, removed, inserted = difference_at(old, new, code_points(new, at))
        is_step_back = self._is_undo_or_redo(old, new)
        self._remember()
        if not removed and not inserted:
            self._note_state()
            return
        self._was_streaming = False
        self._is_own_change = True
        self._reading.splice(self._section, position, removed, inserted, self._origin)
        if is_step_back and new in self._states:
            self._reading.restore_origins(self._section, self._states[new])
        self._is_own_change = False
        self._note_state()
        self._redraw.start()

    def _is_undo_or_redo(self, old: str, new: str) -> bool:
        """Qt does not say so, and counts one redo step too few: a redo brings back the text that was undone last."""
        if self.document().availableUndoSteps() < self._undo_steps:
            self._undone.append(old)
            return True
        if self._undone and self._undone[-1] == new:
            self._undone.pop()
            return True
        self._undone.clear()
        return False

    def _note_state(self) -> None:
        self._undo_steps = self.document().availableUndoSteps()
        self._now = (self.section_text.text, self.section_text.spans)

    def _remember(self) -> None:
        """Keep the origins of the text as it was, so that undo brings them back too."""
        text, spans = self._now
        self._states.pop(text, None)
        self._states[text] = spans
        while len(self._states) > _STATES_KEPT:
            del self._states[next(iter(self._states))]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that somebody has taken over here, then typing."""
        if not any(takes(self, event) for takes in self.key_filters):
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Tab would go to the next control before it came to `keyPressEvent`."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            is_tab = event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
            if is_tab and any(takes(self, event) for takes in self.key_filters):
                return True
        return super().event(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The usual menu, with what somebody has to say of the word under the pointer."""
        self.context_menu(event.pos()).popup(event.globalPos())

    def context_menu(self, at: QPoint) -> QMenu:
        """The menu of a point of the editor."""
        menu = self.createStandardContextMenu(at)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        place = code_points(self.toPlainText(), self.cursorForPosition(at).position())
        for fill in self.menu_fillers:
            fill(self, menu, place)
        return menu

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste plain text: what was copied from a report keeps its origins, all else is from another program."""
        text = plain(source.text())
        if not text or self.isReadOnly():
            return
        start = code_points(self.toPlainText(), self.textCursor().selectionStart())
        self._insert_as(text, "external")
        self._reading.mark(self._section, start, spans_of(source, text))

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy the text with its origins."""
        data = QMimeData()
        text, cursor = self.toPlainText(), self.textCursor()
        start, end = code_points(text, cursor.selectionStart()), code_points(text, cursor.selectionEnd())
        data.setText(text[start:end])
        put_origins(data, self.section_text, start, end)
        return data

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Several words at once through the input method are dictated, not typed."""
        is_dictated = " " in event.commitString().strip()
        self._origin = "external" if is_dictated else "reader"
        super().inputMethodEvent(event)
        self._origin = "reader"

    def _insert_as(self, text: str, origin: Origin) -> None:
        self._origin = origin
        self.insertPlainText(text)
        self._origin = "reader"

    # -- reading -> editor --------------------------------------------------------------------------------------

    def _on_section_spliced(self, section: str, position: int, removed: int, inserted: str) -> None:
        if section != self._section or self._is_own_change:
            return
        text = self.toPlainText()
        start = utf16_length(text[:position])
        end = start + utf16_length(text[position : position + removed])
        self._remember()
        cursor = QTextCursor(self.document())
        self._is_applying = True
        if self._was_streaming and self._reading.is_model_writing:  # the whole stream is one step back
            cursor.joinPreviousEditBlock()
        else:
            cursor.beginEditBlock()
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(inserted)
        cursor.endEditBlock()
        self._is_applying = False
        self._undone.clear()
        self._was_streaming = self._reading.is_model_writing
        self._note_state()
        self._redraw.start()

    def _on_origins_changed(self, section: str) -> None:
        if section == self._section:
            self._note_state()
            self._redraw.start()

    # -- sentences ----------------------------------------------------------------------------------------------

    def caret(self) -> int:
        """Position of the caret in characters."""
        return code_points(self.toPlainText(), self.textCursor().position())

    def select(self, start: int, end: int) -> None:
        """Select a stretch, in characters, and bring it into sight."""
        text = self.toPlainText()
        cursor = self.textCursor()
        cursor.setPosition(utf16_length(text[:start]))
        cursor.setPosition(utf16_length(text[:end]), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def highlight_sentences(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Highlight stretches of the text (start, end in characters); none takes the highlight away."""
        self._linked = tuple(ranges)
        self.show_looks()

    def _on_caret_moved(self) -> None:
        if self._is_applying:
            return
        sentence = sentence_at(self.section_text.text, self.caret())
        if sentence != self._sentence:
            self._sentence = sentence
            self.sentence_entered.emit(self._section, *(sentence or (0, 0)))

    # -- looks --------------------------------------------------------------------------------------------------

    def looks(self) -> list[Stretch]:
        """Stretches with their look, later ones over earlier ones."""
        length = len(self.section_text.text)
        linked = [(start, min(end, length), linked_format()) for start, end in self._linked if start < length]
        more = [stretch for looks in self.more_looks for stretch in looks()]
        fields = field_stretches(self.section_text.text) if self._reading.can_edit else []
        return [*(ai_stretches(self.section_text) if self.shows_origins else []), *more, *fields, *linked]

    def show_looks(self) -> None:
        """Show what is known of the text, in the text and in the margin."""
        self.setExtraSelections(selections(self.document(), self.section_text.text, self.looks()))
        self._fit_margin()
        self._margin.update()

    def margin_marks(self) -> list[str | None]:
        """Mark in the margin of each line on screen, None for a line without AI text."""
        return list(self._margin.marks())

    def viewportEvent(self, event: QEvent) -> bool:
        """Say of a word under the pointer where it came from."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = code_points(self.toPlainText(), self.cursorForPosition(event.pos()).position())
            is_inside = at < len(self.section_text.text)
            QToolTip.showText(event.globalPos(), self._origin_text(at) if is_inside else "", self)
            return True
        return super().viewportEvent(event)

    def _origin_text(self, at: int) -> str:
        _, _, origin, is_accepted = next(s for s in self.section_text.spans if s[0] <= at < s[1])
        return "AI text as it came, accepted by the reader" if is_accepted else ORIGIN_TEXTS[origin]

    # -- size ---------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the margin beside the text."""
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._margin.setGeometry(QRect(inside.left(), inside.top(), MARGIN_PX, inside.height()))

    def _fit_margin(self) -> None:
        """A section of a line or two has no room to give away: its margin is there with the first AI text."""
        has_margin = self._most_lines is None or self.shows_origins
        self._margin.setVisible(has_margin)
        self.setViewportMargins(MARGIN_PX if has_margin else 0, 0, 0, 0)

    def _fit_height(self) -> None:
        if self._most_lines is not None:
            lines = min(max(1, int(self.document().size().height())), self._most_lines)
            self.setFixedHeight(self.fontMetrics().lineSpacing() * lines + 20)
            policy = Qt.ScrollBarPolicy
            has_more = lines == self._most_lines
            self.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if has_more else policy.ScrollBarAlwaysOff)

    def sizeHint(self) -> QSize:
        """No higher than it must be: where words wrap, a scroll area gives its content the height it would like."""
        return QSize(super().sizeHint().width(), self.minimumSizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Three lines."""
        return QSize(150, self.fontMetrics().lineSpacing() * (1 if self._most_lines else 3) + 16)
