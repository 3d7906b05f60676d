from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workspaces import StandInIntake, add_study, write_image

from db import audit, headers, readings, studies
from db.errors import ImportRefused, UnknownRecord
from gaze2report.errors import UnreadableInput
from gaze2report.types import InstanceHeader

FULL_HEADER = {
    "study_uid": "1.2.3",
    "series_uid": "1.2.3.4",
    "instance_uid": "1.2.3.4.5",
    "patient_id": "P1",
    "patient_name": "Müller^Jörg",
    "patient_sex": "M",
    "patient_birth_date": "19500615",
    "accession_number": "A7",
    "study_date": "20200614",
    "study_time": "101500",
    "study_description": "Thorax",
    "series_description": "PA stehend",
    "modality": "DX",
    "view_position": "PA",
    "indication": "Husten",
    "rows": 2000,
    "pixel_spacing_mm": [0.14, 0.15],
    "is_lossy": True,
}


def import_one(workspace, path, **fields):
    return studies.import_file(workspace, StandInIntake(), write_image(path, **fields))


def test_an_imported_file_is_in_the_worklist_and_opens(workspace, tmp_path):
    result = import_one(workspace, tmp_path / "film", pixels=b"\0" * 1000, **FULL_HEADER)
    assert (result.study_uid, result.instance_uid, result.is_new) == ("1.2.3", "1.2.3.4.5", True)

    (entry,) = studies.worklist(workspace)
    assert entry.imported_at_utc.endswith("Z")
    assert entry._replace(imported_at_utc="")._asdict() == {
        "study_uid": "1.2.3",
        "patient_name": "Müller^Jörg",
        "patient_id": "P1",
        "sex": "M",
        "age_years": 69.0,
        "study_date": "20200614",
        "study_time": "101500",
        "modality": "DX",
        "views": ("PA",),
        "accession_number": "A7",
        "description": "Thorax",
        "status": "unread",
        "ai_status": "",
        "instance_count": 1,
        "locked_by": "",
        "imported_at_utc": "",
        "prior_count": 0,
        "assigned_to": "",
        "ai_priority": None,
        "ai_priority_reason": "",
    }
    study = studies.get(workspace, "1.2.3")
    (instance,) = study.instances
    assert instance.object_path.read_bytes() == (tmp_path / "film").read_bytes()
    assert instance.header == InstanceHeader(**{**FULL_HEADER, "pixel_spacing_mm": (0.14, 0.15)})
    assert study.indication == "Husten"
    assert study.patient.birth_date == "19500615"


def test_the_same_file_again_is_a_duplicate(workspace, tmp_path):
    import_one(workspace, tmp_path / "one", **FULL_HEADER)
    assert import_one(workspace, tmp_path / "other name", **FULL_HEADER).is_new is False
    assert studies.worklist(workspace)[0].instance_count == 1
    assert [event.action for event in audit.events(workspace)].count("instance imported") == 1


def test_another_file_under_the_same_instance_uid_is_refused(workspace, tmp_path):
    import_one(workspace, tmp_path / "one", pixels=b"a", **FULL_HEADER)
    with pytest.raises(ImportRefused, match="another file with the same SOP Instance UID"):
        import_one(workspace, tmp_path / "two", pixels=b"b", **FULL_HEADER)
    assert studies.get(workspace, "1.2.3").instances[0].object_path.read_bytes().endswith(b"\na")


def test_two_images_of_a_study_are_counted_with_their_views(workspace, tmp_path):
    import_one(workspace, tmp_path / "a", instance_uid="1.1", view_position="PA", modality="DX")
    import_one(workspace, tmp_path / "b", instance_uid="1.2", view_position="LL", modality="DX")
    import_one(workspace, tmp_path / "c", instance_uid="1.3", series_uid="9.9", view_position="PA", modality="CR")
    (entry,) = studies.worklist(workspace)
    assert (entry.instance_count, entry.views, entry.modality) == (3, ("LL", "PA"), "CR/DX")
    assert [[i.instance_uid for i in s.instances] for s in studies.get(workspace, "1.2.3").series] == [
        ["1.1", "1.2"],
        ["1.3"],
    ]


def patients(workspace) -> int:
    with workspace.reading() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM patient").scalar()


def test_studies_of_one_person_share_a_patient(workspace, tmp_path):
    add_study(workspace, tmp_path, "1.1", patient_id="P1", patient_name="Doe^Jane", patient_birth_date="19600101")
    add_study(workspace, tmp_path, "1.2", patient_id=" P1", patient_name="DOE^JANE^ ", patient_birth_date="19600101")
    assert patients(workspace) == 1


def test_the_same_patient_id_with_another_name_or_birth_date_is_another_person(workspace, tmp_path):
    add_study(workspace, tmp_path, "1.1", patient_id="P1", patient_name="Doe^Jane", patient_birth_date="19600101")
    add_study(workspace, tmp_path, "1.2", patient_id="P1", patient_name="Roe^Rita", patient_birth_date="19600101")
    add_study(workspace, tmp_path, "1.3", patient_id="P1", patient_name="Doe^Jane", patient_birth_date="19610101")
    assert patients(workspace) == 3


def test_without_a_patient_id_every_study_is_a_person_of_its_own(workspace, tmp_path):
    add_study(workspace, tmp_path, "1.1", patient_name="Doe^Jane")
    add_study(workspace, tmp_path, "1.2", patient_name="Doe^Jane")
    assert patients(workspace) == 2


def test_a_file_of_another_patient_does_not_join_a_study(workspace, tmp_path):
    import_one(workspace, tmp_path / "a", instance_uid="1.1", patient_id="P1", patient_name="Doe^Jane")
    with pytest.raises(ImportRefused, match=r"another patient here \(PatientID and name differ\)"):
        import_one(workspace, tmp_path / "b", instance_uid="1.2", patient_id="P2", patient_name="Roe^Rita")
    import_one(workspace, tmp_path / "c", instance_uid="1.3", patient_id="P1")  # says less, contradicts nothing
    assert studies.worklist(workspace)[0].instance_count == 2


def test_a_series_does_not_belong_to_two_studies(workspace, tmp_path):
    import_one(workspace, tmp_path / "a", study_uid="1.1", series_uid="7")
    with pytest.raises(ImportRefused, match="Series Instance UID belongs to another study"):
        import_one(workspace, tmp_path / "b", study_uid="1.2", series_uid="7", instance_uid="8")
    assert len(studies.worklist(workspace)) == 1


def test_a_file_without_its_uids_is_not_imported(workspace, tmp_path):
    with pytest.raises(UnreadableInput, match="no Study, Series or SOP Instance UID"):
        import_one(workspace, tmp_path / "a", series_uid="")
    assert studies.worklist(workspace) == []


def test_the_worklist_has_the_newest_study_first(workspace, tmp_path):
    for uid, date, time in (
        ("1", "20200101", "0900"),
        ("2", "20210101", "0800"),
        ("3", "20210101", "0900"),
        ("4", "", ""),
    ):
        add_study(workspace, tmp_path, uid, study_date=date, study_time=time)
    assert [entry.study_uid for entry in studies.worklist(workspace)] == ["3", "2", "1", "4"]


def test_the_worklist_says_who_has_a_study_open(workspace, study):
    reading = readings.open_reading(workspace, study, "anna")
    assert studies.worklist(workspace)[0].locked_by == "anna"
    readings.close_reading(workspace, reading.id)
    assert studies.worklist(workspace)[0].locked_by == ""


def test_folders_are_walked_without_indexes_and_hidden_files(workspace, tmp_path):
    source = tmp_path / "cd"
    for number, name in enumerate(("a.dcm", "deep/er/b", ".hidden", "DICOMDIR", "deep/dicomdir", ".git/c")):
        write_image(source / name, instance_uid=f"1.{number}")
    (source / "README.txt").write_text("read me")
    (source / "loop").symlink_to(source)
    single = write_image(tmp_path / ".named", instance_uid="2.1")
    steps = []

    summary = studies.import_paths(
        workspace,
        StandInIntake(),
        [source, single, source / "a.dcm", tmp_path / "missing"],
        progress=lambda done, total: steps.append((done, total)),
    )
    assert [i.path.relative_to(tmp_path).as_posix() for i in summary.imported] == ["cd/a.dcm", "cd/deep/er/b", ".named"]
    assert summary.duplicates == ()
    assert [(path.name, sentence.split(": ")[1]) for path, sentence in summary.failures] == [
        ("missing", "there is no such file or folder"),
        ("README.txt", "it is not an image"),
    ]
    assert steps == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]

    again = studies.import_paths(workspace, StandInIntake(), [str(source)])
    assert (len(again.imported), len(again.duplicates)) == (0, 2)


def test_a_cancelled_import_keeps_what_was_imported(workspace, tmp_path):
    class Cancelled(BaseException):
        pass

    def cancel_at_three(done, total):
        if done == 3:
            raise Cancelled

    for number in range(6):
        write_image(tmp_path / "in" / str(number), instance_uid=f"1.{number}")
    with pytest.raises(Cancelled):
        studies.import_paths(workspace, StandInIntake(), [tmp_path / "in"], progress=cancel_at_three)
    assert studies.worklist(workspace)[0].instance_count == 3


def test_an_unknown_study_is_a_sentence(workspace):
    with pytest.raises(UnknownRecord, match=r"no study 9\.9"):
        studies.get(workspace, "9.9")


def test_how_far_the_model_is_with_a_study_is_kept(workspace, study):
    studies.set_ai_status(workspace, study, "refused", "a lateral view")
    assert studies.worklist(workspace)[0].ai_status == "refused"
    assert studies.get(workspace, study).ai_detail == "a lateral view"
    with pytest.raises(ValueError, match="'thinking' is not one of"):
        studies.set_ai_status(workspace, study, "thinking")


def test_a_file_that_changes_while_it_is_read_is_not_imported(workspace, tmp_path):
    class ChangingIntake(StandInIntake):
        def read_header(self, path):
            answer = super().read_header(path)
            path.write_bytes(path.read_bytes() + b"more")
            return answer

    with pytest.raises(UnreadableInput, match="changed while it was read"):
        studies.import_file(workspace, ChangingIntake(), write_image(tmp_path / "film"))
    assert studies.worklist(workspace) == []


@pytest.mark.parametrize(
    ("birth", "study_date", "stated", "expected"),
    [
        ("19500615", "20200614", None, 69.0),
        ("19500615", "20200615", None, 70.0),
        ("19500615", "20200615", 0.5, 0.5),
        ("", "20200615", None, None),
        ("1950", "20200615", None, None),
        ("20210101", "20200101", None, None),
    ],
)
def test_the_age_is_the_stated_one_else_whole_years_at_the_study(birth, study_date, stated, expected):
    header = InstanceHeader("1", "2", "3", patient_birth_date=birth, study_date=study_date, patient_age_years=stated)
    assert headers.age_years(header) == expected


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
uid = st.text("0123456789.", min_size=1, max_size=64)
spacing = st.none() | st.tuples(st.floats(0, 10), st.floats(0, 10))


@given(
    st.builds(
        InstanceHeader,
        study_uid=uid,
        series_uid=uid,
        instance_uid=uid,
        patient_name=text,
        patient_age_years=st.none() | st.floats(0, 120),
        rows=st.integers(0, 65535),
        is_lossy=st.booleans(),
        pixel_spacing_mm=spacing,
        imager_pixel_spacing_mm=spacing,
    )
)
def test_a_header_is_the_same_after_it_was_kept(header):
    assert headers.header_from_json(headers.header_to_json(header)) == header


def test_a_header_kept_by_another_release_is_read_as_far_as_it_is_known():
    kept = '{"study_uid": "1", "series_uid": "2", "instance_uid": "3", "field_of_tomorrow": 4}'
    assert headers.header_from_json(kept) == InstanceHeader("1", "2", "3")


def add_of(workspace, folder, uid, date, time="", **fields):
    return add_study(
        workspace, folder, uid, patient_name="Doe^Jane", study_date=date, study_time=time,
        **({"patient_id": "P1"} | fields),
    )  # fmt: skip


def test_prior_studies_are_the_earlier_ones_of_the_same_patient_newest_first(workspace, tmp_path):
    add_of(workspace, tmp_path, "1.1", "20190101", "090000", view_position="PA")
    add_of(workspace, tmp_path, "1.2", "20200614", "090000")
    now = add_of(workspace, tmp_path, "1.3", "20200614", "101500")
    add_of(workspace, tmp_path, "1.4", "20200614", "101500")  # the same moment is not earlier
    add_of(workspace, tmp_path, "1.5", "20210101")
    add_of(workspace, tmp_path, "1.6", "")  # nobody knows when
    add_of(workspace, tmp_path, "1.7", "20180101", patient_id="P2")
    priors = studies.prior_studies(workspace, now)
    assert [prior.study_uid for prior in priors] == ["1.2", "1.1"]
    assert [image.header.view_position for image in priors[1].instances] == ["PA"]
    assert priors[1] == studies.get(workspace, "1.1")
    assert studies.prior_studies(workspace, "1.6") == ()


def test_a_study_of_no_known_patient_has_no_priors(workspace, tmp_path):
    for uid, date in (("1.1", "20190101"), ("1.2", "20200101")):
        add_of(workspace, tmp_path, uid, date, patient_id="")
    assert studies.prior_studies(workspace, "1.2") == ()
    with pytest.raises(UnknownRecord, match=r"no study 9\.9"):
        studies.prior_studies(workspace, "9.9")


def test_the_worklist_counts_priors_as_they_are_listed(workspace, tmp_path):
    for uid, date, time in (
        ("1.1", "20190101", "090000"), ("1.2", "20200614", "090000"), ("1.3", "20200614", "090000"),
        ("1.4", "20200614", ""), ("1.5", "20210101", ""), ("1.6", "", ""),
    ):  # fmt: skip
        add_of(workspace, tmp_path, uid, date, time)
    add_of(workspace, tmp_path, "1.7", "20220101", patient_id="P2")
    counts = {entry.study_uid: entry.prior_count for entry in studies.worklist(workspace)}
    assert counts == {uid: len(studies.prior_studies(workspace, uid)) for uid in counts}
    assert counts == {"1.1": 0, "1.2": 2, "1.3": 2, "1.4": 1, "1.5": 4, "1.6": 0, "1.7": 0}


def test_a_study_is_meant_for_a_reader(workspace, study):
    studies.assign(workspace, study, "anna", actor="ben")
    assert studies.worklist(workspace)[0].assigned_to == "anna"
    event = audit.events(workspace)[-1]
    assert (event.actor, event.action, event.detail) == ("ben", "study assigned", {"to": "anna"})
    studies.assign(workspace, study, "", actor="ben")
    assert studies.worklist(workspace)[0].assigned_to == ""


def test_the_audit_log_names_who_imported(workspace, tmp_path):
    studies.import_file(workspace, StandInIntake(), write_image(tmp_path / "film"), actor="anna")
    assert (audit.events(workspace)[-1].actor, audit.events(workspace)[-1].action) == ("anna", "instance imported")
