"""A simulated tracker: the control side, with every fault a real one has shown, on any clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from capture.clocks import Clock, HostClock, TimeSync
from capture.samples import Samples, empty_samples
from capture.simulated_delivery import Delivery, DeliveryModel
from capture.simulated_eyes import EyeModel, SimulatedEyes, Stimulus, TrueFixation
from capture.tracker import (
    CalibrationOutcome,
    CalibrationSample,
    DisplayArea,
    Health,
    Notice,
    Taken,
    TrackerError,
    TrackerInfo,
)

NAME = "simulated"


@dataclass(frozen=True)
class SimulatedModel:
    """One simulated tracker.

    Attributes
    ----------
    faults : dict of str to tuple of str
        For each call (``find``, ``open``, ``start``, ``collect``, ...) the codes it fails with, one a call, in order;
        "" lets a call pass and ``hang`` keeps it for ``hang_s``.
    """

    serial_number: str = "SIM-1200"
    model: str = "Simulated 1200"
    frequencies_hz: tuple[float, ...] = (60.0, 120.0, 250.0, 300.0, 600.0, 1200.0)
    capabilities: tuple[str, ...] = ("gaze", "openness", "screen_calibration")
    eyes: EyeModel = field(default_factory=EyeModel)
    delivery: DeliveryModel = field(default_factory=DeliveryModel)
    scanpath: tuple[tuple[float, float, float], ...] = ()
    goes_on: bool = True
    seed: int = 0
    faults: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hang_s: float = 60.0
    collect_s: float = 0.0


SIMPLE_MODEL = SimulatedModel(
    serial_number="SIM-60",
    model="Simulated 60",
    frequencies_hz=(60.0,),
    capabilities=("gaze", "screen_calibration"),
    seed=1,
)


class SimulatedTracker:
    """See :class:`capture.tracker.Tracker`; beyond it, the truth of what was simulated and what goes wrong."""

    def __init__(self, model: SimulatedModel, clock: Clock, act: Callable[[str], None]) -> None:
        self._model, self._clock, self._act = model, clock, act
        self.info = _info(model)
        self._frequency_hz = max(model.frequencies_hz)
        self._area = DisplayArea(*_corners(model.eyes))
        self._stimulus = Stimulus(model.eyes, model.scanpath, model.goes_on, model.seed)
        self._delivery: Delivery | None = None
        self._eyes = SimulatedEyes(model.eyes, self._stimulus, model.seed)
        self._waiting: list[Samples] = []
        self._notices: list[Notice] = []
        self._dropped = 0
        self._started_us = 0
        self._cut_us: int | None = None
        self._collected: dict[tuple[float, float], tuple[CalibrationSample, ...]] | None = None

    @property
    def delivery(self) -> Delivery:
        """Clock and losses as they really were."""
        if self._delivery is None:
            raise TrackerError("invalid_operation", "The simulated tracker was not started.")
        return self._delivery

    def true_fixations(self) -> list[TrueFixation]:
        """List the fixations so far, in seconds by the device's clock since ``start``."""
        return self._stimulus.fixations(self._elapsed_s())

    def look_at(self, x: float, y: float) -> None:
        """Show the eyes a target; to be told only by a window that really shows it."""
        self._stimulus.look_at(x, y, self._elapsed_s())

    def frequency_hz(self) -> float:
        """Read the sampling frequency in force."""
        self._act("frequency")
        return self._frequency_hz

    def display_area(self) -> DisplayArea:
        """Read the display area in force."""
        self._act("display_area")
        return self._area

    def start(self, frequency_hz: float | None = None) -> None:
        """Begin to deliver."""
        if self._delivery is not None:
            return
        self._act("start")
        wanted = frequency_hz or self._frequency_hz
        if wanted not in self._model.frequencies_hz:
            raise TrackerError("bad_value", f"{self.info.model} does not sample at {wanted:g} Hz.")
        self._frequency_hz = wanted
        self._started_us = self._clock.now_us()
        self._delivery = Delivery(self._model.delivery, wanted, self._started_us, self._model.seed)

    def take(self) -> Taken:
        """Give what has arrived."""
        now_us = self._clock.now_us()
        syncs: tuple[TimeSync, ...] = ()
        if self._delivery is not None:
            if self._cut_us is None:
                self._produce(now_us)
            syncs = self._delivery.syncs(now_us) if self._cut_us is None else ()
        samples = self._arrived(now_us)
        notices, self._notices = tuple(self._notices), []
        dropped, self._dropped = self._dropped, 0
        return Taken(samples, syncs, notices, dropped)

    def stop(self) -> None:
        """End the delivery; what is on its way still arrives."""
        if self._delivery is not None:
            self._produce(self._clock.now_us())
            self._delivery = None

    def close(self) -> None:
        """Stop, and leave calibration mode."""
        self.leave_calibration()
        self.stop()

    def health(self) -> Health:
        """Say whether it delivers."""
        return Health(is_streaming=self._delivery is not None)

    def disconnect(self) -> None:
        """Pull the cable."""
        now_us = self._clock.now_us()
        self._produce(now_us)
        self._cut_us = now_us
        self._notices.append(Notice("connection_lost", now_us))

    def reconnect(self, device_offset_us: int, says_so: bool = True) -> None:
        """Plug it in again, or let it restart without a word; its clock has started anew."""
        now_us = self._clock.now_us()
        self._cut_us = None
        if says_so:
            self._notices.append(Notice("connection_restored", now_us))
        model = replace(self._model.delivery, device_offset_us=device_offset_us)
        self._delivery = Delivery(model, self._frequency_hz, now_us, self._model.seed + 1)
        self._started_us = now_us
        self._eyes = SimulatedEyes(self._model.eyes, self._stimulus, self._model.seed + 1)

    def change_frequency(self, frequency_hz: float) -> None:
        """Let another program change the frequency while samples are delivered."""
        now_us = self._clock.now_us()
        self._produce(now_us)
        self._frequency_hz = frequency_hz
        elapsed_us = int(self.delivery.clock.device_us(np.array([float(now_us)]))[0])
        model = replace(self._model.delivery, device_offset_us=elapsed_us)
        self._delivery = Delivery(model, frequency_hz, now_us, self._model.seed + 1)
        self._started_us = now_us
        self._eyes = SimulatedEyes(self._model.eyes, self._stimulus, self._model.seed + 1)
        self._notices.append(Notice("frequency_changed", now_us, str(frequency_hz)))

    def say(self, kind: str, text: str = "") -> None:
        """Let the tracker say something about itself, for example that another program changed the display area."""
        self._notices.append(Notice(kind, self._clock.now_us(), text))

    def enter_calibration(self) -> None:
        """Enter calibration mode."""
        self._act("enter_calibration")
        if self._collected is not None:
            raise TrackerError("invalid_operation", "The tracker is in calibration mode already.")
        self._collected = {}

    def collect(self, x: float, y: float) -> bool:
        """Collect: only eyes that really look there give usable data."""
        self._act("collect")
        collected = self._calibrating()
        time.sleep(self._model.collect_s)
        place = self._stimulus.at(np.array([self._elapsed_s()]))[0]
        away_mm = np.hypot(*((place - (x, y)) * (self._area.width_mm, self._area.height_mm)))
        looks = bool(np.degrees(np.arctan2(away_mm, self._model.eyes.distance_mm)) < 3.0)
        good = {eye: looks and eye != self._model.eyes.failing_eye for eye in ("left", "right")}
        seen = (float(place[0]), float(place[1]))
        collected[x, y] = (CalibrationSample(seen, seen, good["left"], good["right"]),)
        return looks

    def discard(self, x: float, y: float) -> None:
        """Throw away a point."""
        self._act("discard")
        self._calibrating().pop((x, y), None)

    def compute_calibration(self) -> CalibrationOutcome:
        """Compute and apply."""
        self._act("compute")
        collected = self._calibrating()
        if not any(s.left_used or s.right_used for samples in collected.values() for s in samples):
            raise TrackerError("calibration_failed", "No calibration point has usable data; collect them again.")
        return CalibrationOutcome(True, tuple(collected.items()))

    def leave_calibration(self) -> None:
        """Leave calibration mode."""
        if self._collected is not None:
            self._collected = None
            self._act("leave_calibration")

    def _calibrating(self) -> dict[tuple[float, float], tuple[CalibrationSample, ...]]:
        if self._collected is None:
            raise TrackerError("invalid_operation", "The tracker is not in calibration mode.")
        return self._collected

    def _elapsed_s(self) -> float:
        return (self._clock.now_us() - self._started_us) / 1e6 if self._started_us else 0.0

    def _produce(self, now_us: int) -> None:
        if self._delivery is None:
            return
        packet = self._delivery.until(now_us)
        if not len(packet.tick):
            return
        ticks, back = np.unique(packet.tick, return_inverse=True)
        samples = self._eyes.sample(self._delivery.seconds(ticks))[back.reshape(-1)]
        samples["device_us"], samples["system_us"] = packet.device_us, packet.system_us
        samples["received_us"] = packet.arrival_us
        self._waiting.append(samples)
        over = sum(map(len, self._waiting)) - self._model.delivery.buffer_samples
        if over > 0:
            everything = np.concatenate(self._waiting)
            self._waiting = [everything[over:]]
            self._dropped += over
            self._notices.append(Notice("stream_buffer_overflow", now_us, f"{over} samples"))

    def _arrived(self, now_us: int) -> Samples:
        waiting = np.concatenate(self._waiting) if self._waiting else empty_samples()
        here = int(np.searchsorted(waiting["received_us"], now_us, side="right"))
        self._waiting = [waiting[here:]] if here < len(waiting) else []
        return waiting[:here]


class SimulatedBackend:
    """Finds and opens simulated trackers."""

    name = NAME

    def __init__(self, models: Iterable[SimulatedModel] | None = None, clock: Clock | None = None) -> None:
        self._models = {m.serial_number: m for m in (models or (SimulatedModel(), SIMPLE_MODEL))}
        self._clock = clock or HostClock()
        self._faults = {serial: {k: list(v) for k, v in m.faults.items()} for serial, m in self._models.items()}

    def find(self) -> tuple[TrackerInfo, ...]:
        """List the simulated trackers."""
        for serial in self._models:
            self._act(serial, "find")
        return tuple(_info(model) for model in self._models.values())

    def open(self, serial_number: str) -> SimulatedTracker:
        """Open one."""
        model = self._models.get(serial_number)
        if model is None:
            raise TrackerError("not_found", f"There is no simulated tracker {serial_number}.")
        self._act(serial_number, "open")
        return SimulatedTracker(model, self._clock, lambda call: self._act(serial_number, call))

    def _act(self, serial: str, call: str) -> None:
        planned = self._faults[serial].get(call)
        code = planned.pop(0) if planned else ""
        if code == "hang":
            time.sleep(self._models[serial].hang_s)
        elif code:
            raise TrackerError(code, f"The simulated tracker failed at {call}: {code}.")


def _info(model: SimulatedModel) -> TrackerInfo:
    return TrackerInfo(
        backend=NAME,
        serial_number=model.serial_number,
        model=model.model,
        name=model.model,
        address=f"simulated:{model.serial_number}",
        source="simulation",
        firmware_version="0",
        frequencies_hz=model.frequencies_hz,
        capabilities=model.capabilities,
    )


def _corners(
    eyes: EyeModel,
) -> tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]:
    x, y = eyes.width_mm / 2, eyes.height_mm / 2
    return (-x, y, 0.0), (x, y, 0.0), (-x, -y, 0.0)
