"""Signal of a simulated pair of eyes, driven by a stimulus whose fixations are known.

Defaults follow real recordings of a 120 to 1200 Hz desktop tracker: sample-to-sample noise 0.075 degrees with as much
standard deviation (between white and pink, Niehorster et al. 2020), independent per eye; offset about 0.45 degrees;
saccades on the main sequence, 2.2 ms per degree plus 21 ms (Carpenter 1988), with a short oscillation after them.
Not modelled: microsaccades and pursuit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capture.samples import Samples, empty_samples

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EyeModel:
    """Parameters of the signal; angles in degrees of visual angle, rates per minute."""

    width_mm: float = 527.0
    height_mm: float = 296.0
    distance_mm: float = 630.0
    rms_s2s_deg: float = 0.075
    noise_memory: float = 0.5  # of the first-order noise: RMS/STD = sqrt(2 (1 - memory)); 0 is white
    bias_deg: float = 0.45
    field_deg: float = 0.25  # how much the offset changes from the centre to the edge
    vergence_sd_deg: float = 0.2
    drift_deg: float = 0.03
    blinks_per_min: float = 15.0
    look_aways_per_min: float = 0.0
    track_losses_per_min: float = 0.0
    pupil_mm: float = 3.5
    failing_eye: str = ""


@dataclass(frozen=True)
class TrueFixation:
    """One fixation that really happened, in seconds since the start, at a place on the display area (0 to 1)."""

    start_s: float
    end_s: float
    x: float
    y: float


class Stimulus:
    """Where the eyes look: a given scanpath, then places of its own choice, or only where it is told.

    Parameters
    ----------
    scanpath : iterable of (x, y, duration_s)
        Places on the display area and how long each is fixated; saccades come in between.
    goes_on : bool
        After the scanpath, look around at random; otherwise stay at the last place.
    """

    def __init__(
        self,
        model: EyeModel,
        scanpath: Iterable[tuple[float, float, float]] = (),
        goes_on: bool = True,
        seed: int = 0,
    ) -> None:
        self._model = model
        self._goes_on = goes_on
        self._rng = np.random.default_rng([seed, 1])
        self._start: list[float] = []
        self._end: list[float] = []
        self._place: list[tuple[float, float]] = []
        self._arrays: tuple[Floats, Floats, Floats] | None = None
        for x, y, duration_s in scanpath:
            self._append(x, y, duration_s)
        if not self._start:
            self._append(0.5, 0.5, 0.3 if goes_on else np.inf)
        if not goes_on:
            self._end[-1] = np.inf

    def look_at(self, x: float, y: float, now_s: float, latency_s: float = 0.2) -> None:
        """Look at a place that was shown now, after the usual latency of a saccade; what was planned is given up."""
        leave_s = now_s + latency_s
        while len(self._start) > 1 and self._start[-1] >= leave_s:
            del self._start[-1], self._end[-1], self._place[-1]
        self._end[-1] = min(self._end[-1], leave_s)
        self._goes_on = False
        self._append(x, y, np.inf)

    def fixations(self, until_s: float) -> list[TrueFixation]:
        """List the fixations that began before a time, the last cut there."""
        self._reach(until_s)
        rows = zip(self._start, self._end, self._place, strict=True)
        return [TrueFixation(s, min(e, until_s), x, y) for s, e, (x, y) in rows if s < until_s]

    def at(self, t_s: Floats) -> Floats:
        """Place at each time, shape (n, 2), without noise."""
        if len(t_s):
            self._reach(float(t_s[-1]))
        if self._arrays is None:
            self._arrays = np.array(self._start), np.array(self._end), np.array(self._place).reshape(-1, 2)
        start, end, place = self._arrays
        index = np.clip(np.searchsorted(start, t_s, side="right") - 1, 0, len(start) - 1)
        here = place[index]
        after = np.minimum(index + 1, len(start) - 1)
        leaving = (t_s >= end[index]) & (after > index)
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.clip((t_s - end[index]) / (start[after] - end[index]), 0.0, 1.0)
        part = np.where(leaving, part, 0.0)
        path = part**3 * (10 - 15 * part + 6 * part**2)  # minimum jerk (Flash and Hogan 1985)
        since = np.minimum(t_s - start[index], 1.0)
        ringing = np.where(
            leaving | (index == 0), 0.0, 0.02 * np.exp(-since / 0.01) * np.sin(2 * np.pi * since / 0.025)
        )
        before = place[np.maximum(index - 1, 0)]
        result: Floats = here + (place[after] - here) * path[:, None] + (here - before) * ringing[:, None]
        return result

    def _reach(self, until_s: float) -> None:
        if not self._goes_on or self._end[-1] > until_s + 1.0:
            return
        while self._end[-1] <= until_s + 30.0:
            x, y = self._rng.uniform(0.1, 0.9, 2)
            self._append(float(x), float(y), float(np.clip(self._rng.lognormal(np.log(0.25), 0.4), 0.08, 2.0)))

    def _append(self, x: float, y: float, duration_s: float) -> None:
        start = 0.0
        if self._start:
            before = self._place[-1]
            size_mm = np.hypot((x - before[0]) * self._model.width_mm, (y - before[1]) * self._model.height_mm)
            amplitude_deg = np.degrees(np.arctan2(size_mm, self._model.distance_mm))
            start = self._end[-1] + (2.2 * float(amplitude_deg) + 21.0) / 1000.0
        self._start.append(start)
        self._end.append(start + duration_s)
        self._place.append((x, y))
        self._arrays = None


class Interruptions:
    """Random intervals of one kind (blinks, looks away, losses of track), at a rate."""

    def __init__(self, per_min: float, shortest_s: float, longest_s: float, seed: list[int]) -> None:
        self._per_min, self._shortest_s, self._longest_s = per_min, shortest_s, longest_s
        self._rng = np.random.default_rng(seed)
        self._starts: list[float] = []
        self._ends: list[float] = []

    def depth(self, t_s: Floats, ramp_s: float = 0.0) -> Floats:
        """Say how far inside an interval each time is: 1 inside, falling to 0 within ``ramp_s`` around it."""
        if not self._per_min or not len(t_s):
            return np.zeros(len(t_s))
        while not self._ends or self._ends[-1] < float(t_s[-1]) + ramp_s + self._longest_s:
            begin = (self._ends[-1] if self._ends else 0.0) + float(self._rng.exponential(60.0 / self._per_min))
            self._starts.append(begin)
            self._ends.append(begin + float(self._rng.uniform(self._shortest_s, self._longest_s)))
        low = max(0, int(np.searchsorted(self._ends, float(t_s[0]) - ramp_s)) - 1)
        depth = np.zeros(len(t_s))
        for begin, end in zip(self._starts[low:], self._ends[low:], strict=True):
            if begin > float(t_s[-1]) + ramp_s:
                break
            outside = np.maximum(np.maximum(begin - t_s, t_s - end), 0.0)
            near = 1.0 - outside / ramp_s if ramp_s else (outside == 0).astype(float)
            depth = np.maximum(depth, np.clip(near, 0.0, 1.0))
        return depth


class SimulatedEyes:
    """Both eyes, sampled at given times that only go forward."""

    def __init__(self, model: EyeModel, stimulus: Stimulus, seed: int = 0) -> None:
        self.model = model
        self.stimulus = stimulus
        self._noise = np.random.default_rng([seed, 2])
        fixed = np.random.default_rng([seed, 3])
        direction = fixed.uniform(0, 2 * np.pi)
        bias = model.bias_deg * np.array([np.cos(direction), np.sin(direction)])
        self._offset = {eye: bias + fixed.normal(0, model.vergence_sd_deg / 2, 2) for eye in ("left", "right")}
        self._field = {eye: fixed.normal(0, model.field_deg / 2, (5, 2)) for eye in ("left", "right")}
        self._phase = fixed.uniform(0, 2 * np.pi, 12)
        self._blinks = Interruptions(model.blinks_per_min, 0.1, 0.4, [seed, 4])
        self._aways = Interruptions(model.look_aways_per_min, 0.5, 2.0, [seed, 5])
        self._losses = Interruptions(model.track_losses_per_min, 0.01, 0.165, [seed, 6])
        self._kernel = model.noise_memory ** np.arange(48) if model.noise_memory else np.ones(1)
        self._white = {eye: self._noise.normal(size=(len(self._kernel) - 1, 2)) for eye in ("left", "right")}

    def offset_deg(self, eye: str, place: Floats) -> Floats:
        """Give the true error of an eye at places (n, 2) of the display area, in degrees, (n, 2)."""
        u, v = 2 * place[:, 0] - 1, 2 * place[:, 1] - 1
        terms = np.stack((u, v, u * v, u * u, v * v), axis=1)
        result: Floats = self._offset[eye] + terms @ self._field[eye] / np.sqrt(5)
        return result

    def sample(self, t_s: Floats) -> Samples:
        """Make samples for times in s since the start, rising; clocks are left 0."""
        model, n = self.model, len(t_s)
        samples = empty_samples(n)
        place = self.stimulus.at(t_s)
        drift = model.drift_deg * self._slow(t_s, 0)
        sway = np.stack([6 * self._slow(t_s, 4)[:, 0], 4 * self._slow(t_s, 4)[:, 1], 8 * self._slow(t_s, 6)[:, 0]], 1)
        shut = self._blinks.depth(t_s, 0.04)
        lost = (shut >= 1) | (self._aways.depth(t_s) > 0) | (self._losses.depth(t_s) > 0)
        size = np.array([model.width_mm, model.height_mm])
        pupil = model.pupil_mm + 0.2 * self._slow(t_s, 8)[:, 0] - 0.4 * shut
        for sign, eye in ((-1, "left"), (1, "right")):
            valid = ~lost & (eye != model.failing_eye)
            error_deg = self.offset_deg(eye, place) + drift + self._noise_deg(eye, n)
            point = place + np.tan(np.radians(error_deg)) * model.distance_mm / size
            samples[f"{eye}_x"], samples[f"{eye}_y"] = point[:, 0], point[:, 1]
            in_mm = samples[f"{eye}_point_mm"]
            in_mm[:, 0] = (point[:, 0] - 0.5) * model.width_mm
            in_mm[:, 1] = (0.5 - point[:, 1]) * model.height_mm
            in_mm[:, 2] = 0.0
            samples[f"{eye}_origin_mm"] = np.array([sign * 31.0, 0.0, model.distance_mm]) + sway
            samples[f"{eye}_pupil_mm"] = pupil
            samples[f"{eye}_openness_mm"] = 10.0 * (1 - shut)
            samples[f"{eye}_openness_valid"] = 1
            for what, fields in (
                ("gaze", ("x", "y", "point_mm")),
                ("origin", ("origin_mm",)),
                ("pupil", ("pupil_mm",)),
            ):
                samples[f"{eye}_{what}_valid"] = valid
                for field in fields:
                    samples[f"{eye}_{field}"][~valid] = np.nan
        return samples

    def _noise_deg(self, eye: str, n: int) -> Floats:
        white = np.concatenate((self._white[eye], self._noise.normal(size=(n, 2))))
        self._white[eye] = white[n:]
        coloured = np.stack([np.convolve(white[:, axis], self._kernel, "valid") for axis in (0, 1)], axis=1)
        memory = self.model.noise_memory
        # per axis: RMS-S2S^2 = 2 axes * 2 sd^2 (1 - memory), and the filter multiplies the variance by 1/(1 - memory^2)
        sd_deg = self.model.rms_s2s_deg / np.sqrt(4 * (1 - memory))
        result: Floats = coloured * sd_deg * np.sqrt(1 - memory**2)
        return result

    def _slow(self, t_s: Floats, first: int) -> Floats:
        """Slow movement of about unit size in two axes: three sines each, of 3 to 20 s."""
        waves = [
            sum(np.sin(2 * np.pi * t_s / period_s + self._phase[(first + axis + k) % 12]) for k, period_s in _PERIODS)
            for axis in (0, 1)
        ]
        result: Floats = np.stack(waves, axis=1) / np.sqrt(1.5)
        return result


_PERIODS = ((0, 3.1), (3, 7.3), (5, 19.0))
