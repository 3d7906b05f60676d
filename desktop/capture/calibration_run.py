"""The steps of a calibration, of its validation and of a drift check, without the window that shows the targets.

The window says when a target is really on the screen and where it was painted; only then is anything collected, and a
simulated eye looks at what was painted, not at what was meant: a wrong monitor or scale shows as error.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.capture.agent_calls import OpenedAgent, recent_samples
from desktop.capture.agent_link import AgentLink
from desktop.capture.calibration_points import CALIBRATION_POINTS, DRIFT_POINT, VALIDATION_POINTS, Place
from desktop.capture.calibration_result import CalibrationResult, new_result
from desktop.capture.row_sender import now_us
from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.validation import LookedAt, Validation, validate

Step = Literal["position", "calibrate", "compute", "validate", "drift", "result", "ended"]
SETTLE_MS = 800
"""From the target's appearance until the eyes rest on it."""

LOOK_MS = 800
"""How long a validation target is looked at after that."""

_TRIES = 2
_CALL_LIMIT_S = 15.0


class CalibrationRun(QObject):
    """One visit to the calibration window.

    Attributes
    ----------
    step : str
    target : (float, float) or None
        What is to be shown now, as a fraction of the display area.
    fault : str
        Why it ended or a step failed.
    failed_points : tuple of Place
        At which the tracker got nothing.
    results : list of CalibrationResult
        Of this visit, the oldest first.

    Signals
    -------
    changed
        Another step, target or result.
    ended
        The tracker is out of calibration mode, or was never in it.
    """

    changed = Signal()
    ended = Signal()

    def __init__(
        self,
        link: AgentLink,
        screen: str,
        size_px: tuple[int, int],
        reader: str,
        parent: QObject | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(parent)
        self._link, self._screen, self._size_px, self._reader = link, screen, size_px, reader
        self._chance = random.Random(seed)
        self.step: Step = "position"
        self.target: Place | None = None
        self.fault = ""
        self.failed_points: tuple[Place, ...] = ()
        self.results: list[CalibrationResult] = []
        self.drift: Validation | None = None
        self._n_points = 0
        self._used: dict[str, int] = {}
        self._tries: dict[Place, int] = {}
        self._waiting: list[Place] = []
        self._looked: list[LookedAt] = []
        self._shown_us = 0
        self._is_in_mode = False
        self._turn = 0  # what was asked for an earlier target, or before the end, is not wanted any more
        self._settle = QTimer(self, singleShot=True)
        self._settle.timeout.connect(self._on_settled)

    @property
    def source(self) -> str:
        """What the tracker's samples are."""
        return self._link.state.source

    # -- steps --------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Let samples come, for the guide to where the head should be."""
        self._ask("watch", lambda _: self.changed.emit(), is_on=True)

    def read_recent(self, since_us: int, on_done: Callable[[Any], None]) -> None:
        """Samples from a moment on, for the guide."""
        self._call(lambda agent: recent_samples(agent.client, since_us), on_done)

    def calibrate(self, n_points: int) -> None:
        """Calibrate anew with so many points."""
        self._n_points, self._tries, self.fault, self.failed_points = n_points, {}, "", ()
        points = list(CALIBRATION_POINTS[n_points])
        self._chance.shuffle(points)
        if self._is_in_mode:
            self._collect(points)
        else:
            self._ask("calibrate", lambda _: self._on_entered(points), step="enter")

    def redo(self, points: tuple[Place, ...]) -> None:
        """Collect some points of this calibration again, compute and validate again."""
        wanted = [point for point in points if point in CALIBRATION_POINTS.get(self._n_points, ())]
        if not wanted or not self._is_in_mode:
            return
        self._tries, self.fault = {}, ""

        def discard(agent: OpenedAgent) -> None:
            for x, y in wanted:
                agent.client.ask("calibrate", step="discard", x=x, y=y)

        self._call(discard, lambda _: self._collect(wanted))

    def validate_again(self) -> None:
        """Look at the validation targets."""
        self.fault = ""
        self._look_at(list(VALIDATION_POINTS), "validate")

    def check_drift(self) -> None:
        """Look at one target."""
        self.fault = ""
        self._look_at([DRIFT_POINT], "drift")

    def end(self, fault: str = "") -> None:
        """Leave, whatever is under way; the tracker leaves calibration mode."""
        if self.step == "ended":
            return
        self._turn += 1
        self._settle.stop()
        self.fault = fault or self.fault
        self._go("ended")
        was_in_mode, self._is_in_mode = self._is_in_mode, False

        def leave(agent: OpenedAgent) -> None:
            if was_in_mode:
                agent.client.ask("calibrate", step="leave")
            agent.client.ask("watch", is_on=False)

        self._link.call(
            leave, on_done=lambda _: self.ended.emit(), on_failed=lambda _: self.ended.emit(), must_finish=True
        )

    def _on_entered(self, points: list[Place]) -> None:
        self._is_in_mode = True
        self._collect(points)

    def _collect(self, points: list[Place]) -> None:
        self._waiting = points
        self._next("calibrate")

    def _look_at(self, points: list[Place], step: Step) -> None:
        self._looked, self._waiting = [], points
        self._chance.shuffle(self._waiting)
        self._next(step)

    def _next(self, step: Step) -> None:
        self._turn += 1
        if self._waiting:
            self.target = self._waiting[0]
            self._go(step)
        elif step == "calibrate":
            self._compute()
        else:
            self._measure(step)

    # -- one target ---------------------------------------------------------------------------------------------

    def target_is_shown(self, painted_at: Place) -> None:
        """The window has painted the target, there as a fraction of the tracker's monitor."""
        if self.source == "simulation":
            x, y = painted_at
            self._ask("look", lambda _: None, x=x, y=y)
        self._settle.start(SETTLE_MS)

    def _on_settled(self) -> None:
        if self.target is None:
            return
        if self.step == "calibrate":
            x, y = self.target
            self._ask("calibrate", self._on_collected, limit_s=_CALL_LIMIT_S, step="collect", x=x, y=y)
        elif self._shown_us == 0:
            self._shown_us = now_us()
            self._settle.start(LOOK_MS)
        else:
            since_us, self._shown_us = self._shown_us, 0
            self._call(lambda agent: recent_samples(agent.client, since_us), self._on_looked)

    def _on_collected(self, answer: dict[str, Any]) -> None:
        point = self._waiting.pop(0)
        if not answer["has_data"]:
            self._tries[point] = self._tries.get(point, 0) + 1
            if self._tries[point] < _TRIES:
                self._waiting.append(point)
            else:
                self.failed_points = (*self.failed_points, point)
        elif point in self.failed_points:
            self.failed_points = tuple(one for one in self.failed_points if one != point)
        self._next("calibrate")

    def _on_looked(self, table: Any) -> None:
        self._looked.append(LookedAt(self._waiting.pop(0), table))
        self._next(self.step)

    # -- results ------------------------------------------------------------------------------------------------

    def _compute(self) -> None:
        self.target = None
        self._go("compute")
        self._ask("calibrate", self._on_computed, limit_s=_CALL_LIMIT_S, step="compute")

    def _on_computed(self, answer: dict[str, Any]) -> None:
        self._used = dict(answer["used"])
        if not answer["succeeded"]:
            self.fault = "The tracker could not compute a calibration from these points."
            self._go("result")
            return
        self.validate_again()

    def _measure(self, step: Step) -> None:
        self.target = None
        area, looked = self._link.state.display_area, self._looked
        if area is None:
            self.fault = "This source of gaze has no display area; it cannot be validated."
            self._go("result")
            return
        self._go("compute")
        self._call(lambda _: validate(looked, area, *self._size_px), lambda found: self._on_measured(step, found))

    def _on_measured(self, step: Step, validation: Validation) -> None:
        if step == "drift":
            self.drift = validation
        else:
            self.results.append(
                new_result(
                    validation,
                    made_us=now_us(),
                    screen=self._screen,
                    reader=self._reader,
                    n_points=self._n_points,
                    tracker_serial=str(self._link.state.tracker.get("serial_number", "")),
                    used=self._used,
                )
            )
        self._go("result")

    # -- asking -------------------------------------------------------------------------------------------------

    def _go(self, step: Step) -> None:
        if step != "calibrate" and step not in ("validate", "drift"):
            self.target = None
        self.step = step
        self.changed.emit()

    def _ask(self, kind: str, on_done: Callable[[dict[str, Any]], None], limit_s: float = _CALL_LIMIT_S, **body: Any):
        self._call(lambda agent: agent.client.ask(kind, limit_s=limit_s, **body), on_done)

    def _call(self, work: Callable[[OpenedAgent], Any], on_done: Callable[[Any], None]) -> None:
        turn = self._turn

        def done(answer: Any) -> None:
            if self.step != "ended" and turn == self._turn:
                on_done(answer)

        self._link.call(work, on_done=done, on_failed=lambda error: self._on_failed(turn, error))

    def _on_failed(self, turn: int, error: Gaze2ReportError) -> None:
        """An error at any step: a calibration that was computed before stays; everything else is left."""
        if self.step == "ended" or turn != self._turn:
            return
        self._turn += 1
        self._settle.stop()
        self._waiting, self._shown_us = [], 0
        self.fault = str(error)
        self._go("result" if self.results or self._is_in_mode else "position")
