"""``compare-models`` on a made set with the tiny model: every comparator, one table, and going on after a stop."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_model

from gaze2report.comparators import comparison
from gaze2report.comparators.comparison import FreshBase, compare_models
from gaze2report.comparators.comparison_recipe import ComparisonRecipe, SharedParts, load_comparison_recipe
from gaze2report.comparators.registry import KINDS
from gaze2report.config import LoraSettings, PromptConfig
from gaze2report.data.synthetic.case import CaseOptions
from gaze2report.data.synthetic.synthetic_set import make_synthetic_set
from gaze2report.errors import Gaze2ReportError
from gaze2report.evaluation.report_metrics.not_run import NotRun

RECIPES = Path(__file__).parents[2] / "gaze2report" / "recipes"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A training set of drawn films, and a tiny adapter version."""
    root = tmp_path_factory.mktemp("comparison")
    options = CaseOptions(side_px=tiny_model.SIDE_PX)
    make_synthetic_set(root / "set", 24, 1, options, own_sentences=True, progress=lambda done, total: None)
    return root / "set", tiny_model.save_tiny_adapter(root / "adapter")


def run(*arguments, **options) -> str:
    """`compare_models` without METEOR, whose program takes seconds to start."""
    return compare_models(*arguments, meteor_by=lambda *_: NotRun("no Java"), draws=20, **options)


def recipe(adapter: Path) -> ComparisonRecipe:
    prompted = {"steps": 1, "batch_size": 4, "validate_every": 1}
    return ComparisonRecipe(
        adapter=str(adapter),
        max_report_tokens=24,
        max_validation=3,
        max_test=4,
        parts=SharedParts(prompt=PromptConfig(3), lora=LoraSettings(2, 4)),
        models={
            "template": {},
            "nearest-neighbour": {},
            "show-attend-tell": {"width": 8, "training": {"epochs": 1}},
            "r2gen": {"width": 8, "depth": 1, "n_heads": 2, "training": {"epochs": 1}},
            "image-blind": prompted,
            "r2gengpt": prompted,
            "gaze2report": prompted,
        },
    )


def base() -> FreshBase:
    return FreshBase(tiny_model.tiny_language_model, tiny_model.tiny_tokenizer(), tiny_model.BASE_SHA256)


@pytest.mark.timeout(600)
def test_one_command_trains_all_and_prints_one_table_and_goes_on_after_a_stop(made, tmp_path, monkeypatch) -> None:
    data, adapter = made
    out = tmp_path / "out"
    table = run(recipe(adapter), data, out, base(), on_log=lambda _: None)
    lines = [line.split()[0] for line in table.split("\n\n")[0].splitlines()[1:] if not line.startswith(" ")]
    assert lines == list(recipe(adapter).models)
    assert (out / "table.txt").read_text() == table + "\n"
    rows = list(csv.DictReader((out / "table.csv").read_text().splitlines()))
    assert {row["comparator"] for row in rows} == set(KINDS)
    content = json.loads((out / "table.json").read_text())
    assert content["studies"]["test"] == 4
    reports = [json.loads(line) for line in (out / "reports.jsonl").read_text().splitlines()]
    assert len(reports) == 4
    assert {name.split(",")[0] for name in reports[0]["written"]} == set(KINDS)
    assert "METEOR not run: no Java." in table

    def no_fit(*_: object) -> None:
        raise AssertionError("a finished fit was done again")

    monkeypatch.setattr(comparison, "fit_and_write", no_fit)
    log: list[str] = []
    assert run(recipe(adapter), data, out, base(), on_log=log.append) == table
    assert sum("kept from an earlier run" in line for line in log) == len(KINDS)
    other = replace(recipe(adapter), max_report_tokens=23)
    with pytest.raises(AssertionError, match="done again"):
        run(other, data, out, base(), on_log=lambda _: None)


def test_chosen_comparators_and_seeds_are_run_and_others_not(made, tmp_path) -> None:
    data, adapter = made
    table = run(
        recipe(adapter),
        data,
        tmp_path,
        base(),
        models=["template", "show-attend-tell"],
        n_seeds=2,
        on_log=lambda _: None,
    )
    assert "gaze2report " not in table.split("difference")[0]
    kept = sorted(path.name for path in (tmp_path / "fits").glob("*.json"))
    assert kept == ["show-attend-tell-seed0.json", "show-attend-tell-seed1.json", "template-seed0.json"]
    assert "2 seeds" in table


def test_what_is_not_in_the_recipe_is_told(made, tmp_path) -> None:
    data, adapter = made
    with pytest.raises(Gaze2ReportError, match="has no comparator 'oracle'"):
        run(recipe(adapter), data, tmp_path, base(), models=["oracle"])


def test_recorded_gaze_is_taken_where_the_recipe_asks_for_it(made, tmp_path) -> None:
    data, adapter = made
    recorded = replace(recipe(adapter), gaze="recorded")
    table = run(recorded, data, tmp_path, base(), models=["template"], on_log=lambda _: None)
    assert "Gaze of gaze2report: recorded." in table


def test_the_recipe_that_ships_names_every_comparator() -> None:
    assert set(load_comparison_recipe(RECIPES / "comparators.yaml").models) == set(KINDS)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("gaze: somewhere\n", "gaze='somewhere'"),
        ("models: {oracle: {}}\n", "no comparator 'oracle'"),
        ("models: [template]\n", "models must map"),
        ("protocol: own\n", "protocol='own'"),
        ("rank: 3\n", "no setting 'rank'"),
        ("max_report_tokens: 1\n", "at least 2"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_told(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(content)
    with pytest.raises(Gaze2ReportError, match=told):
        load_comparison_recipe(path)
