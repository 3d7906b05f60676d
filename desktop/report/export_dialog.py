"""Which version of a report goes out, in which form, into which file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from db.records import ReportVersion
from db.report_output.formats import ONLY_SIGNED, OUTPUT_FORMATS, SUFFIXES, suggested_name
from desktop.patient_text import utc_text
from desktop.services import Services

FORMAT_TEXTS = {
    "pdf": ("PDF", "pages to read and print"),
    "text": ("Plain text", "the sections as they are"),
    "sr": ("DICOM SR", "for an archive, with regions of sentences on the films"),
    "encapsulated-pdf": ("DICOM PDF", "the pages, for an archive that shows no SR; signed reports only"),
    "fhir": ("FHIR", "DiagnosticReport R4B with all it refers to"),
}


class ExportDialog(QDialog):
    """Asks; whoever made it exports.

    Signals
    -------
    chosen(int, str, Path)
        Version, format, file.
    """

    chosen = Signal(int, str, object)

    def __init__(
        self,
        services: Services,
        study_uid: str,
        versions: tuple[ReportVersion, ...],
        *,
        has_newer_text: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._services, self._study_uid, self._has_newer_text = services, study_uid, has_newer_text
        self._versions = tuple(reversed(versions))
        self._folder = services.settings.output_folder or _documents_folder()
        self._has_own_name = False
        self.setWindowTitle("Export report")
        self._make_fields()
        self._lay_out()
        self._connect()
        self._refresh()

    def _make_fields(self) -> None:
        self.version = QComboBox()
        self.version.setAccessibleName("Version")
        for one in self._versions:
            self.version.addItem(f"{one.version}, {one.kind}, {utc_text(one.created_at_utc)}")
        self.formats = QButtonGroup(self)
        self.format_buttons = {}
        for number, name in enumerate(OUTPUT_FORMATS):
            button = QRadioButton(FORMAT_TEXTS[name][0])
            button.setAccessibleDescription(FORMAT_TEXTS[name][1])
            self.formats.addButton(button, number)
            self.format_buttons[name] = button
        self.format_buttons["pdf"].setChecked(True)
        self.file = QLineEdit()
        self.file.setAccessibleName("File")
        self.file.setMinimumWidth(360)
        self.browse_button = QPushButton("Browse...")
        self.caution = QLabel()
        self.caution.setObjectName("caution")
        self.caution.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export_button = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.export_button.setObjectName("primary")

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setColumnStretch(1, 1)
        for row, name in enumerate(OUTPUT_FORMATS):
            what = QLabel(FORMAT_TEXTS[name][1])
            what.setObjectName("muted")
            grid.addWidget(self.format_buttons[name], row, 0)
            grid.addWidget(what, row, 1)
        file = QHBoxLayout()
        file.addWidget(self.file, 1)
        file.addWidget(self.browse_button)
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.addRow("Version", self.version)
        form.addRow("Format", grid)
        form.addRow("File", file)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.caution)
        column.addStretch()
        column.addWidget(self.buttons)

    def _connect(self) -> None:
        self.version.currentIndexChanged.connect(self._refresh)
        self.formats.idToggled.connect(self._refresh)
        self.file.textEdited.connect(self._on_file_edited)
        self.browse_button.clicked.connect(self._browse)
        self.buttons.accepted.connect(self._choose)
        self.buttons.rejected.connect(self.reject)

    @property
    def chosen_version(self) -> ReportVersion:
        """The version that is to go out."""
        return self._versions[self.version.currentIndex()]

    @property
    def chosen_format(self) -> str:
        """The form in which it goes out."""
        return OUTPUT_FORMATS[self.formats.checkedId()]

    @property
    def path(self) -> Path:
        """The file; one that is named without a folder lies in the last one."""
        return self._folder / self.file.text().strip()

    def _refresh(self) -> None:
        is_signed = self.chosen_version.is_signed
        for name in ONLY_SIGNED:
            self.format_buttons[name].setEnabled(is_signed)
            if not is_signed and self.format_buttons[name].isChecked():
                self.format_buttons["pdf"].setChecked(True)
        if not self._has_own_name:
            one = self.chosen_version
            name = suggested_name(self._study_uid, one.version, one.kind, self.chosen_format)
            self.file.setText(str(self._folder / name))
        else:
            self._follow_suffix()
        self._refresh_caution()

    def _follow_suffix(self) -> None:
        path = Path(self.file.text())
        if path.suffix in SUFFIXES.values():
            self.file.setText(str(path.with_suffix(SUFFIXES[self.chosen_format])))

    def _refresh_caution(self) -> None:
        said = []
        if not self.chosen_version.is_signed:
            said.append("This version is not signed; it goes out marked as preliminary.")
        if self.chosen_version is not self._versions[0]:
            said.append(f"Version {self._versions[0].version} is newer; this one goes out marked as superseded.")
        if self._has_newer_text:
            said.append("What was written since is not in it: keep it as preliminary or sign it first.")
        if self.file.text().strip() and self.path.is_file():
            said.append("The file is there already and will be replaced.")
        self.caution.setText(" ".join(said) or " ")
        self.export_button.setEnabled(bool(self.file.text().strip()))

    def _on_file_edited(self) -> None:
        self._has_own_name = True
        self._refresh_caution()

    def _browse(self) -> None:
        dialog = QFileDialog(self, "Export report to")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # said in this dialog
        dialog.setDirectory(str(self.path.parent))
        dialog.selectFile(self.path.name)
        dialog.fileSelected.connect(self._take_file)
        dialog.open()

    def _take_file(self, name: str) -> None:
        self.file.setText(name)
        self._on_file_edited()

    def _choose(self) -> None:
        path = self.path
        self._services.settings.output_folder = path.parent
        self.accept()
        self.chosen.emit(self.chosen_version.version, self.chosen_format, path)


def _documents_folder() -> Path:
    named = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(named) if named and Path(named).is_dir() else Path.home()
