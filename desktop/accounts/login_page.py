"""The page that stands in front of everything until somebody has logged in."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop import theme

_CARD_WIDTH_PX = 380
_CARD_MARGIN_PX = 24


class LoginPage(QWidget):
    """Asks for name and password: to begin, or to unlock for the reader who is there.

    Signals
    -------
    submitted(str, str)
        Name and password.
    switch_wanted
        Somebody else than the reader who locked wants to log in.
    """

    submitted = Signal(str, str)
    switch_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.title = QLabel()
        self.title.setObjectName("title")
        self.explanation = QLabel()
        self.explanation.setObjectName("muted")
        self.explanation.setWordWrap(True)
        self.name, self.password = QLineEdit(), QLineEdit()
        self.name.setAccessibleName("Name")
        self.password.setAccessibleName("Password")
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.message = QLabel(" ")
        self.message.setObjectName("fault")
        self.message.setWordWrap(True)
        self.message.setAccessibleName("Why it did not work")
        self.log_in_button = QPushButton("Log in")
        self.log_in_button.setObjectName("primary")
        self.switch_button = QPushButton("Another reader...")
        self._lay_out()
        self.name.returnPressed.connect(self.password.setFocus)
        self.password.returnPressed.connect(self._submit)
        self.log_in_button.clicked.connect(self._submit)
        self.switch_button.clicked.connect(self.switch_wanted)

    def _lay_out(self) -> None:
        card = QFrame()
        card.setObjectName("loginCard")
        card.setFixedWidth(_CARD_WIDTH_PX)
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(10)
        form.addRow("Name", self.name)
        form.addRow("Password", self.password)
        buttons = QHBoxLayout()
        buttons.addWidget(self.switch_button)
        buttons.addStretch()
        buttons.addWidget(self.log_in_button)
        column = QVBoxLayout(card)
        column.setContentsMargins(_CARD_MARGIN_PX, 22, _CARD_MARGIN_PX, 20)
        column.setSpacing(12)
        for widget in (self.title, self.explanation):
            column.addWidget(widget)
        column.addLayout(form)
        column.addWidget(self.message)
        column.addLayout(buttons)
        notice = QLabel(theme.RESEARCH_NOTICE)
        notice.setObjectName("research")
        notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(card, 0, Qt.AlignmentFlag.AlignCenter)
        outer.addStretch(3)
        outer.addWidget(notice)

    def ask(self, last_name: str = "") -> None:
        """Ask anybody."""
        self.title.setText("Log in")
        self.explanation.setText("This workspace has named readers.")
        self._prepare(last_name, is_locked=False)

    def ask_again(self, name: str) -> None:
        """Ask the reader who is there; the study stays open and its text is kept."""
        self.title.setText("Locked")
        self.explanation.setText(f"{name} is logged in. The study on screen stays open and its text is kept.")
        self._prepare(name, is_locked=True)

    def _prepare(self, name: str, *, is_locked: bool) -> None:
        room_px = _CARD_WIDTH_PX - 2 * _CARD_MARGIN_PX
        self.explanation.setMinimumHeight(self.explanation.heightForWidth(room_px))  # the card does not ask it itself
        self.name.setText(name)
        self.name.setReadOnly(is_locked)
        self.name.setFocusPolicy(Qt.FocusPolicy.NoFocus if is_locked else Qt.FocusPolicy.StrongFocus)
        self.log_in_button.setText("Unlock" if is_locked else "Log in")
        self.switch_button.setVisible(is_locked)
        self.password.clear()
        self.say("")
        self.set_busy(False)
        self._give_focus()

    def say(self, sentence: str) -> None:
        """Show why it did not work, and let the password be typed again."""
        self.message.setText(sentence or " ")
        self.password.clear()
        self.set_busy(False)

    def set_busy(self, is_busy: bool) -> None:
        """Take no second try while the first is looked at."""
        for widget in (self.log_in_button, self.password, self.switch_button):
            widget.setEnabled(not is_busy)
        if not is_busy:
            self._give_focus()

    def _submit(self) -> None:
        if self.log_in_button.isEnabled():
            self.message.setText(" ")
            self.set_busy(True)
            self.submitted.emit(self.name.text(), self.password.text())

    def _give_focus(self) -> None:
        (self.password if self.name.text() else self.name).setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        """The keyboard belongs to the first empty field."""
        super().showEvent(event)
        self._give_focus()
