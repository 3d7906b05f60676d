"""What stands in the calibration window beside the targets: the guide before them, the result after them."""

from __future__ import annotations

from math import isfinite

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop import theme
from desktop.capture.calibration_points import CALIBRATION_POINTS
from desktop.capture.calibration_run import CalibrationRun
from desktop.capture.head_position import HeadPosition
from desktop.capture.tracker_choice import SOURCE_WORDS
from gaze2report.gaze.quality_measures import EyeQuality
from gaze2report.gaze.validation import EYES, Validation

_HEAD = ("", "error", "RMS-S2S", "STD", "BCEA", "lost")
_MARGIN_PX = 24
DRIFT_YELLOW_DVA, DRIFT_RED_DVA = 1.0, 1.5


class _Panel(QFrame):
    def __init__(self, width_px: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("loginCard")
        self.setFixedWidth(width_px)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(_MARGIN_PX, 20, _MARGIN_PX, 18)
        self.column.setSpacing(theme.SPACE_PX + 2)

    def add_text(self, name: str = "") -> QLabel:
        """A line of words."""
        label = QLabel()
        label.setObjectName(name)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        self.column.addWidget(label)
        return label

    def settle(self) -> None:
        """Give each text the height that its words need at this width; a centred panel is not asked for it."""
        for label in self.findChildren(QLabel):
            if label.wordWrap():
                label.setMinimumHeight(max(label.heightForWidth(self.width() - 2 * _MARGIN_PX), 0))

    def add_buttons(self, *buttons: QPushButton) -> None:
        """A row of buttons."""
        row = QHBoxLayout()
        row.addStretch()
        for button in buttons:
            row.addWidget(button)
        self.column.addLayout(row)


class GuidePanel(_Panel):
    """Before the targets: where to sit, how many points.

    Signals
    -------
    start_wanted(int)
        With so many points.
    cancel_wanted
    """

    start_wanted = Signal(int)
    cancel_wanted = Signal()

    def __init__(self, history: str, parent: QWidget) -> None:
        super().__init__(470, parent)
        self.title, self.words, self.head = self.add_text("title"), self.add_text(), self.add_text("muted")
        self.points_box = QComboBox()
        self.points_box.setAccessibleName("Points of the calibration")
        for n in CALIBRATION_POINTS:
            self.points_box.addItem(f"{n} points", n)
        self.points_box.setCurrentIndex(1)
        self.column.addWidget(self.points_box)
        self.history = self.add_text("muted")
        self.history.setText(f"Validations before:\n{history}" if history else "")
        self.history.setVisible(bool(history))
        self.fault = self.add_text("fault")
        self.start_button, self.cancel_button = QPushButton("Start"), QPushButton("Cancel (Esc)")
        self.start_button.setObjectName("primary")
        self.start_button.setDefault(True)
        self.start_button.clicked.connect(lambda: self.start_wanted.emit(self.n_points))
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self.add_buttons(self.cancel_button, self.start_button)

    @property
    def n_points(self) -> int:
        """How many are chosen."""
        return int(self.points_box.currentData())

    def show_words(self, source: str, *, is_drift_only: bool) -> None:
        """What is going to happen."""
        self.title.setText("Check of the calibration" if is_drift_only else "Calibration of the eye tracker")
        what = "one target" if is_drift_only else "each target until it goes; then five more targets are for the check"
        note = "" if source == "eye" else f" The tracker in use gives {SOURCE_WORDS.get(source, source)}."
        self.words.setText(f"Sit as you sit when you read, and look at the middle of {what}.{note}")
        self.points_box.setVisible(not is_drift_only)
        self.show_fault("")

    def show_head(self, head: HeadPosition) -> None:
        """Where the head is."""
        self.head.setText(head.words)

    def show_fault(self, sentence: str) -> None:
        """Why it did not begin."""
        self.fault.setText(sentence)
        self.fault.setVisible(bool(sentence))
        self.settle()


class ResultPanel(_Panel):
    """After the targets: how good the gaze is, eye by eye, and what can be done.

    Signals
    -------
    accept_wanted, redo_wanted, again_wanted, anew_wanted
    """

    accept_wanted = Signal()
    redo_wanted = Signal()
    again_wanted = Signal()
    anew_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(620, parent)
        self.title, self.verdict = self.add_text("title"), self.add_text()
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(20)
        self.grid.setVerticalSpacing(4)
        self.column.addLayout(self.grid)
        self.more, self.fault = self.add_text("muted"), self.add_text("fault")
        self.accept_button = QPushButton("Use it")
        self.accept_button.setObjectName("primary")
        self.redo_button, self.again_button = QPushButton("Redo chosen points"), QPushButton("Validate again")
        self.anew_button = QPushButton("Calibrate anew")
        for button, signal in (
            (self.accept_button, self.accept_wanted), (self.redo_button, self.redo_wanted),
            (self.again_button, self.again_wanted), (self.anew_button, self.anew_wanted),
        ):  # fmt: skip
            button.clicked.connect(signal)
        self.add_buttons(self.anew_button, self.again_button, self.redo_button, self.accept_button)
        self._cells: list[QLabel] = []

    def show_result(self, run: CalibrationRun, *, is_drift_only: bool) -> None:
        """Show what a run has come to."""
        for button in (self.redo_button, self.again_button, self.anew_button):
            button.setVisible(not is_drift_only)
        self.redo_button.setEnabled(False)
        self.accept_button.setText("Close" if is_drift_only else "Use it")
        self._clear()
        self.fault.setText(run.fault)
        self.fault.setVisible(bool(run.fault))
        validation = run.drift if is_drift_only else (run.results[-1].validation if run.results else None)
        self.title.setText("Drift" if is_drift_only else "Validation")
        if validation is None:
            self.verdict.setText("There is no result.")
            self.more.setText("")
            return
        self.verdict.setText(drift_sentence(validation) if is_drift_only else run.results[-1].sentence + ".")
        self._fill(validation)
        self.more.setText("" if is_drift_only else self._more(run, validation))
        self.settle()

    def _more(self, run: CalibrationRun, validation: Validation) -> str:
        doubts = [
            gate.sentence for eye in EYES for gate in validation.gates[eye].gates if gate.level in ("yellow", "red")
        ]
        lines = [f"Distance {validation.screen.viewing_distance_mm / 10:.0f} cm."]
        lines += list(dict.fromkeys(doubts))
        if run.failed_points:
            lines.append(f"{len(run.failed_points)} of the points gave no data; they are red.")
        lines.append("Click points behind this panel to do them again.")
        return " ".join(lines)

    def _fill(self, validation: Validation) -> None:
        rows: list[tuple[str, ...]] = [_HEAD]
        for eye in EYES:
            rows.append((f"{eye} eye, mean", *_cells(validation.eye(eye))))
            for number, target in enumerate(validation.targets, 1):
                if len(validation.targets) > 1:
                    rows.append((f"   target {number}", *_cells(getattr(target, eye))))
        for line, row in enumerate(rows):
            is_mean = line > 0 and "mean" in row[0]
            for column, words in enumerate(row):
                cell = QLabel(words)
                cell.setObjectName("title" if is_mean else "muted")
                if column:
                    cell.setAlignment(Qt.AlignmentFlag.AlignRight)
                self.grid.addWidget(cell, line, column)
                self._cells.append(cell)

    def _clear(self) -> None:
        for cell in self._cells:
            self.grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        self._cells = []


def drift_sentence(validation: Validation) -> str:
    """What a drift check means."""
    error = validation.error_dva
    if error is None:
        return "The gaze was not seen; calibrate again."
    if error >= DRIFT_RED_DVA:
        return f"The gaze is {error:.2f}° off: calibrate again."
    if error >= DRIFT_YELLOW_DVA:
        return f"The gaze is {error:.2f}° off: consider calibrating again."
    return f"The gaze is {error:.2f}° off: the calibration still holds."


def _cells(quality: EyeQuality) -> tuple[str, ...]:
    degrees = (f"{value:.2f}°" for value in (quality.accuracy_dva, quality.rms_s2s_dva, quality.std_dva))
    values = (quality.accuracy_dva, quality.rms_s2s_dva, quality.std_dva)
    shown = tuple(text if isfinite(value) else "-" for text, value in zip(degrees, values, strict=True))
    bcea = f"{quality.bcea_dva2:.3f} deg²" if isfinite(quality.bcea_dva2) else "-"
    return (*shown, bcea, f"{quality.loss_share * 100:.1f} %")
