"""Adapter versions of the workspace: which is live, going to another one and back, taking one in and handing one on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop.errors import known_sentence
from desktop.services import Services

if TYPE_CHECKING:
    from db.database import Workspace
    from db.learning_records import Activation, AdapterJudgement
    from db.records import AdapterVersion

EMBEDDED = "embedded"


@dataclass(frozen=True)
class VersionsState:
    """All that is known of the versions.

    Attributes
    ----------
    live : str
        Name of the live version; ``embedded`` is the one that comes with the program.
    previous : str or None
        What a rollback leads to; None when there is nothing to go back to.
    folders, judgements : dict
        By name.
    """

    versions: tuple[AdapterVersion, ...]
    live: str
    previous: str | None
    folders: dict[str, Path]
    judgements: dict[str, AdapterJudgement]
    log: tuple[Activation, ...]


class AdapterVersions(QObject):
    """Does what the window asks for in the background and lets the model host follow.

    Signals
    -------
    changed(VersionsState)
        There is something new to show.
    failed(str)
        A sentence: something could not be done, and nothing was changed.
    """

    changed = Signal(object)
    failed = Signal(str)

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._host_follows = True
        self._loaded_folder: Path | None = None

    def begin(self, *, host_follows: bool, then: Callable[[], None]) -> None:
        """Look which version is live when a workspace is opened; ``then`` is called either way.

        Parameters
        ----------
        host_follows : bool
            False when the version was named at the start of the program.
        """
        self._host_follows = host_follows

        def take(state: VersionsState) -> None:
            self._take(state)
            then()

        def give_up(error: BaseException) -> None:
            self._fail(error)
            then()

        self._run(_state, take, give_up)

    def refresh(self) -> None:
        """Read anew."""
        self._run(_state, self._take, self._fail)

    def activate(self, name: str, reason: str) -> None:
        """Make a version live; a reason is needed where the gate has not let it through."""
        self._run(_activate, self._take, self._fail, name, self._services.session.reader, reason)

    def roll_back(self) -> None:
        """Go back to the version before."""
        self._run(_roll_back, self._take, self._fail, self._services.session.reader)

    def reject(self, name: str, reason: str) -> None:
        """Note that a version must not go live."""
        self._run(_reject, self._take, self._fail, name, self._services.session.reader, reason)

    def take_in(self, source: Path) -> None:
        """Take a version, a folder or ZIP file, into the workspace."""
        self._run(_take_in, self._take, self._fail, source, self._services.session.reader, lane="io")

    def hand_on(self, name: str, archive: Path) -> None:
        """Write a version into a ZIP file."""
        self._run(_hand_on, self._take, self._fail, name, archive, lane="io")

    def _run(
        self, work: Callable[..., VersionsState], done: Callable[[VersionsState], None],
        failed: Callable[[BaseException], None], *arguments: Any, lane: Any = "db",
    ) -> None:  # fmt: skip
        workspace = self._services.workspace
        if workspace is not None:
            self._services.background.run(
                self, work, workspace, *arguments, lane=lane, on_success=done, on_failure=failed,
                title="Adapter versions",
            )  # fmt: skip

    def _take(self, state: VersionsState) -> None:
        folder = state.folders.get(state.live)
        if self._host_follows and folder != self._loaded_folder:
            self._services.host.use_adapter(folder)
            self._loaded_folder = folder
        self.changed.emit(state)

    def _fail(self, error: BaseException) -> None:
        sentence = known_sentence(error)
        if sentence is None:
            self._services.reporter.report(error)
        self.failed.emit(sentence or "That did not work; the log says more.")


def _state(workspace: Workspace) -> VersionsState:
    from db import adapter_judgements, adapters

    versions = tuple(adapters.list_versions(workspace))
    live = adapters.live(workspace)
    found = {one.name: adapter_judgements.judgement(workspace, one.name) for one in versions}
    return VersionsState(
        versions,
        live.name if live is not None else EMBEDDED,
        adapters.previous_name(workspace),
        {one.name: adapters.folder_of(workspace, one) for one in versions},
        {name: one for name, one in found.items() if one is not None},
        tuple(adapters.activations(workspace)),
    )


def _activate(workspace: Workspace, name: str, actor: str, reason: str) -> VersionsState:
    from db import adapters

    if name == EMBEDDED:
        adapters.activate_embedded(workspace, actor=actor, reason=reason)
    else:
        adapters.activate(workspace, name, actor=actor, reason=reason)
    return _state(workspace)


def _roll_back(workspace: Workspace, actor: str) -> VersionsState:
    from db import adapters

    adapters.rollback(workspace, actor=actor)
    return _state(workspace)


def _reject(workspace: Workspace, name: str, actor: str, reason: str) -> VersionsState:
    from db import adapters

    adapters.reject(workspace, name, actor=actor, reason=reason)
    return _state(workspace)


def _take_in(workspace: Workspace, source: Path, actor: str) -> VersionsState:
    from db import adapter_transfer

    adapter_transfer.import_version(workspace, source, actor=actor)
    return _state(workspace)


def _hand_on(workspace: Workspace, name: str, archive: Path) -> VersionsState:
    from db import adapter_transfer

    adapter_transfer.export_version(workspace, name, archive)
    return _state(workspace)
