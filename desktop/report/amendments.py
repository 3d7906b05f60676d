"""What can be done with a signed report: read its addenda, add one, correct it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from db.records import ReportVersion
from desktop.actions import Actions, ActionSpec
from desktop.errors import known_sentence
from desktop.operations.amendments import (
    begin_correction,
    discard_correction,
    keep_addendum,
    load_addendum,
    sign_addendum,
    sign_correction,
)
from desktop.operations.autosave import SAVE_AFTER_MS
from desktop.operations.report_checks import ReportChecks
from desktop.operations.reports import obstacles_to_signing
from desktop.operations.templates import Templates
from desktop.patient_text import utc_text
from desktop.report.addendum_text import AddendumText
from desktop.report.versions_dialog import VersionsDialog
from desktop.services import Services

ADDENDUM_REASONS = ("Prior films have come", "Result communicated", "Clinical information has come", "Further finding")
CORRECTION_REASONS = ("Wrong side", "Dictation or typing error", "Finding overlooked", "Finding not confirmed")
_MOST_ADDED_PX = 130
VERSIONS = ActionSpec(
    "report.versions", "&Versions...", "Report", ("Ctrl+H",), section="amend",
    tip="All versions of the report, and what changed between any two",
)  # fmt: skip
ADDENDUM = ActionSpec(
    "report.addendum", "Add an adden&dum...", "Report", section="amend", tip="Add a signed text to the signed report"
)
CORRECT = ActionSpec(
    "report.correct", "&Correct the report...", "Report", section="amend",
    tip="Write a new signed text; the one before stays and can be compared",
)  # fmt: skip


class Amendments(QWidget):
    """Below a signed report: its addenda, and the ways to amend it.

    Signals
    -------
    notice(str)
        Something the reader may want to know.
    """

    notice = Signal(str)

    def __init__(self, services: Services, templates: Templates, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services, self._reading = services, services.reading
        self._dialog: VersionsDialog | None = None
        self._checks = ReportChecks(services, self)
        self._shown_warnings: tuple[str, ...] = ()
        self._study_uid = ""
        self.added = QLabel()
        self.added.setWordWrap(True)
        self.added.setTextFormat(Qt.TextFormat.PlainText)
        self.added.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.added.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._added_view = QScrollArea()
        self._added_view.setAccessibleName("Addenda")
        self._added_view.setWidget(self.added)
        self._added_view.setWidgetResizable(True)
        self._added_view.setFrameShape(QFrame.Shape.NoFrame)
        self._added_view.viewport().setAutoFillBackground(False)
        self.added.setAutoFillBackground(False)
        self.addendum_text = AddendumText(templates)
        self.addendum_bar = AmendBar("Addendum", ADDENDUM_REASONS, "Sign addendum", self.addendum_text)
        self.correction_bar = AmendBar("Correction", CORRECTION_REASONS, "Sign correction", None)
        self.versions_button, self.addendum_button, self.correct_button = QPushButton(), QPushButton(), QPushButton()
        self._row = QWidget()
        self._keep_later = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._add_actions(services.actions)
        self._lay_out()
        self._connect()
        self.refresh()

    def _add_actions(self, actions: Actions) -> None:
        for spec, call, button, text in (
            (VERSIONS, self.show_versions, self.versions_button, "Versions"),
            (ADDENDUM, self.begin_addendum, self.addendum_button, "Addendum"),
            (CORRECT, self.begin_correction, self.correct_button, "Correct"),
        ):
            actions.add(spec, call)
            actions.tie(button, spec.id, text)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.versions_button)
        row.addStretch()
        row.addWidget(self.addendum_button)
        row.addWidget(self.correct_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self._added_view, self.addendum_bar, self.correction_bar, self._row):
            column.addWidget(widget)
        self.addendum_bar.hide()
        self.correction_bar.hide()

    def _connect(self) -> None:
        reading = self._reading
        reading.opened.connect(self._on_opened)
        for signal in (reading.opened, reading.report_changed, self._services.session.changed):
            signal.connect(self.refresh)
        self.addendum_bar.signed.connect(self._sign_addendum)
        self.addendum_bar.left.connect(self._leave_addendum)
        self.addendum_text.textChanged.connect(self._keep_later.start)
        self._keep_later.timeout.connect(self._keep_addendum)
        self.correction_bar.signed.connect(self._sign_correction)
        self.correction_bar.left.connect(self._discard_correction)
        self.correction_bar.back_button.setText("Discard correction")

    # -- what the reader does -----------------------------------------------------------------------------------

    def show_versions(self) -> None:
        """Show all versions beside the work."""
        if self._dialog is None:
            self._dialog = VersionsDialog(self._reading, self)
        self._dialog.show()

    def begin_addendum(self) -> None:
        """Write an addendum, or go on with the one that was begun."""
        study = self._reading.study
        if study is None or not self._can_amend():
            return
        self._study_uid = study.study_uid
        load_addendum(services=self._services, owner=self, on_success=self._show_addendum)

    def begin_correction(self) -> None:
        """Let the signed text be written on, as a new version."""
        if self._can_amend():
            self._leave_addendum()
            begin_correction(services=self._services, owner=self, on_failure=self._services.reporter.report)

    def _show_addendum(self, kept: str) -> None:
        if self._can_amend():
            self.addendum_text.offer()
            self.addendum_text.setPlainText(kept)
            self.addendum_bar.ask(self._services.session.reader)
            self.refresh()

    def _can_amend(self) -> bool:
        reading = self._reading
        is_free = reading.is_signed and not reading.is_correcting and not reading.is_leaving
        return is_free and self._services.session.may("finalise")

    # -- addendum -----------------------------------------------------------------------------------------------

    def _keep_addendum(self) -> None:
        self._keep_later.stop()
        if self._study_uid:
            keep_addendum(
                study_uid=self._study_uid, text=self.addendum_text.toPlainText(), services=self._services,
                owner=self, on_failure=self._on_keep_failed,
            )  # fmt: skip

    def _on_keep_failed(self, error: BaseException) -> None:
        self.addendum_bar.say(f"The addendum is NOT saved: {_sentence(error, self._services)}")

    def _leave_addendum(self) -> None:
        if self._keep_later.isActive():
            self._keep_addendum()
        self._study_uid = ""
        self.addendum_bar.hide()
        self.refresh()

    def _sign_addendum(self) -> None:
        if field := self.addendum_text.open_field():
            self.addendum_bar.say(f"Not ready to sign: the field {field} is not filled (F8 goes to it).")
            return
        self._keep_later.stop()
        self.addendum_bar.set_busy(True)
        sign_addendum(
            text=self.addendum_text.final_text(), reason=self.addendum_bar.reason.currentText(),
            services=self._services, owner=self, on_signed=self._on_addendum_signed,
            on_failure=lambda error: self.addendum_bar.say(_sentence(error, self._services)),
        )  # fmt: skip

    def _on_addendum_signed(self) -> None:
        self._study_uid = ""
        self.addendum_bar.hide()
        self.refresh()
        self.notice.emit("The addendum is signed.")

    # -- correction ---------------------------------------------------------------------------------------------

    def _sign_correction(self) -> None:
        issues = self._checks.issues()
        blockers = [issue.sentence for issue in issues if issue.kind == "blocker"]
        obstacles = (*obstacles_to_signing(self._services), *blockers)
        if obstacles:
            self.correction_bar.say("Not ready to sign: " + " ".join(obstacles))
            return
        warnings = tuple(issue.sentence for issue in issues)
        if warnings and warnings != self._shown_warnings:
            self._shown_warnings = warnings
            self.correction_bar.say(f"Please check: {' '.join(warnings)} Sign again to sign in spite of it.")
            return
        self.correction_bar.set_busy(True)
        sign_correction(
            reason=self.correction_bar.reason.currentText(), services=self._services, owner=self,
            overridden=sorted({issue.code for issue in issues}),
            on_signed=lambda: self.notice.emit("The correction is signed."),
            on_failure=lambda error: self.correction_bar.say(_sentence(error, self._services)),
        )  # fmt: skip

    def _discard_correction(self) -> None:
        discard_correction(services=self._services, owner=self, on_failure=self._services.reporter.report)

    # -- what is shown ------------------------------------------------------------------------------------------

    def _on_opened(self) -> None:
        self._shown_warnings = ()
        if self._keep_later.isActive():
            self._keep_addendum()
        self._study_uid = ""
        self.addendum_bar.hide()

    def refresh(self) -> None:
        """Show what there is and what may be done."""
        reading = self._reading
        if reading.is_correcting and self.correction_bar.isHidden():
            self.correction_bar.ask(self._services.session.reader)
        elif not reading.is_correcting:
            self.correction_bar.hide()
        text = "\n\n".join(_added_text(version) for version in reading.versions if version.reason)
        self.added.setText(text)
        self._added_view.setVisible(bool(text))
        width_px = max(self._added_view.viewport().width(), 240)
        self._added_view.setFixedHeight(min(self.added.heightForWidth(width_px) + 2, _MOST_ADDED_PX))
        can_amend = self._can_amend() and self.addendum_bar.isHidden()
        for spec, button in ((ADDENDUM, self.addendum_button), (CORRECT, self.correct_button)):
            self._services.actions[spec.id].setEnabled(can_amend)
            button.setVisible(reading.is_signed and not reading.is_correcting)
        has_texts = bool(reading.versions or reading.drafts)
        self._services.actions[VERSIONS.id].setEnabled(has_texts)
        self._row.setVisible(has_texts)


class AmendBar(QFrame):
    """Asks for the reason of an addendum or correction, below the text of an addendum.

    Signals
    -------
    signed, left
        The reader's answer.
    """

    signed = Signal()
    left = Signal()

    def __init__(self, title: str, reasons: tuple[str, ...], sign_text: str, text: AddendumText | None) -> None:
        super().__init__()
        self.setObjectName("signBar")
        self._title = title
        self.question = QLabel()
        self.question.setWordWrap(True)
        self.reason = QComboBox()
        self.reason.setEditable(True)
        self.reason.addItems(reasons)
        self.reason.setAccessibleName(f"Reason of the {title.lower()}")
        self.text = text
        self.fault = QLabel()
        self.fault.setObjectName("fault")
        self.fault.setWordWrap(True)
        self.sign_button = QPushButton(sign_text)
        self.sign_button.setObjectName("primary")
        self.back_button = QPushButton("Back")
        reason = QHBoxLayout()
        reason.addWidget(QLabel("Reason"))
        reason.addWidget(self.reason, 1)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.back_button)
        buttons.addWidget(self.sign_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.addWidget(self.question)
        if text is not None:
            text.setAccessibleName(f"Text of the {title.lower()}")
            text.setFixedHeight(90)
            column.addWidget(text)
            reason.addWidget(text.template_button)
        column.addLayout(reason)
        column.addWidget(self.fault)
        column.addLayout(buttons)
        self.sign_button.clicked.connect(self.signed)
        self.back_button.clicked.connect(self.left)
        for button in (self.sign_button, self.back_button):
            button.setAutoDefault(True)  # Enter does what Space does; Qt has that in dialogs only

    def ask(self, reader: str) -> None:
        """Show it; no reason is chosen yet."""
        stays = "The signed report stays as it is; the new text becomes a version of its own."
        self.question.setText(f"{self._title} by {reader}. {stays}")
        self.reason.setCurrentIndex(-1)
        self.reason.setEditText("")
        self.say("")
        self.show()
        if self.text is not None:
            self.text.setFocus()

    def say(self, sentence: str) -> None:
        """Show what is missing."""
        self.fault.setText(sentence)
        self.fault.setVisible(bool(sentence))
        self.set_busy(False)

    def set_busy(self, is_busy: bool) -> None:
        """Take no second answer while the first is carried out."""
        self.sign_button.setEnabled(not is_busy)
        self.back_button.setEnabled(not is_busy)


def _added_text(version: ReportVersion) -> str:
    what = "Addendum" if version.kind == "addendum" else "Corrected"
    head = f"{what} {utc_text(version.created_at_utc)} by {version.signer} ({version.reason})"
    return f"{head}\n{version.addendum}" if version.addendum else head


def _sentence(error: BaseException, services: Services) -> str:
    sentence = known_sentence(error)
    if sentence is None:
        services.reporter.report(error)
        sentence = "an unexpected error; the log says more"
    return sentence[0].upper() + sentence[1:] + "."
