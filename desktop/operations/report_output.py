"""A report on its way out of the window: into a file, or to a printer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtPrintSupport import QPrinter

from desktop.background import Job, LaneName
from desktop.services import Services

if TYPE_CHECKING:
    from db.report_output.document import OutputDocument
    from db.report_output.send_out import SentReport

Step = tuple[LaneName, Callable[[Any], Any]]


class OutputRun(QObject):
    """Steps, each in its lane, each with what the one before has made; can be stopped between two of them."""

    def __init__(
        self, services: Services, owner: QObject, title: str, steps: tuple[Step, ...], on_done: Callable[[Any], None]
    ) -> None:
        super().__init__(owner)
        self._services, self._steps, self._on_done = services, steps, on_done
        self._shown = services.background.work.begin(title, self._stop)
        self._job: Job | None = None

    def start(self) -> OutputRun:
        """Begin."""
        self._next(0, None)
        return self

    def _next(self, number: int, made: Any) -> None:
        self._shown.report(number, len(self._steps))
        if number == len(self._steps):
            self._end()
            self._on_done(made)
            return
        lane, work = self._steps[number]
        self._job = self._services.background.run(
            self, work, made, lane=lane, on_success=lambda result: self._next(number + 1, result),
            on_failure=self._fail,
        )  # fmt: skip

    def _fail(self, error: BaseException) -> None:
        self._end()
        self._services.reporter.report(error)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._end()

    def _end(self) -> None:
        self._shown.end()
        self.deleteLater()


def export_report(
    *,
    services: Services,
    owner: QObject,
    study_uid: str,
    version: int,
    output_format: str,
    path: Path,
    on_sent: Callable[[SentReport], None],
) -> OutputRun:
    """Write a version of a report into a file; the audit log keeps who, what and where."""
    workspace, reader = services.workspace, services.session.reader
    assert workspace is not None

    def read(_: object) -> OutputDocument:
        from db.report_output.document import collect
        from db.report_output.send_out import refuse_place

        refuse_place(workspace, path)
        return collect(workspace, study_uid, version, header_reader=services.import_intake)

    def make(document: OutputDocument) -> tuple[OutputDocument, bytes]:
        from db.report_output.send_out import render

        return document, render(document, output_format)

    def write(made: tuple[OutputDocument, bytes]) -> SentReport:
        from db.report_output.send_out import deliver

        return deliver(workspace, made[0], output_format, made[1], path, actor=reader)

    steps: tuple[Step, ...] = (("db", read), ("io", make), ("db", write))
    return OutputRun(services, owner, "Exporting the report", steps, on_sent).start()


def print_report(
    *,
    services: Services,
    owner: QObject,
    study_uid: str,
    version: int,
    printer: QPrinter,
    on_printed: Callable[[int], None],
) -> OutputRun:
    """Print a version of a report; ``on_printed`` is given the number of pages."""
    workspace, reader = services.workspace, services.session.reader
    assert workspace is not None
    from desktop.operations.printed_pages import load_fonts, print_pages

    load_fonts()
    where = printer.outputFileName() or printer.printerName()

    def read(_: object) -> OutputDocument:
        from db import audit
        from db.report_output.document import collect

        document = collect(workspace, study_uid, version)
        # Before the first page: paper that nobody noted is worse than a note of a page that did not come.
        detail = {"version": version, "where": where, "text_sha256": document.version.text_sha256}
        audit.record(workspace, reader, "report printed", study_uid, detail)
        return document

    def draw(document: OutputDocument) -> int:
        return print_pages(document, printer)

    steps: tuple[Step, ...] = (("db", read), ("io", draw))
    return OutputRun(services, owner, "Printing the report", steps, on_printed).start()
