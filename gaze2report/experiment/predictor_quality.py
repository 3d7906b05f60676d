"""Does a better scanpath give a better report? Similarity of the gaze to the recorded gaze against F1 of the draft.

Two questions, answered apart: over *conditions*, one trained model is given gaze of graded quality (recorded gaze made
worse in steps, controls, the predictor); over *films*, whether those on which the predictor comes nearer to the reader
get better drafts from the model that was trained with predicted gaze.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from gaze2report.evaluation.statistics.bootstrap import Interval, bootstrap_interval
from gaze2report.experiment.film_set import FilmSet
from gaze2report.experiment.recipe import ExperimentRecipe
from gaze2report.experiment.runs import Condition, Results

FEWEST_POINTS = 4


@dataclass(frozen=True)
class QualityPoint:
    """The model of recorded gaze, given one kind of gaze.

    Attributes
    ----------
    scanmatch, f1 : float
        Means over held-out films and seeds.
    """

    tested_with: str
    scanmatch: float
    f1: float


@dataclass(frozen=True)
class PredictorQuality:
    """Answers to both questions.

    Attributes
    ----------
    points : tuple of QualityPoint
    over_conditions : Interval or None
        Pearson's r of the points, patients resampled; None where there are too few points.
    over_films : Interval or None
        Spearman's rho over films under predicted gaze; None where no predictor was run.
    """

    points: tuple[QualityPoint, ...]
    over_conditions: Interval | None
    over_films: Interval | None


def predictor_quality(results: Results, films: FilmSet, recipe: ExperimentRecipe) -> PredictorQuality:
    """Relate similarity of gaze to quality of drafts."""
    fusion = recipe.fusions[0]
    similar: list[NDArray[np.float64]] = []
    good: list[NDArray[np.float64]] = []
    points = []
    for condition, runs in results.items():
        if condition.source != "recorded" or condition.fusion != fusion:
            continue
        similar.append(np.mean([run.scanmatch for run in runs], axis=0))
        good.append(np.mean([run.f1(films) for run in runs], axis=0))
        points.append(QualityPoint(condition.tested_with, float(np.nanmean(similar[-1])), float(good[-1].mean())))
    over_conditions = None
    if len(points) >= FEWEST_POINTS:
        of_gaze, of_report = np.stack(similar), np.stack(good)

        def correlation(numbers: NDArray[np.intp]) -> float:
            return _pearson(np.nanmean(of_gaze[:, numbers], axis=1), of_report[:, numbers].mean(axis=1))

        over_conditions = bootstrap_interval(
            correlation, films.held_out_patients, np.random.default_rng(1), draws=recipe.draws
        )
    return PredictorQuality(tuple(points), over_conditions, _over_films(results, films, recipe))


def _over_films(results: Results, films: FilmSet, recipe: ExperimentRecipe) -> Interval | None:
    runs = results.get(Condition("predicted", recipe.fusions[0], "predicted"))
    if runs is None:
        return None
    of_gaze = np.mean([run.scanmatch for run in runs], axis=0)
    of_report = np.mean([run.f1(films) for run in runs], axis=0)

    def rank_correlation(numbers: NDArray[np.intp]) -> float:
        x, y = of_gaze[numbers], of_report[numbers]
        known = ~np.isnan(x)
        if known.sum() < 3 or np.ptp(x[known]) == 0 or np.ptp(y[known]) == 0:
            return float("nan")
        return float(spearmanr(x[known], y[known]).statistic)

    return bootstrap_interval(
        rank_correlation, films.held_out_patients, np.random.default_rng(2), draws=min(recipe.draws, 1000)
    )


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    if np.isnan(x).any() or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])
