"""Where fusion with gaze changes what the draft says: right findings turned wrong, and wrong ones turned right.

Decisions are the majority over seeds, with gaze and without, on the same held-out films.

Notation used for array shapes: H held-out films, O observations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from gaze2report.evaluation.statistics.significance import holm
from gaze2report.experiment.film_set import FilmSet
from gaze2report.experiment.runs import RunResult

N_EXAMPLES = 4


@dataclass(frozen=True)
class FindingErrors:
    """Changes of one observation.

    Attributes
    ----------
    turned_right, turned_wrong : int
        Films on which gaze mended the decision, and on which it broke it.
    missed_by_gaze, invented_by_gaze : int
        Of those broken: present and no longer asserted, absent and now asserted.
    p_value, p_corrected : float
        McNemar's exact test, and Holm's correction over observations.
    """

    observation: str
    films: int
    turned_right: int
    turned_wrong: int
    missed_by_gaze: int
    invented_by_gaze: int
    p_value: float
    p_corrected: float


@dataclass(frozen=True)
class FusionExample:
    """One film on which gaze changed a decision.

    Attributes
    ----------
    number : int
        Of the film in the set.
    without_gaze, with_gaze : float
        Mean probability over seeds.
    """

    number: int
    observation: str
    is_present: bool
    is_mended: bool
    without_gaze: float
    with_gaze: float


@dataclass(frozen=True)
class FusionErrors:
    """All changes, and the plainest examples of each kind."""

    by_finding: tuple[FindingErrors, ...]
    examples: tuple[FusionExample, ...]


def fusion_errors(with_gaze: Sequence[RunResult], without: Sequence[RunResult], films: FilmSet) -> FusionErrors:
    """Count and find the changes between runs without and with gaze."""
    decided = [_majority(runs) for runs in (without, with_gaze)]
    right = [(one == films.is_present) for one in decided]
    known = films.is_known
    mended, broken = ~right[0] & right[1] & known, right[0] & ~right[1] & known
    p_values = [mcnemar(int(m), int(b)) for m, b in zip(mended.sum(axis=0), broken.sum(axis=0), strict=True)]
    corrected = holm(p_values)
    rows = tuple(
        FindingErrors(
            name,
            int(known[:, column].sum()),
            int(mended[:, column].sum()),
            int(broken[:, column].sum()),
            int((broken & films.is_present)[:, column].sum()),
            int((broken & ~films.is_present)[:, column].sum()),
            p_values[column],
            float(corrected[column]),
        )
        for column, name in enumerate(films.observations)
    )
    probabilities = [np.mean([run.probabilities for run in runs], axis=0) for runs in (without, with_gaze)]
    examples = [
        *_plainest(mended, probabilities, films, is_mended=True),
        *_plainest(broken, probabilities, films, is_mended=False),
    ]
    return FusionErrors(rows, tuple(examples))


def mcnemar(turned_right: int, turned_wrong: int) -> float:
    """McNemar's exact two-sided p-value (1947; binomial form): 1 where nothing changed."""
    changed = turned_right + turned_wrong
    return float(binomtest(turned_right, changed).pvalue) if changed else 1.0


def _majority(runs: Sequence[RunResult]) -> NDArray[np.bool_]:
    return np.asarray(np.mean([run.decisions for run in runs], axis=0) > 0.5)


def _plainest(
    changed: NDArray[np.bool_], probabilities: list[NDArray[np.float64]], films: FilmSet, *, is_mended: bool
) -> list[FusionExample]:
    moved = np.where(changed, np.abs(probabilities[1] - probabilities[0]), -1.0)
    order = np.dstack(np.unravel_index(np.argsort(-moved, axis=None, kind="stable"), moved.shape))[0]
    seen: set[int] = set()
    found: list[FusionExample] = []
    for row, column in order:
        if not changed[row, column] or len(found) == N_EXAMPLES:
            break
        if int(row) in seen:
            continue
        seen.add(int(row))
        found.append(
            FusionExample(
                int(films.held_out[row]),
                films.observations[int(column)],
                bool(films.is_present[row, column]),
                is_mended,
                float(probabilities[0][row, column]),
                float(probabilities[1][row, column]),
            )
        )
    return found
