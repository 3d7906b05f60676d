"""The reader agrees, or not, before anything of their gaze is stored."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from capture.consent import Consent, NoConsent
from desktop import theme
from desktop.capture.case_dictation import is_available
from desktop.capture.consent_text import (
    CAUTION,
    CONSENT_TEXT,
    CONSENT_VERSION,
    DICTATION_PURPOSE,
    PURPOSE,
    STORED,
)
from desktop.capture.text_dialog import TextDialog


class ConsentDialog(TextDialog):
    """Shows the text and what is stored, and asks for a pseudonym.

    Parameters
    ----------
    pseudonym : str
        As given last.
    pause_keys : str
        The key that pauses, as this keyboard writes it.

    Signals
    -------
    agreed(Consent)
        The reader has agreed.
    """

    agreed = Signal(object)

    def __init__(self, pseudonym: str, pause_keys: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Recording your gaze")
        self.setMinimumWidth(560)
        self.pseudonym, self.operator = QLineEdit(pseudonym), QLineEdit()
        self.pseudonym.setPlaceholderText("for example reader-17; never your name")
        self.operator.setPlaceholderText("their pseudonym; leave it empty when you are alone")
        for field, name in ((self.pseudonym, "Your pseudonym"), (self.operator, "Taken by")):
            field.setAccessibleName(name)
            field.setMaxLength(40)
            field.textChanged.connect(self._check)
        self.agrees = QCheckBox("I have read this, and I agree.")
        self.agrees.toggled.connect(self._check)
        self.dictates = QCheckBox("Record my dictation too.")
        if not is_available():
            self.dictates.setEnabled(False)
            self.dictates.setText("Record my dictation too: not available, sounddevice is not installed.")
        self.fault = QLabel()
        self.fault.setObjectName("fault")
        self.fault.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.agree_button = buttons.addButton("Agree and record", QDialogButtonBox.ButtonRole.AcceptRole)
        self.agree_button.setObjectName("primary")
        buttons.accepted.connect(self._agree)
        buttons.rejected.connect(self.reject)
        self._lay_out(pause_keys, buttons)
        self._check()

    def _lay_out(self, pause_keys: str, buttons: QDialogButtonBox) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(theme.SPACE_PX + 2)
        column.addWidget(_text(CONSENT_TEXT))
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        for name, words in STORED:
            caption = QLabel(name)
            caption.setObjectName("muted")
            form.addRow(caption, _text(words))
        caption = QLabel("Pause")
        caption.setObjectName("muted")
        form.addRow(caption, _text(f"{pause_keys or 'no key is set'}; a light at the foot of the window shows when"))
        column.addLayout(form)
        caution = _text(CAUTION)
        caution.setObjectName("caution")
        column.addWidget(caution)
        given = QFormLayout()
        given.setHorizontalSpacing(16)
        given.addRow("Your pseudonym", self.pseudonym)
        given.addRow("Taken by", self.operator)
        column.addLayout(given)
        column.addWidget(self.dictates)
        column.addWidget(self.agrees)
        column.addWidget(self.fault)
        version = QLabel(f"Consent text, version {CONSENT_VERSION}")
        version.setObjectName("muted")
        column.addWidget(version)
        column.addWidget(buttons)

    def consent(self) -> Consent:
        """What the reader would agree to now.

        Raises
        ------
        NoConsent
            If something is missing or wrong; the sentence says what.
        """
        pseudonym = self.pseudonym.text().strip()
        operator = self.operator.text().strip() or pseudonym
        given_utc = datetime.now(UTC).isoformat(timespec="seconds")
        purpose = DICTATION_PURPOSE if self.dictates.isChecked() else PURPOSE
        return Consent(f"c-{uuid.uuid4().hex[:12]}", pseudonym, CONSENT_VERSION, purpose, operator, given_utc)

    def _check(self) -> None:
        fault = ""
        if self.pseudonym.text().strip():
            try:
                self.consent()
            except NoConsent as error:
                fault = str(error)
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))
        self.agree_button.setEnabled(self.agrees.isChecked() and bool(self.pseudonym.text().strip()) and not fault)

    def _agree(self) -> None:
        self.agreed.emit(self.consent())
        self.accept()


def _text(words: str) -> QLabel:
    label = QLabel(words)
    label.setWordWrap(True)
    return label
