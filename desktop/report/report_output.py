"""The ways of a report out of the window: export and print, of what was accepted or signed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtPrintSupport import QPrintDialog, QPrinter
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QWidget

from db.records import TEXT_SECTIONS
from desktop.actions import ActionSpec
from desktop.operations.report_output import export_report, print_report
from desktop.report.export_dialog import ExportDialog
from desktop.services import Services

if TYPE_CHECKING:
    from db.report_output.send_out import SentReport

EXPORT = ActionSpec(
    "report.export", "&Export...", "Report", ("Ctrl+E",), section="output",
    tip="Write the report into a file: PDF, text, DICOM or FHIR",
)  # fmt: skip
PRINT = ActionSpec(
    "report.print", "&Print...", "Report", ("Ctrl+P", "P"), section="output",
    tip="Print the newest version of the report that was accepted or signed",
)  # fmt: skip
NOTHING = "There is no report to export or print yet: keep it as preliminary or sign it first."


class ReportOutput(QWidget):
    """Two buttons, there as soon as a version of the report is.

    Signals
    -------
    notice(str)
        Something the reader may want to know.
    warned(str)
        Something the reader must know of what went out.
    """

    notice = Signal(str)
    warned = Signal(str)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services, self._reading = services, services.reading
        self.export_button, self.print_button = QPushButton(), QPushButton()
        services.actions.add(EXPORT, self.ask_for_export)
        services.actions.add(PRINT, self.ask_for_print)
        services.actions.tie(self.export_button, EXPORT.id, "Export...")
        services.actions.tie(self.print_button, PRINT.id, "Print...")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch()
        row.addWidget(self.export_button)
        row.addWidget(self.print_button)
        for signal in (self._reading.opened, self._reading.report_changed):
            signal.connect(self._refresh)
        self._refresh()

    @property
    def has_newer_text(self) -> bool:
        """Whether the editor holds something else than the newest version."""
        if not self._reading.can_edit or not self._reading.versions:
            return False
        kept, written = self._reading.versions[-1].text, self._reading.working_text()
        return kept.communications != written.communications or any(
            kept.section(name) != written.section(name) for name in TEXT_SECTIONS
        )

    def ask_for_export(self) -> None:
        """Ask which version goes out in which form and where to."""
        study, versions = self._reading.study, self._reading.versions
        if study is None or not versions:
            self.notice.emit(NOTHING)
            return
        dialog = ExportDialog(
            self._services, study.study_uid, versions, has_newer_text=self.has_newer_text, parent=self.window()
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        uid = study.study_uid
        dialog.chosen.connect(lambda version, form, path: self._export(uid, version, form, path))
        dialog.open()

    def ask_for_print(self) -> None:
        """Ask for a printer and print the newest version."""
        study, versions = self._reading.study, self._reading.versions
        if study is None or not versions:
            self.notice.emit(NOTHING)
            return
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setDocName("Radiology report")  # without the patient: queues of printers are seen by many
        dialog = QPrintDialog(printer, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        uid, version = study.study_uid, versions[-1].version
        dialog.accepted.connect(lambda: self.print_on(printer, uid, version))
        if self.has_newer_text:
            self.notice.emit(f"This prints version {version}; what was written since is not in it.")
        QDialog.open(dialog)  # the print dialog's own open() wants a slot by name

    def print_on(self, printer: QPrinter, study_uid: str, version: int) -> None:
        """Print a version on a printer that was chosen."""
        print_report(
            services=self._services, owner=self, study_uid=study_uid, version=version, printer=printer,
            on_printed=self._say_printed,
        )  # fmt: skip

    def _export(self, study_uid: str, version: int, output_format: str, path: Path) -> None:
        export_report(
            services=self._services, owner=self, study_uid=study_uid, version=version, output_format=output_format,
            path=path, on_sent=self._say_sent,
        )  # fmt: skip

    def _say_sent(self, sent: SentReport) -> None:
        self.notice.emit(f"Version {sent.version} ({sent.status}) is in {sent.path}")
        if sent.notes:
            self.warned.emit(f"{sent.path}: {' '.join(sent.notes)}")

    def _say_printed(self, pages: int) -> None:
        noun = "1 page" if pages == 1 else f"{pages} pages"
        self.notice.emit(f"The report went to the printer, {noun}.")

    def _refresh(self) -> None:
        self.setVisible(bool(self._reading.versions))
