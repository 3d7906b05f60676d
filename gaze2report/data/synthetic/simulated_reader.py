"""Simulated readers: fixations with the statistics of real radiologists, on the finding or beside it.

A reading is a search for one or two findings, as radiologists search for them, and dwelling at a target. The target of
a reader who is *informed* is the finding that the report speaks of; that of one who is not is a place where such a
finding might lie on another patient. Either way the gaze has the same statistics: nothing but the place of the target
tells the two apart, so a share of informed readers of 0 makes gaze independent of film and report.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.synthetic.lesions import Box
from gaze2report.data.synthetic.reader_statistics import LogNormal, ReaderStatistics, SearchStatistics
from gaze2report.types import Fixation

MOST_FIXATIONS = 60
FEWEST_FIXATIONS = 8
_N_CANDIDATES = 12
"""Places drawn for each saccade, of which the one is taken whose amplitude fits best."""


def simulate_reading(
    statistics: ReaderStatistics,
    targets: Sequence[tuple[str, Box]],
    random: np.random.Generator,
    dwell_share: float | None = None,
) -> tuple[Fixation, ...]:
    """Draw the fixations of one reading; positions are fractions of the film, in [0, 1).

    Parameters
    ----------
    statistics : ReaderStatistics
        What to follow.
    targets : sequence of (finding, box)
        Where the reader dwells, in the order of the report; none for a reading that dwells nowhere.
    random : numpy.random.Generator
        Source of chance.
    dwell_share : float, optional
        Share of the fixations spent on targets; as fitted when left away.
    """
    n_fixations = int(np.clip(round(statistics.n_fixations.draw(random, 1)[0]), FEWEST_FIXATIONS, MOST_FIXATIONS))
    share = statistics.share_on_finding if dwell_share is None else dwell_share
    on_target = _target_of_each(n_fixations, targets, share, statistics, random)
    names = sorted(statistics.searches)
    searched = [name for name, _ in targets if name in statistics.searches] or [str(random.choice(names))]
    fixations: list[Fixation] = []
    place = np.array([0.5, 0.45])
    for order, target in enumerate(on_target):
        name = searched[order * len(searched) // n_fixations]
        search = statistics.searches[name if target is None else _searched(targets[target][0], statistics)]
        if target is None:
            place = _next_place(place, search, order, n_fixations, statistics.reading_amplitude, random)
        else:
            place = _inside(targets[target][1], random)
        duration_s = float(np.clip(search.duration_s.draw(random, 1)[0], 0.08, 3.0))
        fixations.append(Fixation(round(float(place[0]), 4), round(float(place[1]), 4), round(duration_s, 4)))
    return tuple(fixations)


def _searched(finding: str, statistics: ReaderStatistics) -> str:
    return finding if finding in statistics.searches else "Lung Opacity"


def _target_of_each(
    n_fixations: int,
    targets: Sequence[tuple[str, Box]],
    share: float,
    statistics: ReaderStatistics,
    random: np.random.Generator,
) -> list[int | None]:
    """Which target each fixation is on: runs of them, the first where radiologists come upon the finding."""
    chosen: list[int | None] = [None] * n_fixations
    if not targets or share <= 0:
        return chosen
    n_on = max(2 * len(targets), round(share * n_fixations))
    at = int(np.clip(round(random.exponential(statistics.first_on_finding) * n_fixations), 0, n_fixations - 2))
    for number in range(n_on):
        if at >= n_fixations:
            free = [index for index, one in enumerate(chosen) if one is None]
            if not free:
                break
            at = int(random.choice(free))
        chosen[at] = number * len(targets) // n_on
        # Leave for a while, or look again.
        at += 1 if random.random() < statistics.return_rate else 1 + int(random.integers(1, 4))
    return chosen


def _next_place(
    place: NDArray[np.float64],
    search: SearchStatistics,
    order: int,
    n_fixations: int,
    amplitude: LogNormal,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """A place of the search at this stage of it whose distance from the last one is a saccade's."""
    stage = order * len(search.mean_by_order) // n_fixations
    mean, sd = np.array(search.mean_by_order[stage]), np.array(search.sd_by_order[stage])
    candidates = np.clip(mean + sd * random.normal(size=(_N_CANDIDATES, 2)), 0.02, 0.98)
    wanted = float(amplitude.draw(random, 1)[0])
    misfit = np.abs(np.log(np.linalg.norm(candidates - place, axis=1) + 1e-3) - np.log(wanted + 1e-3))
    return np.asarray(candidates[int(misfit.argmin())])


def _inside(box: Box, random: np.random.Generator) -> NDArray[np.float64]:
    x0, y0, x1, y1 = box
    centre, half = np.array([(x0 + x1) / 2, (y0 + y1) / 2]), np.array([(x1 - x0) / 2, (y1 - y0) / 2])
    return np.asarray(np.clip(centre + half * np.clip(0.45 * random.normal(size=2), -1, 1), 0.0, 0.9999))
