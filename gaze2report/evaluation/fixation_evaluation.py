"""Classifiers of fixations against human coders, their parameters chosen on other recordings than they are reported on.

For each recording the parameters are those of a small grid that agree best with the coders of the *other* recordings
of its group (leave one out); the publishers' own parameters, chosen on none of these, are reported beside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import permutations

import numpy as np

from gaze2report.evaluation.coded_recordings import CODED_SCREEN, CodedRecording
from gaze2report.evaluation.fixation_agreement import FixationAgreement, Span, compare_fixations
from gaze2report.gaze.detected_fixations import DetectedFixation
from gaze2report.gaze.dispersion_threshold import COMMON_IDT, IdtParameters, find_fixations_idt
from gaze2report.gaze.two_means_clustering import AUTHORS_I2MC, I2mcParameters, find_fixations_i2mc
from gaze2report.gaze.velocity_threshold import TOBII_IVT, IvtParameters, find_fixations_ivt

Classifier = Callable[[CodedRecording], tuple[DetectedFixation, ...]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Agreement:
    """Mean agreement of a classifier with all coders, over recordings.

    Attributes
    ----------
    kappa, f1 : float
        Means over recordings of the means over coders.
    n_fixations : float
        Fixations a recording.
    onset_difference_ms, offset_difference_ms : float
        Coders minus classifier; below 0 the classifier is late.
    """

    kappa: float
    f1: float
    n_fixations: float
    onset_difference_ms: float
    offset_difference_ms: float


@dataclass(frozen=True)
class ClassifierResult:
    """One classifier on the recordings of one group.

    Attributes
    ----------
    published : Agreement
        With the publishers' own parameters.
    held_out : Agreement
        With parameters chosen on the other recordings.
    chosen : tuple of str
        Parameters chosen for each recording, in order.
    by_recording : dict
        Name to its agreement, held out.
    """

    classifier: str
    published: Agreement
    held_out: Agreement
    chosen: tuple[str, ...]
    by_recording: dict[str, Agreement]


def _ivt(parameters: IvtParameters, recording: CodedRecording) -> tuple[DetectedFixation, ...]:
    return find_fixations_ivt(recording.samples, CODED_SCREEN, parameters)


def _idt(parameters: IdtParameters, recording: CodedRecording) -> tuple[DetectedFixation, ...]:
    return find_fixations_idt(recording.samples, CODED_SCREEN, parameters)


def _i2mc(parameters: I2mcParameters, recording: CodedRecording) -> tuple[DetectedFixation, ...]:
    return find_fixations_i2mc(recording.samples, CODED_SCREEN, parameters)


GRIDS: dict[str, dict[str, Classifier]] = {
    "I-VT": {
        f"threshold {threshold:g} deg/s, window {window:g} ms": partial(
            _ivt, replace(TOBII_IVT, threshold_dva_per_s=threshold, velocity_window_ms=window)
        )
        for threshold in (25.0, 30.0, 40.0, 50.0)
        for window in (20.0, 30.0)
    },
    "I-DT": {
        f"dispersion {dispersion:g} deg": partial(_idt, replace(COMMON_IDT, largest_dispersion_dva=dispersion))
        for dispersion in (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
    },
    "I2MC": {
        f"cut-off {cutoff:g} SD": partial(_i2mc, replace(AUTHORS_I2MC, cutoff_sd=cutoff)) for cutoff in (1.5, 2.0, 2.5)
    },
}
PUBLISHED = {
    "I-VT": "threshold 30 deg/s, window 20 ms",
    "I-DT": "dispersion 1 deg",
    "I2MC": "cut-off 2 SD",
}


def evaluate_classifier(name: str, recordings: Sequence[CodedRecording], progress: Progress) -> ClassifierResult:
    """Report one classifier on recordings of one group, two or more.

    Raises
    ------
    I2mcUnavailable
        If the classifier is I2MC and its package is not installed.
    """
    grid = GRIDS[name]
    scores: dict[str, list[Agreement]] = {label: [] for label in grid}
    for index, recording in enumerate(recordings):
        for label, classify in grid.items():
            spans = [(found.first, found.last) for found in classify(recording)]
            scores[label].append(_agreement(recording, spans))
        progress(index + 1, len(recordings))
    chosen = tuple(_best_without(scores, index) for index in range(len(recordings)))
    held_out = [scores[label][index] for index, label in enumerate(chosen)]
    by_recording = {recording.name: one for recording, one in zip(recordings, held_out, strict=True)}
    return ClassifierResult(
        name, mean_agreement(scores[PUBLISHED[name]]), mean_agreement(held_out), chosen, by_recording
    )


def human_agreement(recordings: Sequence[CodedRecording]) -> Agreement:
    """How well the coders agree with each other, each pair both ways."""
    found = []
    for recording in recordings:
        n_samples = len(recording.samples)
        pairs = [compare_fixations(one, other, n_samples) for one, other in permutations(recording.coders.values(), 2)]
        count = float(np.mean([len(spans) for spans in recording.coders.values()]))
        found.append(_mean_of(pairs, count, recording.samples.interval_ms))
    return mean_agreement(found)


def mean_agreement(agreements: Sequence[Agreement]) -> Agreement:
    """Mean over recordings, those without a value left out of it."""
    rows = np.array([[a.kappa, a.f1, a.n_fixations, a.onset_difference_ms, a.offset_difference_ms] for a in agreements])
    return Agreement(*(_mean(column) for column in rows.T))


def _agreement(recording: CodedRecording, spans: Sequence[Span]) -> Agreement:
    one_by_one = [compare_fixations(coded, spans, len(recording.samples)) for coded in recording.coders.values()]
    return _mean_of(one_by_one, len(spans), recording.samples.interval_ms)


def _mean_of(found: Sequence[FixationAgreement], n_fixations: float, interval_ms: float) -> Agreement:
    return Agreement(
        _mean([one.kappa for one in found]),
        _mean([one.f1 for one in found]),
        n_fixations,
        _mean([one.onset_difference_samples for one in found]) * interval_ms,
        _mean([one.offset_difference_samples for one in found]) * interval_ms,
    )


def _best_without(scores: dict[str, list[Agreement]], left_out: int) -> str:
    def value(label: str) -> float:
        rest = [one for index, one in enumerate(scores[label]) if index != left_out]
        mean = mean_agreement(rest)
        return mean.f1 + mean.kappa

    return max(scores, key=value)


def _mean(values: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else float("nan")
