"""Making the first account of a workspace, and the offer to do so."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from db.records import Account
from desktop.errors import known_sentence
from desktop.operations.accounts import add_first_account
from desktop.services import Services


class LocalUserBar(QFrame):
    """Says that nobody is asked for a password here, until the reader has said that this is well.

    Signals
    -------
    create_wanted, continue_wanted
        The reader's answer.
    """

    create_wanted = Signal()
    continue_wanted = Signal()

    def __init__(self, reader: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("signBar")
        self.label = QLabel(
            f'You read as "{reader}", the user of this computer, and no password is asked for. '
            "Where several people read, give each an account."
        )
        self.label.setWordWrap(True)
        self.create_button = QPushButton("Create the first account...")
        self.continue_button = QPushButton(f'Go on as "{reader}"')
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 10, 8)
        row.addWidget(self.label, 1)
        row.addWidget(self.create_button)
        row.addWidget(self.continue_button)
        self.create_button.clicked.connect(self.create_wanted)
        self.continue_button.clicked.connect(self.continue_wanted)


class FirstAccountDialog(QDialog):
    """Asks for the name and password of the first account.

    Signals
    -------
    made(Account)
        The account is there.
    """

    made = Signal(object)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.setWindowTitle("First account")
        text = QLabel(
            "The first account is the administrator's, who reads and signs too and gives the others theirs. From then "
            "on the workstation asks for a name and a password when it starts, and locks itself when nobody is there. "
            "There is no way around a forgotten password except on the command line of this computer."
        )
        text.setWordWrap(True)
        text.setObjectName("muted")
        self.name, self.password, self.again = QLineEdit(), QLineEdit(), QLineEdit()
        self.name.setText(services.session.reader)
        for field, name in ((self.name, "Name"), (self.password, "Password"), (self.again, "Password again")):
            field.setAccessibleName(name)
        for field in (self.password, self.again):
            field.setEchoMode(QLineEdit.EchoMode.Password)
        form = QFormLayout()
        form.addRow("Name, as under reports", self.name)
        form.addRow("Password", self.password)
        form.addRow("The same again", self.again)
        self.message = QLabel(" ")
        self.message.setObjectName("fault")
        self.message.setWordWrap(True)
        buttons = QDialogButtonBox()
        self.create_button = buttons.addButton("Create account", QDialogButtonBox.ButtonRole.AcceptRole)
        self.create_button.setObjectName("primary")
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._create)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(text)
        column.addLayout(form)
        column.addWidget(self.message)
        column.addWidget(buttons)
        self.setMinimumWidth(460)
        self.password.setFocus()

    def _create(self) -> None:
        if self.password.text() != self.again.text():
            self._say("The two passwords differ.")
            return
        self.create_button.setEnabled(False)
        add_first_account(
            name=self.name.text(), password=self.password.text(), services=self._services, owner=self,
            on_success=self._on_made, on_failure=self._on_failed,
        )  # fmt: skip

    def _on_made(self, account: Account) -> None:
        self.made.emit(account)
        self.accept()

    def _on_failed(self, error: BaseException) -> None:
        self.create_button.setEnabled(True)
        sentence = known_sentence(error)
        if sentence is None:
            self._services.reporter.report(error)
            sentence = "it could not be made; the log says more"
        self._say(sentence[0].upper() + sentence[1:] + ".")

    def _say(self, sentence: str) -> None:
        self.message.setText(sentence)
