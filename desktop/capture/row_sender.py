"""Markers and view-log rows on their way to the agent: timed on the GUI thread, sent in order in the background."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer

from capture.clocks import HostClock
from desktop.capture.agent_calls import OpenedAgent
from desktop.capture.agent_link import AgentLink
from gaze2report.errors import Gaze2ReportError

_SEND_EVERY_MS = 50
_CLOCK = HostClock()


def now_us() -> int:
    """Now, on the host's clock, which the agent uses too."""
    return _CLOCK.now_us()


class RowSender(QObject):
    """Numbers the rows of one recording and sends them; what waits when the agent dies is counted as lost.

    Attributes
    ----------
    lost : int
        Rows of the last recording that never reached the agent.
    """

    def __init__(self, link: AgentLink, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._seq = {"mark": 0, "view": 0}
        self._waiting: list[tuple[str, dict[str, Any]]] = []
        self._n_sending = 0
        self._is_on = False
        self.lost = 0
        self._timer = QTimer(self, interval=_SEND_EVERY_MS)
        self._timer.timeout.connect(self.send)

    def begin(self, next_marker: int = 0, next_view: int = 0) -> None:
        """Begin the rows of a recording, or go on with one that has some already."""
        self._seq = {"mark": next_marker, "view": next_view}
        self._waiting, self._is_on, self.lost = [], True, 0
        self._timer.start()

    def end(self) -> None:
        """Send what waits, before whatever is asked next; then no more."""
        self._send_all()
        self._is_on = False
        self._timer.stop()

    def mark(self, event: str, system_us: int | None = None, **detail: Any) -> None:
        """Note something that happened; numbers and identifiers only."""
        self._add("mark", now_us() if system_us is None else system_us, event=event, detail=detail)

    def view(self, system_us: int, fields: dict[str, Any]) -> None:
        """Note what a view presents from a moment on."""
        self._add("view", system_us, view=fields)

    def _add(self, kind: str, system_us: int, **body: Any) -> None:
        if self._is_on:
            self._waiting.append((kind, {"seq": self._seq[kind], "system_us": system_us, **body}))
            self._seq[kind] += 1

    def send(self) -> None:
        """Send what waits, unless a sending is under way."""
        if not self._n_sending:
            self._send_all()

    def _send_all(self) -> None:
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        self._n_sending += 1

        def work(agent: OpenedAgent) -> None:
            for kind, body in rows:
                agent.client.ask(kind, **body)

        def done(_: None) -> None:
            self._n_sending -= 1

        def failed(_: Gaze2ReportError) -> None:
            self._n_sending -= 1
            self.lost += len(rows)

        self._link.call(work, on_done=done, on_failed=failed, must_finish=True)
