"""Nothing of a reader is kept without consent: not by a message, not by a command, not by SQL."""

from __future__ import annotations

import json
import sqlite3

import pytest
from captured import CONSENT, Bench

from capture import __main__ as command
from capture import recording
from capture.consent import Consent, NoConsent
from capture.spool_schema import PERSONAL_TABLES, create

WHOLE = CONSENT.to_body()


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        [],
        {**WHOLE, "purpose": " "},
        {**WHOLE, "reader_pseudonym": "Jane Doe"},
        {**WHOLE, "given_utc": "yesterday"},
        {**WHOLE, "given_utc": "2026-01-05T09:00:00"},
        {**WHOLE, "name": "x"},
        {name: value for name, value in WHOLE.items() if name != "operator"},
        {**WHOLE, "consent_id": 7},
    ],
)
def test_a_consent_that_is_not_whole_is_none(body):
    with pytest.raises(NoConsent):
        Consent.from_body(body)


def test_a_consent_goes_through_a_message_unchanged():
    assert Consent.from_body(json.loads(json.dumps(WHOLE))) == CONSENT


def test_a_consent_that_has_ended_is_none():
    ended = Consent.from_body({**WHOLE, "valid_until_utc": "2026-06-01T00:00:00Z"})
    ended.check_at(1_767_600_000_000_000)  # January 2026
    with pytest.raises(NoConsent, match="ended on 2026-06-01"):
        ended.check_at(1_798_700_000_000_000)


INSERTS = {
    "gaze_chunk": "INSERT INTO gaze_chunk VALUES ('r', 0, 0, 0, 1, 0, x'00')",
    "time_sync": "INSERT INTO time_sync VALUES ('r', 0, 0, 0, 0)",
    "utc_anchor": "INSERT INTO utc_anchor VALUES ('r', 0, 0)",
    "notification": "INSERT INTO notification VALUES ('r', 0, 'x', '')",
    "marker": "INSERT INTO marker VALUES ('r', 0, 0, 'x', '{}')",
    "view_log": "INSERT INTO view_log VALUES ('r', 0, 0, 'view', '{}')",
    "recording": "INSERT INTO recording VALUES "
    "('r', 'c', 'recording', 'eye', '', 60, '', '', '', '', 0, 0, 0, 0, '', '')",
}


@pytest.mark.parametrize("foreign_keys", ["ON", "OFF"])
@pytest.mark.parametrize("table", [*PERSONAL_TABLES, "recording"])
def test_sql_cannot_store_before_a_consent_either(table, foreign_keys):
    db = sqlite3.connect(":memory:", isolation_level=None)
    create(db)
    db.execute(f"PRAGMA foreign_keys = {foreign_keys}")
    with pytest.raises(sqlite3.IntegrityError, match="no consent"):
        db.execute(INSERTS[table])
    db.close()


def test_a_withdrawn_consent_takes_nothing_more_and_cannot_be_deleted(tmp_path):
    bench = Bench(tmp_path)
    bench.run(1)
    bench.recorder.finish("")
    recording.withdraw(bench.path)
    db = sqlite3.connect(bench.path)
    insert = INSERTS["marker"].replace("'r'", "'recording-1'")
    with pytest.raises(sqlite3.IntegrityError, match="no consent"):
        db.execute(insert)
    with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
        db.execute("DELETE FROM consent")
    db.close()


def test_withdrawal_leaves_no_byte_of_the_samples_in_any_file(tmp_path):
    bench = Bench(tmp_path)
    bench.run(3)
    bench.recorder.finish("")
    stored = recording.samples(bench.path)
    pieces = [stored[at : at + 1].tobytes()[8:60] for at in range(0, len(stored), 97)]
    whole = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert sum(piece in whole for piece in pieces) > len(pieces) // 2  # the scan can find them
    gone = recording.withdraw(bench.path)
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(piece in left for piece in pieces)
    assert gone["gaze_chunk"] > 0
    about = recording.describe(bench.path)
    assert about.state == "withdrawn"
    assert about.consent["withdrawn_utc"]
    assert recording.verify(bench.path).n_samples == 0


def test_the_command_records_nothing_without_a_consent(tmp_path, capsys):
    arguments = ["record", "--spool", str(tmp_path), "--backend", "simulated", "--seconds", "1", "--virtual"]
    assert command.main(arguments) == 3
    assert "consent" in capsys.readouterr().err
    assert list(tmp_path.glob("*.gaze")) == []
