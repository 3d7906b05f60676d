"""``train-report`` on the command line: an adapter version that drafts, continues, and says what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import report_sets
import torch
import yaml
from safetensors.torch import load_file

from gaze2report.__main__ import main
from gaze2report.config import EncoderConfig, ModelConfig, ScanpathConfig
from gaze2report.data.transforms import Preprocessing
from gaze2report.drafting import Drafter
from gaze2report.errors import Gaze2ReportError
from gaze2report.imaging.read import read_image
from gaze2report.models.adapter import read_manifest, verify_adapter
from gaze2report.scanpath_prediction import PredictorManifest, ScanpathModel, ScanpathModelConfig, save_predictor
from gaze2report.training.report_run import with_predictor
from gaze2report.types import Fixation

RECIPE: dict[str, Any] = {
    "name": "small",
    "language_model": {"source": "made", "made": {"vocabulary": 300, "width": 32, "depth": 1}},
    "model": {
        "encoder": {"trunk_stages": 3, "width": 16, "n_heads": 2, "image_side_px": 64},
        "scanpath": {"width": 16, "depth": 1, "n_heads": 2},
        "graph": {"n_neighbours": 4, "layer": "gatv2"},
        "views": {"max_views": 2, "fusion": "concatenate"},
        "prompt": {"n_tokens": 2},
        "lora": {"rank": 4, "alpha": 8, "targets": ["all-linear"]},
        "decoding": {"max_new_tokens": 12},
    },
    "data": {"gaze": "recorded"},
    "losses": {"max_report_tokens": 40, "when_not_recorded": "none"},
    "training": {"steps": 3, "batch_size": 4, "evaluate_every": 1, "checkpoint_every": 1},
    "calibration": {"min_films": 1, "n_drafts": 1},
}


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """So small a model is slower with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training set, a recipe, and the adapter version that was trained by it."""
    place = tmp_path_factory.mktemp("trained")
    report_sets.write_report_set(place / "set", 8, 4, n_views=2)
    (place / "small.yaml").write_text(yaml.safe_dump(RECIPE))
    arguments = ["train-report", str(place / "small.yaml"), "--data", str(place / "set"), "--out", str(place / "one")]
    assert main(arguments) == 0
    return place


def test_the_version_names_its_set_recipe_and_metrics(place: Path) -> None:
    manifest = verify_adapter(place / "one")
    described = json.loads((place / "set" / "training_set.json").read_text())
    assert manifest.training_set["sha256"] == described["sha256"]
    assert (manifest.recipe, manifest.parent, manifest.training_set["gaze"]) == ("small", None, "recorded")
    assert set(manifest.metrics["validation"]) == {"loss", "report", "findings"}
    assert manifest.metrics["drafts"]["studies"] == 1
    assert "macro" in manifest.metrics["calibration"]
    card = (place / "one" / "README.md").read_text()
    assert "Not for primary diagnosis" in card
    assert "ECE after" in card


def test_recorded_gaze_replaces_the_prediction_when_it_drafts(place: Path) -> None:
    drafter = Drafter.load(place / "one")
    torch.set_num_threads(1)
    image = read_image(next((place / "set" / "images").rglob("*.png")))
    looked = [Fixation(10.0, 20.0, 0.4), Fixation(60.0, 70.0, 0.8)]
    draft = drafter.draft(image, file="film.png", gaze="recorded", recorded=looked)
    assert list(draft.scanpath) == looked
    assert draft.gaze == "recorded"
    with torch.inference_mode():
        features = drafter.model.encoder(torch.rand(1, 1, 64, 64))
        prompts = [
            drafter.model.prompt_tokens(
                features, [drafter._look(image, features, gaze, looked, 0)[1]], torch.zeros(1, 14)
            )
            for gaze in ("recorded", "predicted", "none")
        ]
    assert not torch.equal(prompts[0], prompts[1])
    assert not torch.equal(prompts[0], prompts[2])


def test_another_version_goes_on_from_it_and_names_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = {**RECIPE, "name": "next", "model": {}, "training": {**RECIPE["training"], "steps": 1}}
    (place / "next.yaml").write_text(yaml.safe_dump(recipe))
    arguments = ["train-report", str(place / "next.yaml"), "--data", str(place / "set"), "--out", str(place / "two")]
    assert main([*arguments, "--from", str(place / "one"), "--gaze", "shuffled"]) == 0
    first, second = read_manifest(place / "one"), read_manifest(place / "two")
    assert (second.parent, second.base_model_sha256) == (first.sha256, first.base_model_sha256)
    assert second.training_set["gaze"] == "shuffled"
    assert "drafts that are the very report" in capsys.readouterr().out
    assert Drafter.load(place / "two").manifest.name == "two"


def test_it_begins_with_a_scanpath_predictor_that_was_trained_alone(place: Path, tmp_path: Path) -> None:
    torch.manual_seed(5)
    sizes = RECIPE["model"]
    config = ScanpathModelConfig(
        EncoderConfig(**sizes["encoder"]), ScanpathConfig(**sizes["scanpath"]), Preprocessing(side_px=64)
    )
    alone = ScanpathModel(config)
    save_predictor(tmp_path / "predictor", alone, PredictorManifest("alone", "made", 5, "test"), {})
    recipe = {**RECIPE, "losses": {**RECIPE["losses"], "encoder_lr": 0.0}, "training": {"steps": 1, "batch_size": 2}}
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(recipe))
    arguments = [
        "train-report",
        str(tmp_path / "small.yaml"),
        "--data",
        str(place / "set"),
        "--out",
        str(tmp_path / "a"),
    ]
    assert main([*arguments, "--scanpath", str(tmp_path / "predictor")]) == 0
    kept = load_file(tmp_path / "a" / "model.safetensors")
    wanted = {f"encoder.{n}": t for n, t in alone.encoder.state_dict().items()}
    wanted |= {f"scanpath.{n}": t for n, t in alone.predictor.state_dict().items()}
    assert all(torch.equal(kept[name], tensor.to(kept[name].dtype)) for name, tensor in wanted.items())


def test_a_predictor_of_films_prepared_otherwise_is_refused() -> None:
    other = ScanpathModelConfig(preprocessing=Preprocessing(border_share=0.0))
    with pytest.raises(Gaze2ReportError, match="prepared otherwise than for drafting"):
        with_predictor(ModelConfig(), other)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--gaze", "guessed"], "is no gaze source"),
        (["--language-model", "/nowhere"], "is no language model"),
        (["--encoder", "/nowhere.safetensors"], "gives weights of a ViT"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    arguments = ["train-report", str(place / "small.yaml"), "--data", str(place / "set"), "--out", str(tmp_path / "x")]
    assert main([*arguments, *options]) == 2
    assert says in capsys.readouterr().err


def test_a_version_is_not_written_over(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train-report", str(place / "small.yaml"), "--data", str(place / "set"), "--out", str(place / "one")]
    assert main(arguments) == 2
    assert "never changed" in capsys.readouterr().err
