"""The report beside the image: its sections, what the model offers, and the way to a signed report."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop import theme
from desktop.operations.autosave import Autosave
from desktop.operations.drafts import DraftDelivery
from desktop.operations.report_checks import ReportChecks
from desktop.operations.reports import accept_report, commit_reading, obstacles_to_signing, sign_report
from desktop.operations.templates import Templates
from desktop.report.amendments import Amendments
from desktop.report.commit_row import CommitRow
from desktop.report.draft_info import draft_info_text, draft_notes_text, report_state_text
from desktop.report.field_keys import FieldKeys
from desktop.report.linked_sentences import LinkedSentences
from desktop.report.macro_hint import MacroHint
from desktop.report.report_actions import ACCEPT, COPY, DRAFT, SIGN, TEMPLATES, add_report_actions
from desktop.report.report_output import ReportOutput
from desktop.report.report_sections import ReportSections
from desktop.report.report_text import report_text
from desktop.report.review_row import ReviewRow, SentenceReview
from desktop.report.sign_bar import SignBar
from desktop.report.spelling import Spelling
from desktop.report.templates_dialog import TemplatesDialog
from desktop.section_draft import DRAFT_SECTIONS
from desktop.services import Services
from gaze2report.report_templates.merge import expand
from gaze2report.report_templates.template import Template

_CHECK_AFTER_MS = 200
_STATUS_TEXTS = {"in-progress": "in progress", "unread": "unread"}


class ReportPanel(QWidget):
    """Editor of the report of the study on screen.

    Signals
    -------
    notice(str)
        Something the reader may want to know.
    """

    notice = Signal(str)

    def __init__(self, services: Services, drafts: DraftDelivery, autosave: Autosave, parent: QWidget | None = None):
        super().__init__(parent)
        self.setObjectName("panel")
        self._services, self._reading, self._drafts = services, services.reading, drafts
        self.sections = ReportSections(self._reading)
        self.editors, self.panes = self.sections.editors, self.sections.panes
        self.indication = self.editors["indication"]
        self.templates = Templates(services, self)
        self.fields = FieldKeys(self._reading, self.sections)
        self.spelling = Spelling(services, self.sections)
        self.macros = MacroHint(self._reading, self.templates, self.sections)
        self.macros.has_fields.connect(self.fields.next)
        self._templates_dialog: TemplatesDialog | None = None
        self.review = SentenceReview(self._reading, self.sections)
        self.linked = LinkedSentences(services.gaze, self.sections)
        self.sign_bar = SignBar()
        self.checks = ReportChecks(services, self)
        self._check_again = QTimer(self, singleShot=True, interval=_CHECK_AFTER_MS)
        add_report_actions(services.actions, self)
        self.amendments = Amendments(services, self.templates)
        self.output = ReportOutput(services)
        self.review_row = ReviewRow(self._reading, services.actions)
        self.commit_row = CommitRow(self._reading, services.actions)
        self._make_labels()
        self._make_buttons()
        self._lay_out()
        self._connect(autosave)
        self.refresh()

    # -- layout -------------------------------------------------------------------------------------------------

    def _make_labels(self) -> None:
        self.status = QLabel()
        self.status.setObjectName("chip")
        self.draft_info = _quiet_label()
        self.draft_notes = _quiet_label()
        self.draft_notes.setObjectName("caution")
        self.report_state = _quiet_label()
        self.saved = _quiet_label()
        self.saved.setWordWrap(False)
        self.save_fault = QLabel()
        self.save_fault.setObjectName("fault")
        self.save_fault.setWordWrap(True)
        self.save_fault.hide()
        self.copy_button = QPushButton()
        self.copy_button.hide()

    def _make_buttons(self) -> None:
        actions = self._services.actions
        self.draft_button, self.accept_button, self.sign_button = QPushButton(), QPushButton(), QPushButton()
        self.templates_button = QPushButton()
        actions.tie(self.templates_button, TEMPLATES.id, "Templates")
        self.sign_button.setObjectName("primary")
        actions.tie(self.draft_button, DRAFT.id, "Draft", has_own_enabling=True)
        actions.tie(self.accept_button, ACCEPT.id, "Preliminary", has_own_enabling=True)
        actions.tie(self.sign_button, SIGN.id, "Sign", has_own_enabling=True)
        actions.tie(self.copy_button, COPY.id)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        title = QLabel("Report")
        title.setObjectName("title")
        head.addWidget(title)
        head.addWidget(self.status)
        head.addStretch()
        head.addWidget(self.saved)
        buttons = QHBoxLayout()
        head.addWidget(self.templates_button)
        buttons.addWidget(self.draft_button)
        buttons.addWidget(self.review_row.label)
        buttons.addStretch()
        buttons.addWidget(self.accept_button)
        buttons.addWidget(self.sign_button)
        fault = QHBoxLayout()
        fault.addWidget(self.save_fault, 1)
        fault.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(theme.SPACE_PX)
        column.addLayout(head)
        column.addWidget(self.draft_info)
        column.addWidget(self.draft_notes)
        column.addWidget(self.sections, 1)
        column.addWidget(self.review_row)
        column.addWidget(self.commit_row)
        column.addWidget(self.report_state)
        column.addLayout(fault)
        column.addWidget(self.sign_bar)
        column.addLayout(buttons)
        column.addWidget(self.amendments)
        column.addWidget(self.output)

    def _connect(self, autosave: Autosave) -> None:
        reading = self._reading
        self.sign_bar.sign_confirmed.connect(self._sign)
        self.sign_bar.dismissed.connect(self._leave_sign_bar)
        self.amendments.notice.connect(self.notice)
        self.output.notice.connect(self.notice)
        self.output.warned.connect(self._services.reporter.known_error)
        reading.text_replaced.connect(lambda: self.focus() if reading.is_correcting else None)
        self._services.session.changed.connect(self._refresh_buttons)
        for signal in (reading.opened, reading.draft_changed, reading.report_changed, reading.image_changed):
            signal.connect(self.refresh)
        self.sign_bar.place_wanted.connect(self.sections.go_to)
        self.sign_bar.defaults_wanted.connect(self.use_defaults)
        self._check_again.timeout.connect(self._refresh_sign_bar)
        for signal in (reading.edited, reading.draft_changed, reading.report_changed, self.checks.facts_changed):
            signal.connect(self._check_again.start)
        reading.opened.connect(self.sign_bar.hide)
        reading.opened.connect(lambda: self.saved.setText(""))
        reading.opened.connect(self._on_save_recovered)
        reading.edited.connect(self._refresh_buttons)
        self._services.host.state_changed.connect(lambda _: self._refresh_buttons())
        autosave.saved.connect(self._on_saved)
        autosave.failed.connect(self._on_save_failed)

    # -- what the reader does -----------------------------------------------------------------------------------

    def accept(self) -> None:
        """Keep the text as the preliminary report."""
        if self._reading.is_correcting:
            self.notice.emit("A correction is signed at once; there is no preliminary one.")
            return
        accept_report(
            services=self._services, owner=self, on_accepted=lambda: self.notice.emit("Kept as the preliminary report.")
        )

    def ask_to_sign(self) -> None:
        """Show what signing means; it happens when the reader confirms."""
        record = self._reading.record
        if record is not None and self._reading.can_edit and not self._reading.is_correcting:
            self.checks.load_facts()
            self.sign_bar.ask(record.reader, obstacles_to_signing(self._services), self.checks.issues())
            self._services.gaze.set_asked_to_sign()

    def draft_or_cancel(self) -> None:
        """Ask for a draft, or stop the one under way."""
        if self._reading.is_ai_withheld:
            self.notice.emit("The draft is shown when you commit to your own text (F6).")
        elif self._is_drafting():
            self._drafts.cancel()
        else:
            self._drafts.request()

    def draft_section(self, section: str) -> None:
        """Ask for one section anew; beside text that the reader has accepted or changed, in place of other AI text."""
        if self._reading.is_ai_withheld:
            self.notice.emit("The draft is shown when you commit to your own text (F6).")
        elif self._services.host.state.can_draft:
            self._drafts.request(section=section)
        else:
            self.notice.emit("The model is not ready; ask again when it is.")

    def commit(self) -> None:
        """Reader first: keep the text as what the reader commits to, then show the AI."""
        if self._reading.is_ai_withheld and self._reading.is_blank:
            self.notice.emit("Write your findings or impression first.")
        else:
            commit_reading(services=self._services, owner=self)

    @property
    def is_reader_first(self) -> bool:
        """Whether the next study is read before anything of the AI is shown."""
        return self._services.settings.reading_mode == "reader-first"

    def toggle_reader_first(self) -> None:
        """Switch between reader-first and AI-first, from the next study on."""
        mode = "ai-first" if self.is_reader_first else "reader-first"
        self._services.settings.reading_mode = mode
        when = "Holds from the next study you open."
        self.notice.emit(f"Reader first. {when}" if mode == "reader-first" else f"AI first. {when}")

    def insert_drafts(self) -> None:
        """Put what lies beside the focused section, or beside all, into the text."""
        focused = self.sections.focused()
        names = [focused.section] if focused is not None and self._reading.aside(focused.section) else self.panes
        for name in names:
            self._reading.insert_draft(name)

    def show_templates(self) -> None:
        """Choose a template or macro, or write one."""
        if self._templates_dialog is None:
            self._templates_dialog = TemplatesDialog(self.templates, self)
            self._templates_dialog.insert_wanted.connect(self.insert_template)
        self.templates.load()
        self._templates_dialog.show()
        self._templates_dialog.raise_()
        self._templates_dialog.filter.setFocus()

    def insert_template(self, template: Template) -> None:
        """Put a template behind what stands in its sections, a macro at the caret; then go to its first field."""
        reading, data = self._reading, self.templates.merge_data()
        if not reading.can_edit:
            self.notice.emit("This report cannot be changed.")
            return
        current = self.sections.current()
        for name, text in template.sections:
            if name:
                reading.append_paragraph(name, expand(text, data), "macro")
            else:
                reading.splice(current.section, current.caret(), 0, expand(text, data), "macro")
        first = next((name for name, _ in template.sections if name), None)
        if first is not None:
            self.sections.go_to(first, 0, 0)
        self.fields.next()

    def use_defaults(self) -> None:
        """Put its default in place of every field that has one."""
        if self._reading.can_edit:
            self._reading.use_defaults()

    def accept_all(self) -> None:
        """Let all AI text stand as it is."""
        self._reading.accept_all()

    def reject_all(self) -> None:
        """Remove all AI text that is not accepted."""
        self._reading.reject_all()

    def copy_text(self) -> None:
        """Put the whole text on the clipboard."""
        QGuiApplication.clipboard().setText(report_text(self._reading.working_text()))
        self.notice.emit("The text is on the clipboard.")

    def focus(self) -> None:
        """Give the keyboard to the findings."""
        self.editors["findings"].setFocus()

    def has_focus(self) -> bool:
        """Whether the keyboard is anywhere in the report."""
        focused = QApplication.focusWidget()
        return focused is not None and self.sections.isAncestorOf(focused)

    def _sign(self) -> None:
        self._refresh_sign_bar()
        if any(issue.kind == "blocker" for issue in self.sign_bar.issues):
            return
        self.sign_bar.hide()
        sign_report(
            services=self._services, owner=self, overridden=sorted({issue.code for issue in self.sign_bar.warnings}),
            on_signed=lambda: self.notice.emit("The report is signed."),
        )  # fmt: skip

    def _refresh_sign_bar(self) -> None:
        record = self._reading.record
        if record is not None and not self.sign_bar.isHidden():
            self.sign_bar.show_state(record.reader, obstacles_to_signing(self._services), self.checks.issues())

    def _leave_sign_bar(self) -> None:
        self.sign_bar.hide()
        self.focus()

    def _is_drafting(self) -> bool:
        return self._reading.draft_state.phase in ("drafting", "waiting")

    # -- what is shown ------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the state of the reading."""
        reading = self._reading
        status = reading.study.status if reading.study is not None else ""
        self.status.setText(_STATUS_TEXTS.get(status, status))
        self.status.setVisible(bool(status))
        _show(self.draft_info, draft_info_text(reading))
        _show(self.draft_notes, draft_notes_text(reading))
        _show(self.report_state, report_state_text(reading) or reading.locked_by)
        self._refresh_buttons()

    def _refresh_buttons(self) -> None:
        reading = self._reading
        can_edit = reading.can_edit
        has_text = not all(reading.sections[name].is_empty for name in DRAFT_SECTIONS)
        self.draft_button.setText(
            "Cancel draft" if self._is_drafting() else "Regenerate" if reading.drafts else "Draft"
        )
        self.draft_button.setEnabled(can_edit)
        self.accept_button.setEnabled(can_edit and has_text)
        self.sign_button.setEnabled(can_edit and has_text and self._services.session.may("finalise"))
        for button in (self.draft_button, self.accept_button, self.sign_button, self.templates_button):
            button.setVisible(not reading.is_signed)
        if reading.is_ai_withheld:
            self.draft_button.hide()
        if not can_edit:
            self.sign_bar.hide()
        if not reading.takes_text:
            self.saved.setText("")

    def _on_saved(self, time_text: str) -> None:
        self._on_save_recovered()
        self.saved.setText(f"saved {time_text}")

    def _on_save_recovered(self) -> None:
        self.save_fault.hide()
        self.copy_button.hide()

    def _on_save_failed(self, sentence: str) -> None:
        self.saved.setText("")
        self.save_fault.setText(f"The text is NOT saved: {sentence}. Trying again every 2 s.")
        self.save_fault.show()
        self.copy_button.show()


def _show(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))


def _quiet_label() -> QLabel:
    label = QLabel()
    label.setObjectName("muted")
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
