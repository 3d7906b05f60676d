from __future__ import annotations

import dataclasses

import pytest
from workspaces import add_study, make_draft

from db import check, drafts, readings, studies
from db.errors import DraftRefused, UnknownRecord, WorkspaceDamaged


def test_a_draft_comes_back_as_it_was_kept(workspace, study):
    reading = readings.open_reading(workspace, study, "anna")
    first = drafts.add(workspace, reading.id, study, make_draft(seed=1))
    second = drafts.add(workspace, None, study, make_draft(seed=2))
    assert drafts.of_study(workspace, study) == [first, second]
    assert (first.draft, first.reading_id) == (make_draft(seed=1), reading.id)
    assert (second.draft, second.reading_id) == (make_draft(seed=2), None)
    assert studies.worklist(workspace)[0].ai_status == "ready"


def test_what_made_a_draft_can_be_queried(workspace, study, sql):
    drafts.add(workspace, None, study, make_draft())
    (row,) = sql(
        "SELECT base_model_sha256, adapter, adapter_sha256, preprocessing_sha256, pixel_sha256, instance_uid, seed,"
        " code_version, gaze, latency_s, created_at_utc FROM draft"
    )
    assert row == (
        "b" * 64, "embedded", "a" * 64, "c" * 64, "d" * 64, "1.2.3.1.1", 7,
        "0.1.0", "predicted", 2.5, "2026-01-02T03:04:05.000006Z",
    )  # fmt: skip


def test_a_draft_without_a_time_gets_one(workspace, study):
    kept = drafts.add(workspace, None, study, dataclasses.replace(make_draft(), created_at_utc="", timing_s={}))
    assert kept.created_at_utc.endswith("Z")
    assert kept.latency_s is None


def test_the_same_draft_has_the_same_hash(workspace, study):
    hashes = {drafts.add(workspace, None, study, make_draft()).content_sha256 for _ in range(2)}
    assert len(hashes) == 1


def test_a_draft_of_another_study_image_or_reading_is_refused(workspace, study, tmp_path):
    other = add_study(workspace, tmp_path, "7.7")
    elsewhere = readings.open_reading(workspace, other, "anna")
    with pytest.raises(DraftRefused, match=r"of study 7\.7, not of 1\.2\.3"):
        drafts.add(workspace, None, study, make_draft(other))
    with pytest.raises(DraftRefused, match="which this study does not have"):
        drafts.add(workspace, None, study, dataclasses.replace(make_draft(), instance_uid="7.7.1.1"))
    with pytest.raises(DraftRefused, match="reading of another study"):
        drafts.add(workspace, elsewhere.id, study, make_draft())
    for act in (lambda: drafts.add(workspace, None, "9.9", make_draft()), lambda: drafts.of_study(workspace, "9.9")):
        with pytest.raises(UnknownRecord):
            act()
    assert drafts.of_study(workspace, study) == []


def test_a_draft_that_cannot_be_read_is_a_sentence(workspace, study, sql):
    drafts.add(workspace, None, study, make_draft())
    sql("DROP TRIGGER draft_no_update")
    sql("UPDATE draft SET content_json = '{}'")
    with pytest.raises(WorkspaceDamaged, match="not a draft object"):
        drafts.of_study(workspace, study)


def test_the_newest_draft_ranks_its_study_and_a_null_observation_does_not(workspace, study):
    for observations, expected in (
        ({"Pneumothorax": 0.8123, "Edema": 0.9}, (7, "Pneumothorax 0.81")),
        ({"Pneumothorax": None, "Edema": 0.2}, (0, "")),
        ({"Pneumothorax": None}, (None, "")),
    ):
        drafts.add(workspace, None, study, dataclasses.replace(make_draft(), observations=observations))
        (entry,) = studies.worklist(workspace)
        assert (entry.ai_priority, entry.ai_priority_reason) == expected
        assert check.check(workspace).problems == ()
