"""One line at the bottom of the window for what the reader should know; it never takes the keyboard."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget


class NoticeBar(QFrame):
    """Shows the newest fault, or a question; both stay until dismissed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._faults: list[str] = []
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action_button = QPushButton("Go on")
        self.dismiss_button = QPushButton("Dismiss")
        self._action: Callable[[], None] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 10, 6)
        row.addWidget(self.label, 1)
        row.addWidget(self.action_button)
        row.addWidget(self.dismiss_button)
        self.dismiss_button.clicked.connect(self.dismiss)
        self.action_button.clicked.connect(self._act)
        self.hide()

    def ask(self, sentence: str, action_text: str, action: Callable[[], None]) -> None:
        """Show a sentence with one thing to do about it."""
        if not self._faults:
            self._show(sentence, is_fault=False, action_text=action_text, action=action)

    def fault(self, sentence: str, action_text: str = "", action: Callable[[], None] | None = None) -> None:
        """Show what went wrong until it is dismissed; the same sentence is not stacked."""
        if sentence not in self._faults:
            self._faults.append(sentence)
        self._show(self._fault_text(), is_fault=True, action_text=action_text, action=action)

    def dismiss(self) -> None:
        """Go on to the fault before, or away."""
        if self._faults:
            self._faults.pop()
        if self._faults:
            self._show(self._fault_text(), is_fault=True)
        else:
            self.hide()

    def _fault_text(self) -> str:
        more = len(self._faults) - 1
        return self._faults[-1] + (f"  (and {more} more)" if more else "")

    def _show(
        self, text: str, *, is_fault: bool, action_text: str = "", action: Callable[[], None] | None = None
    ) -> None:
        self.label.setText(text)
        self._action = action
        if action_text:
            self.action_button.setText(action_text)
        self.action_button.setVisible(action is not None)
        self.setProperty("fault", is_fault)
        self.style().unpolish(self)
        self.style().polish(self)
        self.label.style().unpolish(self.label)
        self.label.style().polish(self.label)
        self.show()

    def _act(self) -> None:
        action = self._action
        self._faults.clear()
        self.hide()
        if action is not None:
            action()
