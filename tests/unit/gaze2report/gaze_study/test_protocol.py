"""The protocol of a gaze study: what it says, what is refused, each reader's order; and what is kept of a reader."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gaze2report.errors import UnreadableInput
from gaze2report.gaze_study import progress as progress_file
from gaze2report.gaze_study.progress import CaseDone, StudyNotResumed
from gaze2report.gaze_study.protocol import read_protocol

EXAMPLE = Path(__file__).resolve().parents[4] / "docs" / "gaze-study.yaml"


def test_the_documented_example_is_read_whole():
    protocol = read_protocol(EXAMPLE)
    assert protocol.name == "chest-pilot"
    assert protocol.cases == ("A-1001", "ACC0010", "ACC0011")
    assert (protocol.hides_ai, protocol.hides_patient, protocol.has_report) == (True, True, False)
    assert [question.kind for question in protocol.questions] == ["choice", "scale", "text"]
    assert [question.is_required for question in protocol.questions] == [True, True, False]
    assert protocol.text == EXAMPLE.read_text()


def changed(tmp_path, **keys) -> Path:
    content = yaml.safe_load(EXAMPLE.read_text())
    for key, value in keys.items():
        if value is None:
            content.pop(key)
        else:
            content[key] = value
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"format": "other"}, "does not say format"),
        ({"version": 2}, "version: 1"),
        ({"colour": "red"}, "mean nothing here: colour"),
        ({"name": "Two Words"}, "lower-case letters"),
        ({"title": None}, "title is missing"),
        ({"cases": []}, "cases: must be a list"),
        ({"cases": [1001]}, "in quotes"),
        ({"cases": ["A", "A"]}, "names a case twice"),
        ({"order": "sorted"}, "random or listed"),
        ({"blinding": {"names": True}}, "keys ai and patient"),
        ({"blinding": {"ai": "yes"}}, "ai is true or false"),
        ({"calibrate_every": -1}, "calibrate_every is a whole number"),
        ({"questions": [{"id": "q", "text": "?", "kind": "choice", "choices": ["one"]}]}, "two texts or more"),
        ({"questions": [{"id": "q", "text": "?", "kind": "slider"}]}, "choice, scale or text"),
        ({"questions": [{"id": "Q 1", "text": "?", "kind": "text"}]}, "lower-case"),
        ({"questions": [{"id": "q", "text": "?", "kind": "scale", "low": 3, "high": 3}]}, "2 to 21 steps"),
        ({"questions": [{"id": "q", "text": "?", "kind": "text"}] * 2}, "the same id"),
    ],
)
def test_a_protocol_that_is_wrong_anywhere_is_refused_with_the_reason(tmp_path, keys, said):
    with pytest.raises(UnreadableInput, match=said):
        read_protocol(changed(tmp_path, **keys))


def test_what_is_no_protocol_is_refused(tmp_path):
    path = tmp_path / "protocol.yaml"
    for content, said in (
        (b"a: [", "no YAML"),
        (b"\xff\xfe", "no YAML"),
        (b"- 1", "mapping"),
        (b"x" * 1_000_001, "at most"),
    ):
        path.write_bytes(content)
        with pytest.raises(UnreadableInput, match=said):
            read_protocol(path)
    with pytest.raises(UnreadableInput):
        read_protocol(tmp_path / "none.yaml")


def test_each_reader_has_an_order_of_their_own_that_never_changes(tmp_path):
    protocol = read_protocol(changed(tmp_path, cases=[f"A-{n}" for n in range(12)]))
    orders = [protocol.order_for(f"reader-{n}") for n in range(200)]
    assert len(set(orders)) > 195
    assert all(sorted(order) == sorted(protocol.cases) for order in orders)
    assert protocol.order_for("reader-1") == orders[1]
    assert replace(protocol, seed=8).order_for("reader-1") != orders[1]
    first = Counter(order[0] for order in orders)
    assert max(first.values()) < 40  # 200 / 12 each, were it even
    # Fixed for ever: a study that began on one machine goes on on another.
    assert read_protocol(EXAMPLE).order_for("reader-17") == ("A-1001", "ACC0010", "ACC0011")
    listed = read_protocol(changed(tmp_path, order="listed"))
    assert listed.order_for("reader-1") == listed.cases


def test_calibrations_and_breaks_come_when_the_protocol_says(tmp_path):
    protocol = read_protocol(changed(tmp_path, cases=[f"A-{n}" for n in range(7)], calibrate_every=3, break_every=2))
    assert [n for n in range(7) if protocol.needs_calibration(n)] == [0, 3, 6]
    assert [n for n in range(8) if protocol.needs_break(n)] == [2, 4, 6]
    never = replace(protocol, calibrate_every=0, break_every=0)
    assert not any(never.needs_calibration(n) or never.needs_break(n) for n in range(7))


def test_a_reader_goes_on_where_they_were_and_under_the_same_protocol_only(tmp_path):
    protocol = read_protocol(EXAMPLE)
    folder = tmp_path / "study"
    progress = progress_file.begin(folder, protocol, "reader-17")
    first = CaseDone(0, progress.order[0], "t0", "t1", ("rec-1", "rec-2"), {"confidence": 4, "remark": None}, "green")
    progress_file.keep(folder, progress.with_case(first))
    again = progress_file.begin(folder, protocol, "reader-17")
    assert again.done == (first,)
    assert again.next_case == progress.order[1]
    assert progress_file.begin(folder, protocol, "reader-18").done == ()
    assert progress_file.readers(folder) == ["reader-17", "reader-18"]
    other = read_protocol(changed(tmp_path, title="Another title"))
    with pytest.raises(StudyNotResumed, match="another name"):
        progress_file.begin(folder, other, "reader-17")
    (folder / "reader-17" / "progress.json").write_text("{")
    with pytest.raises(StudyNotResumed, match="cannot be read"):
        progress_file.begin(folder, protocol, "reader-17")
