from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gaze2report
from gaze2report.config import EncoderConfig, ModelConfig, from_plain, read_recipe, to_plain
from gaze2report.errors import Gaze2ReportError, UnreadableInput
from gaze2report.training.make_weights import load_recipe
from gaze2report.training.report_recipe import load_report_recipe
from gaze2report.training.scanpath_recipe import load_scanpath_recipe

RECIPES = Path(gaze2report.__file__).parent / "recipes"
READERS: dict[str, Callable[[Path], Any] | None] = {
    "comparators.yaml": None,
    "controlled.yaml": None,
    "experiment.yaml": None,
    "embedded.yaml": load_recipe,
    "paper.yaml": load_report_recipe,
    "finetune.yaml": load_report_recipe,
    "r2gengpt.yaml": load_report_recipe,
    "gazesearch.yaml": load_scanpath_recipe,
    "osie.yaml": load_scanpath_recipe,
    "tiny.yaml": load_report_recipe,
}
"""What reads each recipe; None where the tests of another command do."""


def test_a_config_survives_plain_form() -> None:
    config = ModelConfig(encoder=EncoderConfig(width=64))
    assert from_plain(ModelConfig, to_plain(config)) == config


def test_an_unknown_setting_is_named_with_its_place() -> None:
    with pytest.raises(ValueError, match=r"encoder has no setting 'widht'"):
        from_plain(ModelConfig, {"encoder": {"widht": 3}})


def test_a_nonsense_setting_is_named_with_its_value() -> None:
    with pytest.raises(ValueError, match="width=10 must be a multiple of n_heads=4"):
        EncoderConfig(width=10)
    with pytest.raises(ValueError, match="a trunk or a vit"):
        EncoderConfig(vit="vit_base_patch16_224")


@pytest.mark.parametrize("name", [name for name, load in READERS.items() if load])
def test_every_recipe_is_valid(name: str) -> None:
    load = READERS[name]
    assert load is not None
    assert load(RECIPES / name).name


def test_every_recipe_that_comes_along_has_a_reader() -> None:
    assert {path.name for path in RECIPES.glob("*.yaml")} == set(READERS)


@pytest.mark.parametrize("content", ["a: [", "- 1", "model: {encoder: {trunk: 3, depth: x, width: 9}}", "modle: {}"])
def test_a_bad_recipe_is_a_sentence_with_its_path(tmp_path: Path, content: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(content)
    with pytest.raises(Gaze2ReportError, match=r"recipe\.yaml"):
        load_recipe(path)


def test_a_missing_recipe_is_a_sentence() -> None:
    with pytest.raises(UnreadableInput, match="cannot be read as a recipe"):
        read_recipe(Path("nowhere.yaml"))
