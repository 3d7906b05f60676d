"""The parts of a template or macro as controls."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from gaze2report.report_templates.merge import MERGE_FIELDS
from gaze2report.report_templates.template import Template, parse, to_text

_SEXES = (("any patient", ""), ("women", "F"), ("men", "M"))
_USES = (("reports", "report"), ("addenda", "addendum"))
_HELP = (
    "[clear]  text with a default     [? side]  text to fill in     [a*|b]  one of a list     [a*;b]  several     "
    "[# mL]  a number     {note}  for you only     " + "  ".join(f"<{name}>" for name in MERGE_FIELDS)
)


class TemplateForm(QWidget):
    """Name, conditions and text of a template or macro.

    Signals
    -------
    changed
        The reader has changed something.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = "template"
        self.name, self.shortcut, self.age = QLineEdit(), QLineEdit(), QLineEdit()
        self.use, self.sex = QComboBox(), QComboBox()
        self.is_default = QCheckBox("Offer it first")
        self.text = QPlainTextEdit()
        self.text.setTabChangesFocus(True)
        self._name_controls()
        self._shortcut_label = QLabel("Shortcut")
        self._lay_out()
        for line in (self.name, self.shortcut, self.age):
            line.textEdited.connect(self.changed)
        for box in (self.use, self.sex):
            box.activated.connect(self.changed)
        self.is_default.clicked.connect(self.changed)
        self.text.textChanged.connect(self.changed)

    def _name_controls(self) -> None:
        self.shortcut.setPlaceholderText("2 letters or more, such as ncx")
        self.age.setPlaceholderText("all, or 18-64, 18-, -17")
        for text, value in _SEXES:
            self.sex.addItem(text, value)
        for text, value in _USES:
            self.use.addItem(text, value)
        for control, name in (
            (self.name, "Name"), (self.shortcut, "Shortcut"), (self.age, "Age in years"), (self.use, "Used in"),
            (self.sex, "For"), (self.text, "Text with its fields"),
        ):  # fmt: skip
            control.setAccessibleName(name)

    def _lay_out(self) -> None:
        condition = QHBoxLayout()
        for widget in (self.sex, QLabel("aged"), self.age, QLabel("in"), self.use, self.is_default):
            condition.addWidget(widget)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Name", self.name)
        form.addRow(self._shortcut_label, self.shortcut)
        form.addRow("For", condition)
        notation = QLabel(_HELP)
        notation.setObjectName("muted")
        notation.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.text, 1)
        column.addWidget(notation)

    def begin(self, kind: str, text: str) -> None:
        """An empty form for a new template or macro."""
        self._kind = kind
        for line in (self.name, self.shortcut, self.age):
            line.clear()
        self.use.setCurrentIndex(0)
        self.sex.setCurrentIndex(0)
        self.is_default.setChecked(False)
        self._show_text(text)

    def show_template(self, template: Template) -> None:
        """Show a template."""
        self._kind = template.kind
        self.name.setText(template.name)
        self.shortcut.setText(template.shortcut)
        ages = (template.least_age_years, template.most_age_years)
        self.age.setText("" if ages == (None, None) else "-".join("" if age is None else str(age) for age in ages))
        self.sex.setCurrentIndex(self.sex.findData(template.sex))
        self.use.setCurrentIndex(self.use.findData(template.use))
        self.is_default.setChecked(template.is_default)
        self._show_text(to_text(template).split("---\n", 1)[1].rstrip("\n"))

    def _show_text(self, text: str) -> None:
        is_macro = self._kind == "macro"
        self.shortcut.setVisible(is_macro)
        self._shortcut_label.setVisible(is_macro)
        self.text.blockSignals(True)
        self.text.setPlainText(text)
        self.text.blockSignals(False)

    def template(self, sections: Sequence[str]) -> Template:
        """What the form says.

        Raises
        ------
        TemplateFault
            If it is no template.
        """
        head = {
            "name": self.name.text().strip(),
            "kind": self._kind,
            "shortcut": self.shortcut.text().strip(),
            "use": self.use.currentData(),
            "default": "yes" if self.is_default.isChecked() else "no",
            "sex": self.sex.currentData(),
            "age": self.age.text().strip(),
        }
        lines = [f"{key}: {value}" for key, value in head.items() if value]
        return parse("\n".join([*lines, "---", self.text.toPlainText()]), sections)
