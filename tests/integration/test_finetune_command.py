"""From readings to a candidate, through the gate and into the workspace, on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import report_sets
import torch
import yaml
from integration.test_train_report_command import RECIPE

from db import adapters
from db.__main__ import main as db_main
from db.database import create_workspace, open_workspace
from gaze2report.__main__ import main
from gaze2report.adapter_files import verify_files
from gaze2report.data.training_set import TrainingSet
from gaze2report.learning.replay import REPLAYED, with_replay

SMALL = {**RECIPE, "model": {**RECIPE["model"], "views": {"max_views": 1}}, "data": {"gaze": "predicted"}}
TUNE = {
    "name": "tuned",
    "language_model": {"source": "made"},
    "losses": {"encoder_lr": 0.0, "findings_lr": 0.0, "findings_weight": 0.0, "lora_lr": 1e-3, "max_report_tokens": 40},
    "training": {"steps": 3, "batch_size": 4, "evaluate_every": 1, "checkpoint_every": 1},
    "calibration": {"n_drafts": 0},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An earlier set, readings with a hold-out, and the live version that was trained on the earlier set."""
    place = tmp_path_factory.mktemp("tuned")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    report_sets.write_report_set(place / "earlier", 8, 2, with_gaze=False)
    report_sets.write_report_set(place / "readings", 6, 2, with_gaze=False, n_test=4, first=100)
    (place / "small.yaml").write_text(yaml.safe_dump(SMALL))
    (place / "tune.yaml").write_text(yaml.safe_dump(TUNE))
    run = ["train-report", str(place / "small.yaml"), "--data", str(place / "earlier"), "--out", str(place / "live")]
    assert main(run) == 0
    tune = ["finetune", str(place / "tune.yaml"), "--data", str(place / "readings"), "--from", str(place / "live"),
            "--replay", str(place / "earlier"), "--out", str(place / "tuned-1")]  # fmt: skip
    assert main(tune) == 0
    torch.set_num_threads(threads)
    return place


def test_a_candidate_continues_the_live_version_and_changes_only_what_it_may(place: Path) -> None:
    live, candidate = verify_files(place / "live"), verify_files(place / "tuned-1")
    assert (candidate.parent, candidate.name) == (live.sha256, "tuned-1")
    from safetensors.torch import load_file

    before, after = (load_file(place / name / "model.safetensors") for name in ("live", "tuned-1"))
    changed = {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert changed
    assert not changed & {"encoder", "findings", "scanpath"}


def test_replay_mixes_earlier_examples_into_training_only(place: Path, tmp_path: Path) -> None:
    with_replay(place / "readings", place / "earlier", 0.5, tmp_path / "mixed")
    mixed = list(TrainingSet.open(tmp_path / "mixed").examples())
    replayed = [one for one in mixed if one.example_id.startswith(REPLAYED)]
    assert len(replayed) == 6
    assert {one.split for one in replayed} == {"train"}
    held = {one.patient_id for one in mixed if one.split != "train"}
    assert not held & {one.patient_id for one in mixed if one.split == "train"}


def test_the_gate_says_why_and_the_workspace_keeps_it(place: Path, tmp_path: Path, capsys) -> None:
    out = place / "gate"
    command = ["gate", "--live", str(place / "live"), "--candidate", str(place / "tuned-1"),
               "--data", str(place / "readings"), "--out", str(out), "--min-patients", "2"]  # fmt: skip
    status = main(command)
    judged = json.loads((out / "judgement.json").read_text())
    assert status == (0 if judged["is_passed"] else 3)
    assert "micro-F1" in capsys.readouterr().out
    assert "signed" in (out / "gate.html").read_text()
    create_workspace(tmp_path / "workspace").close()
    where = ["--workspace", str(tmp_path / "workspace")]
    assert db_main(["adapters", "import", str(place / "live"), *where]) == 0
    assert db_main(["adapters", "import", str(place / "tuned-1"), *where]) == 0
    assert db_main(["adapters", "activate", "live", "--reason", "first", *where]) == 0
    assert db_main(["adapters", "judge", "tuned-1", str(out / "judgement.json"), *where]) == 0
    with open_workspace(tmp_path / "workspace") as workspace:
        assert adapters.find(workspace, "tuned-1").state == ("candidate" if judged["is_passed"] else "rejected")
    shutil.copy(out / "judgement.json", tmp_path / "other.json")
    assert db_main(["adapters", "judge", "live", str(tmp_path / "other.json"), *where]) == 2
    assert "judges another version" in capsys.readouterr().err


def test_a_candidate_against_itself_passes_and_too_few_patients_do_not(place: Path, tmp_path: Path) -> None:
    command = ["gate", "--live", str(place / "live"), "--candidate", str(place / "live"), "--data",
               str(place / "readings"), "--out", str(tmp_path / "gate")]  # fmt: skip
    assert main(command) == 3
    assert main([*command, "--min-patients", "2"]) == 0
