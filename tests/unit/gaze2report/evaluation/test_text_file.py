"""Generated texts from a file: both forms, and every fault with its line."""

from __future__ import annotations

import json

import pytest

from gaze2report.errors import UnreadableInput
from gaze2report.evaluation.text_file import read_text_file


def test_csv_and_json_lines_say_the_same(tmp_path):
    rows = [
        {
            "reference": 'Clear "lungs",\nno effusion.',
            "hypothesis": "",
            "patient": "A",
            "id": "1",
            "has_prior": "false",
        },
        {"reference": "Edema.", "hypothesis": "Edema µ.", "patient": "B", "id": "2", "has_prior": ""},
    ]
    (tmp_path / "a.csv").write_text(
        "\ufeffid,patient,has_prior,reference,hypothesis\n"
        '1,A,false,"Clear ""lungs"",\nno effusion.",\n2,B,,Edema.,Edema µ.\n',
        encoding="utf-8",
    )
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    from_csv, notes = read_text_file(tmp_path / "a.csv")
    assert from_csv == read_text_file(tmp_path / "a.jsonl")[0]
    assert notes == []
    assert [case.has_prior for case in from_csv] == [False, None]
    assert from_csv[0].reference == 'Clear "lungs",\nno effusion.'
    assert from_csv[0].generated == ""


def test_reports_without_a_patient_are_counted_and_it_is_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("reference,hypothesis\na,b\nc,d\n")
    cases, notes = read_text_file(path)
    assert len({case.patient_id for case in cases}) == 2
    assert "2 reports name no patient" in notes[0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"reference,other\na,b\n", "no column 'hypothesis'"),
        ("a.csv", b"", "no column 'reference'"),
        ("a.csv", b"reference,hypothesis\n", "holds no report"),
        ("a.csv", b"reference,hypothesis\nonly one\n", "line 2 has no text 'hypothesis'"),
        ("a.csv", b"reference,hypothesis,id\na,b,1\nc,d,1\n", "the id '1' of a line before"),
        ("a.csv", b"reference,hypothesis\n\xff,b\n", "not UTF-8"),
        ("a.jsonl", b'{"reference": "a"}\n', "line 1 has no text 'hypothesis'"),
        ("a.jsonl", b'{"reference": "a", "hypothesis": 3}\n', "line 1 has no text 'hypothesis'"),
        ("a.jsonl", b'\n{"reference": \n', "line 2 is not JSON"),
        ("a.jsonl", b"[1]\n", "line 1 is not a JSON object"),
        ("a.jsonl", b"[" * 100_000, "line 1 is not JSON"),
    ],
)
def test_a_damaged_file_is_a_sentence_with_its_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableInput) as raised:
        read_text_file(path)
    assert said in str(raised.value)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(UnreadableInput, match="cannot be read"):
        read_text_file(tmp_path / "none.csv")
