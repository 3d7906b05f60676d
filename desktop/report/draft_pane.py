"""What the model wrote for a section in which the reader was writing: beside it, out of the way."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from desktop import theme
from desktop.reading import Reading

_MOST_HEIGHT_PX = 150


class DraftPane(QFrame):
    """The part of a section's draft that is not in the section; hidden when there is none."""

    def __init__(self, reading: Reading, section: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("draftPane")
        self._reading, self._section = reading, section
        caption = QLabel("AI DRAFT, NOT IN YOUR TEXT")
        caption.setObjectName("caption")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setStyleSheet(f"color: {theme.TEXT}; background: {theme.AI_TINT}; padding: 4px 6px;")
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        scroll = QScrollArea()
        scroll.setAccessibleName(f"AI draft of the {section}, not in the text")
        scroll.setWidget(self.text)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setMaximumHeight(_MOST_HEIGHT_PX)
        self._scroll = scroll
        self.take_button = self._button("Take first", "Put its first sentence behind your text, as accepted (F9)")
        self.take_button.clicked.connect(lambda: reading.take_sentence(section))
        self.drop_button = self._button("Drop first", "Put its first sentence away (Shift+F9)")
        self.drop_button.clicked.connect(lambda: reading.drop_sentence(section))
        self.insert_button = self._button("Insert all", "Put all of it behind your text; it is still to be reviewed")
        self.insert_button.clicked.connect(lambda: reading.insert_draft(section))
        self.dismiss_button = self._button("Dismiss", "Put all of it away")
        self.dismiss_button.clicked.connect(lambda: reading.dismiss_draft(section))
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in (self.take_button, self.drop_button, self.insert_button, self.dismiss_button):
            row.addWidget(button)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 6, 6)
        column.setSpacing(6)
        column.addWidget(caption)
        column.addWidget(scroll)
        column.addLayout(row)
        for signal in (reading.draft_changed, reading.opened, reading.report_changed):
            signal.connect(self.refresh)
        self.refresh()

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAccessibleName(f"{text} of the AI draft of the {self._section}")
        return button

    def refresh(self) -> None:
        """Show what lies beside the section now."""
        draft, text = self._reading.section_drafts.get(self._section), self._reading.aside(self._section)
        self.text.setText(text)
        self.setVisible(bool(text))
        if text:
            width = max(self._scroll.viewport().width(), 240)
            self._scroll.setFixedHeight(min(self.text.heightForWidth(width) + 4, _MOST_HEIGHT_PX))
            for button in (self.take_button, self.drop_button, self.insert_button):
                button.setEnabled(draft is not None and draft.is_complete)
