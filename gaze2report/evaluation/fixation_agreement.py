"""How well two codings of the same samples into fixations agree: by sample, and by event.

The measures of Hooge, Niehorster, Nyström, Andersson & Hessels 2018 ("Is human classification by experienced untrained
observers a gold standard in fixation detection?"). Kappa by sample alone misleads: it punishes onsets that are
systematically a sample early as much as fixations that are not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]
"""First and last sample, both inclusive."""


@dataclass(frozen=True)
class FixationAgreement:
    """Agreement of a coding with a reference.

    Attributes
    ----------
    kappa : float
        Cohen's kappa of fixation or not by sample, at most 1; NaN where both call all samples the same.
    f1 : float
        Of events, 0 to 1; NaN where neither has one.
    n_hits, n_misses, n_false_alarms : int
        Events. A fixation of the reference is hit by the first one that overlaps it and has hit none before.
    onset_difference_samples, offset_difference_samples : float
        Mean of reference minus coding over the hits; below 0 the coding is late. NaN without hits.
    """

    kappa: float
    f1: float
    n_hits: int
    n_misses: int
    n_false_alarms: int
    onset_difference_samples: float
    offset_difference_samples: float


def compare_fixations(reference: Sequence[Span], coded: Sequence[Span], n_samples: int) -> FixationAgreement:
    """Agreement of a coding with a reference over ``n_samples`` samples.

    Spans must be in order and not overlap their own neighbours.
    """
    pairs = match_events(reference, coded)
    hits = len(pairs)
    misses, false_alarms = len(reference) - hits, len(coded) - hits
    events = 2 * hits + misses + false_alarms
    differences = np.array([np.subtract(reference[i], coded[j]) for i, j in pairs], dtype=np.float64).reshape(-1, 2)
    onset, offset = differences.mean(axis=0) if hits else (np.nan, np.nan)
    return FixationAgreement(
        cohen_kappa(labels_of(reference, n_samples), labels_of(coded, n_samples)),
        2 * hits / events if events else float("nan"),
        hits,
        misses,
        false_alarms,
        float(onset),
        float(offset),
    )


def match_events(reference: Sequence[Span], coded: Sequence[Span]) -> list[tuple[int, int]]:
    """Pairs of indices (reference, coded), each used once: the first overlapping one that is still free."""
    pairs = []
    free = 0
    for index, (first, last) in enumerate(reference):
        while free < len(coded) and coded[free][1] < first:
            free += 1
        if free < len(coded) and coded[free][0] <= last:
            pairs.append((index, free))
            free += 1
    return pairs


def labels_of(spans: Sequence[Span], n_samples: int) -> NDArray[np.bool_]:
    """Whether each sample is in a fixation, shape (n_samples,)."""
    labels = np.zeros(n_samples, dtype=np.bool_)
    for first, last in spans:
        labels[first : last + 1] = True
    return labels


def cohen_kappa(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Cohen's kappa of two codings of the same samples (Cohen 1960); NaN where chance alone agrees fully."""
    if len(one) == 0:
        return float("nan")
    p_one, p_other = float(one.mean()), float(other.mean())
    by_chance = p_one * p_other + (1 - p_one) * (1 - p_other)
    observed = float((one == other).mean())
    return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")
