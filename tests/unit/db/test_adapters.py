from __future__ import annotations

from typing import Any

import pytest

from db import adapters, audit
from db.errors import UnknownRecord, WorkspaceError


def register(workspace, name: str, sha256: str = "a" * 64, **more: Any):
    return adapters.register(
        workspace, name=name, sha256=sha256, folder=name, base_model="base", base_model_sha256="b" * 64, **more
    )


def test_a_registered_adapter_is_listed_as_a_candidate(workspace):
    made = register(workspace, "one", parent="zero", training_set_sha256="t" * 64, metrics={"f1": 0.5, "n": [1, 2]})
    assert adapters.list_versions(workspace) == [made]
    assert (made.state, made.parent, made.metrics) == ("candidate", "zero", {"f1": 0.5, "n": [1, 2]})
    assert register(workspace, "one") == made  # the same again changes nothing
    assert adapters.live(workspace) is None


def test_a_name_never_gets_other_content(workspace):
    register(workspace, "one")
    with pytest.raises(WorkspaceError, match="another adapter is named one"):
        register(workspace, "one", sha256="c" * 64)


def test_one_adapter_is_live_and_the_one_before_can_come_back(workspace):
    register(workspace, "one")
    register(workspace, "two")
    adapters.activate(workspace, "one", actor="anna")
    adapters.activate(workspace, "two", actor="anna")
    assert [(version.name, version.state) for version in adapters.list_versions(workspace)] == [
        ("one", "retired"),
        ("two", "live"),
    ]
    adapters.activate(workspace, "one", actor="ben")
    live = adapters.live(workspace)
    assert live is not None
    assert live.name == "one"
    assert [(e.actor, e.subject) for e in audit.events(workspace) if e.action == "adapter activated"] == [
        ("anna", "one"),
        ("anna", "two"),
        ("ben", "one"),
    ]


def test_an_unknown_or_rejected_adapter_does_not_go_live(workspace, sql):
    with pytest.raises(UnknownRecord, match="no adapter nine"):
        adapters.activate(workspace, "nine", actor="anna")
    register(workspace, "one")
    sql("UPDATE adapter_version SET state = 'rejected'")
    with pytest.raises(WorkspaceError, match="was rejected"):
        adapters.activate(workspace, "one", actor="anna")
