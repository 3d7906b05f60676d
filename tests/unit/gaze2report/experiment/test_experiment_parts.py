"""The parts of an experiment: equal models, honest gaze, known counts, plain verdicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_films import toy_films

from gaze2report.errors import Gaze2ReportError, UnreadableInput
from gaze2report.evaluation.statistics.bootstrap import Interval
from gaze2report.experiment import gaze_conditions
from gaze2report.experiment.comparison import Comparison, Difference, verdict_of
from gaze2report.experiment.controlled import RepeatOutcome, calibration_of, rate_of
from gaze2report.experiment.film_set import FilmSet
from gaze2report.experiment.fusion_errors import fusion_errors, mcnemar
from gaze2report.experiment.gaze_conditions import degraded, patch_gaze, predicted_scanpaths, scanpaths_under
from gaze2report.experiment.predictor_quality import predictor_quality
from gaze2report.experiment.recipe import ExperimentRecipe, TrainingSettings, load_recipe
from gaze2report.experiment.runs import Condition, RunResult
from gaze2report.experiment.small_model import FUSIONS, ReportDecider, n_parameters
from gaze2report.experiment.training import FixedFilmsGraph, thresholds
from gaze2report.gaze.gaze_sources import GAZE_SOURCES
from gaze2report.models.gaze_graph import GazeGraph

FILMS = toy_films(24, 1.0)


def run_of(decisions: np.ndarray, source: str = "recorded", seed: int = 0, **changes: object) -> RunResult:
    return RunResult(
        Condition(source, "graph", str(changes.get("tested_with", source))),  # type: ignore[arg-type]
        seed,
        10,
        np.where(decisions, 0.9, 0.1),
        decisions,
        np.asarray(changes.get("scanmatch", np.full(len(decisions), 0.5))),
        1.0,
    )


def test_both_fusions_have_the_same_parameters_and_without_gaze_give_the_same() -> None:
    torch.manual_seed(0)
    features = torch.randn(3, 16, 16)
    no_gaze = patch_gaze([()] * 3, 4, 0.6)
    deciders = []
    for fusion in FUSIONS:
        torch.manual_seed(1)
        deciders.append(ReportDecider(16, 4, 2, fusion))
    graph, concatenation = deciders
    assert n_parameters(graph) == n_parameters(concatenation)
    assert torch.equal(graph.fusion(features, no_gaze), features)
    assert torch.equal(concatenation.fusion(features, no_gaze), features)
    gaze = patch_gaze([row.recorded for row in FILMS.rows[:3]], 4, 0.6)
    assert not torch.allclose(concatenation.fusion(features, gaze), features)
    with pytest.raises(Gaze2ReportError, match="'sum' is not known"):
        ReportDecider(16, 4, 2, "sum")


def test_edges_that_are_kept_give_what_the_graph_of_the_product_gives() -> None:
    torch.manual_seed(0)
    features = torch.randn(4, 16, 8)
    gaze = patch_gaze([*(row.recorded for row in FILMS.rows[:3]), ()], 4, 0.6)
    torch.manual_seed(1)
    graph = GazeGraph(8, 4, 2, 3)
    fixed = FixedFilmsGraph(8, 4, 2, 3)
    fixed.load_state_dict(graph.state_dict())
    for _ in range(2):
        assert torch.allclose(fixed(features, gaze), graph(features, gaze), atol=1e-6)
    # Another film under the same objects of other gaze must not take over the first one's edges.
    other = patch_gaze([row.recorded for row in FILMS.rows[3:7]], 4, 0.6)
    assert torch.allclose(fixed(features, other), graph(features, other), atol=1e-6)


def test_controls_take_nothing_from_the_film_they_are_for() -> None:
    for source in ("shuffled", "medoid", "uniform", "centre", "none"):
        paths = scanpaths_under(source, FILMS, seed=3)
        assert paths == scanpaths_under(source, FILMS, seed=3)
        for row, path in zip(FILMS.rows, paths, strict=True):
            assert path == () if source == "none" else path
            if source == "shuffled":
                owner = next(one for one in FILMS.rows if one.recorded == path)
                assert owner.patient_id != row.patient_id
                assert owner.split == "train"
    assert scanpaths_under("recorded", FILMS, 0) == [row.recorded for row in FILMS.rows]


def test_a_degraded_scanpath_keeps_a_share_of_its_fixations() -> None:
    films = toy_films(60, 1.0)
    assert degraded(films, 0.0, 0) == [row.recorded for row in films.rows]
    half = degraded(films, 0.5, 0)
    kept = [np.mean([given in row.recorded for given in path]) for row, path in zip(films.rows, half, strict=True)]
    assert 0.4 < np.mean(kept) < 0.6
    assert all(not set(path) & set(row.recorded) for row, path in zip(films.rows, degraded(films, 1.0, 0), strict=True))


def test_no_film_gets_its_gaze_from_a_predictor_that_saw_its_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    trained_on: list[set[str]] = []
    asked: list[tuple[int, int]] = []

    class Spy:
        def __init__(self, number: int) -> None:
            self.number = number

        def predict(self, features: torch.Tensor, *, seed: int) -> list[object]:
            asked.append((self.number, seed))
            return []

    def train(films: FilmSet, features: object, rows: list[int], recipe: object, seed: int) -> Spy:
        trained_on.append({films.rows[row].patient_id for row in rows})
        return Spy(len(trained_on) - 1)

    monkeypatch.setattr(gaze_conditions, "_train_predictor", train)
    predicted_scanpaths(FILMS, torch.zeros(24, 16, 8), ExperimentRecipe(), 0)
    assert len(asked) == len(FILMS.rows)
    assert all(FILMS.rows[film].patient_id not in trained_on[number] for number, film in asked)
    held_out = {FILMS.rows[number].patient_id for number in FILMS.held_out}
    assert not held_out & (trained_on[0] | trained_on[1])


def test_thresholds_call_as_many_positive_as_there_are() -> None:
    scores = np.linspace(0, 1, 101)[:, None]
    labels = (np.arange(101) < 20).astype(float)[:, None]
    labels[50] = np.nan
    assert (scores > thresholds(scores, labels)).sum() == pytest.approx(20, abs=1)


def test_a_change_is_counted_where_it_happened_and_by_its_direction() -> None:
    present = FILMS.is_present
    without, with_gaze = present.copy(), present.copy()
    without[0, 0] ^= True  # mended
    without[1, 0] ^= True
    with_gaze[2, 1] ^= True  # broken
    found = fusion_errors([run_of(with_gaze)] * 3, [run_of(without, "none")] * 3, FILMS)
    assert [(row.turned_right, row.turned_wrong) for row in found.by_finding] == [(2, 0), (0, 1)]
    broken = found.by_finding[1]
    assert (broken.missed_by_gaze, broken.invented_by_gaze) == ((1, 0) if present[2, 1] else (0, 1))
    assert {example.number for example in found.examples} == {int(FILMS.held_out[row]) for row in (0, 1, 2)}


def test_mcnemar_has_the_values_of_the_binomial() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(8, 0) == pytest.approx(2 * 0.5**8)
    assert mcnemar(3, 7) == pytest.approx(0.34375)


def test_better_gaze_that_gives_better_reports_is_seen_and_its_absence_too() -> None:
    n = len(FILMS.held_out)
    random = np.random.default_rng(0)
    good = {}
    for step, share in enumerate((0.0, 0.3, 0.6, 0.9, 1.0)):
        wrong = random.random((n, 1)) < share
        run = run_of(FILMS.is_present ^ wrong, tested_with=f"worse-{share}", scanmatch=np.full(n, 1 - step / 5))
        good[run.condition] = [run] * 3
    quality = predictor_quality(good, FILMS, replace(ExperimentRecipe(), draws=200))
    assert quality.over_conditions is not None
    assert quality.over_conditions.low > 0.5
    assert quality.over_films is None


def difference(source: str, reference: str, low: float, high: float, p: float = 0.001) -> Difference:
    interval = Interval((low + high) / 2, low, high, 0.95, 50)
    conditions = [Condition(name, "graph", name) for name in (source, reference)]  # type: ignore[arg-type]
    return Difference(*conditions, interval, p, p, 0.5, interval)


@pytest.mark.parametrize(
    ("none", "shuffled", "outcome", "words"),
    [
        ((0.1, 0.3), (0.1, 0.3), "helps", "gaze helps"),
        ((-0.1, 0.3), (0.1, 0.3), "no effect shown", "less harm than another patient's"),
        ((0.1, 0.3), (-0.1, 0.3), "no effect shown", "beyond what another patient's gaze does"),
        ((-0.1, 0.1), (-0.1, 0.1), "no effect shown", "No effect of recorded gaze is shown"),
        ((-0.3, -0.1), (-0.1, 0.1), "harms", "gaze harms"),
    ],
)
def test_gaze_helps_only_when_it_beats_no_gaze_and_another_patients_gaze(
    none: tuple[float, float], shuffled: tuple[float, float], outcome: str, words: str
) -> None:
    against = (difference("recorded", "none", *none), difference("recorded", "shuffled", *shuffled))
    verdict = verdict_of(Comparison((), against, (), ()), "recorded")
    assert verdict is not None
    assert (verdict.outcome, words in verdict.sentence) == (outcome, True)
    assert verdict_of(Comparison((), against, (), ()), "predicted") is None


def test_an_interval_alone_does_not_show_an_effect_when_the_corrected_test_disagrees() -> None:
    against = (difference("recorded", "none", 0.1, 0.3, p=0.2), difference("recorded", "shuffled", 0.1, 0.3))
    verdict = verdict_of(Comparison((), against, (), ()), "recorded")
    assert verdict is not None
    assert verdict.outcome == "no effect shown"


def test_rates_have_the_interval_of_clopper_and_pearson() -> None:
    rate = rate_of(1, 20)
    assert (rate.low, rate.high) == (pytest.approx(0.001265, abs=1e-5), pytest.approx(0.24873, abs=1e-4))
    assert rate_of(0, 0).high == 1.0


@pytest.mark.parametrize(
    ("n_null", "words"), [(1, "does not contradict the nominal 5%"), (6, "more than the nominal 5%")]
)
def test_the_calibration_says_when_the_experiment_finds_what_is_not_there(n_null: int, words: str) -> None:
    outcomes = [
        RepeatOutcome(repeat, arm, 0.2, 0.1, 0.3, 0.2, 0.01, is_found, "helps" if is_found else "no effect shown")
        for repeat in range(20)
        for arm, is_found in (("null", repeat < n_null), ("planted", True))
    ]
    calibration = calibration_of(outcomes)
    assert words in calibration.sentence
    assert "found in 20 of 20 repeats" in calibration.sentence
    assert calibration.claimed["null"].count == n_null


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seeds: [0, 1]", "3 different seeds"),
        ("seeds: [0, 0, 1]", "3 different seeds"),
        ("sources: [none, shuffled, guessed]", "'guessed' is no source"),
        ("sources: [none, recorded]", "needs the sources none and shuffled"),
        ("fusions: [sum]", "fusions are"),
        ("held_out: [train, val, test]", "leave a split to train on"),
        ("epochs: 3", "no setting 'epochs'"),
        ("- 1", "mapping"),
    ],
)
def test_a_recipe_that_cannot_be_run_is_refused_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(UnreadableInput, match=words):
        load_recipe(path)


@pytest.mark.parametrize("name", ["controlled", "experiment"])
def test_the_recipes_that_come_with_the_program_can_be_read(name: str) -> None:
    import gaze2report

    recipe = load_recipe(Path(gaze2report.__file__).parent / "recipes" / f"{name}.yaml")
    assert recipe.name == name
    assert set(recipe.sources) == set(GAZE_SOURCES)
    assert isinstance(recipe.encoder, TrainingSettings)
