"""How drafts are used, in numbers with known answers."""

from __future__ import annotations

from dataclasses import replace

from workspaces import add_study, make_draft

from db import drafts, readings, reports, usage
from db.__main__ import main
from db.records import TextSpan, WorkingText
from gaze2report.types import Report

DRAFTED = Report("No pleural effusion. The heart is normal in size.", "No acute disease.")
AS_IT_CAME = WorkingText(
    findings=DRAFTED.findings, impression=DRAFTED.impression,
    spans=(TextSpan("findings", 0, len(DRAFTED.findings), "ai", True),
           TextSpan("impression", 0, len(DRAFTED.impression), "ai", True)),
)  # fmt: skip
CHANGED = WorkingText(findings="Small left pleural effusion. The heart is normal in size.", impression="Effusion.")


def sign(workspace, folder, number: int, text: WorkingText, *, reader: str = "anna", mode: str = "ai-first", codes=()):
    uid = f"1.2.3.{number}"
    add_study(workspace, folder, uid, patient_id=f"P{number}")
    reading = readings.open_reading(workspace, uid, reader, mode=mode)
    draft = drafts.add(workspace, reading.id, uid, replace(make_draft(uid), report=DRAFTED))
    if mode == "reader-first":
        readings.commit_reading(workspace, reading.id, text)
    reports.sign(workspace, reading.id, text, signer=reader, draft_id=draft.id, overridden=codes)


def test_shares_edits_and_overrides_are_counted_by_reader(workspace, tmp_path):
    assert usage.usage(workspace) == usage.Usage("", 0, None, {}, None, 0.0, "")
    sign(workspace, tmp_path, 1, AS_IT_CAME)
    sign(workspace, tmp_path, 2, CHANGED, codes=("negation",))
    sign(workspace, tmp_path, 3, AS_IT_CAME, mode="reader-first")
    sign(workspace, tmp_path, 4, CHANGED, reader="ben")
    anna = usage.usage(workspace, "anna")
    assert (anna.reports, anna.unchanged_share, anna.overridden_share) == (3, 0.5, 1 / 3)
    assert sum(anna.edits_by_finding["Pleural Effusion"].values()) >= 1
    assert "Cardiomegaly" not in anna.edits_by_finding
    assert anna.median_minutes is not None
    assert anna.median_minutes < 1
    assert usage.usage(workspace).reports == 4


def test_too_many_unchanged_raise_a_question(workspace, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(usage, "ALERT_REPORTS", 4)
    for number in range(4):
        sign(workspace, tmp_path, number, AS_IT_CAME)
    assert "4 of the newest 4 drafts were signed as they came" in usage.usage(workspace, "anna").alert
    assert main(["usage", "--reader", "anna", "--workspace", str(workspace.folder)]) == 0
    assert "Are they read?" in capsys.readouterr().out
    sign(workspace, tmp_path, 5, CHANGED)
    assert usage.usage(workspace, "anna").alert == ""
