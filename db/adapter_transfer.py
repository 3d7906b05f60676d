"""Adapter versions between the workspace and elsewhere: a fine-tuning run, a folder, another machine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from db import adapters
from db.database import Workspace
from db.records import AdapterVersion
from gaze2report import adapter_files
from gaze2report.errors import StorageFailed

_FOLDER_NAME_LENGTH = 24


def import_version(workspace: Workspace, source: Path, *, actor: str, base_model_sha256: str = "") -> AdapterVersion:
    """Take an adapter version, a folder or the ZIP file of :func:`export_version`, into the workspace as a candidate.

    It lies in ``adapters/`` under the hash of its content, is verified before and after the copy, and never changes.

    Parameters
    ----------
    base_model_sha256 : str
        Hash of the language model installed here; given, a version for another one is refused.

    Raises
    ------
    AdapterUnusable
        If it is not whole, holds what does not belong there, or is for another base model.
    StorageFailed, WorkspaceError
        If the disk refuses; if another version has its name.
    """
    source = Path(source)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=_adapters_dir(workspace)) as aside:
        if source.is_file():
            adapter_files.unpack(source, Path(aside))
            source = Path(aside)
        manifest = adapter_files.verify_files(source)
        if base_model_sha256:
            adapter_files.refuse_other_base(source, manifest, base_model_sha256)
        folder = manifest.sha256[:_FOLDER_NAME_LENGTH]
        adapter_files.copy_version(source, workspace.adapters_dir / folder)
    return adapters.register(
        workspace,
        name=manifest.name,
        sha256=manifest.sha256,
        folder=folder,
        base_model=manifest.base_model,
        base_model_sha256=manifest.base_model_sha256,
        parent=manifest.parent or "",
        training_set_sha256=str(manifest.training_set.get("sha256", "")),
        code_version=manifest.code_version,
        metrics=manifest.metrics,
        actor=actor,
    )


def export_version(workspace: Workspace, name: str, archive: Path) -> AdapterVersion:
    """Write a version into one ZIP file for another machine.

    Raises
    ------
    UnknownRecord, AdapterUnusable, StorageFailed
        If there is no such version; if its files were altered; if the disk refuses or the file exists.
    """
    version = adapters.find(workspace, name)
    adapter_files.pack(adapters.folder_of(workspace, version), archive)
    return version


def _adapters_dir(workspace: Workspace) -> Path:
    try:
        workspace.adapters_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"{workspace.adapters_dir} could not be made: {error.strerror or error}") from error
    return workspace.adapters_dir
