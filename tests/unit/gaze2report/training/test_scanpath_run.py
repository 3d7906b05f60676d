"""Training of scanpath predictors from a training-set folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import viewed_pictures

from gaze2report.config import EncoderConfig, ScanpathConfig
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.transforms import Preprocessing
from gaze2report.data.viewed_images import train_and_val, viewed_images
from gaze2report.errors import AdapterUnusable, Gaze2ReportError, TrainingSetUnusable
from gaze2report.scanpath_prediction import ScanpathModelConfig, load_predictor, predictor_folders
from gaze2report.training import scanpath_run
from gaze2report.training.scanpath_recipe import ScanpathRecipe, ScanpathTraining, load_scanpath_recipe
from gaze2report.training.scanpath_run import train_predictors

RECIPE = ScanpathRecipe(
    "made",
    ScanpathModelConfig(
        EncoderConfig("efficientnet_lite0", trunk_stages=3, width=16, n_heads=2, image_side_px=64),
        ScanpathConfig(width=16, depth=1, n_heads=2, max_fixations=6, duration_spread=True),
        Preprocessing(side_px=64, border_share=0.0),
    ),
    ScanpathTraining(epochs=4, batch_images=8, paths_per_image=3, lr=1e-2, imagenet=False, mirror=True),
    held_out_readers=("viewer-04",),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    return viewed_pictures.make_viewed_set(tmp_path_factory.mktemp("pictures"))


def run(recipe: ScanpathRecipe, made: TrainingSet, folder: Path) -> list[Path]:
    return train_predictors(recipe, made.folder, folder / "out", folder / "work", lambda _: None)


@pytest.fixture(scope="module")
def trained(made: TrainingSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(RECIPE, made, tmp_path_factory.mktemp("trained"))[0]


def test_the_loss_falls_and_is_logged(trained: Path) -> None:
    header, *lines = (trained / "training.csv").read_text().splitlines()
    losses = [float(line.split(",")[header.split(",").index("val_loss")]) for line in lines]
    assert len(losses) == 4
    assert losses[-1] < losses[0] - 0.5


@pytest.mark.parametrize("decoder", ["autoregressive", "parallel"])
def test_a_run_that_was_killed_ends_as_one_that_was_not(
    made: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decoder: str
) -> None:
    recipe = RECIPE.with_decoder(decoder)
    whole = run(recipe, made, tmp_path / "whole")[0]
    keep = scanpath_run._keep

    def die(*state: object) -> None:
        keep(*state)
        if state[-1].epoch == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(scanpath_run, "_keep", die)
    with pytest.raises(KeyboardInterrupt):
        run(recipe, made, tmp_path / "killed")
    assert not (tmp_path / "killed" / "out").exists()
    monkeypatch.setattr(scanpath_run, "_keep", keep)
    resumed = run(recipe, made, tmp_path / "killed")[0]
    for name in ("model.safetensors", "training.csv", "config.json", "manifest.json"):
        assert (resumed / name).read_bytes() == (whole / name).read_bytes(), name


def test_what_is_trained_already_is_left_as_it_is(made: TrainingSet, trained: Path) -> None:
    before = (trained / "manifest.json").stat().st_mtime_ns
    again = train_predictors(RECIPE, made.folder, trained.parent, trained.parent.parent / "work", lambda _: None)
    assert again == [trained]
    assert (trained / "manifest.json").stat().st_mtime_ns == before


def test_a_predictor_says_whom_it_saw_and_whom_not(made: TrainingSet, trained: Path) -> None:
    _, manifest = load_predictor(trained)
    assert manifest.held_out_readers == ("viewer-04",)
    assert "viewer-04" not in manifest.trained_readers
    assert all(manifest.has_seen(image.patient_id) for image in viewed_images(made, "train"))
    assert not any(manifest.has_seen(image.patient_id) for image in viewed_images(made, "test"))


def test_a_loaded_predictor_predicts_what_was_kept_and_follows_its_seed(trained: Path) -> None:
    one, other = load_predictor(trained)[0], load_predictor(trained)[0]
    features = torch.randn(1, one.encoder.grid_side**2, 16)
    assert one.one_path(features, 640, 480) == other.one_path(features, 640, 480)
    assert one.samples(features, 5, seed=1) == other.samples(features, 5, seed=1)
    assert one.samples(features, 5, seed=1) != one.samples(features, 5, seed=2)


def test_an_altered_predictor_is_refused(trained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in trained.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    content = json.loads((copy / "config.json").read_text())
    content["choice"]["temperature"] = 2.0
    (copy / "config.json").write_text(json.dumps(content))
    with pytest.raises(AdapterUnusable, match=r"config\.json"):
        load_predictor(copy)
    with pytest.raises(AdapterUnusable, match="holds no scanpath predictor"):
        predictor_folders([tmp_path])


def test_a_set_without_validation_split_gets_one_by_patient(made: TrainingSet, monkeypatch) -> None:
    examples = list(made.examples())
    monkeypatch.setattr(
        made,
        "examples",
        lambda split=None: iter([replace(e, split="train") for e in examples] if split == "train" else []),
    )
    parts = train_and_val(made)
    assert parts.val
    assert "no validation split" in parts.val_rule
    assert not {i.patient_id for i in parts.train} & {i.patient_id for i in parts.val}


def test_a_set_without_images_is_refused_with_what_to_do(made: TrainingSet, monkeypatch) -> None:
    examples = [replace(e, images=tuple(replace(i, file=None, sha256=None) for i in e.images)) for e in made.examples()]
    monkeypatch.setattr(made, "examples", lambda split=None: iter(e for e in examples if split in (None, e.split)))
    with pytest.raises(TrainingSetUnusable, match="--image-root"):
        train_and_val(made)


def test_a_reader_who_is_not_in_the_set_cannot_be_held_out(made: TrainingSet) -> None:
    with pytest.raises(TrainingSetUnusable, match="viewer-99"):
        train_and_val(made, ["viewer-99"])


def test_a_recipe_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("model: {scanpath: {decoder: diffusion}}\n")
    with pytest.raises(Gaze2ReportError, match="diffusion"):
        load_scanpath_recipe(path)
    path.write_text("training: {epoch: 3}\n")
    with pytest.raises(Gaze2ReportError, match="'epoch'"):
        load_scanpath_recipe(path)


def test_a_random_trunk_is_never_taken_for_one_that_knows_imagenet(made: TrainingSet, tmp_path: Path) -> None:
    recipe = replace(RECIPE, training=replace(RECIPE.training, imagenet=True))
    with pytest.raises(Gaze2ReportError, match="imagenet: false"):
        run(recipe, made, tmp_path)
