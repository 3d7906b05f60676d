"""Key images: marked, unmarked, known for the whole patient, and never without a trace."""

from __future__ import annotations

import pytest
from workspaces import add_study

from db import audit, key_images, studies
from db.errors import UnknownRecord


def uid_of(workspace, study_uid):
    return studies.get(workspace, study_uid).instances[0].instance_uid


def test_a_mark_is_kept_for_the_patient_and_can_be_taken_away(workspace, tmp_path):
    first = add_study(workspace, tmp_path, "1.1", patient_id="P1", patient_name="Doe^Jane", study_date="20200101")
    second = add_study(workspace, tmp_path, "1.2", patient_id="P1", patient_name="Doe^Jane", study_date="20210101")
    other = add_study(workspace, tmp_path, "1.3", patient_id="P2")
    film = uid_of(workspace, first)
    key_images.set_key_image(workspace, film, True, "anna")
    assert key_images.of_patient(workspace, first) == key_images.of_patient(workspace, second) == {film}
    assert key_images.of_patient(workspace, other) == frozenset()
    key_images.set_key_image(workspace, film, False, "bert")
    assert key_images.of_patient(workspace, first) == frozenset()


def test_each_change_and_only_a_change_is_in_the_audit_log(workspace, study):
    film = uid_of(workspace, study)
    for is_key in (True, True, False, False):
        key_images.set_key_image(workspace, film, is_key, "anna")
    events = [event for event in audit.events(workspace, subject=study) if event.action.startswith("key image")]
    assert [(event.action, event.actor, event.detail) for event in events] == [
        ("key image marked", "anna", {"instance_uid": film}),
        ("key image unmarked", "anna", {"instance_uid": film}),
    ]
    assert audit.verify(workspace) == []


def test_a_film_that_is_not_there_cannot_be_marked(workspace, study):
    with pytest.raises(UnknownRecord, match=r"no film 9\.9"):
        key_images.set_key_image(workspace, "9.9", True, "anna")
    with pytest.raises(UnknownRecord):
        key_images.of_patient(workspace, "9.9")


def test_studies_of_the_same_id_under_another_name_are_found_and_are_no_priors(workspace, tmp_path):
    fields = {"patient_id": "P1", "patient_birth_date": "19600101"}
    now = add_study(workspace, tmp_path, "1.1", patient_name="Doe^Jane", study_date="20220101", **fields)
    add_study(workspace, tmp_path, "1.2", patient_name="Smith^Jane", study_date="20200101", **fields)
    add_study(
        workspace, tmp_path, "1.3", patient_name="Smith^Jane", study_date="20210101", **(fields | {"patient_id": "P1 "})
    )
    add_study(workspace, tmp_path, "1.4", patient_name="Doe^Jane", study_date="20190101", **fields)
    assert [found.study_uid for found in studies.studies_of_same_id(workspace, now)] == ["1.3", "1.2"]
    assert [found.study_uid for found in studies.prior_studies(workspace, now)] == ["1.4"]


def test_studies_without_an_id_have_nobody_of_the_same_id(workspace, tmp_path):
    one = add_study(workspace, tmp_path, "1.1", patient_id="", patient_name="Doe^Jane")
    add_study(workspace, tmp_path, "1.2", patient_id="", patient_name="Doe^John")
    assert studies.studies_of_same_id(workspace, one) == ()
