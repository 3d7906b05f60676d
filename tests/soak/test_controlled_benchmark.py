"""The controlled benchmark on drawn radiographs, two repeats of it: some minutes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gaze2report
from gaze2report.experiment.calibration_page import write_calibration
from gaze2report.experiment.controlled import run_controlled
from gaze2report.experiment.recipe import load_recipe


def test_the_planted_effect_is_found_on_radiographs_and_none_where_there_is_none(tmp_path: Path) -> None:
    recipe = load_recipe(Path(gaze2report.__file__).parent / "recipes" / "controlled.yaml")
    recipe = replace(recipe, fusions=("concatenation", "graph"))
    calibration = run_controlled(recipe, tmp_path, 2)
    assert calibration.found["planted"].count == 2
    assert calibration.claimed["null"].count == 0
    again = run_controlled(recipe, tmp_path, 2)
    assert again.outcomes == calibration.outcomes
    assert "planted effect" in write_calibration(calibration, recipe, tmp_path).read_text()
