"""The conditions of an experiment against each other: intervals over patients and seeds, tests, effect sizes.

Notation used for array shapes: E seeds, H held-out films.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.label_scores import macro_f1, micro_f1
from gaze2report.evaluation.statistics.bootstrap import Interval
from gaze2report.evaluation.statistics.power import detectable_effect, power_note
from gaze2report.evaluation.statistics.seeds import seed_interval
from gaze2report.evaluation.statistics.significance import cohen_dz, holm, permutation_test
from gaze2report.experiment.film_set import FilmSet
from gaze2report.experiment.recipe import REFERENCES, ExperimentRecipe
from gaze2report.experiment.runs import Condition, Results, RunResult
from gaze2report.types import GazeSource

LEVEL = 0.05


@dataclass(frozen=True)
class ConditionScores:
    """How good the drafts of one condition are.

    Attributes
    ----------
    f1 : Interval
        Mean over films of F1 over the asserted observations; patients and seeds are random factors.
    micro_f1, macro_f1, log_loss : float
        Mean over seeds; log loss in nats.
    scanmatch : float
        Mean similarity of its gaze to the recorded gaze; NaN without.
    by_seed : tuple of float
        F1 of each seed.
    """

    condition: Condition
    f1: Interval
    micro_f1: float
    macro_f1: float
    log_loss: float
    scanmatch: float
    by_seed: tuple[float, ...]
    n_parameters: int
    seconds: float


@dataclass(frozen=True)
class Difference:
    """F1 of one condition less that of another, on the same films under the same seeds.

    Attributes
    ----------
    interval : Interval
        Over patients and seeds, both random.
    p_value, p_corrected : float
        Permutation test by patient of the mean over seeds, and Holm's correction over the table it stands in.
    effect : float
        Cohen's dz over patients.
    log_loss : Interval
        The same difference of the log loss; below 0 is better.
    """

    first: Condition
    second: Condition
    interval: Interval
    p_value: float
    p_corrected: float
    effect: float
    log_loss: Interval

    @property
    def is_shown(self) -> bool:
        """Whether the interval excludes zero and the corrected test agrees."""
        return self.interval.excludes_zero and self.p_corrected < LEVEL


@dataclass(frozen=True)
class Comparison:
    """All scores and differences.

    Attributes
    ----------
    scores : tuple of ConditionScores
    against_references : tuple of Difference
        Every source against ``none`` and ``shuffled``, under the first fusion.
    fusions : tuple of Difference
        The first fusion against each other one, source by source.
    notes : tuple of str
    """

    scores: tuple[ConditionScores, ...]
    against_references: tuple[Difference, ...]
    fusions: tuple[Difference, ...]
    notes: tuple[str, ...]

    def difference(self, source: str, reference: str) -> Difference | None:
        """The difference of a source and a reference; None where it was not run."""
        return next(
            (one for one in self.against_references if (one.first.source, one.second.source) == (source, reference)),
            None,
        )


def compare_conditions(results: Results, films: FilmSet, recipe: ExperimentRecipe) -> Comparison:
    """Compare the conditions of an experiment."""
    random = np.random.default_rng(0)
    patients = films.held_out_patients
    scores = tuple(_scores(runs, films, recipe, random) for runs in results.values())
    first = recipe.fusions[0]
    own = {one.source: one for one in results if one.fusion == first and one.tested_with == one.source}
    pairs = [
        (own[source], own[reference])
        for source in own
        for reference in REFERENCES
        if source != reference and (source, reference) != ("none", "shuffled")
    ]
    against = _differences(pairs, results, films, recipe, random)
    fusion_pairs = [
        (own[source], Condition(source, other, source))
        for source in own
        for other in recipe.fusions[1:]
        if source != "none" and Condition(source, other, source) in results
    ]
    fusions = _differences(fusion_pairs, results, films, recipe, random)
    n_patients = len(set(patients))
    note = power_note(n_patients) or (
        f"With {n_patients} held-out patients a difference of {detectable_effect(n_patients):.2f} standard deviations "
        "would be found 80% of the time, were the trained models given; chance between trainings adds to that."
    )
    return Comparison(scores, against, fusions, (note,))


def _scores(
    runs: Sequence[RunResult], films: FilmSet, recipe: ExperimentRecipe, random: np.random.Generator
) -> ConditionScores:
    f1 = np.stack([run.f1(films) for run in runs])
    counts = [run.counts(films) for run in runs]
    known = [run.scanmatch[~np.isnan(run.scanmatch)] for run in runs]
    return ConditionScores(
        runs[0].condition,
        seed_interval(f1, films.held_out_patients, random, draws=recipe.draws),
        float(np.mean([micro_f1(one) for one in counts])),
        float(np.mean([macro_f1(one) for one in counts])),
        float(np.mean([run.log_loss(films).mean() for run in runs])),
        float(np.mean(np.concatenate(known))) if any(len(one) for one in known) else float("nan"),
        tuple(float(value) for value in f1.mean(axis=1)),
        runs[0].n_parameters,
        float(np.mean([run.seconds for run in runs])),
    )


def _differences(
    pairs: Sequence[tuple[Condition, Condition]],
    results: Results,
    films: FilmSet,
    recipe: ExperimentRecipe,
    random: np.random.Generator,
) -> tuple[Difference, ...]:
    rows = [_difference(results[a], results[b], films, recipe, random) for a, b in pairs]
    corrected = holm([row.p_value for row in rows])
    return tuple(
        Difference(row.first, row.second, row.interval, row.p_value, float(p), row.effect, row.log_loss)
        for row, p in zip(rows, corrected, strict=True)
    )


def _difference(
    first: Sequence[RunResult],
    second: Sequence[RunResult],
    films: FilmSet,
    recipe: ExperimentRecipe,
    random: np.random.Generator,
) -> Difference:
    patients = films.held_out_patients
    f1 = [np.stack([run.f1(films) for run in runs]) for runs in (first, second)]
    losses = [np.stack([run.log_loss(films) for run in runs]) for runs in (first, second)]
    means = [_by_patient(one.mean(axis=0), patients) for one in f1]
    tested = permutation_test(
        f1[0].mean(axis=0), f1[1].mean(axis=0), patients, random, draws=min(10000, 5 * recipe.draws)
    )
    return Difference(
        first[0].condition,
        second[0].condition,
        seed_interval(f1[0] - f1[1], patients, random, draws=recipe.draws),
        tested.p_value,
        float("nan"),
        cohen_dz(*means),
        seed_interval(losses[0] - losses[1], patients, random, draws=recipe.draws),
    )


def _by_patient(values: NDArray[np.float64], patients: Sequence[str]) -> NDArray[np.float64]:
    _, of_film = np.unique(np.asarray(patients), return_inverse=True)
    return np.asarray(np.bincount(of_film, weights=values) / np.bincount(of_film))


@dataclass(frozen=True)
class Verdict:
    """What the experiment says of one source of gaze.

    Attributes
    ----------
    outcome : str
        ``helps``, ``harms``, or ``no effect shown``.
    sentence : str
    """

    source: GazeSource
    outcome: str
    sentence: str


def verdict_of(comparison: Comparison, source: GazeSource) -> Verdict | None:
    """Say whether a source of gaze helps: it must beat no gaze and another patient's; None where it was not run."""
    found = [comparison.difference(source, reference) for reference in REFERENCES]
    none, shuffled = found
    if none is None or shuffled is None:
        return None
    said = (
        f"F1 {_signed(none)} against no gaze and {_signed(shuffled)} against another patient's gaze "
        "(95 % intervals over patients and seeds)"
    )
    if none.is_shown and shuffled.is_shown and none.interval.low > 0 and shuffled.interval.low > 0:
        return Verdict(source, "helps", f"{source.capitalize()} gaze helps: {said}.")
    if none.is_shown and none.interval.high < 0:
        return Verdict(source, "harms", f"{source.capitalize()} gaze harms: {said}.")
    why = _why_not(none, shuffled)
    return Verdict(source, "no effect shown", f"No effect of {source} gaze is shown{why}: {said}.")


def _why_not(none: Difference, shuffled: Difference) -> str:
    if none.is_shown and none.interval.low > 0:
        return " beyond what another patient's gaze does"
    if shuffled.is_shown and shuffled.interval.low > 0:
        return ", it only does less harm than another patient's gaze"
    return ""


def _signed(one: Difference) -> str:
    return f"{one.interval.value:+.3f} ({one.interval.low:+.3f} to {one.interval.high:+.3f})"
