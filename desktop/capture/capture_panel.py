"""The panel of the eye tracker: which one, at which rate, on which monitor, how good its gaze is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop import theme
from desktop.actions import Actions
from desktop.capture.recording_light import Lamp, light_colour, light_text
from desktop.capture.screens import monitor_of, monitors
from desktop.capture.tracker_choice import BACKENDS, TOBII_ACKNOWLEDGEMENT, TrackerChoice

if TYPE_CHECKING:
    from desktop.capture.gaze_capture import GazeCapture

_PHASES = {"off": "not in use", "starting": "starting", "ready": "ready", "lost": "not available"}


class CapturePanel(QDialog):
    """Beside the work; what is chosen holds at once and is kept."""

    def __init__(self, capture: GazeCapture, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Eye tracker")
        self.setWindowFlag(Qt.WindowType.Tool)
        self.setMinimumWidth(520)
        self._capture = capture
        self.tracker_box, self.rate_box, self.monitor_box = QComboBox(), QComboBox(), QComboBox()
        for box, name in (
            (self.tracker_box, "Eye tracker"), (self.rate_box, "Samples a second"), (self.monitor_box, "Its monitor"),
        ):  # fmt: skip
            box.setAccessibleName(name)
        for backend, words in BACKENDS.items():
            self.tracker_box.addItem(words, backend)
        self.tracker_box.activated.connect(self._on_tracker_chosen)
        self.rate_box.activated.connect(self._on_rate_chosen)
        self.monitor_box.activated.connect(self._on_monitor_chosen)
        self.state, self.quality, self.vendor = QLabel(), QLabel(), QLabel(TOBII_ACKNOWLEDGEMENT)
        self.retry_button = QPushButton("Try again")
        self.retry_button.setObjectName("small")
        self.retry_button.clicked.connect(capture.link.retry_now)
        self.lamp, self.light = Lamp(), QLabel()
        self.record_button, self.pause_button = QPushButton(), QPushButton()
        actions.tie(self.record_button, "gaze.record", "Record my gaze")
        actions.tie(self.pause_button, "gaze.pause_recording", "Pause")
        self.calibration = QLabel()
        self.calibrate_button, self.drift_button = QPushButton(), QPushButton()
        actions.tie(self.calibrate_button, "gaze.calibrate", "Calibrate...")
        actions.tie(self.drift_button, "gaze.check_drift", "Check...")
        self.operator_button = QPushButton()
        actions.tie(self.operator_button, "gaze.operator", "Operator window")
        for label in (self.state, self.quality, self.calibration):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setMinimumHeight(2 * label.fontMetrics().lineSpacing() + 2)  # so that the panel rarely moves
        self.vendor.setObjectName("muted")
        self.form = QFormLayout()
        self._lay_out()
        capture.link.state_changed.connect(self.refresh)
        capture.recording.changed.connect(self.refresh)
        capture.calibrating.changed.connect(self.refresh)

    def _lay_out(self) -> None:
        self.form.setHorizontalSpacing(18)
        self.form.setVerticalSpacing(theme.SPACE_PX)
        self.form.addRow("Tracker", self.tracker_box)
        state = QHBoxLayout()
        state.addWidget(self.state, 1)
        state.addWidget(self.retry_button)
        self.form.addRow("State", state)
        self.form.addRow("Samples", self.rate_box)
        self.form.addRow("Monitor", self.monitor_box)
        self.form.addRow("Quality now", self.quality)
        calibration = QHBoxLayout()
        calibration.addWidget(self.calibration, 1)
        calibration.addWidget(self.calibrate_button)
        calibration.addWidget(self.drift_button)
        self.form.addRow("Calibration", calibration)
        light = QHBoxLayout()
        light.addWidget(self.lamp)
        light.addWidget(self.light, 1)
        self.form.addRow("Recording", light)
        row = QHBoxLayout()
        row.addWidget(self.record_button)
        row.addWidget(self.pause_button)
        row.addStretch()
        row.addWidget(self.operator_button)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(theme.SPACE_PX + 4)
        column.addLayout(self.form)
        column.addLayout(row)
        column.addWidget(self.vendor)
        column.addStretch()
        column.addWidget(buttons)

    def refresh(self) -> None:
        """Show how everything is now."""
        capture = self._capture
        state, choice = capture.link.state, capture.settings.choice
        self.tracker_box.setCurrentIndex(self.tracker_box.findData(choice.backend))
        name = " ".join(str(state.tracker.get(key, "")) for key in ("model", "serial_number")).strip()
        self.state.setText(". ".join(part for part in (name, _PHASES[state.phase], state.reason) if part))
        self.retry_button.setVisible(state.phase == "lost")
        self._fill_rates()
        self._fill_monitors()
        self.quality.setText(quality_text(state.valid_share, state.recording))
        self.calibration.setText(capture.calibrating.sentence)
        self.lamp.show_colour(light_colour(capture.recording))
        self.light.setText(light_text(capture.link, capture.recording))
        self.record_button.setText("Stop recording" if capture.recording.is_armed else "Record my gaze")
        self.vendor.setVisible(state.is_tobii)
        self.adjustSize()

    def _fill_rates(self) -> None:
        state, chosen = self._capture.link.state, self._capture.settings.choice.frequency_hz
        rates = [float(rate) for rate in state.tracker.get("frequencies_hz", ())]
        shown = [self.rate_box.itemData(number) for number in range(self.rate_box.count())]
        if shown != [0.0, *rates]:
            self.rate_box.clear()
            self.rate_box.addItem("as the tracker is set", 0.0)
            for rate in rates:
                self.rate_box.addItem(f"{rate:g} a second", rate)
        self.rate_box.setCurrentIndex(max(self.rate_box.findData(chosen), 0))
        self.rate_box.setEnabled(bool(rates) and self._capture.recording.case is None)

    def _fill_monitors(self) -> None:
        there = monitors()
        shown = [self.monitor_box.itemData(number) for number in range(self.monitor_box.count())]
        chosen = self._capture.settings.screen
        wanted = [*(["", *there] if len(there) > 1 else there), *([chosen] if chosen and chosen not in there else [])]
        if shown != wanted:
            self.monitor_box.clear()
            for fingerprint in wanted:
                screen = there.get(fingerprint)
                words = monitor_of(screen).name if screen is not None else ""
                self.monitor_box.addItem(
                    words or (f"{fingerprint} (not there)" if fingerprint else "not chosen"), fingerprint
                )
        self.monitor_box.setCurrentIndex(max(self.monitor_box.findData(chosen), 0))

    def _on_tracker_chosen(self, number: int) -> None:
        self._capture.choose(TrackerChoice(self.tracker_box.itemData(number)))
        self.refresh()

    def _on_rate_chosen(self, number: int) -> None:
        choice = self._capture.settings.choice
        frequency_hz = float(self.rate_box.itemData(number))
        self._capture.settings.choice = TrackerChoice(choice.backend, choice.serial_number, frequency_hz, choice.python)
        self._capture.recording.frequency_hz = frequency_hz

    def _on_monitor_chosen(self, number: int) -> None:
        self._capture.settings.screen = str(self.monitor_box.itemData(number))
        self.refresh()


def quality_text(shares: tuple[float | None, float | None], recording: dict[str, object] | None) -> str:
    """What the last second of a recording was like, in words."""
    if recording is None:
        return "measured while gaze is recorded, and by a calibration"
    if recording.get("is_paused"):
        return "paused"
    left, right = (f"{share * 100:.0f} %" if share is not None else "not measured" for share in shares)
    counts = recording["counts"]
    assert isinstance(counts, dict)
    said = f"valid samples: left eye {left}, right eye {right}; {counts['missing']} samples missing so far"
    return said + ("; DEGRADED: the tracker was changed meanwhile" if recording.get("is_degraded") else "")
