"""The light at the foot of the window: whether gaze is being recorded, whose, and what made it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from desktop import theme
from desktop.actions import Actions
from desktop.capture.agent_link import AgentLink
from desktop.capture.gaze_recording import GazeRecording
from desktop.capture.tracker_choice import SOURCE_WORDS, TOBII_ACKNOWLEDGEMENT
from desktop.viewer.image_layer import ImageLayer

_LAMP_PX = 10


class Lamp(QWidget):
    """A disc: red while samples are kept, amber while paused, a ring otherwise."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(QSize(_LAMP_PX + 4, _LAMP_PX + 4))
        self.colour = ""

    def show_colour(self, colour: str) -> None:
        """Light it, or not."""
        if colour != self.colour:
            self.colour = colour
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Disc or ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(self.colour or theme.FAINT))
        painter.setBrush(QColor(self.colour) if self.colour else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(self.width() / 2, self.height() / 2), _LAMP_PX / 2, _LAMP_PX / 2)
        painter.end()


class RecordingLight(QWidget):
    """Lamp, words, the pause button, and the tracker's acknowledgement; hidden while no tracker is chosen."""

    def __init__(self, link: AgentLink, recording: GazeRecording, actions: Actions, parent: QWidget | None = None):
        super().__init__(parent)
        self._link, self._recording = link, recording
        self.lamp, self.words, self.vendor = Lamp(), QLabel(), QLabel(TOBII_ACKNOWLEDGEMENT)
        self.vendor.setObjectName("muted")
        self.pause_button = QPushButton()
        self.pause_button.setObjectName("small")
        actions.tie(self.pause_button, "gaze.pause_recording", "Pause", has_own_enabling=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for widget in (self.lamp, self.words, self.pause_button, self.vendor):
            row.addWidget(widget)
        link.state_changed.connect(self.refresh)
        recording.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is going on now."""
        state, recording = self._link.state, self._recording
        self.setVisible(state.phase != "off")
        self.vendor.setVisible(state.is_tobii)
        self.pause_button.setVisible(recording.case is not None)
        self.pause_button.setText("Go on" if recording.is_paused else "Pause")
        self.lamp.show_colour(light_colour(recording))
        text = light_text(self._link, recording)
        self.words.setText(text)
        self.words.setToolTip(state.reason or text)
        self.setAccessibleName(text)


def light_colour(recording: GazeRecording) -> str:
    """Colour of the lamp; empty while nothing is recorded."""
    if recording.case is None:
        return ""
    return theme.WARNING if recording.is_paused else theme.ALARM


def light_text(link: AgentLink, recording: GazeRecording) -> str:
    """What the light says."""
    state = link.state
    what = SOURCE_WORDS.get(state.source, "gaze")
    if recording.case is not None:
        paused = "paused: " if recording.is_paused else ""
        voice = " and dictation" if recording.dictation.is_recording else ""
        return f"{paused}recording {what}{voice} of {recording.case.consent.reader_pseudonym}"
    if state.phase == "lost":
        return "eye tracker: not available"
    if state.phase == "starting":
        return "eye tracker: starting"
    if recording.is_armed:
        return f"{what}: recorded from the next case on"
    return f"{what}: not recorded"


class RecordingMark(ImageLayer):
    """The light again in the corner of a film, for when the film has the whole screen and the foot is away."""

    def __init__(self, link: AgentLink, recording: GazeRecording) -> None:
        self._link, self._recording = link, recording
        self.is_visible = False

    def corner_lines(self) -> list[tuple[str, str]]:
        """The words in the colour of the lamp."""
        if self._recording.case is None:
            return []
        colour = theme.WARNING if self._recording.is_paused else theme.ERROR
        return [(f"● {light_text(self._link, self._recording)}", colour)]

    def shown_names(self) -> tuple[str, ...]:
        """The light, while it is on."""
        return ("recording light",) if self._recording.case is not None else ()
