"""Whole experiments in small: a planted effect is found, none is found where none is, a stopped one goes on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from toy_films import toy_films

from gaze2report.__main__ import main
from gaze2report.data.synthetic.case import CaseOptions
from gaze2report.data.synthetic.synthetic_set import make_synthetic_set
from gaze2report.errors import Gaze2ReportError
from gaze2report.experiment.comparison import compare_conditions, verdict_of
from gaze2report.experiment.experiment import report_of
from gaze2report.experiment.experiment_page import build_page
from gaze2report.experiment.recipe import ExperimentRecipe, TrainingSettings
from gaze2report.experiment.runs import run_experiment

TOY = ExperimentRecipe(
    sources=("none", "shuffled", "recorded"),
    fusions=("concatenation",),
    side_px=32,
    width=16,
    batch_size=16,
    encoder=TrainingSettings(epochs=12, lr=5e-3),
    fusion_training=TrainingSettings(epochs=24, lr=1e-2),
    draws=400,
)
SMALL = """
sources: [none, shuffled, recorded, predicted]
side_px: 32
width: 16
min_positive: 2
draws: 100
degradations: [0.5, 1.0]
encoder: {epochs: 1}
fusion_training: {epochs: 1}
predictor: {epochs: 1}
"""


@pytest.mark.timeout(600)
def test_a_planted_effect_is_found_and_none_where_none_was_planted(tmp_path: Path) -> None:
    outcomes = {}
    for arm, share in (("planted", 1.0), ("null", 0.0)):
        films = toy_films(200, share)
        results = run_experiment(films, TOY, tmp_path / arm, with_quality=False, say=lambda _: None)
        comparison = compare_conditions(results, films, TOY)
        verdict = verdict_of(comparison, "recorded")
        shuffled = comparison.difference("recorded", "shuffled")
        assert verdict is not None
        assert shuffled is not None
        outcomes[arm] = (verdict.outcome, shuffled.interval.excludes_zero)
    assert outcomes == {"planted": ("helps", True), "null": ("no effect shown", False)}
    report = report_of(TOY, toy_films(200, 1.0), run_experiment(toy_films(200, 1.0), TOY, tmp_path / "planted"))
    mended = report.errors["recorded"].by_finding
    assert sum(row.turned_right for row in mended) > 3 * sum(row.turned_wrong for row in mended)
    assert "Recorded gaze helps" in build_page(report)


@pytest.mark.timeout(600)
def test_the_command_writes_a_page_that_needs_nothing_beside_itself_and_goes_on_where_it_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_synthetic_set(tmp_path / "set", 70, 2, CaseOptions(side_px=32), own_sentences=True)
    (tmp_path / "recipe.yaml").write_text(SMALL)
    out = tmp_path / "out"
    arguments = ["experiment", str(tmp_path / "recipe.yaml"), "--data", str(tmp_path / "set"), "--out", str(out)]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "trainable parameters" in said
    assert re.search(r"(recorded|Recorded) gaze", said)
    text = (out / "experiment.html").read_text()
    assert not re.search(r"(?:src|href)=['\"](?!data:|#)", text)
    assert "<svg" in text
    summary = json.loads((out / "experiment.json").read_text())
    sizes = {row["n_parameters"] for row in summary["scores"]}
    assert len(sizes) == 1
    assert {row["source"] for row in summary["scores"]} == {"none", "shuffled", "recorded", "predicted"}
    assert {row["fusion"] for row in summary["scores"]} == {"graph", "concatenation"}
    assert {"scores.csv", "differences.csv", "films.csv", "fusion_errors.csv", "predictor_quality.csv"} <= {
        path.name for path in out.iterdir()
    }
    # A run that is gone is run again, the others are read; the page comes out the same.
    before = {path: path.stat().st_mtime_ns for path in (out / "runs").iterdir()}
    gone = out / "runs" / "recorded.concatenation.seed1.json"
    kept = json.loads(gone.read_text())
    gone.unlink()
    assert main(arguments) == 0
    again = json.loads(gone.read_text())
    assert {**again, "seconds": 0} == {**kept, "seconds": 0}
    assert {path for path, time in before.items() if path.stat().st_mtime_ns != time} == {gone}
    # Another recipe does not go on with these runs.
    (tmp_path / "recipe.yaml").write_text(SMALL + "seeds: [4, 5, 6]\n")
    assert main(arguments) == 2
    assert "another recipe" in capsys.readouterr().err


def test_a_set_that_is_too_small_and_wrong_arguments_are_said_in_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_synthetic_set(tmp_path / "set", 4, 2, CaseOptions(side_px=32), own_sentences=True)
    (tmp_path / "recipe.yaml").write_text(SMALL)
    recipe, out = str(tmp_path / "recipe.yaml"), str(tmp_path / "out")
    assert main(["experiment", recipe, "--data", str(tmp_path / "set"), "--out", out]) == 2
    assert "too few for an experiment" in capsys.readouterr().err
    assert main(["experiment", recipe, "--out", out]) == 2
    assert "either --data SET or --repeats N" in capsys.readouterr().err
    assert main(["experiment", recipe, "--repeats", "0", "--out", out]) == 2
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "of.json").write_text("{}")
    with pytest.raises(Gaze2ReportError, match="another recipe or training set"):
        run_experiment(toy_films(24, 1.0), TOY, tmp_path / "runs")
