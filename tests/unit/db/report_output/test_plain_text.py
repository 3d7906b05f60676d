from __future__ import annotations

from reported_studies import FINDINGS, SIGNER, reported_study

from db.report_output.demographics import utc_text
from db.report_output.document import RESEARCH_USE, collect
from db.report_output.plain_text import to_text


def test_the_text_of_each_section_stands_in_it_as_it_is(reported):
    version = reported.sign()
    reported.add(" Seen with\tprior film.\n")
    text = to_text(collect(reported.workspace, reported.study_uid))
    at = utc_text(version.created_at_utc)
    assert f"\nINDICATION\nCough.\n\nFINDINGS\n{FINDINGS}\n\nIMPRESSION\nCardiomegaly.\n" in text
    assert f"Addendum by {SIGNER}, {at[:10]}" in text
    assert "\n Seen with\tprior film.\n\n" in text
    assert f"\nSigned by {SIGNER}, {at}.\nVersion 2, " in text
    assert "\nAI-assisted: drafted by base" in text
    assert text.endswith(f"{RESEARCH_USE}\n")


def test_the_head_names_patient_study_status_and_version(reported):
    reported.accept()
    text = to_text(collect(reported.workspace, reported.study_uid))
    for line in ("Doe, Jane", "P1", "1960-03-01", "Chest PA", "2024-03-01 10:15", "ACC1", "1.2.3", "preliminary"):
        assert line in text
    assert text.startswith("RADIOLOGY REPORT\nPRELIMINARY: this report is not signed.\n")
    assert "Not signed." in text
    reported.sign()
    old = to_text(collect(reported.workspace, reported.study_uid, 1))
    assert "SUPERSEDED: version 2 of this report is newer." in old
    assert "PRELIMINARY" not in to_text(collect(reported.workspace, reported.study_uid))


def test_an_empty_header_leaves_no_empty_lines(workspace, tmp_path):
    empty = dict.fromkeys(
        ("patient_id", "patient_name", "patient_sex", "patient_birth_date", "accession_number", "study_date",
         "study_time", "study_description"), "",
    )  # fmt: skip
    made = reported_study(workspace, tmp_path, **empty)
    made.sign()
    head = to_text(collect(workspace, made.study_uid)).split("INDICATION")[0]
    assert [line.split(":")[0] for line in head.splitlines()[2:-1]] == ["Patient", "Study UID", "Status", "Version"]
    assert "no name" in head
