"""Choosing a template for the report, and writing templates and macros."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from db.records import TEXT_SECTIONS
from desktop.operations.templates import Templates
from desktop.report.template_form import TemplateForm
from gaze2report.errors import Gaze2ReportError
from gaze2report.report_templates.merge import expand, refuse_unknown_merge_fields
from gaze2report.report_templates.mrrt import ImportedTemplate
from gaze2report.report_templates.template import Template

_TEMPLATE = Qt.ItemDataRole.UserRole
_NEW_TEXT = {"template": "FINDINGS:\n\nIMPRESSION:\n", "macro": ""}


class TemplatesDialog(QDialog):
    """All templates and macros, those for the patient on screen first; what is chosen can be inserted and changed.

    Signals
    -------
    insert_wanted(Template)
        The reader wants it in the report.
    """

    insert_wanted = Signal(object)

    def __init__(self, templates: Templates, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Templates and macros")
        self.resize(1000, 640)
        self._templates = templates
        self._is_writing = False  # a new one, which no choice in the list must replace by itself
        self.filter, self.list = QLineEdit(), QListWidget()
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter templates and macros")
        self.list.setAccessibleName("Templates and macros")
        self.form = TemplateForm()
        self.preview = QPlainTextEdit()
        self.preview.setReadOnly(True)
        self.preview.setAccessibleName("Preview")
        self.preview.setTabChangesFocus(True)
        self.fault = QLabel()
        self.fault.setObjectName("fault")
        self.fault.setWordWrap(True)
        self._make_buttons()
        self._lay_out()
        self.filter.textChanged.connect(self._apply_filter)
        self.list.currentItemChanged.connect(lambda *_: self._show_chosen())
        self.list.itemActivated.connect(lambda _: self.insert())
        self.form.changed.connect(self._on_edited)
        templates.changed.connect(self.refresh)
        self.refresh()

    def _make_buttons(self) -> None:
        self.insert_button, self.save_button = QPushButton("Insert"), QPushButton("Save")
        self.insert_button.setObjectName("primary")
        self.insert_button.setDefault(True)
        self.new_template_button, self.new_macro_button = QPushButton("New template"), QPushButton("New macro")
        self.delete_button, self.close_button = QPushButton("Delete"), QPushButton("Close")
        self.import_button = QPushButton("Import HTML...")
        self.import_button.setToolTip("A report template in HTML (IHE MRRT), as RadReport.org gives them out")
        self.import_button.clicked.connect(self.ask_for_html)
        self.insert_button.clicked.connect(self.insert)
        self.save_button.clicked.connect(self.save)
        self.new_template_button.clicked.connect(lambda: self.begin("template"))
        self.new_macro_button.clicked.connect(lambda: self.begin("macro"))
        self.delete_button.clicked.connect(self.delete)
        self.close_button.clicked.connect(self.close)

    def _lay_out(self) -> None:
        left, right = QWidget(), QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.filter)
        column.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.addWidget(self.new_template_button)
        row.addWidget(self.new_macro_button)
        row.addWidget(self.import_button)
        column.addLayout(row)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.form, 3)
        caption = QLabel("IN THE REPORT")
        caption.setObjectName("caption")
        column.addWidget(caption)
        column.addWidget(self.preview, 2)
        halves = QSplitter()
        halves.setChildrenCollapsible(False)
        halves.addWidget(left)
        halves.addWidget(right)
        halves.setSizes([380, 620])
        buttons = QHBoxLayout()
        buttons.addWidget(self.delete_button)
        buttons.addWidget(self.save_button)
        buttons.addStretch()
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.insert_button)
        whole = QVBoxLayout(self)
        whole.addWidget(halves, 1)
        whole.addWidget(self.fault)
        whole.addLayout(buttons)

    # -- the list -----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the library; what was chosen stays chosen, what is being written or said stays as it is."""
        before = self._chosen()
        library = self._templates.library
        offered = self._templates.offered()
        rest = sorted((one for one in library.templates if one not in offered), key=lambda one: (one.kind, one.name))
        with QSignalBlocker(self.list):
            self.list.clear()
            for template in (*offered, *rest):
                item = QListWidgetItem(_list_text(template, is_own=template.name in (library.own or {})))
                item.setData(_TEMPLATE, template)
                item.setToolTip(item.text())
                self.list.addItem(item)
                if before is not None and (template.name, template.use) == (before.name, before.use):
                    self.list.setCurrentItem(item)
            if not self._is_writing and self.list.currentItem() is None:
                self.list.setCurrentRow(0)
        self._apply_filter()
        if not self._is_writing and self._chosen() != before:
            self._show_chosen()
        if library.faults:
            self._say(" ".join(library.faults))

    def _apply_filter(self) -> None:
        words = self.filter.text().lower().split()
        for row in range(self.list.count()):
            item = self.list.item(row)
            item.setHidden(not all(word in item.text().lower() for word in words))

    def _chosen(self) -> Template | None:
        item = self.list.currentItem()
        return item.data(_TEMPLATE) if item is not None else None

    def _show_chosen(self) -> None:
        template = self._chosen()
        if template is not None:
            self._is_writing = False
            self.form.show_template(template)
            self._on_edited()

    # -- what the reader does -----------------------------------------------------------------------------------

    def begin(self, kind: str) -> None:
        """Start a new template or macro."""
        self._is_writing = True
        self.list.setCurrentItem(None)
        self.form.begin(kind, _NEW_TEXT[kind])
        self._on_edited()
        self.form.name.setFocus()

    def ask_for_html(self) -> None:
        """Choose an HTML template to import."""
        dialog = QFileDialog(self, "Import a report template")
        dialog.setNameFilters(["Report templates (*.html *.htm)", "All files (*)"])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.import_html(Path(name)))
        dialog.open()

    def import_html(self, path: Path) -> None:
        """Show what an HTML template becomes; it is kept when the reader saves it."""

        def show(imported: ImportedTemplate) -> None:
            self._is_writing = True
            self.list.setCurrentItem(None)
            self.form.show_template(imported.template)
            self._on_edited()
            self._say(" ".join(("Look it through, then save it.", *imported.notes)))

        self._templates.read_html(path, done=show, failed=lambda why: self._say(f"{path.name}: {why}"))

    def save(self) -> None:
        """Keep what the form says in the workspace."""
        template = self._template_of_form()
        if template is not None:
            self._templates.keep(template, done=lambda: self._say(""), failed=self._say)

    def delete(self) -> None:
        """Remove the chosen one from the workspace."""
        template = self._chosen()
        if template is not None:
            self._templates.remove(template, done=lambda: self._say(""), failed=self._say)

    def insert(self) -> None:
        """Put what the form says into the report."""
        template = self._template_of_form()
        if template is not None:
            self.insert_wanted.emit(template)
            self.close()

    def _template_of_form(self) -> Template | None:
        try:
            template = self.form.template(TEXT_SECTIONS)
            refuse_unknown_merge_fields(template)
        except Gaze2ReportError as error:
            self._say(str(error))
            return None
        self._say("")
        return template

    def _on_edited(self) -> None:
        own = self._templates.library.own or {}
        chosen = self._chosen()
        self.delete_button.setEnabled(chosen is not None and chosen.name in own)
        template = self._template_of_form()
        self.save_button.setEnabled(template is not None and template != chosen)
        self.insert_button.setEnabled(template is not None)
        data = self._templates.merge_data()
        parts = template.sections if template is not None else ()
        texts = [f"{name.upper()}\n{expand(text, data)}" if name else expand(text, data) for name, text in parts]
        self.preview.setPlainText("\n\n".join(texts))

    def _say(self, sentence: str) -> None:
        self.fault.setText(sentence)
        self.fault.setVisible(bool(sentence))


def _list_text(template: Template, *, is_own: bool) -> str:
    what = f"macro {template.shortcut}" if template.kind == "macro" else "template"
    parts = [what, *(["addendum"] if template.use == "addendum" else []), *(["own"] if is_own else [])]
    return f"{template.name}  ({', '.join(parts)})"
