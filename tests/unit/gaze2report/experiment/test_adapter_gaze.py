"""A finished adapter under every gaze: nothing is trained, what was done is not done again, and the table is honest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_model

from gaze2report.__main__ import main
from gaze2report.data.synthetic.case import CaseOptions
from gaze2report.data.synthetic.synthetic_set import make_synthetic_set
from gaze2report.drafting import Drafter
from gaze2report.experiment.adapter_gaze import AdapterRuns
from gaze2report.experiment.adapter_page import make_table


@pytest.mark.timeout(300)
def test_the_command_scores_an_adapter_under_every_gaze_and_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_synthetic_set(tmp_path / "set", 6, 3, CaseOptions(side_px=40), own_sentences=True)
    (tmp_path / "recipe.yaml").write_text("name: any\n")
    manifest = replace(tiny_model.tiny_manifest(), sha256="f" * 64)
    drafter = Drafter(tiny_model.tiny_model(), tiny_model.TINY, manifest)
    monkeypatch.setattr(Drafter, "load", lambda *_: drafter)
    arguments = ["experiment", str(tmp_path / "recipe.yaml"), "--adapter", "embedded", "--data", str(tmp_path / "set")]
    arguments += ["--split", "train", "--drafts", "2", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert "Predicted gaze" in capsys.readouterr().out
    summary = json.loads((tmp_path / "out" / "adapter.json").read_text())
    assert set(summary["losses"]) == {"predicted", "recorded", "none", "uniform", "centre", "medoid", "shuffled"}
    assert summary["adapter_sha256"] == "f" * 64
    assert summary["changed"]["none"] == 0
    losses = [tuple(json.loads(path.read_text())) for path in (tmp_path / "out").glob("loss.*.json")]
    assert len(set(losses)) > 3  # gaze reaches the prompt
    (tmp_path / "out" / "loss.none.json").write_text(json.dumps([0.5] * len(losses[0])))
    assert main(arguments) == 0
    again = json.loads((tmp_path / "out" / "adapter.json").read_text())
    assert again["losses"]["none"]["value"] == 0.5
    assert again["losses"]["predicted"] == summary["losses"]["predicted"]


@pytest.mark.parametrize(("gain", "begun"), [(0.2, "makes the reports likelier"), (0.0, "is not shown to help")])
def test_predicted_gaze_helps_an_adapter_only_when_the_loss_falls(gain: float, begun: str) -> None:
    random = np.random.default_rng(0)
    none = random.normal(1.5, 0.3, 60)
    losses = {
        "none": none,
        "shuffled": none + random.normal(0, 0.05, 60),
        "predicted": none - gain + random.normal(0, 0.05, 60),
    }
    names = tuple(f"film-{number}" for number in range(60))
    table = make_table(AdapterRuns("a", "0", "1", names, names, losses, {}, {}, {}, ()))
    assert begun in table.sentence
    assert table.losses["none"].value == pytest.approx(none.mean())
