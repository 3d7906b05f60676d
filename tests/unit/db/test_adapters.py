from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import tiny_model

from db import adapter_judgements, adapter_transfer, adapters, audit
from db.__main__ import main
from db.database import open_workspace
from db.errors import UnknownRecord, WorkspaceError
from gaze2report.adapter_files import verify_files
from gaze2report.errors import AdapterUnusable, StorageFailed


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
    adapters.activate(workspace, "one", actor="anna", reason="first")
    adapters.activate(workspace, "two", actor="anna", reason="newer")
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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.save_tiny_adapter(tmp_path_factory.mktemp("made") / "tiny-1")


def test_a_candidate_goes_live_only_through_the_gate_or_with_a_reason(workspace):
    register(workspace, "one")
    with pytest.raises(WorkspaceError, match="the gate has not let adapter one through"):
        adapters.activate(workspace, "one", actor="anna")
    adapter_judgements.judge(workspace, "one", is_passed=False, reasons=["worse"], content={})
    with pytest.raises(WorkspaceError, match="the gate has not"):
        adapters.activate(workspace, "one", actor="anna")
    adapter_judgements.judge(workspace, "one", is_passed=True, reasons=["no worse"], content={"f1": 0.5})
    assert adapters.activate(workspace, "one", actor="anna").state == "live"
    found = adapter_judgements.judgement(workspace, "one")
    assert found is not None
    assert (found.is_passed, found.reasons, found.content) == (True, ("no worse",), {"f1": 0.5})


def test_rollback_goes_to_the_version_before_and_to_the_embedded_one(workspace):
    with pytest.raises(WorkspaceError, match="none to go back to"):
        adapters.rollback(workspace, actor="anna")
    register(workspace, "one")
    register(workspace, "two")
    adapters.activate(workspace, "one", actor="anna", reason="r")
    assert adapters.rollback(workspace, actor="anna") is None
    assert adapters.live(workspace) is None
    adapters.activate(workspace, "one", actor="anna")
    adapters.activate(workspace, "two", actor="anna", reason="r")
    assert adapters.previous_name(workspace) == "one"
    back = adapters.rollback(workspace, actor="ben")
    assert back is not None
    assert back.name == "one"
    adapters.activate(workspace, "two", actor="anna")
    adapters.reject(workspace, "one", actor="anna", reason="trained on withdrawn gaze")
    with pytest.raises(WorkspaceError, match="was rejected since"):
        adapters.rollback(workspace, actor="anna")
    assert [one.name for one in adapters.activations(workspace)] == ["one", "", "one", "two", "one", "two"]


def test_the_live_version_is_not_rejected_and_no_rejection_is_without_a_reason(workspace):
    register(workspace, "one")
    with pytest.raises(WorkspaceError, match="with a reason"):
        adapters.reject(workspace, "one", actor="anna", reason=" ")
    adapters.activate(workspace, "one", actor="anna", reason="r")
    with pytest.raises(WorkspaceError, match="is live"):
        adapters.reject(workspace, "one", actor="anna", reason="bad")


@pytest.mark.parametrize("table", ["adapter_activation", "adapter_judgement"])
def test_what_happened_to_versions_is_never_changed(workspace, sql, table):
    register(workspace, "one")
    adapters.activate(workspace, "one", actor="anna", reason="r")
    adapter_judgements.judge(workspace, "one", is_passed=True, reasons=[], content={})
    with pytest.raises(Exception, match="never changed or removed"):
        sql(f"DELETE FROM {table}")


def test_a_version_is_imported_under_its_content_and_travels_to_another_workspace(
    workspace, made, tmp_path, empty_template
):
    version = adapter_transfer.import_version(workspace, made, actor="anna")
    folder = adapters.folder_of(workspace, version)
    assert folder.name == version.sha256[:24]
    assert verify_files(folder).sha256 == version.sha256
    assert adapter_transfer.import_version(workspace, made, actor="anna") == version
    adapter_transfer.export_version(workspace, version.name, tmp_path / "tiny.zip")
    with open_workspace(shutil.copytree(empty_template, tmp_path / "other")) as other:
        there = adapter_transfer.import_version(other, tmp_path / "tiny.zip", actor="ben")
        assert (there.sha256, there.state) == (version.sha256, "candidate")
        assert [path.name for path in other.adapters_dir.iterdir()] == [version.sha256[:24]]


def test_a_damaged_or_foreign_version_leaves_nothing_behind(workspace, made, tmp_path):
    damaged = shutil.copytree(made, tmp_path / "damaged")
    (damaged / "model.pt").write_bytes(b"\x80\x04.")
    with pytest.raises(AdapterUnusable, match="could hold a pickle"):
        adapter_transfer.import_version(workspace, damaged, actor="anna")
    with pytest.raises(AdapterUnusable, match="not for the one installed"):
        adapter_transfer.import_version(workspace, made, actor="anna", base_model_sha256="0" * 64)
    assert list(workspace.adapters_dir.iterdir()) == []
    assert adapters.list_versions(workspace) == []


def test_an_altered_version_is_not_exported(workspace, made, tmp_path):
    version = adapter_transfer.import_version(workspace, made, actor="anna")
    path = adapters.folder_of(workspace, version) / "README.md"
    path.chmod(0o644)
    path.write_text("altered")
    with pytest.raises(AdapterUnusable, match="was altered"):
        adapter_transfer.export_version(workspace, version.name, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_full_disk_leaves_the_workspace_as_it_was(workspace, made, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(StorageFailed, match="No space left"):
        adapter_transfer.import_version(workspace, made, actor="anna")
    assert list(workspace.adapters_dir.iterdir()) == []


def test_the_command_lists_imports_activates_and_rolls_back(workspace, made, capsys):
    def run(*words: str) -> str:
        assert main(["adapters", *words, "--workspace", str(workspace.folder)]) == 0
        return capsys.readouterr().out

    assert run("list").startswith("* embedded")
    assert "is here as a candidate" in run("import", str(made))
    assert main(["adapters", "activate", "tiny-1", "--workspace", str(workspace.folder)]) == 2
    assert "the gate has not let adapter tiny-1 through" in capsys.readouterr().err
    assert "is live" in run("activate", "tiny-1", "--reason", "trial")
    assert "* tiny-1" in run("list")
    assert "made live by" in run("show", "tiny-1")
    assert run("rollback") == "embedded is live\n"
