"""Named accounts: who logs in, and what each role may do, in Python and in SQL."""

from __future__ import annotations

import io
import json
import sqlite3
import sys

import pytest
from argon2 import PasswordHasher, profiles
from workspaces import TEXT, bring_to, sign

from db import accounts, audit, readings, reports
from db.__main__ import main
from db.errors import AccountRefused, LoginRefused, LoginThrottled, NotAllowed, UnknownRecord
from db.roles import ROLES

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch):
    """Hash quickly; what is kept is tested with the real parameters once."""
    hasher = PasswordHasher.from_parameters(profiles.CHEAPEST)
    monkeypatch.setattr(accounts, "_hasher", lambda: hasher)


@pytest.fixture
def staff(workspace):
    accounts.add(workspace, "Ada Admin", PASSWORD, "admin", actor="test")
    for role in ("reader", "resident", "attending", "researcher"):
        accounts.add(workspace, role, PASSWORD, role, actor="Ada Admin")
    return workspace


def test_the_password_is_kept_as_argon2id_with_the_parameters_of_the_rfc(workspace, sql, monkeypatch):
    monkeypatch.undo()
    accounts.add(workspace, "Ada", PASSWORD, "admin", actor="test")
    ((kept,),) = sql("SELECT password_hash FROM account")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD not in kept
    assert accounts.log_in(workspace, "Ada", PASSWORD).role == "admin"


def test_a_hash_of_weaker_parameters_is_renewed_at_the_next_login(staff, sql, monkeypatch):
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(accounts, "_hasher", lambda: stronger)
    accounts.log_in(staff, "reader", PASSWORD)
    assert ",t=2," in sql("SELECT password_hash FROM account WHERE name = 'reader'")[0][0]
    assert accounts.log_in(staff, "reader", PASSWORD).name == "reader"


def test_names_are_found_whatever_their_case_and_spacing(staff):
    assert accounts.log_in(staff, " ADA  admin", PASSWORD).name == "Ada Admin"
    with pytest.raises(AccountRefused, match="already"):
        accounts.add(staff, "ada ADMIN", PASSWORD, "reader", actor="test")


def test_a_password_typed_in_decomposed_letters_is_the_same(staff):
    accounts.set_password(staff, "reader", "M\u00fcnchen 1972", actor="test")
    assert accounts.log_in(staff, "reader", "Mu\u0308nchen 1972").name == "reader"


@pytest.mark.parametrize(
    ("name", "password", "role", "sentence"),
    [
        ("", PASSWORD, "reader", "needs a name"),
        ("x" * 65, PASSWORD, "reader", "needs a name"),
        ("a\x07b", PASSWORD, "reader", "needs a name"),
        ("ben", "short", "reader", "at least 8"),
        ("ben", "x" * 5000, "reader", "at most"),
        ("ben", PASSWORD, "boss", "no role"),
    ],
)
def test_an_account_that_cannot_be_is_refused(staff, name, password, role, sentence):
    with pytest.raises(AccountRefused, match=sentence):
        accounts.add(staff, name, password, role, actor="test")
    assert len(accounts.list_all(staff)) == 5


@pytest.mark.parametrize(("name", "password"), [("reader", "wrong"), ("nobody", PASSWORD), ("reader", ""), ("", "")])
def test_a_wrong_login_does_not_say_what_was_wrong(staff, name, password):
    with pytest.raises(LoginRefused, match="the name or the password is not right"):
        accounts.log_in(staff, name, password)


def test_a_disabled_account_does_not_log_in_write_or_sign(staff, study):
    reading = readings.open_reading(staff, study, "reader")
    accounts.set_enabled(staff, "reader", False, actor="Ada Admin")
    with pytest.raises(LoginRefused):
        accounts.log_in(staff, "reader", PASSWORD)
    readings.autosave(staff, reading.id, TEXT)  # what was typed is never lost
    with pytest.raises(NotAllowed, match="not an enabled account"):
        sign(staff, reading.id, "reader")
    accounts.set_enabled(staff, "reader", True, actor="Ada Admin")
    assert sign(staff, reading.id, "reader").kind == "final"


def test_five_failures_make_an_account_wait_longer_each_time(staff, monkeypatch):
    moment = ["2026-01-01T00:00:00.000000Z"]
    monkeypatch.setattr(accounts, "now_utc", lambda: moment[0])
    for _ in range(accounts.FREE_ATTEMPTS):
        with pytest.raises(LoginRefused):
            accounts.log_in(staff, "reader", "wrong")
    with pytest.raises(LoginThrottled, match="try again in 30 s"):
        accounts.log_in(staff, "reader", PASSWORD)  # the right one does not help either
    assert accounts.log_in(staff, "attending", PASSWORD)  # nobody else waits
    moment[0] = "2026-01-01T00:00:31.000000Z"
    with pytest.raises(LoginRefused):
        accounts.log_in(staff, "reader", "wrong")
    with pytest.raises(LoginThrottled, match="try again in 60 s"):
        accounts.log_in(staff, "reader", PASSWORD)
    moment[0] = "2026-01-01T00:02:00.000000Z"
    assert accounts.log_in(staff, "reader", PASSWORD)
    with pytest.raises(LoginRefused):
        accounts.log_in(staff, "reader", "wrong")  # and the count begins again


@pytest.mark.parametrize(
    ("failed", "now", "wait_s"),
    [
        (4, "2026-01-01T00:00:00Z", 0),
        (5, "2026-01-01T00:00:10Z", 20),
        (6, "2026-01-01T00:00:00Z", 60),
        (9, "2026-01-01T00:00:00Z", 480),
        (100, "2026-01-01T00:00:00Z", 900),
        (100, "2026-01-01T00:15:00Z", 0),
        (100, "2020-01-01T00:00:00Z", 900),  # a clock set back
    ],
)
def test_the_wait_after_failed_logins(failed, now, wait_s):
    assert accounts.waiting_s(failed, "2026-01-01T00:00:00Z", now) == wait_s


def test_one_administrator_always_stays(workspace, sql):
    with pytest.raises(AccountRefused, match="the first account must be an admin"):
        accounts.add(workspace, "ben", PASSWORD, "reader", actor="test")
    accounts.add(workspace, "Ada", PASSWORD, "admin", actor="test")
    for act in (
        lambda: accounts.set_role(workspace, "Ada", "reader", actor="test"),
        lambda: accounts.set_enabled(workspace, "Ada", False, actor="test"),
    ):
        with pytest.raises(AccountRefused, match="last enabled admin"):
            act()
    for statement in ("role = 'reader'", "is_enabled = 0", "name = 'Eve'"):
        with pytest.raises(sqlite3.IntegrityError):
            sql(f"UPDATE account SET {statement}")
    for statement in ("DELETE FROM account", "INSERT OR REPLACE INTO account SELECT * FROM account"):
        with pytest.raises(sqlite3.IntegrityError, match="never removed"):
            sql(statement)
    accounts.add(workspace, "Eve", PASSWORD, "admin", actor="test")
    assert accounts.set_role(workspace, "Ada", "attending", actor="Eve").role == "attending"


def test_the_first_account_is_an_administrator_even_by_sql(workspace, sql):
    with pytest.raises(sqlite3.IntegrityError, match="first account is an administrator"):
        sql("INSERT INTO account VALUES (1, 'a', 'a', 'reader', '', 1, '', 0, '')")


WRITES = {"reader", "resident", "attending", "admin"}
FINALISES = {"reader", "attending", "admin"}


def name_of(role):
    return "Ada Admin" if role == "admin" else role


@pytest.mark.parametrize("role", ROLES)
def test_what_each_role_may_do(staff, study, role):
    name = name_of(role)
    if role not in WRITES:
        with pytest.raises(NotAllowed, match="may not write reports"):
            readings.open_reading(staff, study, name)
        return
    reading = readings.open_reading(staff, study, name)
    assert reports.accept(staff, reading.id, TEXT).kind == "preliminary"
    if role in FINALISES:
        assert sign(staff, reading.id, name).signer == name
    else:
        with pytest.raises(NotAllowed, match="residents keep preliminary reports, an attending signs them"):
            sign(staff, reading.id, name)
        assert [version.kind for version in reports.of_study(staff, study)] == ["preliminary"]


@pytest.mark.parametrize("role", [*ROLES, "local user"])
def test_addenda_and_corrections_are_of_those_who_may_sign(staff, study, role):
    name = name_of(role)
    bring_to(staff, study, "final", "attending")
    if role in FINALISES:
        assert reports.add_addendum(staff, study, "More.", name, reason="call").signer == name
        assert readings.open_correction(staff, study, name).purpose == "correction"
        return
    with pytest.raises(NotAllowed):
        reports.add_addendum(staff, study, "More.", name, reason="call")
    with pytest.raises(NotAllowed):
        readings.open_correction(staff, study, name)


@pytest.mark.parametrize("signer", ["resident", "researcher", "nobody"])
@pytest.mark.parametrize("kind", ["final", "addendum", "correction"])
def test_nobody_signs_by_sql_who_may_not(staff, study, sql, signer, kind):
    bring_to(staff, study, "preliminary" if kind == "final" else "final", "attending")
    version = len(reports.of_study(staff, study)) + 1
    row = f"1, {version}, '{kind}', '', 'f', 'i', '', '[]', 'a', ?, '', '', '{'' if kind == 'final' else 'why'}'"
    insert = (
        "INSERT INTO report_version (report_id, version, kind, indication, findings, impression, addendum,"
        f" spans_json, author, signer, text_sha256, created_at_utc, reason) VALUES ({row})"
    )
    with pytest.raises(sqlite3.IntegrityError, match="only an account that may finalise signs"):
        sql(insert, signer)
    sql("UPDATE account SET is_enabled = 0 WHERE name = 'attending'")
    with pytest.raises(sqlite3.IntegrityError, match="only an account"):
        sql(insert, "attending")
    sql(insert, "reader")


def test_an_attending_signs_what_a_resident_prepared(staff, study):
    bring_to(staff, study, "preliminary", "resident")
    reading = readings.open_reading(staff, study, "attending", force=True)
    assert reading.work == TEXT
    sign(staff, reading.id, "attending")
    assert [(v.kind, v.author, v.signer) for v in reports.of_study(staff, study)] == [
        ("preliminary", "resident", ""),
        ("final", "attending", "attending"),
    ]


def test_without_accounts_everybody_signs_as_before(workspace, study):
    bring_to(workspace, study, "corrected", "whoever")
    assert [version.signer for version in reports.of_study(workspace, study)] == ["", "whoever", "whoever"]


def test_the_audit_log_says_who_did_what_to_which_account_and_nothing_secret(staff):
    with pytest.raises(LoginRefused):
        accounts.log_in(staff, "hunter2-typed-in-the-wrong-field", "x")
    with pytest.raises(LoginRefused):
        accounts.log_in(staff, "reader", "wrong")
    accounts.log_in(staff, "reader", PASSWORD)
    accounts.set_role(staff, "reader", "attending", actor="Ada Admin")
    events = audit.events(staff)
    assert [(e.actor, e.action, e.subject) for e in events[-4:]] == [
        ("unknown", "login failed", ""),
        ("reader", "login failed", "reader"),
        ("reader", "logged in", "reader"),
        ("Ada Admin", "account role changed", "reader"),
    ]
    told = json.dumps([e.detail for e in events]) + "".join(e.actor + e.subject for e in events)
    assert "hunter2" not in told
    assert "argon2" not in told
    assert audit.verify(staff) == []


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(folder, capsys, monkeypatch):
    def call(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        status = main(["readers", *arguments, "--workspace", str(folder)])
        out, err = capsys.readouterr()
        return status, out, err

    return call


def test_accounts_are_kept_by_the_command(run, workspace):
    assert run("list") == (0, "no accounts: whoever opens the workspace reads and signs as the local user\n", "")
    assert run("add", "Ada", "--role", "admin", stdin=f"{PASSWORD}\n") == (0, "admin       Ada\n", "")
    assert run("add", "Ben", stdin=f"{PASSWORD}\n") == (0, "reader      Ben\n", "")
    assert run("set-role", "ben", "resident") == (0, "resident    Ben\n", "")
    assert run("disable", "Ben") == (0, "resident    Ben  disabled\n", "")
    assert run("list")[1] == "admin       Ada\nresident    Ben  disabled\n"
    assert run("enable", "Ben")[0] == 0
    assert run("set-password", "Ben", stdin="another one\n")[0] == 0
    assert accounts.log_in(workspace, "Ben", "another one").role == "resident"
    status, out, _ = run("list", "--json")
    assert (status, [one["name"] for one in json.loads(out)]) == (0, ["Ada", "Ben"])
    assert all(event.actor.startswith("command line") for event in audit.events(workspace)[1:-1])


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "sentence"),
    [
        (("add", "Ben"), f"{PASSWORD}\n", 3, "the first account must be an admin"),
        (("add", "Ada", "--role", "admin"), "\n", 3, "at least 8 characters"),
        (("disable", "Eve"), "", 2, "has no account Eve"),
    ],
)
def test_the_command_says_why_not(run, arguments, stdin, status, sentence):
    found, _, err = run(*arguments, stdin=stdin)
    assert found == status
    assert sentence in err


def test_a_password_is_asked_for_twice_on_a_terminal(run, workspace, monkeypatch):
    from db import readers_command

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    answers = iter([PASSWORD, "different", PASSWORD, PASSWORD])
    monkeypatch.setattr(readers_command.getpass, "getpass", lambda prompt: next(answers))
    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(AccountRefused, match="the two passwords differ"):
        readers_command.ask_password("Ada")
    assert readers_command.ask_password("Ada") == PASSWORD
    with pytest.raises(UnknownRecord):
        accounts.set_password(workspace, "Ada", PASSWORD, actor="test")
