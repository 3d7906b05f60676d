"""The window of gaze study mode: one film, one text or one form at a time, and nothing that the protocol hides."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from desktop import theme
from desktop.capture.consent_dialog import ConsentDialog
from desktop.capture.gaze_capture import GazeCapture
from desktop.capture.recording_light import RecordingLight
from desktop.services import Services
from desktop.study_mode.question_form import QuestionForm
from desktop.study_mode.study_film import StudyView
from desktop.study_mode.study_run import StudyRun

_LEVELS = {
    "green": "Your gaze was recorded well.",
    "not_measured": "Your gaze was recorded.",
    "yellow": "Your gaze was recorded, but not well; sit as you did for the calibration.",
    "red": "Your gaze was not recorded well enough; please calibrate again before you go on.",
}
_SIDE_PX = 380


class StudyWindow(QMainWindow):
    """Follows a study run.

    Signals
    -------
    closed
        The window is gone.
    """

    closed = Signal()

    def __init__(self, services: Services, capture: GazeCapture, run: StudyRun) -> None:
        super().__init__()
        self.setWindowTitle("Gaze2Report: gaze study")
        self._capture, self.run = capture, run
        protocol = run.protocol
        self.view = StudyView(services)
        self.view.set_message("")
        self.pages = QStackedWidget()
        self.title, self.words, self.fault = QLabel(), QLabel(), QLabel()
        self.go_button, self.other_button = QPushButton(), QPushButton()
        self.form = QuestionForm(protocol.questions)
        self.next_button = QPushButton("Next case")
        self.quality = QLabel()
        self.case_label, self.draft_text = QLabel(), QLabel()
        self.report = QPlainTextEdit()
        self.done_button = QPushButton("Done with this case")
        self.light = RecordingLight(capture.link, capture.recording, services.actions)
        self.notice = QLabel()
        self._lay_out()
        self._connect()
        capture.recording.failed.connect(self.notice.setText)
        capture.calibrating.failed.connect(self.notice.setText)
        self.refresh()

    # -- layout -------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.pages.addWidget(self._message_page())
        self.pages.addWidget(self._reading_page())
        self.pages.addWidget(self._question_page())
        foot = QHBoxLayout()
        foot.setContentsMargins(14, 4, 12, 4)
        self.notice.setObjectName("muted")
        self.notice.setWordWrap(True)
        foot.addWidget(self.notice, 1)
        foot.addWidget(self.light)
        central = QWidget()
        central.setObjectName("page")
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.pages, 1)
        column.addLayout(foot)
        self.setCentralWidget(central)

    def _message_page(self) -> QWidget:
        self.title.setObjectName("title")
        self.fault.setObjectName("fault")
        for label in (self.words, self.fault):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.go_button.setObjectName("primary")
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.other_button)
        row.addWidget(self.go_button)
        return _middle(self.title, self.words, self.fault, row)

    def _reading_page(self) -> QWidget:
        side = QWidget()
        side.setObjectName("panel")
        side.setFixedWidth(_SIDE_PX)
        column = QVBoxLayout(side)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(theme.SPACE_PX + 2)
        self.case_label.setObjectName("title")
        column.addWidget(self.case_label)
        self.draft_text.setWordWrap(True)
        self.draft_text.setTextFormat(Qt.TextFormat.PlainText)
        self.draft_text.setVisible(not self.run.protocol.hides_ai)
        column.addWidget(self.draft_text)
        self.report.setAccessibleName("Report")
        self.report.setPlaceholderText("Report")
        self.report.setVisible(self.run.protocol.has_report)
        column.addWidget(self.report, 1)
        if not self.run.protocol.has_report:
            column.addStretch()
        tools = QHBoxLayout()
        for text, call in (("Fit", self.view.fit), ("1:1", self.view.zoom_to_pixels), ("Invert", self.view.invert),
                           ("Reset", self.view.reset)):  # fmt: skip
            button = QPushButton(text)
            button.setObjectName("small")
            button.clicked.connect(call)
            tools.addWidget(button)
        column.addLayout(tools)
        hint = QLabel("Drag on the film: window. Wheel: zoom. Right or middle button: move.")
        hint.setObjectName("muted")
        hint.setWordWrap(True)
        column.addWidget(hint)
        self.done_button.setObjectName("primary")
        self.done_button.setToolTip("Done with this case (Ctrl+Return)")
        column.addWidget(self.done_button)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.view, 1)
        row.addWidget(side)
        return page

    def _question_page(self) -> QWidget:
        title = QLabel("Questions on this case")
        title.setObjectName("title")
        self.quality.setObjectName("muted")
        self.quality.setWordWrap(True)
        self.next_button.setObjectName("primary")
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.next_button)
        return _middle(title, self.form, self.quality, row)

    def _connect(self) -> None:
        self.run.changed.connect(self.refresh)
        self.go_button.clicked.connect(self._go)
        self.other_button.clicked.connect(self._capture.show_panel)
        self.done_button.clicked.connect(self.run.end_reading)
        self.next_button.clicked.connect(self._answer)
        self.form.changed.connect(self._refresh_next)
        for keys, call in (("Ctrl+Return", self.done_button.click), ("F7", self._capture.toggle_pause)):
            QShortcut(QKeySequence(keys), self, activated=call)

    # -- steps --------------------------------------------------------------------------------------------------

    @property
    def is_draft_visible(self) -> bool:
        """Whether a model's draft can be read here now."""
        run = self.run
        return run.step == "reading" and run.case is not None and run.case.draft is not None

    def refresh(self) -> None:
        """Show the step of the run."""
        run = self.run
        page = {"reading": 1, "questions": 2}.get(run.step, 0)
        if page == 1 and run.case is not None and self.pages.currentIndex() != 1:
            self._show_case()
        if page != 1 and self.view.image is not None:
            self.view.show_nothing()
        if page == 2:
            self.quality.setText(_LEVELS.get(run.level_of_last_case, "The gaze of this case is being kept..."))
        if page == 0:
            self._show_message()
        if self.pages.currentIndex() != page:
            self.pages.setCurrentIndex(page)
            if page == 2:
                self.form.clear()
        self._refresh_next()

    def _show_case(self) -> None:
        run = self.run
        assert run.case is not None
        self.report.clear()
        self.case_label.setText(run.words)
        draft = run.case.draft
        if draft is not None:
            self.draft_text.setText(f"AI draft\n\n{draft.report.findings}\n\n{draft.report.impression}")
        else:
            self.draft_text.setText("AI draft: not available for this case.")
        self.view.show_case(run.case, run.words, hides_patient=run.protocol.hides_patient)
        self.view.setFocus()

    def _show_message(self) -> None:
        run, state = self.run, self._capture.link.state
        protocol = run.protocol
        title, words, go = {
            "instructions": (protocol.title, protocol.instructions, "Go on" if run.n_done else "Begin"),
            "consent": ("Your consent", "Nothing of your gaze is stored before you agree.", "Read"),
            "calibration": ("Calibration", f"{run.words}. First the eye tracker is calibrated.", "Calibrate"),
            "break": ("A break", protocol.break_text, "Go on"),
            "loading": (run.words, "The film is being opened.", "Try again"),
            "finished": ("Thank you", f"All {len(protocol.cases)} cases are done. You can close the window.", "Close"),
        }[run.step]  # fmt: skip
        is_ready = state.phase == "ready"
        fault = run.fault
        if not is_ready and run.step != "finished":
            fault = f"The eye tracker is not ready. {state.reason}".strip()
        self.title.setText(title)
        self.words.setText(words)
        self.go_button.setText(go)
        self.go_button.setEnabled((is_ready and run.step != "loading") or run.step == "finished" or bool(run.fault))
        self.other_button.setText("Eye tracker...")
        self.other_button.setVisible(run.step != "finished")
        self.fault.setText(fault)
        self.fault.setVisible(bool(fault))

    def _go(self) -> None:
        run = self.run
        if run.step == "consent":
            self._ask_for_consent()
        elif run.step == "calibration":
            self._capture.calibrating.calibrate()
        elif run.step == "finished":
            self.close()
        else:
            run.go_on()

    def _ask_for_consent(self) -> None:
        dialog = ConsentDialog(self.run.reader, "F7", self)
        dialog.pseudonym.setReadOnly(True)
        dialog.agreed.connect(self._on_agreed)
        self.consent_dialog = dialog
        dialog.open()

    def _on_agreed(self, consent: object) -> None:
        self._capture.recording.arm(consent)  # type: ignore[arg-type]
        self.run.go_on()

    def _answer(self) -> None:
        if not self.form.is_complete:
            return
        answers = self.form.answers()
        if self.run.protocol.has_report:
            answers["report"] = self.report.toPlainText().strip() or None
        self.run.answer(answers)

    def _refresh_next(self) -> None:
        self.next_button.setEnabled(self.form.is_complete)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The case on screen is not done; it comes again."""
        self._capture.recording.record_study("")
        event.accept()
        self.closed.emit()


def _middle(*parts: QWidget | QHBoxLayout) -> QWidget:
    """Parts in a column in the middle of a page."""
    page, card = QWidget(), QWidget()
    card.setMaximumWidth(620)
    card.setMinimumWidth(480)
    column = QVBoxLayout(card)
    column.setSpacing(theme.SPACE_PX * 2)
    for part in parts:
        if isinstance(part, QHBoxLayout):
            column.addLayout(part)
        else:
            column.addWidget(part)
    across = QHBoxLayout()
    across.addStretch()
    across.addWidget(card, 1)
    across.addStretch()
    outer = QVBoxLayout(page)
    outer.addStretch()
    outer.addLayout(across)
    outer.addStretch()
    return page
