"""Signing asks once more, in place: what it means, what is in the way, what is doubtful, and who signs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from gaze2report.report_checks.content import Issue

_MOST_HEIGHT_PX = 210
_MARKS = {"blocker": ("✕ must", "fault"), "warning": ("! check", "caution")}


class SignBar(QFrame):
    """The question before a report becomes final. Nothing waits for the answer.

    Signals
    -------
    sign_confirmed, dismissed
        The reader's answer.
    place_wanted(str, int, int)
        The reader wants to see a place of the text: section, start, end.
    defaults_wanted
        The reader keeps the defaults of all fields that have one.
    """

    sign_confirmed = Signal()
    dismissed = Signal()
    place_wanted = Signal(str, int, int)
    defaults_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("signBar")
        self.issues: tuple[Issue, ...] = ()
        self.question = _wrapped("")
        self.obstacles = _wrapped("fault")
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(4)
        inside = QWidget()
        inside.setLayout(self._rows)
        self.list = QScrollArea()
        self.list.setWidget(inside)
        self.list.setWidgetResizable(True)
        self.list.viewport().setAutoFillBackground(False)
        inside.setAutoFillBackground(False)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.sign_button = QPushButton("Sign now")
        self.sign_button.setObjectName("primary")
        self.defaults_button = QPushButton("Use defaults")
        self.defaults_button.setToolTip("Keep the default of every field that has one")
        back = QPushButton("Back")
        row = QHBoxLayout()
        row.addWidget(self.defaults_button)
        row.addStretch()
        row.addWidget(back)
        row.addWidget(self.sign_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        for widget in (self.question, self.obstacles, self.list):
            column.addWidget(widget)
        column.addLayout(row)
        self.sign_button.clicked.connect(self.sign_confirmed)
        self.defaults_button.clicked.connect(self.defaults_wanted)
        back.clicked.connect(self.dismissed)
        for button in (self.sign_button, self.defaults_button, back):
            button.setAutoDefault(True)  # Enter does what Space does; Qt has that in dialogs only
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back to the report."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismissed.emit()
        else:
            super().keyPressEvent(event)

    @property
    def warnings(self) -> tuple[Issue, ...]:
        """The warnings on the sheet, in spite of which the reader signs."""
        return tuple(issue for issue in self.issues if issue.kind == "warning")

    def ask(self, reader: str, obstacles: Sequence[str], issues: Sequence[Issue] = ()) -> None:
        """Show the question, what is in the way, and what should be looked at."""
        self.show_state(reader, obstacles, issues)
        self.show()
        (self.sign_button if self.sign_button.isEnabled() else self).setFocus()

    def show_state(self, reader: str, obstacles: Sequence[str], issues: Sequence[Issue]) -> None:
        """Show what is true now."""
        blockers = [issue for issue in issues if issue.kind == "blocker"]
        can_sign = not obstacles and not blockers
        self.question.setText(f"Sign as {reader}? The report becomes final and cannot be changed any more.")
        self.question.setVisible(can_sign)
        sentences = [*obstacles, *(["Put right what is marked below."] if blockers else [])]
        self.obstacles.setText("Not ready to sign: " + " ".join(sentences))
        self.obstacles.setVisible(not can_sign)
        if tuple(issues) != self.issues or not issues:
            self.issues = tuple(issues)
            self._fill()
        count = len(self.warnings)
        in_spite = f"Sign despite {count} {'warning' if count == 1 else 'warnings'}"
        self.sign_button.setText(in_spite if count and can_sign else "Sign now")
        self.sign_button.setEnabled(can_sign)
        self.defaults_button.setVisible(any("default" in issue.sentence for issue in blockers))

    def _fill(self) -> None:
        while self._rows.count():
            widget = self._rows.takeAt(0).widget()
            widget.hide()
            widget.deleteLater()
        for issue in self.issues:
            self._rows.addWidget(self._row(issue))
        self.list.setVisible(bool(self.issues))
        height_px = self.list.widget().sizeHint().height()
        self.list.setFixedHeight(min(height_px + 2, _MOST_HEIGHT_PX))

    def _row(self, issue: Issue) -> QWidget:
        text, name = _MARKS[issue.kind]
        mark = QLabel(text)
        mark.setObjectName(name)
        mark.setFixedWidth(54)
        sentence = _wrapped("")
        sentence.setText(issue.sentence)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(sentence, 1)
        if issue.section:
            go = QPushButton("Go to")
            go.setAccessibleName(f"Go to: {issue.sentence}")
            go.clicked.connect(lambda: self.place_wanted.emit(issue.section, issue.start, issue.end))
            row.addWidget(go, 0, Qt.AlignmentFlag.AlignTop)
        box = QWidget()
        box.setLayout(row)
        return box


def _wrapped(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
