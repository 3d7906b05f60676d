"""``python -m gaze2report evaluate`` on a whole tiny model and a made training set."""

from __future__ import annotations

import csv
import json

import numpy as np
import PIL.Image
import pytest
import tiny_model
from training_sets import convert_made, make_film

from gaze2report.__main__ import main
from gaze2report.drafting import Drafter
from gaze2report.imaging.intake import Intake
from gaze2report.models.adapter import load_adapter

HEAD = "image,patient_id,study_id,view,split,Cardiomegaly,Edema,No Finding,findings,impression\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A training set of six films, two of them to train on, one lateral and one blank, and a tiny adapter."""
    root = tmp_path_factory.mktemp("evaluate")
    source = root / "source"
    for number in range(6):
        make_film(source / f"{number}.png", 120, 130, seed=number)
    PIL.Image.fromarray(np.full((130, 120), 7, np.uint8)).save(source / "5.png")
    rows = [
        "0.png,P0,S0,PA,train,1,0,0,Clear lungs.,Normal.\n",
        "1.png,P1,S1,PA,train,0,1,0,Edema is seen.,Edema.\n",
        "2.png,P2,S2,PA,test,1,0,0,Clear lungs.,Normal.\n",
        "3.png,P3,S3,AP,test,0,,1,The heart is enlarged.,Cardiomegaly.\n",
        "4.png,P4,S4,LATERAL,test,0,1,0,Edema.,Edema.\n",
        "5.png,P5,S5,PA,test,0,1,0,Edema.,Edema.\n",
    ]
    (source / "index.csv").write_text(HEAD + "".join(rows))
    with Intake() as intake:
        convert_made("labelled-folder", source, root / "set", intake)
    tiny_model.save_tiny_adapter(root / "adapter")
    return root


@pytest.fixture(scope="module")
def drafter(folder):
    base = tiny_model.tiny_language_model(), tiny_model.tiny_tokenizer(), tiny_model.BASE_SHA256
    return Drafter(*load_adapter(folder / "adapter", *base))


@pytest.fixture
def loads(drafter, monkeypatch):
    """Count how often the model is loaded; the language model behind it is a tiny one."""
    loaded = []

    def load(adapter, progress=None):
        loaded.append(adapter)
        return drafter

    monkeypatch.setattr(Drafter, "load", load)
    monkeypatch.setenv("PATH", "")  # no Java: METEOR's start would be most of the time
    return loaded


QUICK = ("--protocol", "coco", "--worst", "0")


def run(folder, out, *more):
    return main(["evaluate", "--adapter", str(folder / "adapter"), "--data", str(folder / "set"),
                 "--out", str(out), *more])  # fmt: skip


def test_an_adapter_is_evaluated_on_the_test_split(folder, loads, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(folder, out, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((out / "evaluation.json").read_text())
    assert printed["cases"] == 2
    assert {one["case"]: one["reason"] for one in printed["not_drafted"]} == {
        "P4/S4": "no frontal film of it is part of the set",
        "P5/S5": "The image has only 1 different grey levels: it is blank or not a film.",
    }
    rows = {(r["of"], r["row"], r["metric"]): r for r in printed["measured"]}
    assert rows["coco", "seen text", "BLEU-1"]["cases"] == 1  # P2's report is that of P0, who was trained on
    assert rows["coco", "unseen text", "BLEU-1"]["cases"] == 1
    assert "no Java" in rows["coco", "all", "METEOR"]["not_run"]
    assert rows["findings head against set labels", "No Finding", "AUROC"]["cases"] == 2
    assert "no measured support" in rows["findings head against set labels", "Cardiomegaly", "AUROC"]["not_run"]
    assert rows["texts", "all", "hallucinated prior"]["cases"] == 2
    assert any("trained on another set" in note for note in printed["notes"])
    with (out / "cases.csv").open() as stream:
        made = list(csv.DictReader(stream))
    assert [row["reference"] for row in made] == ["Clear lungs.\nNormal.", "The heart is enlarged.\nCardiomegaly."]
    assert "Worst cases" in (out / "evaluation.html").read_text()


def test_the_drafts_are_those_of_the_workstation(folder, drafter, loads, tmp_path):
    assert run(folder, tmp_path / "out", "--gaze", "none", "--seed", "3", "--limit", "1", *QUICK) == 0
    kept = json.loads(next((tmp_path / "out" / "drafts").iterdir()).read_text())
    film = next((folder / "set").glob(f"images/*/{kept['draft']['file'].rsplit('/')[-1]}"))
    with Intake() as intake:
        same = drafter.draft(intake.read(film), file="x", gaze="none", seed=3)
    assert kept["draft"]["report"] == {"findings": same.report.findings, "impression": same.report.impression}
    assert kept["draft"]["gaze"] == "none"
    assert kept["draft"]["scanpath"] == []


def test_a_stopped_run_goes_on_where_it_was_and_ends_in_the_same_files(folder, loads, tmp_path, monkeypatch):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert run(folder, whole, *QUICK) == 0
    draft, calls = Drafter.draft, []

    def interrupted(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return draft(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Drafter, "draft", interrupted)
        assert run(folder, stopped, *QUICK) == 1
    assert len(list((stopped / "drafts").iterdir())) == 1
    (stopped / "drafts" / next((stopped / "drafts").iterdir()).name).write_bytes(b'{"example_id": "P2')  # half a file
    assert run(folder, stopped, *QUICK) == 0
    without_times = [(out / "cases.csv").read_bytes() for out in (whole, stopped)]
    assert without_times[0] == without_times[1]
    before = len(loads)
    assert run(folder, stopped, *QUICK) == 0
    assert len(loads) == before  # all is kept, so no model was loaded


def test_drafts_of_another_run_are_not_mixed_in(folder, loads, tmp_path, capsys):
    assert run(folder, tmp_path / "out", "--limit", "1", *QUICK) == 0
    capsys.readouterr()
    assert run(folder, tmp_path / "out", "--gaze", "none", "--seed", "1") == 2
    assert "another gaze, seed" in capsys.readouterr().err
    (tmp_path / "out" / "run.json").write_text("{")
    assert run(folder, tmp_path / "out") == 2
    assert "damaged" in capsys.readouterr().err


def test_a_source_of_gaze_that_the_set_lacks_is_told_and_nothing_is_measured(folder, loads, tmp_path, capsys):
    assert run(folder, tmp_path / "out", "--gaze", "recorded") == 3
    assert "no gaze was recorded" in capsys.readouterr().err


def test_a_control_gives_every_film_its_own_gaze_and_is_drawn_the_same_again(folder, loads, tmp_path):
    for control, names in (("uniform", ("once", "again")), ("medoid", ("once",))):
        looked = []
        for name in names:
            out = tmp_path / control / name
            assert run(folder, out, "--gaze", control, *QUICK) == 0
            kept = [json.loads(path.read_text()) for path in sorted((out / "drafts").iterdir())]
            drafts = [one["draft"] for one in kept if not one.get("refused")]
            assert {draft["gaze"] for draft in drafts} == {control}
            looked.append([draft["scanpath"] for draft in drafts])
            notes = json.loads((out / "evaluation.json").read_text())["notes"]
            assert any(f"The control {control} is made of predicted scanpaths" in note for note in notes)
        assert looked[0] == looked[-1]
        assert all(path and all(0 <= f["x_px"] <= 120 and 0 <= f["y_px"] <= 130 for f in path) for path in looked[0])
        assert (looked[0][0] == looked[0][1]) == (control == "medoid")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--adapter", "embedded", "--out", "x"], 2, "--adapter needs --data"),
        (["--adapter", "embedded", "--data", "nowhere", "--out", "x"], 2, "is no training set"),
        (["--drafts", "nowhere.csv", "--out", "x"], 2, "cannot be read"),
        (["--drafts", "nowhere.csv", "--out", "x", "--limit", "0"], 2, "--limit must be"),
        (["--drafts", "nowhere.csv", "--out", "x", "--worst", "-1"], 2, "--worst must be"),
        (["--drafts", "nowhere.csv", "--out", "x", "--chexbert", "weights"], 2, "weights: is not there"),
        (["--drafts", "nowhere.csv", "--out", "x", "--radgraph", "a.json", "b.json"], 2, "a.json: is not there"),
    ],
)
def test_wrong_use_is_a_sentence(arguments, status, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *arguments]) == status
    assert said in capsys.readouterr().err


def test_texts_of_another_program_are_evaluated(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    path = tmp_path / "texts.csv"
    path.write_text("reference,hypothesis,patient\nClear lungs.,Clear lungs.,A\nEdema.,No edema.,B\n")
    assert main(["evaluate", "--drafts", str(path), "--training-texts", str(path), "--out", str(tmp_path / "o")]) == 0
    printed = capsys.readouterr().out
    assert "protocol r2gen" in printed
    assert "seen text" in printed
    assert (tmp_path / "o" / "evaluation.html").is_file()
