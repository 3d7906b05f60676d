"""``draft --gaze recorded:FILE`` from the command line to the drafter, over real files and a tiny model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_model
from factories import make_dicom
from pydicom import dcmread

from gaze2report import __main__ as command_line
from gaze2report import commands
from gaze2report.drafting import Drafter
from gaze2report.errors import EXIT_OK, EXIT_REFUSED, EXIT_WRONG_USE

LOOKED = [{"x_px": 20, "y_px": 30, "duration_ms": 400}, {"x_px": 10, "y_px": 12, "duration_s": 0.25}]


@pytest.fixture(scope="module")
def drafter() -> Drafter:
    return Drafter(tiny_model.tiny_model(), tiny_model.TINY, replace(tiny_model.tiny_manifest(), sha256="f" * 64))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return make_dicom(tmp_path / "film.dcm")


def draft(film: Path, gaze: object, *more: str) -> int:
    path = film.with_name("gaze.json")
    path.write_text(json.dumps(gaze), encoding="utf-8")
    return command_line.main(["draft", str(film), "--gaze", f"recorded:{path}", "--json", *more])


def test_recorded_fixations_are_what_the_draft_is_made_from(film, drafter, monkeypatch, capsys):
    monkeypatch.setattr(commands, "_load_drafter", lambda _: drafter)
    uid = str(dcmread(film).SOPInstanceUID)
    assert draft(film, {"instance_uid": uid, "reader": "R07", "fixations": LOOKED}) == EXIT_OK
    made = json.loads(capsys.readouterr().out)
    assert made["gaze"] == "recorded"
    assert made["scanpath"] == [
        {"x_px": 20.0, "y_px": 30.0, "duration_s": 0.4},
        {"x_px": 10.0, "y_px": 12.0, "duration_s": 0.25},
    ]


def test_gaze_of_another_film_is_refused_before_the_model_is_loaded(film, monkeypatch, capsys):
    monkeypatch.setattr(commands, "_load_drafter", lambda _: pytest.fail("the model was loaded"))
    assert draft(film, {"instance_uid": "1.2.3", "fixations": LOOKED}) == EXIT_REFUSED
    refused = json.loads(capsys.readouterr().out)["refused"]
    assert refused["code"] == "gaze_of_another_film"
    assert "another film (1.2.3)" in refused["reason"]


def test_gaze_beside_the_film_is_refused(film, monkeypatch, capsys):
    monkeypatch.setattr(commands, "_load_drafter", lambda _: pytest.fail("the model was loaded"))
    assert draft(film, [{"x_px": -5, "y_px": 30, "duration_ms": 400}]) == EXIT_REFUSED
    assert "no fixation of the recorded gaze lies on the film" in capsys.readouterr().out


def test_a_hostile_gaze_file_is_a_sentence_and_no_traceback(film, capsys):
    assert draft(film, [{"x_px": 1, "y_px": 2, "duration_ms": "DROP"}]) == EXIT_WRONG_USE
    told = capsys.readouterr()
    assert told.out == ""
    assert "gaze.json: is not a file of recorded gaze: fixation 1 has duration_ms 'DROP'" in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize("gaze", ["recorded:", "recorded", "shuffled"])
def test_an_unknown_source_of_gaze_is_wrong_use(film, gaze, capsys):
    assert command_line.main(["draft", str(film), "--gaze", gaze]) == EXIT_WRONG_USE
    assert "use predicted, none, or recorded:FILE" in capsys.readouterr().err


def test_a_draft_printed_twice_differs_in_its_timing_alone(film, drafter, monkeypatch, capsys):
    monkeypatch.setattr(commands, "_load_drafter", lambda _: drafter)
    printed = []
    for moment in ("2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"):
        made = drafter.draft
        monkeypatch.setattr(drafter, "draft", lambda *a, m=moment, f=made, **k: replace(f(*a, **k), created_at_utc=m))
        assert command_line.main(["draft", str(film), "--json"]) == EXIT_OK
        content = json.loads(capsys.readouterr().out)
        assert content.pop("timing_s")["total"] > 0
        printed.append(content)
    assert printed[0] == printed[1]
