"""What the model is doing, in one line; and the switch that turns it off."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from desktop import theme
from desktop.host_state import HostState
from desktop.model_host import ModelHost

_MARKS = {
    "off": ("○", theme.FAINT),
    "starting": ("◐", theme.MUTED),
    "loading": ("◐", theme.MUTED),
    "ready": ("●", theme.GOOD),
    "drafting": ("●", theme.ACCENT),
    "unavailable": ("✕", theme.ERROR),
}


def host_text(state: HostState, retry_in_s: float | None) -> str:
    """The state of the model as a sentence without its full stop."""
    if state.phase == "off":
        return "Model switched off"
    if state.phase == "starting":
        return "Model starting"
    if state.phase == "loading":
        count = f" {state.done}/{state.total}" if state.total else ""
        return f"Model loading{count}{': ' + state.stage if state.stage else ''}"
    if state.phase == "unavailable":
        when = f" - restarting in {retry_in_s:.0f} s" if retry_in_s is not None else ""
        return f"Model unavailable: {state.reason.rstrip('.')}{when}"
    name = ", ".join(part for part in (state.adapter, state.adapter_sha256[:8], state.device) if part)
    verb = "drafting" if state.phase == "drafting" else "ready"
    return f"Model {verb}" + (f" ({name})" if name else "")


class ModelStatus(QFrame):
    """The model's line above the report."""

    def __init__(self, host: ModelHost, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._host = host
        self.mark = QLabel()
        self.label = QLabel()
        self.label.setObjectName("muted")
        self.label.setWordWrap(True)
        self.retry_button = QPushButton("Try again")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 10, 6)
        row.setSpacing(7)
        row.addWidget(self.mark)
        row.addWidget(self.label, 1)
        row.addWidget(self.retry_button)
        self.retry_button.clicked.connect(host.retry_now)
        self._count_down = QTimer(self, interval=500)
        self._count_down.timeout.connect(self.refresh)
        host.state_changed.connect(lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show the state of the host."""
        state, retry_in_s = self._host.state, self._host.retry_in_s()
        mark, colour = _MARKS[state.phase]
        self.mark.setText(mark)
        self.mark.setStyleSheet(f"color: {colour};")
        self.label.setText(host_text(state, retry_in_s))
        self.label.setToolTip(f"{state.base_model}\n{state.adapter} {state.adapter_sha256}".strip())
        self.retry_button.setVisible(state.phase in ("unavailable", "off"))
        if retry_in_s is not None and not self._count_down.isActive():
            self._count_down.start()
        elif retry_in_s is None:
            self._count_down.stop()
