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
        scroll.setWidget(self.text)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setMaximumHeight(_MOST_HEIGHT_PX)
        self._scroll = scroll
        self.insert_button = QPushButton("Insert")
        self.insert_button.setToolTip("Put it behind your text (F9)")
        self.insert_button.clicked.connect(lambda: reading.insert_draft(section))
        self.dismiss_button = QPushButton("Dismiss")
        self.dismiss_button.clicked.connect(lambda: reading.dismiss_draft(section))
        row = QHBoxLayout()
        row.addWidget(caption)
        row.addStretch()
        row.addWidget(self.dismiss_button)
        row.addWidget(self.insert_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 6, 6)
        column.setSpacing(6)
        column.addLayout(row)
        column.addWidget(scroll)
        reading.draft_changed.connect(self.refresh)
        reading.opened.connect(self.refresh)
        reading.report_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what lies beside the section now."""
        draft = self._reading.section_drafts.get(self._section)
        text = draft.aside if draft is not None and self._reading.can_edit else ""
        self.text.setText(text)
        self.setVisible(bool(text))
        if text:
            width = max(self._scroll.viewport().width(), 240)
            self._scroll.setFixedHeight(min(self.text.heightForWidth(width) + 4, _MOST_HEIGHT_PX))
            self.insert_button.setEnabled(draft is not None and draft.is_complete)
