"""The adapter versions of the workspace: which one drafts, what the gate found, and the way back."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.operations.adapters import EMBEDDED, AdapterVersions, VersionsState
from desktop.patient_text import utc_text

_COLUMNS = ("", "Version", "State", "Gate", "Since", "Continued from")


class AdapterVersionsDialog(QDialog):
    """A list with one line a version, newest last; beside it why it may or may not go live."""

    def __init__(self, versions: AdapterVersions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Versions of the model")
        self.resize(860, 520)
        self._versions = versions
        self._state: VersionsState | None = None
        self.table = QTableWidget(0, len(_COLUMNS))
        self.detail = QPlainTextEdit()
        self.reason = QLineEdit()
        self.said = QLabel()
        self._make_controls()
        self._lay_out()
        versions.changed.connect(self.show_state)
        versions.failed.connect(self._say)
        self.table.itemSelectionChanged.connect(self._refresh_choice)
        self.reason.textChanged.connect(self._refresh_choice)

    def _make_controls(self) -> None:
        self.table.setAccessibleName("Versions")
        self.table.setHorizontalHeaderLabels(_COLUMNS)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.detail.setReadOnly(True)
        self.detail.setTabChangesFocus(True)
        self.detail.setAccessibleName("About the chosen version")
        self.reason.setPlaceholderText("Reason: needed to reject, and where the gate has not let a version through")
        self.reason.setAccessibleName("Reason")
        self.said.setObjectName("fault")
        self.said.setWordWrap(True)
        self.activate_button, self.back_button = QPushButton("Make live"), QPushButton("Roll back")
        self.activate_button.setObjectName("primary")
        self.reject_button = QPushButton("Reject")
        self.import_button, self.export_button = QPushButton("Import..."), QPushButton("Export...")
        self.close_button = QPushButton("Close")
        self.activate_button.clicked.connect(lambda: self._versions.activate(self.chosen, self.reason.text()))
        self.back_button.clicked.connect(self._versions.roll_back)
        self.reject_button.clicked.connect(lambda: self._versions.reject(self.chosen, self.reason.text()))
        self.import_button.clicked.connect(self._ask_for_source)
        self.export_button.clicked.connect(self._ask_for_archive)
        self.close_button.clicked.connect(self.close)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        for button in (self.import_button, self.export_button, self.reject_button):
            row.addWidget(button)
        row.addStretch()
        for button in (self.close_button, self.back_button, self.activate_button):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.addWidget(self.table, 3)
        column.addWidget(self.detail, 2)
        column.addWidget(self.reason)
        column.addWidget(self.said)
        column.addLayout(row)

    @property
    def chosen(self) -> str:
        """Name of the version chosen in the list."""
        row = self.table.currentRow()
        item = self.table.item(row, 1) if row >= 0 else None
        return str(item.data(Qt.ItemDataRole.UserRole)) if item is not None else ""

    def show_state(self, state: VersionsState) -> None:
        """Show all versions; what was chosen stays chosen."""
        before = self.chosen or state.live
        self._state = state
        rows = [_embedded_row(state)] + [_row(state, index) for index in range(len(state.versions))]
        self.table.setRowCount(len(rows))
        for number, texts in enumerate(rows):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                item.setData(Qt.ItemDataRole.UserRole, texts[1])
                self.table.setItem(number, column, item)
            if texts[1] == before:
                self.table.selectRow(number)
        self.reason.clear()
        self._say("")
        self._refresh_choice()

    def _refresh_choice(self) -> None:
        state, name = self._state, self.chosen
        if state is None:
            return
        version = next((one for one in state.versions if one.name == name), None)
        judged = state.judgements.get(name)
        has_reason = bool(self.reason.text().strip())
        is_let_through = version is None or version.state == "retired" or (judged is not None and judged.is_passed)
        is_rejected = version is not None and version.state == "rejected"
        can_go_live = bool(name) and name != state.live and not is_rejected
        self.activate_button.setEnabled(can_go_live and (is_let_through or has_reason))
        self.back_button.setEnabled(state.previous is not None)
        self.back_button.setToolTip(f"Back to {state.previous or EMBEDDED}" if state.previous is not None else "")
        self.reject_button.setEnabled(version is not None and name != state.live and not is_rejected and has_reason)
        self.export_button.setEnabled(version is not None)
        self.detail.setPlainText(_about(state, name))

    def _ask_for_source(self) -> None:
        dialog = QFileDialog(self, "Import a version")
        dialog.setNameFilters(["Adapter versions (*.zip)", "All files (*)"])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self._versions.take_in(Path(name)))
        dialog.open()

    def _ask_for_archive(self) -> None:
        dialog = QFileDialog(self, "Export the version", f"{self.chosen}.zip")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        name = self.chosen
        dialog.fileSelected.connect(lambda path: self._versions.hand_on(name, Path(path)))
        dialog.open()

    def _say(self, sentence: str) -> None:
        self.said.setText(sentence)
        self.said.setVisible(bool(sentence))


def _embedded_row(state: VersionsState) -> tuple[str, ...]:
    is_live = state.live == EMBEDDED
    return ("●" if is_live else "", EMBEDDED, "live" if is_live else "with the program", "", "", "")


def _row(state: VersionsState, index: int) -> tuple[str, ...]:
    one = state.versions[index]
    judged = state.judgements.get(one.name)
    gate = "not asked" if judged is None else "passed" if judged.is_passed else "not passed"
    parent = next((other.name for other in state.versions if other.sha256 == one.parent), one.parent[:8])
    return ("●" if one.name == state.live else "", one.name, one.state, gate, utc_text(one.created_at_utc), parent)


def _about(state: VersionsState, name: str) -> str:
    if name == EMBEDDED:
        return "The version that comes with the program. It is live while no other one is."
    version = next((one for one in state.versions if one.name == name), None)
    if version is None:
        return ""
    lines = [
        f"SHA-256 {version.sha256}",
        f"Made for {version.base_model}",
        f"Training set {version.training_set_sha256 or 'not known'}",
    ]
    judged = state.judgements.get(name)
    if judged is not None:
        lines += ["", f"Gate {'passed' if judged.is_passed else 'not passed'}, {utc_text(judged.at_utc)}"]
        lines += [f"  {reason}" for reason in judged.reasons]
    for one in state.log:
        if name in (one.name, one.replaced):
            what = "Made live" if one.name == name else f"Replaced by {one.name or EMBEDDED}"
            reason = f": {one.reason}" if one.reason else ""
            lines.append(f"{what} {utc_text(one.at_utc)} by {one.actor}{reason}")
    return "\n".join(lines)
