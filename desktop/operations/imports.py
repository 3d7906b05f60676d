"""Importing files: one at a time, so that text is never kept waiting for long in lane "db"."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from db.records import ImportedInstance
from desktop.background import Job
from desktop.errors import known_sentence
from desktop.services import Services
from gaze2report.errors import StorageFailed
from gaze2report.types import InstanceHeader

if TYPE_CHECKING:
    from db.database import Workspace


@dataclass(frozen=True)
class ImportResult:
    """What became of the files; ``failures`` are sentences."""

    imported: tuple[ImportedInstance, ...]
    duplicates: tuple[ImportedInstance, ...]
    failures: tuple[str, ...]
    was_cancelled: bool

    @property
    def text(self) -> str:
        """One sentence for the notice bar."""
        parts = [f"{_films(len(self.imported))} imported"]
        if self.duplicates:
            parts.append(f"{_films(len(self.duplicates))} already there")
        if self.failures:
            parts.append(f"{_films(len(self.failures))} not imported")
        end = " (stopped)" if self.was_cancelled else ""
        return ", ".join(parts) + end + "." + (f" {self.failures[0]}" if self.failures else "")


def _films(count: int) -> str:
    return f"{count} {'film' if count == 1 else 'films'}"


class ImportRun(QObject):
    """One import under way.

    Signals
    -------
    progressed(int, int)
        Files done, files in all.
    finished(ImportResult)
        Nothing comes after it.
    """

    progressed = Signal(int, int)
    finished = Signal(object)

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(parent)
        self._services = services
        self._waiting: deque[Path] = deque()
        self._total = 0
        self._imported: list[ImportedInstance] = []
        self._duplicates: list[ImportedInstance] = []
        self._failures: list[str] = []
        self._was_cancelled = False
        self._job: Job | None = None
        self._unpacked = ExitStack()
        self._shown = services.background.work.begin("Importing films", self.cancel)

    def start(self, paths: Sequence[Path]) -> None:
        """Look for the files and import them."""
        self._job = self._services.background.run(
            self, _files_to_import, list(paths), lambda: self._was_cancelled, on_success=self._begin,
            on_failure=self._stop,
        )  # fmt: skip

    def cancel(self) -> None:
        """Stop after the file that is being imported; what is imported stays."""
        self._was_cancelled = True
        self._waiting.clear()

    def _begin(self, found: tuple[list[Path], list[tuple[Path, str]], ExitStack]) -> None:
        files, failures, self._unpacked = found
        self._failures = [sentence for _, sentence in failures]
        self._waiting, self._total = deque([] if self._was_cancelled else files), len(files)
        self._next()

    def _next(self) -> None:
        done = self._total - len(self._waiting)
        self._shown.report(done, self._total)
        self.progressed.emit(done, self._total)
        if not self._waiting:
            self._end()
            return
        path = self._waiting.popleft()

        def fail(error: BaseException) -> None:
            self._failed(path, error)

        def add(read: tuple[InstanceHeader, str]) -> None:
            self._job = self._services.background.run(
                self, _import_file, self._services.workspace, read, path, self._services.session.reader,
                lane="db", on_success=self._added, on_failure=fail,
            )  # fmt: skip

        self._job = self._services.background.run(
            self, self._services.import_intake.read_header, path, on_success=add, on_failure=fail
        )

    def _added(self, instance: ImportedInstance) -> None:
        (self._imported if instance.is_new else self._duplicates).append(instance)
        self._next()

    def _failed(self, path: Path, error: BaseException) -> None:
        sentence = known_sentence(error)
        if sentence is None:
            self._services.reporter.report(error)
            sentence = f"{path}: unexpected error, see the log"
        self._failures.append(sentence)
        if isinstance(error, StorageFailed):  # going on would fail for every file
            self._waiting.clear()
        self._next()

    def _stop(self, error: BaseException) -> None:
        sentence = known_sentence(error)
        if sentence is None:
            self._services.reporter.report(error)
            sentence = "Unexpected error, see the log"
        self._failures.append(sentence)
        self._end()

    def _end(self) -> None:
        self._shown.end()
        self._services.background.run(self._services.background, self._unpacked.close, must_finish=True)
        self.finished.emit(
            ImportResult(tuple(self._imported), tuple(self._duplicates), tuple(self._failures), self._was_cancelled)
        )
        self.deleteLater()


def _files_to_import(
    paths: list[Path], should_stop: Callable[[], bool]
) -> tuple[list[Path], list[tuple[Path, str]], ExitStack]:
    """The files meant, those in ZIP archives too, and what takes away what was unpacked."""
    from db.archives import files_to_read

    with ExitStack() as stack:
        files, failures = stack.enter_context(files_to_read(paths, should_stop))
        return files, failures, stack.pop_all()


def import_files(*, paths: Sequence[Path], services: Services, owner: QObject) -> ImportRun:
    """Import files and folders; its signals come from the next turn of the event loop on."""
    run = ImportRun(services, owner)
    run.start(paths)
    return run


class _AlreadyRead:
    """A header that was read in lane "io", for ``db.studies.import_file``."""

    def __init__(self, read: tuple[InstanceHeader, str]) -> None:
        self._read = read

    def read_header(self, path: Path, /) -> tuple[InstanceHeader, str]:
        """Give the header read before."""
        return self._read


def _import_file(workspace: Workspace, read: tuple[InstanceHeader, str], path: Path, actor: str) -> ImportedInstance:
    from db import studies

    return studies.import_file(workspace, _AlreadyRead(read), path, actor=actor)
