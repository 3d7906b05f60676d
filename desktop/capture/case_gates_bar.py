"""What the reader is told of the gaze of a case at its end: good, doubtful or not usable, and why."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from desktop import theme
from desktop.capture.tracker_choice import SOURCE_WORDS
from desktop.operations.recorded_cases import ImportedCase
from gaze2report.gaze.quality_gates import Level

_VERDICTS: dict[Level, tuple[str, str]] = {
    "green": ("good", theme.GOOD),
    "not_measured": ("usable", theme.TEXT),
    "yellow": ("doubtful", theme.WARNING),
    "red": ("not usable", theme.ERROR),
}


class CaseGatesBar(QFrame):
    """One line; stays until dismissed or until the next case ends.

    Signals
    -------
    draft_wanted, calibration_wanted
        What the reader does about it.
    """

    draft_wanted = Signal()
    calibration_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.verdict, self.words = QLabel(), QLabel()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.draft_button, self.calibrate_button = QPushButton("Draft with my gaze"), QPushButton("Calibrate...")
        self.dismiss_button = QPushButton("Dismiss")
        self.draft_button.clicked.connect(self.draft_wanted)
        self.calibrate_button.clicked.connect(self.calibration_wanted)
        self.dismiss_button.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 10, 6)
        row.addWidget(self.verdict)
        row.addWidget(self.words, 1)
        for button in (self.draft_button, self.calibrate_button, self.dismiss_button):
            row.addWidget(button)
        self.hide()

    def show_case(self, imported: ImportedCase, *, can_draft: bool) -> None:
        """Tell of a case."""
        if not imported.cases:
            self._show("not usable", theme.ERROR, f"{imported.not_derived.rstrip('.')}. The samples are kept.")
            return
        case = imported.cases[-1]
        verdict, colour = _VERDICTS[case.gates.level]
        what = SOURCE_WORDS.get(case.source, case.source)
        said = [sentence for sentence in case.gates.sentences if "not measured" not in sentence]
        missing = [gate.name for gate in case.gates.gates if gate.level == "not_measured"]
        if "drift_dva" in missing:
            said.append("Drift: not measured.")
        if case.error_dva is None:
            said.append("No validation: nothing is concluded from it.")
        self._show(verdict, colour, f"{case.n_fixations} fixations ({what}). {' '.join(said)}")
        self.draft_button.setVisible(can_draft and case.n_fixations > 0)
        self.calibrate_button.setVisible(case.gates.level in ("yellow", "red") or case.error_dva is None)

    def _show(self, verdict: str, colour: str, words: str) -> None:
        self.verdict.setText(f"Gaze of this case: {verdict}.")
        self.verdict.setStyleSheet(f"color: {colour}; font-weight: 600;")
        self.words.setText(words)
        self.setAccessibleName(f"{self.verdict.text()} {words}")
        self.draft_button.hide()
        self.calibrate_button.hide()
        self.show()
