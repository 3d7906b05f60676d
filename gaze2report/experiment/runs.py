"""Every run of an experiment, each kept as a file as soon as it is done, so that a stopped experiment goes on.

Notation used for array shapes: H held-out films, O observations.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.errors import Gaze2ReportError, StorageFailed
from gaze2report.evaluation.label_scores import example_f1, label_counts
from gaze2report.evaluation.scanpath_metrics.scanmatch import scanmatch
from gaze2report.experiment.film_set import FilmSet
from gaze2report.experiment.gaze_conditions import degraded, patch_gaze, predicted_scanpaths, scanpaths_under
from gaze2report.experiment.recipe import ExperimentRecipe
from gaze2report.experiment.small_model import n_parameters
from gaze2report.experiment.training import (
    new_decider,
    probabilities,
    thresholds,
    train_decider,
    train_encoder,
)
from gaze2report.gaze.gaze_sources import Scanpath
from gaze2report.types import Fixation, GazeSource

_SCREEN_PX = (1024.0, 768.0)
"""ScanMatch's toolbox has its grid on such a screen."""


@dataclass(frozen=True)
class Condition:
    """What a run is trained and scored with.

    Attributes
    ----------
    source : str
        Gaze in training.
    fusion : str
    tested_with : str
        Gaze on the held-out films: the same source, or for the model of recorded gaze another source or ``worse-0.25``.
    """

    source: GazeSource
    fusion: str
    tested_with: str

    @property
    def name(self) -> str:
        """Name of its runs."""
        tested = "" if self.tested_with == self.source else f"@{self.tested_with}"
        return f"{self.source}{tested}.{self.fusion}"


@dataclass(frozen=True, eq=False)
class RunResult:
    """What one run gave.

    Attributes
    ----------
    probabilities : ndarray, shape (H, O)
    decisions : ndarray of bool, shape (H, O)
        What the draft asserts.
    scanmatch : ndarray, shape (H,)
        Similarity of the gaze it was given to the recorded gaze; NaN where one is missing.
    """

    condition: Condition
    seed: int
    n_parameters: int
    probabilities: NDArray[np.float64]
    decisions: NDArray[np.bool_]
    scanmatch: NDArray[np.float64]
    seconds: float

    def f1(self, films: FilmSet) -> NDArray[np.float64]:
        """F1 of each held-out film's asserted observations, (H,); 1 where nothing is there and nothing asserted."""
        return np.asarray(example_f1(self.counts(films)))

    def counts(self, films: FilmSet) -> NDArray[np.int64]:
        """True positives, false positives, false negatives of the known cells, (H, O, 3)."""
        known = films.is_known
        return label_counts(self.decisions & known, films.is_present & known)

    def log_loss(self, films: FilmSet) -> NDArray[np.float64]:
        """Mean cross-entropy of each held-out film's known observations in nats, (H,)."""
        p = np.clip(self.probabilities, 1e-6, 1 - 1e-6)
        cells = np.where(films.is_present, -np.log(p), -np.log(1 - p))
        known = films.is_known
        return np.asarray((cells * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1))


Results = dict[Condition, list[RunResult]]


def run_experiment(
    films: FilmSet,
    recipe: ExperimentRecipe,
    folder: Path,
    *,
    sources: tuple[GazeSource, ...] | None = None,
    with_quality: bool = True,
    say: Callable[[str], None] = print,
) -> Results:
    """Run every condition under every seed, or read what was run before.

    Parameters
    ----------
    folder : Path
        Where the runs are kept.
    sources : tuple of str, optional
        Instead of the recipe's.
    with_quality : bool
        Also score the model of recorded gaze with other gaze, for predictor quality against report quality.

    Raises
    ------
    Gaze2ReportError
        If the folder holds runs of another recipe or set, or conditions have not the same number of parameters.
    """
    _claim(folder, films, recipe)
    wanted = sources or recipe.sources
    results: Results = {}
    with _one_thread():
        for seed in recipe.seeds:
            for result in _run_seed(films, recipe, folder, seed, wanted, with_quality, say):
                results.setdefault(result.condition, []).append(result)
    sizes = {result.n_parameters for of_condition in results.values() for result in of_condition}
    if len(sizes) != 1:
        raise Gaze2ReportError(f"the conditions differ in their number of parameters: {sorted(sizes)}")
    return results


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread: the steps are so small that a second one only waits, and results would depend on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _run_seed(
    films: FilmSet,
    recipe: ExperimentRecipe,
    folder: Path,
    seed: int,
    sources: tuple[GazeSource, ...],
    with_quality: bool,
    say: Callable[[str], None],
) -> list[RunResult]:
    plan: list[tuple[GazeSource, str, list[str]]] = []
    for source in sources:
        for fusion in recipe.fusions:
            tests: list[str] = [source]
            if source == "recorded" and with_quality and fusion == recipe.fusions[0]:
                tests += _quality_tests(recipe, sources)
            plan.append((source, fusion, tests))
    missing = [
        (source, fusion)
        for source, fusion, tests in plan
        if not all(_path(folder, Condition(source, fusion, test), seed).is_file() for test in tests)
    ]
    if missing:
        bench = _Bench(films, recipe, folder, seed)
        for source, fusion, tests in plan:
            if (source, fusion) in missing:
                begun = time.perf_counter()
                bench.run(source, fusion, tests)
                say(f"  seed {seed}, {source}, {fusion}: {time.perf_counter() - begun:.1f} s")
    return [
        _load(_path(folder, condition, seed), condition, seed)
        for source, fusion, tests in plan
        for condition in (Condition(source, fusion, test) for test in tests)
    ]


def _quality_tests(recipe: ExperimentRecipe, sources: tuple[GazeSource, ...]) -> list[str]:
    others = [source for source in sources if source not in ("recorded", "none")]
    return [*others, *(f"worse-{share:g}" for share in recipe.degradations if share > 0)]


class _Bench:
    """What the runs of one seed share: encoded films and predicted scanpaths, both made when first needed."""

    def __init__(self, films: FilmSet, recipe: ExperimentRecipe, folder: Path, seed: int) -> None:
        self._films, self._recipe, self._folder, self._seed = films, recipe, folder, seed
        self._features = self._encoded()
        self._grid_side = round(self._features.shape[1] ** 0.5)
        self._predicted: dict[str, Scanpath] | None = None

    def run(self, source: GazeSource, fusion: str, tests: list[str]) -> None:
        """Train one condition and keep its results under every gaze it is tested with."""
        begun = time.perf_counter()
        films, recipe, seed = self._films, self._recipe, self._seed
        gaze = patch_gaze(self._scanpaths(source), self._grid_side, recipe.sigma_patches)
        decider = new_decider(films, recipe, fusion, seed)
        train_decider(decider, films, self._features, gaze, recipe, seed)
        of_training = probabilities(decider, self._features, gaze, films.train)
        threshold = thresholds(of_training, films.labels[films.train].double().numpy())
        for test in tests:
            paths = self._scanpaths(test)
            given = gaze if test == source else patch_gaze(paths, self._grid_side, recipe.sigma_patches)
            scores = probabilities(decider, self._features, given, films.held_out)
            result = RunResult(
                Condition(source, fusion, test),
                seed,
                n_parameters(decider),
                scores,
                scores > threshold,
                _similarity(films, paths),
                time.perf_counter() - begun,
            )
            _save(_path(self._folder, result.condition, seed), result)

    def _scanpaths(self, name: str) -> list[Scanpath]:
        if name.startswith("worse-"):
            return degraded(self._films, float(name.removeprefix("worse-")), self._seed)
        if name == "predicted" and self._predicted is None:
            self._predicted = self._predict()
        return scanpaths_under(name, self._films, self._seed, self._predicted)  # type: ignore[arg-type]

    def _encoded(self) -> Tensor:
        path = self._folder / f"features.seed{self._seed}.npy"
        if path.is_file():
            return torch.from_numpy(np.load(path))
        features = train_encoder(self._films, self._recipe, self._seed)
        aside = path.with_suffix(".aside.npy")
        np.save(aside, features.numpy())
        os.replace(aside, path)
        return features

    def _predict(self) -> dict[str, Scanpath]:
        path = self._folder / f"predicted.seed{self._seed}.json"
        if path.is_file():
            content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return {name: tuple(Fixation(*one) for one in found) for name, found in content.items()}
        made = predicted_scanpaths(self._films, self._features, self._recipe, self._seed)
        _write(path, {name: [[f.x_px, f.y_px, f.duration_s] for f in found] for name, found in made.items()})
        return made


def _similarity(films: FilmSet, paths: list[Scanpath]) -> NDArray[np.float64]:
    """ScanMatch (places and order) of each held-out film's gaze with its recorded gaze; NaN where one is missing."""
    found = []
    for number in films.held_out:
        recorded, given = (
            [Fixation(f.x_px * _SCREEN_PX[0], f.y_px * _SCREEN_PX[1], f.duration_s) for f in path]
            for path in (films.rows[number].recorded, paths[number])
        )
        found.append(
            scanmatch(given, recorded, *_SCREEN_PX, temporal_bin_ms=None) if recorded and given else float("nan")
        )
    return np.array(found)


def _claim(folder: Path, films: FilmSet, recipe: ExperimentRecipe) -> None:
    """Make the folder of the runs; one of another recipe or set is not gone on with."""
    mark = {"recipe_sha256": recipe.sha256(), "set_sha256": films.sha256, "n_films": len(films.rows)}
    path = folder / "of.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            _write(path, mark)
        elif json.loads(path.read_text(encoding="utf-8")) != mark:
            raise Gaze2ReportError(f"{folder} holds runs of another recipe or training set; name another folder")
    except OSError as error:
        raise StorageFailed(f"cannot write the runs into {folder}: {error.strerror}") from error


def _path(folder: Path, condition: Condition, seed: int) -> Path:
    return folder / f"{condition.name}.seed{seed}.json"


def _save(path: Path, result: RunResult) -> None:
    _write(
        path,
        {
            "n_parameters": result.n_parameters,
            "probabilities": np.round(result.probabilities, 6).tolist(),
            "decisions": result.decisions.astype(int).tolist(),
            "scanmatch": [None if np.isnan(v) else round(float(v), 6) for v in result.scanmatch],
            "seconds": round(result.seconds, 2),
        },
    )


def _load(path: Path, condition: Condition, seed: int) -> RunResult:
    content = json.loads(path.read_text(encoding="utf-8"))
    return RunResult(
        condition,
        seed,
        int(content["n_parameters"]),
        np.array(content["probabilities"], dtype=np.float64),
        np.array(content["decisions"], dtype=np.bool_),
        np.array([np.nan if v is None else v for v in content["scanmatch"]], dtype=np.float64),
        float(content["seconds"]),
    )


def _write(path: Path, content: Any) -> None:
    aside = path.with_name(f".{path.name}.aside")
    try:
        aside.write_text(json.dumps(content), encoding="utf-8")
        os.replace(aside, path)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}") from error
