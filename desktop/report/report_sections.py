"""The sections of a report under each other: short ones as high as their text, findings and impression the rest."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QSplitter, QVBoxLayout, QWidget

from db.records import TEXT_SECTIONS
from desktop import theme
from desktop.reading import Reading
from desktop.report.communication_row import CommunicationRow
from desktop.report.draft_pane import DraftPane
from desktop.report.section_editor import SectionEditor
from desktop.section_draft import DRAFT_SECTIONS
from desktop.text_spans import sentence_at

_HINTS = {
    "indication": "Why the study was done",
    "technique": "Views",
    "comparison": "Earlier studies",
    "recommendation": "What next",
}
_MOST_LINES = 4


class ReportSections(QScrollArea):
    """All editors of a report, and moving among them.

    Signals
    -------
    sentence_entered(str, int, int)
        The caret came into another sentence: section, start and end in characters.
    """

    sentence_entered = Signal(str, int, int)

    def __init__(self, reading: Reading, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self.editors = {
            name: SectionEditor(reading, name, most_lines=None if name in DRAFT_SECTIONS else _MOST_LINES)
            for name in TEXT_SECTIONS
        }
        self.panes = {name: DraftPane(reading, name) for name in DRAFT_SECTIONS}
        self.communications = CommunicationRow(reading)
        self._last = "findings"
        self._captions: list[QLabel] = []
        for name, editor in self.editors.items():
            editor.sentence_entered.connect(self.sentence_entered)
            editor.cursorPositionChanged.connect(lambda name=name: self._note_editor(name))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lay_out()
        for signal in (reading.opened, reading.report_changed):
            signal.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        large = QSplitter(Qt.Orientation.Vertical)
        large.setChildrenCollapsible(False)
        large.setHandleWidth(5)
        large.setStyleSheet("QSplitter::handle { background: transparent; }")
        for index, (name, share) in enumerate(zip(DRAFT_SECTIONS, (3, 2), strict=True)):
            large.addWidget(_stack(_caption(name.upper()), self.editors[name], self.panes[name]))
            large.setStretchFactor(index, share)
        large.setSizes([300, 200])
        inside = QWidget()
        inside.setObjectName("panel")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        is_large_in = False
        for name in TEXT_SECTIONS:
            if name not in DRAFT_SECTIONS:
                column.addLayout(self._row(name.upper(), self.editors[name]))
            elif not is_large_in:
                column.addWidget(large, 1)
                is_large_in = True
        column.addLayout(self._row("CRITICAL RESULT", self.communications))
        self.setWidget(inside)

    def _row(self, text: str, widget: QWidget) -> QHBoxLayout:
        caption = _caption(text)
        caption.setContentsMargins(0, 10, 0, 0)
        self._captions.append(caption)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.SPACE_PX)
        row.addWidget(caption, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(widget, 1)
        return row

    def showEvent(self, event: QShowEvent) -> None:
        """The size of the text is known for certain now."""
        super().showEvent(event)
        self._align_captions()

    def changeEvent(self, event: QEvent) -> None:
        """Another size of the text makes other captions."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._align_captions()

    def _align_captions(self) -> None:
        width = max((caption.sizeHint().width() for caption in self._captions), default=0)
        for caption in self._captions:
            caption.setFixedWidth(width)

    def refresh(self) -> None:
        """Show hints only where the reader may write."""
        can_edit = self._reading.can_edit
        for name, editor in self.editors.items():
            hint = _HINTS.get(name, "Type here; a draft never overwrites you")
            editor.setPlaceholderText(hint if can_edit else "")

    # -- where the keyboard is ----------------------------------------------------------------------------------

    def _note_editor(self, name: str) -> None:
        if self.editors[name].hasFocus():
            self._last = name

    def focused(self) -> SectionEditor | None:
        """The editor that has the keyboard."""
        return next((editor for editor in self.editors.values() if editor.hasFocus()), None)

    def current(self) -> SectionEditor:
        """The editor that has the keyboard, or had it last."""
        return self.focused() or self.editors[self._last]

    def go_to(self, section: str, start: int, end: int) -> None:
        """Select a stretch of a section and give it the keyboard."""
        editor = self.editors[section]
        self._last = section
        self.ensureWidgetVisible(editor)
        editor.select(start, end)
        editor.setFocus()

    # -- AI sentences -------------------------------------------------------------------------------------------

    def current_ai_sentence(self) -> tuple[str, int, int] | None:
        """The sentence not reviewed yet that the caret is in."""
        editor = self.current()
        at = sentence_at(editor.section_text.text, editor.caret())
        return (editor.section, *at) if at is not None and at in editor.section_text.unreviewed() else None

    def next_ai_sentence(self) -> tuple[str, int, int] | None:
        """The sentence not reviewed yet that comes next after the caret; from the top again at the end."""
        waiting = self._reading.unreviewed()
        order = list(TEXT_SECTIONS)
        editor = self.current()
        here = (order.index(editor.section), editor.caret())
        after = [one for one in waiting if (order.index(one[0]), one[1]) >= here]
        return next(iter(after or waiting), None)

    def section_with_offer(self) -> str | None:
        """The section whose text beside it is meant: the current one's, else the first that has any."""
        here = self.current().section
        names = [here, *(name for name in DRAFT_SECTIONS if name != here)]
        return next((name for name in names if self._reading.aside(name)), None)


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("caption")
    return label


def _stack(caption: QLabel, editor: QWidget, pane: QWidget) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addWidget(caption)
    column.addWidget(editor, 1)
    column.addWidget(pane)
    return box
