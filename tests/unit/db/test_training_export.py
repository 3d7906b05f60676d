"""Training sets of signed reports: who is in, who is held out for ever, and what is nowhere in them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from factories import chest_phantom, make_dicom
from recorded_cases import record_case
from workspaces import make_draft

from db import (
    drafts,
    film_releases,
    gaze_exports,
    learning_consents,
    readings,
    recordings,
    reports,
    studies,
    training_export,
)
from db.__main__ import main
from db.database import Workspace
from db.errors import WorkspaceError
from db.records import TextSpan, WorkingText
from db.training_export import ExportOptions, split_of
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.training_set_check import find_problems
from gaze2report.imaging.read import read_image_header
from gaze2report.types import Report

DRAFTED = Report("The heart is normal in size. No pleural effusion.", "No acute disease.")
FINDINGS = "Mrs Sentinel's heart is enlarged, seen 2024-03-01. No pleural effusion."


class _InProcess:
    """Reads headers without a worker: films of these tests are harmless."""

    read_header = staticmethod(read_image_header)


IN_PROCESS = _InProcess()


@pytest.fixture(autouse=True)
def salt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is held out must not differ from run to run."""
    monkeypatch.setattr(training_export.secrets, "token_hex", lambda _: "salt-1")


def signed_study(
    workspace: Workspace, folder: Path, number: int, *, reader: str = "anna", mode: str = "reader-first",
    is_unchanged: bool = False,
) -> str:  # fmt: skip
    """A film of a patient of its own, read, drafted and signed."""
    path = make_dicom(
        folder / f"{number}.dcm", pixels=chest_phantom(80, 80), StudyInstanceUID=f"1.2.3.{number}", SeriesInstanceUID=
        f"1.2.3.{number}.1", SOPInstanceUID=f"1.2.3.{number}.1.1", PatientID=f"SENTINEL{number}",
        PatientName=f"Sentinel^Jane{number}", AccessionNumber=f"ACC{number}",
    )  # fmt: skip
    (made,) = studies.import_paths(workspace, IN_PROCESS, [path]).imported
    uid = made.study_uid
    reading = readings.open_reading(workspace, uid, reader, mode=mode)
    draft = replace(make_draft(uid), instance_uid=made.instance_uid, report=DRAFTED)
    kept = drafts.add(workspace, reading.id, uid, draft)
    text = WorkingText(findings=FINDINGS, impression="Cardiomegaly.")
    if is_unchanged:
        spans = (TextSpan("findings", 0, len(DRAFTED.findings), "ai", True),)
        text = WorkingText(findings=DRAFTED.findings, impression=DRAFTED.impression, spans=spans)
    if mode == "reader-first":
        readings.commit_reading(workspace, reading.id, text)
    reports.sign(workspace, reading.id, text, signer=reader, draft_id=kept.id)
    return uid


def exported(
    workspace: Workspace, folder: Path, **options: float
) -> tuple[training_export.TrainingExport, TrainingSet]:
    made = training_export.export_training_set(workspace, folder, actor="anna", options=ExportOptions(**options))
    return made, TrainingSet.open(folder)


def test_without_a_consent_nothing_is_learnt_from(workspace, tmp_path):
    signed_study(workspace, tmp_path, 1)
    with pytest.raises(WorkspaceError, match="nothing to learn from: 1 its reader has not agreed"):
        exported(workspace, tmp_path / "set")
    learning_consents.give(workspace, "anna", actor="anna")
    learning_consents.withdraw(workspace, "anna", actor="anna")
    with pytest.raises(WorkspaceError, match="withdrawn"):
        exported(workspace, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_nothing_that_points_at_a_person_is_in_the_set(workspace, tmp_path):
    learning_consents.give(workspace, "anna", actor="anna")
    uids = [signed_study(workspace, tmp_path, number) for number in range(3)]
    made, training_set = exported(workspace, tmp_path / "set")
    assert sum(made.counts.values()) == 3
    assert list(find_problems(tmp_path / "set")) == []
    content = b"".join(path.read_bytes() for path in (tmp_path / "set").rglob("*") if path.is_file())
    for word in ("sentinel", "Sentinel", "SENTINEL", "Jane", "anna", "2024-03-01", "ACC1", *uids):
        assert word.encode() not in content
    example = next(iter(training_set.examples()))
    assert example.reports[0].sections["findings"] == "___ heart is enlarged, seen ___. No pleural effusion."
    assert (example.labels["Cardiomegaly"], example.labels["Pleural Effusion"]) == (1.0, 0.0)


def test_a_patient_who_is_held_out_stays_so_over_rounds_and_training_never_meets_the_hold_out(workspace, tmp_path):
    learning_consents.give(workspace, "anna", actor="anna")
    held_out: set[str] = set()
    trained: set[str] = set()
    for round_number in range(5):
        for number in range(3):
            mode = "ai-first" if number == 2 else "reader-first"
            signed_study(workspace, tmp_path, round_number * 10 + number, mode=mode)
        _, training_set = exported(workspace, tmp_path / f"set{round_number}")
        now = {
            split: {e.patient_id for e in training_set.examples() if e.split == split} for split in ("train", "test")
        }
        assert held_out <= now["test"]
        assert trained <= now["train"]
        assert not now["test"] & now["train"]
        held_out, trained = now["test"], now["train"]
    assert held_out
    assert trained
    reader_first = [e for e in training_set.examples() if e.split == "test"]
    assert {e.extra["mode"] for e in reader_first} == {"reader-first"}


def test_the_split_of_a_patient_is_the_same_in_every_release() -> None:
    splits = [split_of(f"patient {number}", "salt", 0.2) for number in range(8)]
    assert splits == ["train", "test", "train", "train", "train", "train", "val", "val"]


def test_about_the_share_is_held_out() -> None:
    splits = [split_of(str(number), "salt", 0.2) for number in range(5000)]
    assert 0.18 < splits.count("test") / 5000 < 0.22
    assert 0.10 < splits.count("val") / 5000 < 0.14


def test_a_draft_signed_as_it_came_counts_less_and_a_reader_has_a_cap(workspace, tmp_path):
    learning_consents.give(workspace, "anna", actor="anna")
    for number in range(6):
        signed_study(workspace, tmp_path, number, mode="ai-first", is_unchanged=number % 2 == 0)
    _, training_set = exported(workspace, tmp_path / "set")
    assert {e.extra["weight"] for e in training_set.examples()} <= {0.25, 1.0}
    assert 0.25 in {e.extra["weight"] for e in training_set.examples()}
    made, training_set = exported(workspace, tmp_path / "capped", most_per_reader=1)
    assert made.counts["train"] == 1
    assert any("newer ones" in reason for reason in made.left_out)


def test_a_film_with_writing_waits_for_a_person(workspace, tmp_path, monkeypatch):
    learning_consents.give(workspace, "anna", actor="anna")
    uid = signed_study(workspace, tmp_path, 1)
    monkeypatch.setattr("gaze2report.imaging.deidentify.longest_line_of_glyphs", lambda image: 9)
    made, _ = exported(workspace, tmp_path / "one")
    assert made.counts == {}
    assert any("a person has to look" in reason for reason in made.left_out)
    assert film_releases.note(workspace, uid, is_free_of_text=True, reader="anna") == 1
    assert sum(exported(workspace, tmp_path / "two")[0].counts.values()) == 1
    film_releases.note(workspace, uid, is_free_of_text=False, reader="ben")
    assert exported(workspace, tmp_path / "three")[0].counts == {}


def test_the_commands_say_what_they_did(workspace, tmp_path, capsys):
    signed_study(workspace, tmp_path, 1)
    where = ("--workspace", str(workspace.folder))
    assert main(["learning-consent", "give", "anna", *where]) == 0
    assert "agrees" in capsys.readouterr().out
    assert main(["export-training-set", str(tmp_path / "set"), "--json", *where]) == 0
    assert sum(json.loads(capsys.readouterr().out)["counts"].values()) == 1
    assert main(["export-training-set", str(tmp_path / "set"), *where]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("overlays", [[], ["predicted gaze"]])
def test_gaze_is_in_the_set_unless_the_model_could_be_seen_and_a_withdrawal_finds_the_set(
    workspace, tmp_path, overlays
):
    learning_consents.give(workspace, "anna", actor="anna")
    signed_study(workspace, tmp_path, 1)
    spool = record_case(tmp_path / "spool", "1.2.3.1.1.1", seconds=2, overlays=overlays)
    recordings.import_recording(workspace, spool, actor="anna", study_uid="1.2.3.1")
    made, training_set = exported(workspace, tmp_path / "set")
    (example,) = training_set.examples()
    known = [(one.kind, one.sha256) for one in gaze_exports.list_exports(workspace)]
    if overlays:
        assert example.scanpaths == ()
        assert any("could be seen" in reason for reason in made.left_out)
        assert known == []
    else:
        (scanpath,) = example.scanpaths
        assert min(scanpath.durations) > 0
        assert known == [("training-set", made.set_sha256)]
