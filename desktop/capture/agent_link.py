"""The window's side of the capture agent: starts and supervises it, and never waits for it on the GUI thread.

The agent is a process of its own and goes on recording when the window dies. When the agent dies, gaze recording is
gone until it is started again, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from capture.client import AgentRefused
from capture.protocol import HEARTBEAT_EVERY_S, Disconnected
from desktop.background import Background
from desktop.capture.agent_calls import CaptureFault, OpenedAgent, end_agent, kill, open_agent
from desktop.capture.tracker_choice import TrackerChoice
from gaze2report.errors import Gaze2ReportError

LinkPhase = Literal["off", "starting", "ready", "lost"]
SILENCE_S = 6 * HEARTBEAT_EVERY_S
_LOOK_EVERY_MS = 33
_RETRY_AFTER_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True)
class LinkState:
    """How the agent and its tracker are.

    Attributes
    ----------
    phase : {"off", "starting", "ready", "lost"}
        ``lost``: it is gone or cannot be had, ``reason`` says why, and it is tried again.
    tracker : dict
        As ``capture.tracker.TrackerInfo``; empty while there is none.
    recording : dict or None
        What the last heartbeat said of a recording.
    valid_share : tuple of (float or None)
        Of the samples since the heartbeat before, left and right eye; None where none came.
    """

    phase: LinkPhase = "off"
    reason: str = ""
    tracker: dict[str, Any] = field(default_factory=dict)
    frequency_hz: float = 0.0
    display_area: dict[str, Any] | None = None
    recording: dict[str, Any] | None = None
    valid_share: tuple[float | None, float | None] = (None, None)

    @property
    def source(self) -> str:
        """What its samples are: ``eye``, ``simulation``, ``mouse``; empty without a tracker."""
        return str(self.tracker.get("source", ""))

    @property
    def is_tobii(self) -> bool:
        """Whether a Tobii tracker is in use."""
        return self.source == "eye" and str(self.tracker.get("backend", "")) in ("tobii_research", "tittapy")


class AgentLink(QObject):
    """One agent, begun for a choice of tracker; started again when it dies, until it is ended.

    Signals
    -------
    state_changed
        See :attr:`state`.
    opened(OpenedAgent)
        The tracker is connected, for the first time or again; a recording may be under way.
    lost
        The agent is gone; what it recorded is on the disk up to the last 100 ms.
    recording_ended(str, str)
        A recording ended unasked: its id, and why.
    """

    state_changed = Signal()
    opened = Signal(object)
    lost = Signal()
    recording_ended = Signal(str, str)

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self.state = LinkState()
        self._folder: Path | None = None
        self.choice = TrackerChoice()
        self.agent: OpenedAgent | None = None
        self._turn = 0  # of beginning: an agent that was opened for an earlier one is let go
        self._is_opening = False
        self._failures = 0
        self._heard_s = 0.0
        self._gaze: dict[str, Any] | None = None
        self._look = QTimer(self, interval=_LOOK_EVERY_MS)
        self._look.timeout.connect(self._on_look)
        self._retry = QTimer(self, singleShot=True)
        self._retry.timeout.connect(self._open)

    # -- beginning and ending -----------------------------------------------------------------------------------

    def begin(self, folder: Path, choice: TrackerChoice) -> None:
        """Use this tracker from now on; whatever was used before is let go."""
        self._let_go()
        self._folder, self.choice, self._failures = folder, choice, 0
        if choice.backend:
            self._open()
        else:
            self._set(LinkState())

    def end(self) -> None:
        """Let the agent end with whatever it records."""
        self._let_go()
        self.choice = TrackerChoice()
        self._set(LinkState())

    def _let_go(self) -> None:
        self._retry.stop()
        self._look.stop()
        self._turn += 1
        agent, self.agent = self.agent, None
        if agent is not None:
            self._background.run(self, end_agent, agent, lane="capture", must_finish=True)

    def retry_now(self) -> None:
        """Try again at once."""
        if self.state.phase == "lost" and self.choice.backend:
            self._retry.stop()
            self._open()

    def _open(self) -> None:
        """Open an agent; one that is being opened is waited for, so that two never meet over one folder."""
        assert self._folder is not None
        self._set(replace(self.state, phase="starting"))
        if self._is_opening:
            return
        self._is_opening = True
        turn = self._turn
        self._background.run(
            self, open_agent, self._folder, self.choice,
            lane="capture", on_success=lambda agent: self._on_opened(turn, agent),
            on_failure=lambda error: self._on_open_failed(turn, error), title="Starting the eye tracker",
        )  # fmt: skip

    def _on_opened(self, turn: int, agent: OpenedAgent) -> None:
        self._is_opening = False
        if turn != self._turn:
            self._background.run(self, end_agent, agent, lane="capture", must_finish=True)
            self._open_for_the_newest()
            return
        self.agent, self._heard_s, self._failures = agent, time.monotonic(), 0
        self._set(LinkState("ready", "", agent.tracker, agent.frequency_hz, agent.display_area, agent.recording))
        self._look.start()
        self.opened.emit(agent)

    def _on_open_failed(self, turn: int, error: BaseException) -> None:
        self._is_opening = False
        if turn != self._turn:
            self._open_for_the_newest()
            return
        if not isinstance(error, Gaze2ReportError):
            raise error
        self._give_up_for_now(str(error))

    def _open_for_the_newest(self) -> None:
        if self.choice.backend:
            self._open()

    def _give_up_for_now(self, reason: str) -> None:
        after_s = _RETRY_AFTER_S[min(self._failures, len(_RETRY_AFTER_S) - 1)]
        self._failures += 1
        self._set(LinkState("lost", reason))
        self._retry.start(int(after_s * 1000))

    # -- asking -------------------------------------------------------------------------------------------------

    def ask(
        self,
        kind: str,
        *,
        on_done: Callable[[dict[str, Any]], None] | None = None,
        on_failed: Callable[[Gaze2ReportError], None] | None = None,
        must_finish: bool = False,
        **body: Any,
    ) -> None:
        """Ask the agent in the background, in order; without ``on_failed`` a refusal is told to the reader."""

        def work(agent: OpenedAgent) -> dict[str, Any]:
            return agent.client.ask(kind, **body)

        self.call(work, on_done=on_done, on_failed=on_failed, must_finish=must_finish)

    def call(
        self,
        work: Callable[[OpenedAgent], Any],
        *,
        on_done: Callable[[Any], None] | None = None,
        on_failed: Callable[[Gaze2ReportError], None] | None = None,
        must_finish: bool = False,
    ) -> None:
        """Do several askings in the background, in order."""
        agent = self.agent
        if agent is None:
            if on_failed is not None:
                on_failed(CaptureFault(self.state.reason or "No eye tracker is in use."))
            return

        def fail(error: BaseException) -> None:
            if isinstance(error, Disconnected | TimeoutError) and self.agent is agent:
                self._lose(f"The capture agent does not answer: {error}.")
            if not isinstance(error, AgentRefused | Disconnected | TimeoutError | Gaze2ReportError):
                raise error
            known = error if isinstance(error, Gaze2ReportError) else CaptureFault(str(error))
            if on_failed is not None:
                on_failed(known)
            elif isinstance(error, AgentRefused):
                self._background.report(known)

        self._background.run(
            self, work, agent, lane="capture", on_success=on_done, on_failure=fail, must_finish=must_finish
        )

    def take_gaze(self) -> dict[str, Any] | None:
        """The newest gaze that has come since the last time, for whoever polls it by a timer."""
        gaze, self._gaze = self._gaze, None
        return gaze

    # -- what the agent says ------------------------------------------------------------------------------------

    def _on_look(self) -> None:
        agent = self.agent
        if agent is None:
            return
        events = agent.client.events
        while events:
            message = events.popleft()
            if message.kind == "heartbeat":
                self._on_heartbeat(message.body)
            elif message.kind == "gaze":
                self._gaze = message.body
            elif message.kind == "ended":
                self.recording_ended.emit(str(message.body["recording_id"]), str(message.body["text"]))
        silence_s = time.monotonic() - self._heard_s
        if not agent.client.is_open:
            self._lose("The capture agent has ended; it is started again.")
        elif silence_s > SILENCE_S:
            self._lose(f"The capture agent has said nothing for {silence_s:.0f} s; it is started again.")

    def _on_heartbeat(self, body: dict[str, Any]) -> None:
        self._heard_s = time.monotonic()
        health = body.get("tracker_health") or {}
        if health.get("is_stuck"):
            self._lose("The tracker's library hangs; the capture agent is started again.")
            return
        recording = body.get("recording")
        shares = _valid_shares(self.state.recording, recording)
        self._set(replace(self.state, recording=recording, valid_share=shares))

    def _lose(self, reason: str) -> None:
        agent, self.agent = self.agent, None
        self._look.stop()
        if agent is not None:
            agent.client.close()
            if agent.process is not None:
                self._background.run(self, kill, agent.process, lane="capture", must_finish=True)
        self._give_up_for_now(reason)
        self.lost.emit()

    def _set(self, state: LinkState) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit()


def _valid_shares(before: dict[str, Any] | None, after: dict[str, Any] | None) -> tuple[float | None, float | None]:
    """Share of valid samples of each eye between two heartbeats of one recording."""
    if not before or not after or before.get("recording_id") != after.get("recording_id"):
        return None, None
    old, new = before["counts"], after["counts"]
    n = (new["received"] - new["paused"]) - (old["received"] - old["paused"])
    if n <= 0:
        return None, None
    left, right = (1 - (new[f"invalid_{eye}"] - old[f"invalid_{eye}"]) / n for eye in ("left", "right"))
    return left, right
