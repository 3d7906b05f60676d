"""``python -m db adapters``: the adapter versions of a workspace, without a window."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from db import adapter_judgements, adapter_transfer, adapters
from db.database import Workspace, open_workspace
from db.readers_command import operating_system_user
from db.records import AdapterVersion

EMBEDDED_NAME = "embedded"


def add_parsers(parser: argparse.ArgumentParser, parents: Sequence[argparse.ArgumentParser]) -> None:
    """Add the verbs."""
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(verb: str, text: str) -> argparse.ArgumentParser:
        one = verbs.add_parser(verb, parents=list(parents), help=text, description=f"{text[0].upper()}{text[1:]}.")
        one.set_defaults(verb=verb)
        return one

    add("list", "list the versions, the oldest first; the live one is marked")
    add("show", "show a version, what the gate found of it and when it was live").add_argument("name", metavar="NAME")
    one = add("activate", f'make a version live; "{EMBEDDED_NAME}" is the one that comes with the program')
    one.add_argument("name", metavar="NAME")
    one.add_argument("--reason", default="", help="why, where the gate has not let the version through")
    one = add("rollback", "make the version live again that the live one took the place of")
    one.add_argument("--reason", default="")
    one = add("reject", "note that a version must not go live")
    one.add_argument("name", metavar="NAME")
    one.add_argument("--reason", required=True)
    one = add("judge", "keep what the gate found: the file judgement.json that it wrote")
    one.add_argument("name", metavar="NAME")
    one.add_argument("judgement", type=Path, metavar="FILE")
    one = add("import", "take a version, a folder or the ZIP file of an export, into the workspace")
    one.add_argument("source", type=Path, metavar="FOLDER_OR_ZIP")
    one = add("export", "write a version into one ZIP file for another machine")
    one.add_argument("name", metavar="NAME")
    one.add_argument("archive", type=Path, metavar="ZIP")


def run(arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    """Do one verb; returns what ``--json`` prints, and the lines."""
    with open_workspace(arguments.workspace) as workspace:
        return _VERBS[arguments.verb](workspace, arguments)


def _list(workspace: Workspace, _: argparse.Namespace) -> tuple[Any, list[str]]:
    versions = adapters.list_versions(workspace)
    lines = [_line(one) for one in versions]
    is_embedded_live = adapters.live(workspace) is None
    lines.insert(0, f"{'*' if is_embedded_live else ' '} {EMBEDDED_NAME:24} comes with the program")
    return [asdict(one) for one in versions], lines


def _show(workspace: Workspace, arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    version = adapters.find(workspace, arguments.name)
    found = adapter_judgements.judgement(workspace, version.name)
    log = [one for one in adapters.activations(workspace) if version.name in (one.name, one.replaced)]
    content = {**asdict(version), "judgement": asdict(found) if found else None, "log": [asdict(one) for one in log]}
    lines = [
        _line(version),
        f"  sha256        {version.sha256}",
        f"  files         {adapters.folder_of(workspace, version)}",
        f"  continued     {version.parent or 'from none'}",
        f"  base model    {version.base_model} {version.base_model_sha256[:12]}",
        f"  training set  {version.training_set_sha256 or 'not known'}",
    ]
    if found is not None:
        lines += [f"  gate          {'passed' if found.is_passed else 'not passed'} {found.at_utc}"]
        lines += [f"    {reason}" for reason in found.reasons]
    for one in log:
        what = "made live" if one.name == version.name else f"replaced by {one.name or EMBEDDED_NAME}"
        lines.append(f"  {one.at_utc}  {what} by {one.actor}{f': {one.reason}' if one.reason else ''}")
    return content, lines


def _activate(workspace: Workspace, arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    actor = operating_system_user()
    if arguments.name == EMBEDDED_NAME:
        adapters.activate_embedded(workspace, actor=actor, reason=arguments.reason)
        return None, [f"{EMBEDDED_NAME} is live"]
    return _said(adapters.activate(workspace, arguments.name, actor=actor, reason=arguments.reason), "is live")


def _rollback(workspace: Workspace, arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    version = adapters.rollback(workspace, actor=operating_system_user(), reason=arguments.reason)
    return _said(version, "is live") if version is not None else (None, [f"{EMBEDDED_NAME} is live"])


def _reject(workspace: Workspace, arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    actor = operating_system_user()
    return _said(adapters.reject(workspace, arguments.name, actor=actor, reason=arguments.reason), "is rejected")


def _judge(workspace: Workspace, arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    found = adapter_judgements.take_in(workspace, arguments.name, arguments.judgement)
    what = "the gate lets it through; a person may make it live" if found.is_passed else "the gate keeps it out"
    return asdict(found), [f"{arguments.name}: {what}", *(f"  {reason}" for reason in found.reasons)]


def _import(workspace: Workspace, arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    version = adapter_transfer.import_version(workspace, arguments.source, actor=operating_system_user())
    return _said(version, f"is here as a {version.state}")


def _export(workspace: Workspace, arguments: argparse.Namespace) -> tuple[Any, list[str]]:
    return _said(adapter_transfer.export_version(workspace, arguments.name, arguments.archive), "is written")


_VERBS = {
    "list": _list,
    "show": _show,
    "activate": _activate,
    "rollback": _rollback,
    "reject": _reject,
    "judge": _judge,
    "import": _import,
    "export": _export,
}


def _said(version: AdapterVersion, what: str) -> tuple[Any, list[str]]:
    return asdict(version), [f"{version.name} {version.sha256[:12]} {what}"]


def _line(version: AdapterVersion) -> str:
    mark = "*" if version.state == "live" else " "
    return f"{mark} {version.name:24} {version.sha256[:12]} {version.state:9} {version.created_at_utc[:16]}"
