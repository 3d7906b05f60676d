"""The questions after a case."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from desktop import theme
from gaze2report.gaze_study.protocol import Question


class QuestionForm(QWidget):
    """All questions of a protocol; emptied for each case.

    Signals
    -------
    changed
        Whether all that must be answered is.
    """

    changed = Signal()

    def __init__(self, questions: tuple[Question, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._questions = questions
        self.groups: dict[str, QButtonGroup] = {}
        self.texts: dict[str, QPlainTextEdit] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.SPACE_PX)
        for question in questions:
            label = QLabel(question.text + ("" if question.is_required else "  (may be left out)"))
            label.setWordWrap(True)
            column.addSpacing(theme.SPACE_PX)
            column.addWidget(label)
            column.addLayout(self._field(question))

    def _field(self, question: Question) -> QHBoxLayout | QVBoxLayout:
        if question.kind == "text":
            text = self.texts[question.id] = QPlainTextEdit()
            text.setAccessibleName(question.text)
            text.setFixedHeight(72)
            text.setTabChangesFocus(True)
            text.textChanged.connect(self.changed)
            box = QVBoxLayout()
            box.addWidget(text)
            return box
        group = self.groups[question.id] = QButtonGroup(self)
        names = question.choices or tuple(str(value) for value in range(question.low, question.high + 1))
        row: QHBoxLayout | QVBoxLayout = QVBoxLayout() if question.kind == "choice" else QHBoxLayout()
        if question.low_text:
            row.addWidget(_muted(question.low_text))
        for number, name in enumerate(names):
            button = QRadioButton(name)
            button.setAccessibleName(f"{question.text} {name}")
            group.addButton(button, number)
            row.addWidget(button)
        if question.high_text:
            row.addWidget(_muted(question.high_text))
        if question.kind == "scale":
            row.addStretch()
        group.idToggled.connect(lambda *_: self.changed.emit())
        return row

    def clear(self) -> None:
        """For the next case."""
        for group in self.groups.values():
            group.setExclusive(False)
            for button in group.buttons():
                button.setChecked(False)
            group.setExclusive(True)
        for text in self.texts.values():
            text.clear()
        self.changed.emit()

    @property
    def is_complete(self) -> bool:
        """Whether every question that must be answered is."""
        return not self.missing

    @property
    def missing(self) -> tuple[str, ...]:
        """Questions that must still be answered."""
        answers = self.answers()
        return tuple(
            question.text for question in self._questions if question.is_required and answers[question.id] is None
        )

    def answers(self) -> dict[str, Any]:
        """By id: the choice's text, the scale's number, the text; None where nothing was said."""
        found: dict[str, Any] = {}
        for question in self._questions:
            if question.kind == "text":
                found[question.id] = self.texts[question.id].toPlainText().strip() or None
                continue
            number = self.groups[question.id].checkedId()
            if number < 0:
                found[question.id] = None
            else:
                found[question.id] = question.choices[number] if question.kind == "choice" else question.low + number
        return found


def _muted(words: str) -> QLabel:
    label = QLabel(words)
    label.setObjectName("muted")
    return label
