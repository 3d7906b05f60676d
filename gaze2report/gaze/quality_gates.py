"""Gates: whether the gaze of one case, or one validation, is good enough, as the reader is told and as it is stored.

The gates of a case are those with which REFLACX was recorded (Bigolin Lanfredi et al. 2022): missing data of 10 % warn
and of 15 % refuse, a gap of 1.5 s warns and one of 3 s refuses, and so does the drift of the last four cases. REFLACX
gives the drift as 85 px of its screen; here it is in degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gaze2report.gaze.quality_measures import EyeQuality, TargetQuality, mean_quality

Level = Literal["green", "yellow", "red", "not_measured"]
_ORDER: tuple[Level, ...] = ("green", "not_measured", "yellow", "red")


@dataclass(frozen=True)
class Limits:
    """Values from which on a gate warns and refuses; None where it never does."""

    yellow: float
    red: float | None = None


@dataclass(frozen=True)
class CaseLimits:
    """Limits of the gates of a case.

    Attributes
    ----------
    missing_share : Limits
        0 to 1.
    longest_gap_s : Limits
    drift_dva : Limits
        Mean over the newest ``drift_cases`` distances of gaze and what was clicked.
    drift_cases : int
    clock_residual_ms : Limits
        99th percentile of the error of the mapped clock.
    """

    missing_share: Limits = Limits(0.10, 0.15)
    longest_gap_s: Limits = Limits(1.5, 3.0)
    drift_dva: Limits = Limits(1.0, 1.5)
    drift_cases: int = 4
    clock_residual_ms: Limits = Limits(0.5)


@dataclass(frozen=True)
class ValidationLimits:
    """Limits of the gates of a validation, per eye; beyond them the reader is warned, never stopped."""

    mean_accuracy_dva: Limits = Limits(0.7)
    worst_accuracy_dva: Limits = Limits(1.2)
    rms_s2s_dva: Limits = Limits(0.3)
    loss_share: Limits = Limits(0.10)


@dataclass(frozen=True)
class Gate:
    """One measure and what it means.

    Attributes
    ----------
    name : str
        For machines.
    level : {'green', 'yellow', 'red', 'not_measured'}
    value : float, optional
        In the unit of the name; None where not measured.
    sentence : str
        For the reader.
    """

    name: str
    level: Level
    value: float | None
    sentence: str


@dataclass(frozen=True)
class GateResult:
    """All gates of a case or a validation."""

    gates: tuple[Gate, ...]

    @property
    def level(self) -> Level:
        """The worst of them; what was not measured is worse than good and better than a warning."""
        return max((gate.level for gate in self.gates), key=_ORDER.index, default="not_measured")

    @property
    def is_usable(self) -> bool:
        """Whether no gate refuses."""
        return self.level != "red"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the reader is told, the worst first."""
        ordered = sorted(self.gates, key=lambda gate: -_ORDER.index(gate.level))
        return tuple(gate.sentence for gate in ordered)


CASE_LIMITS = CaseLimits()
VALIDATION_LIMITS = ValidationLimits()


def judge_case(
    *,
    missing_share: float | None,
    longest_gap_s: float | None,
    drifts_dva: Sequence[float] = (),
    clock_residual_ms: float | None = None,
    limits: CaseLimits = CASE_LIMITS,
) -> GateResult:
    """Judge the gaze of one case.

    Parameters
    ----------
    missing_share : float, optional
        ``Missing.share`` of the case; None when not measured.
    longest_gap_s : float, optional
        ``Missing.longest_gap_s``.
    drifts_dva : sequence of float
        Distance of gaze and target at the click that ended each case, oldest first, this case's last.
    clock_residual_ms : float, optional
    """
    newest = list(drifts_dva)[-limits.drift_cases :]
    drift = float(np.mean(newest)) if newest else None
    drift_of = f"Drift over the last {len(newest)} cases" if len(newest) > 1 else "Drift of this case"
    return GateResult(
        (
            _gate("missing_share", missing_share, limits.missing_share, "Missing gaze", "%"),
            _gate("longest_gap_s", longest_gap_s, limits.longest_gap_s, "Longest gap", "s"),
            _gate("drift_dva", drift, limits.drift_dva, drift_of, "degrees"),
            _gate("clock_residual_ms", clock_residual_ms, limits.clock_residual_ms, "Error of the clock", "ms"),
        )
    )


def judge_validation(
    targets: Sequence[TargetQuality], limits: ValidationLimits = VALIDATION_LIMITS
) -> dict[Literal["left", "right"], GateResult]:
    """Judge a validation eye by eye, so that one failing eye is seen.

    Raises
    ------
    ValueError
        If there is no target.
    """
    return {
        "left": _judge_eye([target.left for target in targets], limits),
        "right": _judge_eye([target.right for target in targets], limits),
    }


def _judge_eye(eyes: list[EyeQuality], limits: ValidationLimits) -> GateResult:
    mean = mean_quality(eyes)
    # An eye that was not found at one of the targets has no worst accuracy.
    worst = max(eye.accuracy_dva for eye in eyes) if all(np.isfinite(e.accuracy_dva) for e in eyes) else None
    return GateResult(
        (
            _gate("mean_accuracy_dva", mean.accuracy_dva, limits.mean_accuracy_dva, "Mean error", "degrees"),
            _gate("worst_accuracy_dva", worst, limits.worst_accuracy_dva, "Error at the worst target", "degrees"),
            _gate("rms_s2s_dva", mean.rms_s2s_dva, limits.rms_s2s_dva, "Noise (RMS-S2S)", "degrees"),
            _gate("loss_share", mean.loss_share, limits.loss_share, "Lost samples", "%"),
        )
    )


def _gate(name: str, value: float | None, limits: Limits, what: str, unit: str) -> Gate:
    if value is None or not np.isfinite(value):
        return Gate(name, "not_measured", None, f"{what}: not measured.")
    shown = _shown(value, unit)
    if limits.red is not None and value >= limits.red:
        return Gate(name, "red", value, f"{what}: {shown}, {_shown(limits.red, unit)} or more cannot be used.")
    if value >= limits.yellow:
        return Gate(name, "yellow", value, f"{what}: {shown}, should be below {_shown(limits.yellow, unit)}.")
    return Gate(name, "green", value, f"{what}: {shown}.")


def _shown(value: float, unit: str) -> str:
    return f"{value * 100:.1f} %" if unit == "%" else f"{value:.2f} {unit}"
