from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing

import pytest

from db import audit, audit_chain


@pytest.fixture
def log(workspace):
    """Five events: the creation and four more."""
    for number in range(4):
        audit.record(workspace, "anna", "view", f"1.2.{number}", {"monitor": number, "name": "größer"})
    return workspace


@pytest.fixture
def tamper(folder):
    """Runs raw SQL after taking the rules away, as somebody who owns the file can."""

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(folder / "workspace.db")) as connection, connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement)

    return run


def test_events_come_back_in_order_and_verify(log):
    events = audit.events(log)
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert events[2].detail == {"monitor": 1, "name": "größer"}
    assert audit.events(log, subject="1.2.3") == [events[4]]
    assert audit.verify(log) == []


def test_the_hash_of_an_event_covers_the_event_and_the_one_before(log):
    first, second = audit.events(log)[:2]
    assert first.previous_sha256 == "0" * 64
    assert second.previous_sha256 == first.sha256
    # The recipe of the hash, written out: it must be the same in every release.
    recipe = (
        f'[2,"{second.at_utc}","anna","view","1.2.0","{{\\"monitor\\":0,\\"name\\":\\"größer\\"}}","{first.sha256}"]'
    )
    assert second.sha256 == hashlib.sha256(recipe.encode()).hexdigest()


@pytest.mark.parametrize("column", ["at_utc", "actor", "action", "subject", "detail_json", "previous_sha256", "sha256"])
def test_one_flipped_character_in_any_column_is_found(log, tamper, column):
    tamper(f"UPDATE audit_event SET {column} = substr({column}, 1, 2) || 'X' || substr({column}, 4) WHERE seq = 3")
    assert any("audit event 3" in problem or "audit event 4" in problem for problem in audit.verify(log))


@pytest.mark.parametrize("seq", [1, 2, 3, 4, 5])
def test_a_removed_event_is_found(log, tamper, seq):
    tamper(f"DELETE FROM audit_event WHERE seq = {seq}")
    assert audit.verify(log)


def test_a_log_cut_off_at_the_end_is_found(log, tamper):
    tamper("DELETE FROM audit_event WHERE seq > 3")
    assert audit.verify(log) == ["the audit log ends at event 3, it should end at event 5"]


def test_two_swapped_events_are_found(log, tamper):
    tamper(
        "UPDATE audit_event SET seq = 99 WHERE seq = 2",
        "UPDATE audit_event SET seq = 2 WHERE seq = 3",
        "UPDATE audit_event SET seq = 3 WHERE seq = 99",
    )
    assert len(audit.verify(log)) >= 2


def test_an_event_with_a_hash_of_its_own_in_the_middle_is_found(log, tamper):
    event = audit.events(log)[2]
    forged = audit_chain.event_sha256(
        3, event.at_utc, "mallory", event.action, event.subject, '{"monitor":1}', event.previous_sha256
    )
    tamper(
        f"UPDATE audit_event SET sha256 = '{forged}', actor = 'mallory' WHERE seq = 3",
        "UPDATE audit_event SET detail_json = '{\"monitor\":1}' WHERE seq = 3",
    )
    assert audit.verify(log) == ["audit event 4 does not follow the event before it"]


def test_a_lost_head_is_found(log, tamper):
    tamper("DELETE FROM audit_head")
    assert audit.verify(log) == ["the audit log has lost its head"]
