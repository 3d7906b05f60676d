"""Play, pause, step, scrub and speed of a replay, in one row."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QWidget

from desktop.actions import Actions
from desktop.viewer.gaze_replay import SPEEDS, Replay
from desktop.viewer.tool_button import tool_button


class ReplayRow(QWidget):
    """Shows and moves a replay.

    Parameters
    ----------
    replay : Replay
    """

    def __init__(self, replay: Replay, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._replay = replay
        self.play_button, self.back_button, self.forward_button = tool_button(), tool_button(), tool_button()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Position of the replay")
        self.slider.setToolTip("Position of the replay")
        self.slider.setSingleStep(100)
        self.slider.setPageStep(1000)
        self.slider.valueChanged.connect(self._on_scrubbed)
        self.time = QLabel()
        self.time.setObjectName("muted")
        self.speed = QComboBox()
        self.speed.setAccessibleName("Speed of the replay")
        self.speed.setToolTip("Speed of the replay")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.activated.connect(self._on_speed_chosen)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for button in (self.back_button, self.play_button, self.forward_button):
            row.addWidget(button)
        row.addWidget(self.slider, 1)
        row.addSpacing(6)
        row.addWidget(self.time)
        row.addSpacing(6)
        row.addWidget(self.speed)
        replay.moved.connect(self._show_position)
        replay.state_changed.connect(self._show_state)
        self._show_state()

    def tie_buttons(self, actions: Actions) -> None:
        """Make the buttons do the actions, which are there now."""
        actions.tie(self.back_button, "gaze.previous_fixation", "◂", has_own_enabling=True)
        actions.tie(self.play_button, "gaze.play", "▶", has_own_enabling=True)
        actions.tie(self.forward_button, "gaze.next_fixation", "▸", has_own_enabling=True)

    def _on_scrubbed(self, value: int) -> None:
        self._replay.seek(float(value))

    def _on_speed_chosen(self, number: int) -> None:
        self._replay.speed = float(self.speed.itemData(number))

    def _show_state(self) -> None:
        has_length = self._replay.length_ms > 0
        self.play_button.setText("❚❚" if self._replay.is_playing else "▶")
        for widget in (self.play_button, self.back_button, self.forward_button, self.slider, self.speed):
            widget.setEnabled(has_length)
        self.slider.blockSignals(True)
        self.slider.setMaximum(round(self._replay.length_ms))
        self.slider.blockSignals(False)
        self._show_position()

    def _show_position(self) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(round(self._replay.position_ms))
        self.slider.blockSignals(False)
        length_s = self._replay.length_ms / 1000.0
        self.time.setText(f"{self._replay.position_ms / 1000.0:.1f} / {length_s:.1f} s" if length_s else "")
