"""The model host as seen from the window: a child process that is started, asked, watched, killed and restarted.

Nothing here waits for the host. A host that crashes, hangs or talks garbage costs its drafts, never the window.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from desktop.host_state import HostState, HostTimes
from desktop.log_text import foreign_line
from gaze2report.messages import BadMessage, LineBuffer, Message, decode, encode
from gaze2report.types import Fixation

_STDERR_LINES = 40
_CHANGE_DELAY_S = 0.05
_log = logging.getLogger("desktop.host")


class ModelHost(QObject):
    """Client of one host process.

    Parameters
    ----------
    command : list of str
        Program and arguments that start the host.

    Signals
    -------
    state_changed(HostState)
    answered(Message)
        A message for one of our requests: started, scanpath, observations, text, draft, cancelled, refused, failed.
        A request that dies with the host gets a ``failed`` with code ``host_gone``.
    """

    state_changed = Signal(object)
    answered = Signal(object)

    def __init__(
        self,
        command: list[str],
        *,
        times: HostTimes | None = None,
        environment: Mapping[str, str] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._command = self._plain_command = command
        self._environment = dict(environment or {})
        self._times = times or HostTimes()
        self._delay_s = self._times.first_delay_s
        self._state = HostState()
        self._process: QProcess | None = None
        self._lines = LineBuffer()
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._requests: list[str] = []
        self._is_wanted = False
        self._is_given_up = False
        self._stop_reason = ""
        self._last_heard_s = 0.0
        self._retry_at_s = 0.0
        self._restart = QTimer(self, singleShot=True)
        self._restart.timeout.connect(self._launch)
        self._tick = QTimer(self)
        self._tick.timeout.connect(self._watch)
        self._tick.setInterval(max(20, int(min(1.0, self._times.health_every_s) * 1000)))
        self._last_asked_s = 0.0
        self._last_progress_s = 0.0

    # -- what the window asks for -------------------------------------------------------------------------------

    @property
    def state(self) -> HostState:
        """The newest state."""
        return self._state

    @property
    def is_wanted(self) -> bool:
        """Whether it is to run: started, and not switched off."""
        return self._is_wanted

    @property
    def process_id(self) -> int:
        """Process id of the running host, 0 when there is none."""
        return int(self._process.processId()) if self._process is not None else 0

    def start(self) -> None:
        """Start the host in the background; returns at once."""
        self._is_wanted = True
        if self._process is None and not self._restart.isActive():
            self._launch()

    def retry_now(self) -> None:
        """Start again without waiting for the back-off."""
        self._delay_s = self._times.first_delay_s
        self._restart.stop()
        if self._is_given_up:
            self._is_given_up = False
            self._kill("The model host is being started again.")
        self.start()

    def use_adapter(self, folder: Path | None) -> None:
        """Draft with another adapter version from now on; None is the one of the command itself.

        A host that runs is ended and started again with it, which takes what loading takes.
        """
        command = [*self._plain_command, *(["--adapter", str(folder)] if folder is not None else [])]
        if command == self._command:
            return
        self._command = command
        self._delay_s = _CHANGE_DELAY_S
        self._kill("Another version of the model is being loaded.")

    def switch_off(self) -> None:
        """Kill the host at once and leave it off (the AI kill switch)."""
        self._is_wanted = False
        self._restart.stop()
        if self._process is not None:
            self._kill("The model is switched off.")
        else:
            self._set_state(HostState(phase="off"))

    def request_draft(
        self,
        file: str,
        *,
        seed: int = 0,
        gaze: str = "predicted",
        recorded: Sequence[Fixation] = (),
        section: str | None = None,
        findings: str = "",
    ) -> str:
        """Ask for a draft of one film, or for one section of it; returns the id that all answers carry.

        ``findings`` is the text that an impression alone is to be written for; ``recorded`` what a reader looked at,
        for ``gaze="recorded"``.

        Raises
        ------
        RuntimeError
            If the host is not ready; look at ``state.can_draft`` first.
        """
        if not self._state.can_draft:
            raise RuntimeError("the model host is not ready")
        request_id = uuid.uuid4().hex
        self._requests.append(request_id)
        self._last_progress_s = monotonic()
        body: dict[str, Any] = {"file": file, "seed": seed, "gaze": gaze}
        if gaze == "recorded":
            body["fixations"] = [asdict(fixation) for fixation in recorded]
        if section is not None:
            body |= {"section": section, "findings": findings}
        self._send(Message("draft", request_id, body))
        self._set_state(replace(self._state, phase="drafting"))
        return request_id

    def cancel(self, request_id: str) -> None:
        """Ask the host to stop a request; it ends with ``cancelled`` (or with the answer that was faster)."""
        if request_id in self._requests:
            self._send(Message("cancel", request_id))

    def stop(self) -> None:
        """End the host for good: ask, then terminate, then kill. Waits; call it when the window is gone."""
        self._is_wanted = False
        self._restart.stop()
        self._tick.stop()
        process, self._process = self._process, None
        if process is None:
            return
        process.finished.disconnect(self._on_finished)
        process.errorOccurred.disconnect(self._on_error)
        if process.state() == QProcess.ProcessState.Running:
            process.write(encode(Message("shutdown")))
            process.closeWriteChannel()
            if not process.waitForFinished(int(self._times.shutdown_s * 1000)):
                process.terminate()
                if not process.waitForFinished(1000):
                    process.kill()
                    process.waitForFinished(1000)
        elif process.state() == QProcess.ProcessState.Starting:
            process.kill()
            process.waitForFinished(1000)
        process.deleteLater()
        self._set_state(HostState(phase="off"))

    # -- the process --------------------------------------------------------------------------------------------

    def _launch(self) -> None:
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        for name, value in self._environment.items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._on_output)
        process.readyReadStandardError.connect(self._on_stderr)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process, self._lines, self._stop_reason = process, LineBuffer(), ""
        self._is_given_up = False
        self._stderr.clear()
        self._last_heard_s = self._last_asked_s = monotonic()
        self._set_state(HostState(phase="starting"))
        self._tick.start()
        process.start(self._command[0], self._command[1:])

    def _send(self, message: Message) -> None:
        if self._process is not None:
            self._process.write(encode(message))

    def _on_output(self) -> None:
        process = self._process
        if process is None or self._stop_reason:
            return
        try:
            for line in self._lines.feed(bytes(process.readAllStandardOutput().data())):
                self._receive(decode(line))
        except BadMessage as error:
            self._kill(f"The model host sent something that is not a message ({error}).")

    def _on_stderr(self) -> None:
        if self._process is None:
            return
        for line in bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace").splitlines():
            if line.strip():
                self._stderr.append(line)
                _log.info("host: %s", foreign_line(line))

    def _kill(self, reason: str) -> None:
        if self._process is not None and not self._stop_reason:
            self._stop_reason = reason
            self._process.kill()

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._gone(f"The model host cannot be started: {self._command[0]} was not found or may not be run.")

    def _on_finished(self, exit_code: int, status: QProcess.ExitStatus) -> None:
        self._on_output()
        self._on_stderr()
        if self._stop_reason:
            self._gone(self._stop_reason)
        elif self._is_given_up:
            self._forget_process()
        else:
            how = f"exit code {exit_code}" if status == QProcess.ExitStatus.NormalExit else "it crashed"
            last = f": {self._stderr[-1]}" if self._stderr else ""
            self._gone(f"The model host stopped unexpectedly ({how}){last}")

    def _forget_process(self) -> None:
        process, self._process = self._process, None
        self._tick.stop()
        if process is not None:
            process.deleteLater()

    def _gone(self, reason: str) -> None:
        self._forget_process()
        if not self._is_wanted:
            self._fail_requests(reason)
            self._set_state(HostState(phase="off"))
            return
        _log.warning("The model host is gone. Restarting in %.0f s.", self._delay_s)
        delay_s, self._delay_s = self._delay_s, min(self._delay_s * 2, self._times.longest_delay_s)
        self._retry_at_s = monotonic() + delay_s
        self._restart.start(int(delay_s * 1000))
        self._fail_requests(reason)
        self._set_state(HostState(phase="unavailable", reason=reason, retry_in_s=delay_s))

    def _fail_requests(self, reason: str) -> None:
        requests, self._requests = self._requests, []
        for request_id in requests:
            self.answered.emit(Message("failed", request_id, {"code": "host_gone", "reason": reason}))

    # -- watching -----------------------------------------------------------------------------------------------

    def retry_in_s(self) -> float | None:
        """Seconds until the next start, None when none is planned."""
        return max(0.0, self._retry_at_s - monotonic()) if self._restart.isActive() else None

    def _watch(self) -> None:
        if self._process is None or self._stop_reason:
            return
        now_s = monotonic()
        silent_s = now_s - self._last_heard_s
        is_up = self._state.can_draft
        allowed_s = self._times.silence_s if is_up else self._times.load_silence_s
        if silent_s > allowed_s and not self._is_given_up:
            self._kill(f"The model host has not answered for {silent_s:.0f} s.")
        elif self._requests and now_s - self._last_progress_s > self._times.draft_silence_s:
            self._kill(f"The draft has made no progress for {self._times.draft_silence_s:.0f} s.")
        elif is_up and now_s - self._last_asked_s >= self._times.health_every_s:
            self._last_asked_s = now_s
            self._send(Message("health", uuid.uuid4().hex))

    # -- what the host says -------------------------------------------------------------------------------------

    def _receive(self, message: Message) -> None:
        self._last_heard_s = monotonic()
        body = message.body
        if message.kind == "loading":
            done, total = _count(body.get("done")), _count(body.get("total"))
            self._set_state(HostState(phase="loading", stage=str(body.get("stage", "")), done=done, total=total))
        elif message.kind == "ready":
            adapter, sha256, base_model, device = (
                str(body.get(name) or "") for name in ("adapter", "adapter_sha256", "base_model", "device")
            )
            self._set_state(
                HostState("ready", adapter=adapter, adapter_sha256=sha256, base_model=base_model, device=device)
            )
        elif message.kind == "unavailable":
            self._give_up(str(body.get("reason") or "the host gave no reason"))
        elif message.id in self._requests:
            self._last_progress_s = self._last_heard_s
            if message.kind in ("draft", "cancelled", "refused", "failed"):
                self._end_request(message)
            self.answered.emit(message)

    def _end_request(self, message: Message) -> None:
        self._requests.remove(message.id)
        if message.kind == "draft":
            self._delay_s = self._times.first_delay_s
        if not self._requests and self._state.phase == "drafting":
            self._set_state(replace(self._state, phase="ready"))

    def _give_up(self, reason: str) -> None:
        """The host knows that it cannot load: starting it again by itself would change nothing."""
        self._is_given_up = True
        self._fail_requests(reason)
        self._set_state(HostState(phase="unavailable", reason=reason))

    def _set_state(self, state: HostState) -> None:
        if state != self._state:
            self._state = state
            self.state_changed.emit(state)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
