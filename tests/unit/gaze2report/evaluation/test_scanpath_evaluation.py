"""Measuring scanpath predictors: known answers, and what must not be measured is refused."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import viewed_pictures

from gaze2report.__main__ import main
from gaze2report.config import EncoderConfig, ScanpathConfig
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.transforms import Preprocessing
from gaze2report.data.viewed_images import ReaderPath, ViewedImage
from gaze2report.errors import Gaze2ReportError, UnreadableInput
from gaze2report.evaluation import scanpath_evaluation
from gaze2report.evaluation.scanpath_baselines import find_baselines
from gaze2report.evaluation.scanpath_evaluation import SystemScores, evaluate_scanpaths, metric_of
from gaze2report.evaluation.scanpath_metrics.scanmatch import scanmatch
from gaze2report.evaluation.scanpath_scores import SCANMATCH, SCANPATH_METRICS, scores_against
from gaze2report.evaluation.scanpath_table import as_text, table_of
from gaze2report.evaluation.search_evaluation import MEDOID, RELEASED, SAME_FILM, evaluate_search, search_intervals
from gaze2report.gaze.pairwise_scanmatch import (
    WITH_DURATION,
    ScanMatchSettings,
    consensus_number,
    scanmatch_of_all,
    scanmatch_table,
    to_symbols,
)
from gaze2report.scanpath_prediction import (
    PathChoice,
    PredictorManifest,
    ScanpathModel,
    ScanpathModelConfig,
    save_predictor,
)
from gaze2report.types import Fixation

CONFIG = ScanpathModelConfig(
    EncoderConfig("efficientnet_lite0", trunk_stages=2, width=8, n_heads=2, image_side_px=64),
    ScanpathConfig(width=8, depth=1, n_heads=2, max_fixations=5, duration_spread=True),
    Preprocessing(side_px=64, border_share=0.0),
    PathChoice(n_samples=6),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    return viewed_pictures.make_viewed_set(tmp_path_factory.mktemp("pictures"))


def random_path(rng: np.random.Generator, n: int) -> list[Fixation]:
    return [Fixation(*(rng.random(2) * 200).tolist(), float(rng.uniform(0.05, 0.5))) for _ in range(n)]


@pytest.mark.parametrize("gap", [0.0, -0.5])
def test_scanmatch_of_many_pairs_is_that_of_each_pair(gap: float) -> None:
    rng = np.random.default_rng(0)
    first, second = ([random_path(rng, int(n)) for n in rng.integers(1, 9, 5)] for _ in range(2))
    table = scanmatch_of_all(first, second, 200, 150, replace(WITH_DURATION, gap=gap))
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            alone = scanmatch(
                one, other, 200, 150, temporal_bin_ms=50.0, columns=16, rows=12, threshold_cells=3.5, gap=gap
            )
            assert table[i, j] == pytest.approx(alone, abs=1e-12)


def test_a_table_worked_out_by_hand() -> None:
    settings = ScanMatchSettings(columns=4, rows=1, temporal_bin_ms=None, threshold_cells=2.0)
    # 0 1 2 against 0 2: both match, 4 of 2 * 3; against 1 alone: 2 of 6.
    table = scanmatch_table([np.array([0, 1, 2])], [np.array([0, 2]), np.array([1]), np.array([], dtype=int)], settings)
    assert table[0, :2] == pytest.approx([4 / 6, 2 / 6])
    assert np.isnan(table[0, 2])
    assert to_symbols([Fixation(-5, 3, 0.1), Fixation(99, 3, 0.1)], 40, 10, settings).tolist() == [0, 3]


def test_the_consensus_agrees_most_with_the_others_and_not_with_itself() -> None:
    agreement = np.array([[9.0, 0.2, 0.2], [0.2, 0.0, 0.6], [0.2, 0.5, 0.0]])
    assert consensus_number(agreement) == 1
    agreement[1] = np.nan
    assert consensus_number(agreement) == 2


def image_of(name: str, paths: list[list[tuple[float, float]]]) -> ViewedImage:
    found = tuple(
        ReaderPath(f"r{i}", "", np.array(path, dtype=float), np.full(len(path), 0.2)) for i, path in enumerate(paths)
    )
    return ViewedImage(name, name, None, 100.0, 100.0, found)


def test_the_medoid_is_a_path_of_another_image_that_agrees_with_most() -> None:
    common, odd = [(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)], [(0.9, 0.1), (0.1, 0.9), (0.9, 0.1)]
    images = [image_of("a", [common]), image_of("b", [common]), image_of("c", [odd, odd, odd, odd])]
    found = find_baselines(images, np.random.default_rng(0))
    assert [(f.x_px, f.y_px) for f in found.medoid] == common  # paths of one image do not speak for each other
    paths = found.paths(200.0, 100.0, np.random.default_rng(0))
    assert {(f.x_px, f.y_px) for f in paths["centre"][0]} == {(100.0, 50.0)}
    assert len(paths["centre"][0]) == 3


def test_a_path_scores_1_with_itself_under_every_metric() -> None:
    path = [Fixation(10, 10, 0.2), Fixation(60, 30, 0.3), Fixation(20, 90, 0.25)]
    scores = scores_against([path], [path], 100, 100)[0, 0]
    for name, score in zip(SCANPATH_METRICS, scores, strict=True):
        assert score == pytest.approx(0.0 if name == "SED" else 1.0), name


def predictor(folder: Path, seed: int = 0, **changes: object) -> Path:
    manifest = PredictorManifest(name="made", recipe="made", seed=seed, code_version="test", **changes)  # type: ignore[arg-type]
    return save_predictor(folder / f"seed-{seed}", ScanpathModel(CONFIG).eval(), manifest, {})


def test_people_who_look_alike_are_above_every_blind_baseline(made: TrainingSet) -> None:
    found = evaluate_scanpaths(made.folder, [], on_log=lambda _: None)
    means = {system.name: float(metric_of(system, SCANMATCH).mean()) for system in found.systems}
    assert list(means) == ["human", "medoid", "centre", "random", "uniform"]
    assert means["human"] > 0.6
    assert max(value for name, value in means.items() if name != "human") < means["human"] - 0.1


def test_three_seeds_are_one_system_measured_against_the_held_out_readers(made: TrainingSet, tmp_path: Path) -> None:
    folders = [predictor(tmp_path, seed, held_out_readers=("viewer-04",)) for seed in range(3)]
    found = evaluate_scanpaths(made.folder, folders, on_log=lambda _: None)
    assert found.readers == ("viewer-04",)
    assert found.system("made autoregressive").scores.shape[0] == 3
    assert {"consensus of readers", "made autoregressive, samples"} <= {system.name for system in found.systems}
    table = table_of(found, draws=50)
    row = next(row for row in table if row.name == "made autoregressive")
    assert row.seeds == 3
    assert row.over_medoid is not None
    assert "made autoregressive (3 seeds)" in as_text(found, table)
    everyone = evaluate_scanpaths(made.folder, folders[:1], readers="all", on_log=lambda _: None)
    assert len(everyone.readers) == 4


def test_a_share_of_human_agreement_is_a_ratio_of_means(made: TrainingSet) -> None:
    found = evaluate_scanpaths(made.folder, [], on_log=lambda _: None)
    human = found.system("human").scores
    half = SystemScores("half", human / 2)
    rows = table_of(replace(found, systems=(*found.systems, half)), draws=50)
    share = rows[-1].of_human
    assert share is not None
    assert (share.value, share.low, share.high) == pytest.approx((0.5, 0.5, 0.5))


def test_a_predictor_that_saw_the_images_is_not_measured_on_them(made: TrainingSet, tmp_path: Path) -> None:
    from gaze2report.data.viewed_images import viewed_images
    from gaze2report.scanpath_prediction import patient_hash

    seen = tuple(patient_hash(image.patient_id) for image in viewed_images(made, "test"))
    with pytest.raises(Gaze2ReportError, match="would say nothing"):
        evaluate_scanpaths(made.folder, [predictor(tmp_path, seen_patients_sha256=seen)], on_log=lambda _: None)


def test_predictors_with_different_readers_held_out_do_not_compare(made: TrainingSet, tmp_path: Path) -> None:
    folders = [predictor(tmp_path, seed, held_out_readers=(f"viewer-0{seed + 1}",)) for seed in range(2)]
    with pytest.raises(Gaze2ReportError, match="do not compare"):
        evaluate_scanpaths(made.folder, folders, on_log=lambda _: None)


def test_the_command_writes_table_and_scores(made: TrainingSet, tmp_path: Path, capsys) -> None:
    assert main(["evaluate-scanpaths", "--data", str(made.folder), "--out", str(tmp_path / "out"), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content == json.loads((tmp_path / "out" / "table.json").read_text())
    rows = list(csv.DictReader((tmp_path / "out" / "scores.csv").read_text().splitlines()))
    assert len(rows) == content["images"] * len(content["systems"])
    shown = next(s for s in content["systems"] if s["name"] == "human")["value"][SCANMATCH]["value"]
    assert shown == pytest.approx(np.mean([float(r[SCANMATCH]) for r in rows if r["system"] == "human"]), abs=1e-5)


def search_folder(folder: Path) -> Path:
    """Two findings, each always looked for in one place; the film of the test record stands in train, too."""
    places = {"cardiomegaly": ([120, 130, 140], [150, 150, 150]), "pneumothorax": ([30, 40, 50], [20, 20, 20])}
    rows = [
        {"name": f"{i}.jpg", "subject": 1, "task": task, "X": x, "Y": y, "T": [0.2] * 3, "split": split}
        for i, split in ((0, "train"), (1, "train"), (2, "valid"), (0, "test"), (3, "test"))
        for task, (x, y) in places.items()
        if not (i == 0 and (task == "cardiomegaly") != (split == "train"))
    ]
    (folder / "scanpaths.json").write_text(json.dumps(rows))
    predicted = [
        {"name": f"{i}.jpg", "task": t, "X": [112, *x], "Y": [112, *y]} for i in (0, 3) for t, (x, y) in places.items()
    ]
    (folder / "chestsearch_predicted.json").write_text(json.dumps(predicted))
    return folder


def test_searches_are_scored_and_the_leak_is_counted(tmp_path: Path) -> None:
    found = evaluate_search(search_folder(tmp_path))
    assert found.films == ("0.jpg", "3.jpg", "3.jpg")
    assert found.leaking == 1
    assert found.scores[RELEASED][:, 0] == pytest.approx(1.0)
    assert found.scores[MEDOID][:, 0] == pytest.approx(1.0)  # every search for a finding goes to one place here
    assert found.scores[SAME_FILM][0, 0] < 0.8  # the other finding's place
    assert np.isnan(found.scores[SAME_FILM][1:]).all()
    assert search_intervals(found, draws=20)[RELEASED][1].value == pytest.approx(0.0)


def test_the_free_centre_can_be_left_out(tmp_path: Path) -> None:
    folder = search_folder(tmp_path)
    with_it, without = (
        evaluate_search(folder, with_centre=c).scores["uniform places"][:, 0].mean() for c in (True, False)
    )
    assert without < with_it


def test_predictions_of_another_form_are_refused(tmp_path: Path) -> None:
    folder = search_folder(tmp_path)
    (tmp_path / "other.json").write_text('[{"name": "0.jpg"}]')
    with pytest.raises(UnreadableInput, match="predicted searches"):
        evaluate_search(folder, tmp_path / "other.json")


def test_samples_that_are_scored_are_of_the_seed(made: TrainingSet, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(scanpath_evaluation, "SAMPLES", 2)
    folder = predictor(tmp_path)
    runs = [evaluate_scanpaths(made.folder, [folder], seed=seed, on_log=lambda _: None) for seed in (0, 0, 1)]
    drawn = [run.system("made autoregressive, samples").scores for run in runs]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
