"""The controlled benchmark: the experiment itself is calibrated on made data, with an effect planted and with none.

Every repeat draws new patients. Its films and reports are the same with the effect and without it; only the gaze of the
readers differs. The experiment must find the planted effect, and may claim one where there is none in no more repeats
than its nominal rate allows.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from gaze2report.data.synthetic.case import CaseOptions, SyntheticCase, draw_case, with_share
from gaze2report.data.synthetic.reader_statistics import load_statistics
from gaze2report.data.synthetic.synthetic_set import visits_of
from gaze2report.errors import Gaze2ReportError
from gaze2report.experiment.comparison import LEVEL, Comparison, compare_conditions, verdict_of
from gaze2report.experiment.film_set import FilmSet, film_set_of_cases
from gaze2report.experiment.recipe import ExperimentRecipe
from gaze2report.experiment.runs import run_experiment

ARMS = ("null", "planted")


@dataclass(frozen=True)
class RepeatOutcome:
    """What one repeat said under one arm.

    Attributes
    ----------
    difference, low, high : float
        F1 with recorded gaze less F1 with another patient's gaze, with its interval over patients and seeds.
    against_none : float
        The same against no gaze.
    p_value : float
        Permutation test against another patient's gaze, not corrected.
    excludes_zero : bool
        Whether the interval does.
    outcome : str
        The verdict: ``helps``, ``harms`` or ``no effect shown``.
    """

    repeat: int
    arm: str
    difference: float
    low: float
    high: float
    against_none: float
    p_value: float
    excludes_zero: bool
    outcome: str


@dataclass(frozen=True)
class Rate:
    """How often something was said, with Clopper and Pearson's 95 % interval."""

    count: int
    repeats: int
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """All repeats, and how often each arm found an effect.

    Attributes
    ----------
    found : dict
        Arm to how often the interval of recorded against shuffled gaze excluded zero.
    tested : dict
        Arm to how often the permutation test at 5 % did, which takes the trained models as given.
    claimed : dict
        Arm to how often the verdict was that gaze helps.
    """

    outcomes: tuple[RepeatOutcome, ...]
    found: dict[str, Rate]
    tested: dict[str, Rate]
    claimed: dict[str, Rate]

    @property
    def sentence(self) -> str:
        """What the calibration says of the experiment."""
        planted, null = self.found["planted"], self.found["null"]
        is_found = "The planted effect was found" if planted.low > 0.5 else "The planted effect was often missed"
        is_quiet = (
            f"which does not contradict the nominal {LEVEL:.0%}"
            if null.low <= LEVEL <= null.high or null.high < LEVEL
            else f"more than the nominal {LEVEL:.0%}"
        )
        return (
            f"{is_found} in {planted.count} of {planted.repeats} repeats; where none was planted, an effect was found "
            f"in {null.count} of {null.repeats} (95 % interval {null.low:.1%} to {null.high:.1%}), {is_quiet}."
        )


def run_controlled(
    recipe: ExperimentRecipe,
    folder: Path,
    n_repeats: int,
    *,
    first_repeat: int = 0,
    say: Callable[[str], None] = print,
) -> Calibration:
    """Run repeats of the benchmark, or read those that were run before; each is kept as soon as it is done.

    Parameters
    ----------
    folder : Path
        Where outcomes are kept, a file a repeat and arm, and the runs below.
    first_repeat : int
        To run only repeats from this one on in this call; all up to ``n_repeats`` that are there are counted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    outcomes: list[RepeatOutcome] = []
    for repeat in range(n_repeats):
        paths = [folder / f"repeat-{repeat:03d}.{arm}.json" for arm in ARMS]
        if repeat >= first_repeat and not all(path.is_file() for path in paths):
            runs = [folder / "runs" / f"{repeat:03d}.{arm}" for arm in ARMS]
            for path, arm, films, place in zip(paths, ARMS, _film_sets(recipe, repeat), runs, strict=True):
                _take_over(runs[0], place)
                outcome, comparison = _run_arm(recipe, films, place, repeat, arm)
                path.write_text(json.dumps(_kept(recipe, films, outcome, comparison)), encoding="utf-8")
                say(
                    f"repeat {repeat} {arm}: recorded - shuffled {outcome.difference:+.3f} "
                    f"({outcome.low:+.3f} to {outcome.high:+.3f}), {outcome.outcome}"
                )
        for path in paths:
            if path.is_file():
                outcomes.append(_read_outcome(path, recipe))
    return calibration_of(outcomes)


def calibration_of(outcomes: list[RepeatOutcome]) -> Calibration:
    """Count what was found."""
    found, tested, claimed = {}, {}, {}
    for arm in ARMS:
        of_arm = [one for one in outcomes if one.arm == arm]
        found[arm] = rate_of(sum(one.excludes_zero for one in of_arm), len(of_arm))
        tested[arm] = rate_of(sum(one.p_value < LEVEL for one in of_arm), len(of_arm))
        claimed[arm] = rate_of(sum(one.outcome == "helps" for one in of_arm), len(of_arm))
    return Calibration(tuple(outcomes), found, tested, claimed)


def rate_of(count: int, repeats: int) -> Rate:
    """A rate with Clopper and Pearson's exact interval; (0, 1) of no repeats."""
    if not repeats:
        return Rate(0, 0, 0.0, 1.0)
    interval = binomtest(count, repeats).proportion_ci(0.95, method="exact")
    return Rate(count, repeats, float(interval.low), float(interval.high))


def _film_sets(recipe: ExperimentRecipe, repeat: int) -> list[FilmSet]:
    """The films of one repeat with the readers of each arm."""
    made = recipe.controlled
    options = CaseOptions(
        side_px=recipe.side_px,
        gaze_share=made.null_share,
        normal_share=made.normal_share,
        look_alike_share=made.look_alike_share,
        conspicuity=made.conspicuity,
        findings=made.findings,
    )
    statistics = load_statistics()
    seed = 1000 + repeat
    visits = visits_of(made.n_films, seed)
    cases = [draw_case(options, statistics, patient, visit, seed) for patient, visit in visits]
    patients = [f"synthetic-{seed}-{patient:05d}" for patient, _ in visits]

    def set_of(share: float, of_share: list[SyntheticCase]) -> FilmSet:
        told = json.dumps([asdict(made), seed, share, recipe.side_px], sort_keys=True)
        name = hashlib.sha256(told.encode()).hexdigest()
        return film_set_of_cases(of_share, patients, recipe.held_out, recipe.min_positive, name)

    planted_options = replace(options, gaze_share=made.planted_share)
    planted = [
        with_share(case, planted_options, statistics, patient, visit, seed)
        for case, (patient, visit) in zip(cases, visits, strict=True)
    ]
    return [set_of(made.null_share, cases), set_of(made.planted_share, planted)]


def _run_arm(
    recipe: ExperimentRecipe, films: FilmSet, folder: Path, repeat: int, arm: str
) -> tuple[RepeatOutcome, Comparison]:
    first_fusion = replace(recipe, fusions=recipe.fusions[:1])
    results = run_experiment(
        films, first_fusion, folder, sources=recipe.controlled.sources, with_quality=False, say=lambda _: None
    )
    comparison = compare_conditions(results, films, first_fusion)
    shuffled = comparison.difference("recorded", "shuffled")
    none = comparison.difference("recorded", "none")
    verdict = verdict_of(comparison, "recorded")
    if shuffled is None or none is None or verdict is None:
        raise Gaze2ReportError("the controlled benchmark needs the source recorded, and its recipe leaves it out")
    interval = shuffled.interval
    outcome = RepeatOutcome(
        repeat,
        arm,
        interval.value,
        interval.low,
        interval.high,
        none.interval.value,
        shuffled.p_value,
        interval.excludes_zero,
        verdict.outcome,
    )
    return outcome, comparison


def _take_over(first: Path, place: Path) -> None:
    """Take over from the first arm what no gaze has touched: encoded films and the runs without gaze."""
    if place == first:
        return
    place.mkdir(parents=True, exist_ok=True)
    for path in [*first.glob("features.*.npy"), *first.glob("none.*.json")]:
        if not (place / path.name).exists():
            shutil.copyfile(path, place / path.name)


def _kept(recipe: ExperimentRecipe, films: FilmSet, outcome: RepeatOutcome, comparison: Comparison) -> dict[str, Any]:
    return {
        "recipe_sha256": recipe.sha256(),
        "set_sha256": films.sha256,
        "held_out_films": len(films.held_out),
        "outcome": asdict(outcome),
        "f1": {one.condition.name: one.f1.value for one in comparison.scores},
        "n_parameters": comparison.scores[0].n_parameters,
    }


def _read_outcome(path: Path, recipe: ExperimentRecipe) -> RepeatOutcome:
    content = json.loads(path.read_text(encoding="utf-8"))
    if content["recipe_sha256"] != recipe.sha256():
        raise Gaze2ReportError(f"{path} is of another recipe; name another folder")
    return RepeatOutcome(**content["outcome"])


def mean_difference(calibration: Calibration, arm: str) -> float:
    """Mean over repeats of the difference; NaN without repeats."""
    found = [one.difference for one in calibration.outcomes if one.arm == arm]
    return float(np.mean(found)) if found else float("nan")
