"""``python -m db readers``: the named accounts of a workspace, without a window.

Who can write the workspace's files can change its accounts, so no password is asked for here; the audit log names the
user of the operating system.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Sequence
from typing import cast

from db import accounts
from db.database import Workspace, open_workspace
from db.errors import AccountRefused
from db.records import Account
from db.roles import ROLES, Role

Run = Callable[[argparse.Namespace], int]


def add_parsers(parser: argparse.ArgumentParser, parents: Sequence[argparse.ArgumentParser]) -> None:
    """Add the verbs."""
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(name: str, text: str, *, has_name: bool = True, has_role: bool = False) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, parents=list(parents), help=text, description=f"{text[0].upper()}{text[1:]}.")
        one.set_defaults(verb=name)
        if has_name:
            one.add_argument("name", metavar="NAME", help="as it stands under reports")
        if has_role:
            one.add_argument("role", choices=ROLES, metavar="ROLE", help=", ".join(ROLES))
        return one

    adding = add("add", "add an account; the password is asked for, or read as one line from standard input")
    adding.add_argument("--role", choices=ROLES, default="reader", help="default: %(default)s; the first one: admin")
    add("list", "list the accounts", has_name=False)
    add("disable", "let an account log in no more; its reports stay")
    add("enable", "let a disabled account log in again")
    add("set-role", "give an account another role", has_role=True)
    add("set-password", "give an account another password; waiting after failed logins ends")


def run(arguments: argparse.Namespace) -> list[Account]:
    """Do one verb; returns the accounts that it is about."""
    actor = operating_system_user()
    with open_workspace(arguments.workspace) as workspace:
        return _do(workspace, arguments, actor)


def _do(workspace: Workspace, arguments: argparse.Namespace, actor: str) -> list[Account]:
    verb = arguments.verb
    if verb == "list":
        return accounts.list_all(workspace)
    if verb == "add":
        role = cast(Role, arguments.role)
        return [accounts.add(workspace, arguments.name, ask_password(arguments.name), role, actor=actor)]
    if verb == "set-role":
        return [accounts.set_role(workspace, arguments.name, cast(Role, arguments.role), actor=actor)]
    if verb == "set-password":
        return [accounts.set_password(workspace, arguments.name, ask_password(arguments.name), actor=actor)]
    return [accounts.set_enabled(workspace, arguments.name, verb == "enable", actor=actor)]


def ask_password(name: str) -> str:
    """Ask twice on a terminal; else read one line from standard input.

    Raises
    ------
    AccountRefused
        If the two differ.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(f"Password for {name}: ")
    if getpass.getpass("The same again: ") != first:
        raise AccountRefused("the two passwords differ; nothing was changed")
    return first


def operating_system_user() -> str:
    """Give the name that the audit log shows for acts on the command line."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):
        return "command line"


def line_of(one: Account) -> str:
    """One account as a line of text."""
    state = "" if one.is_enabled else "  disabled"
    return f"{one.role:10}  {one.name}{state}"
