"""Going through the fields of a report with one key, and filling them."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent

from db.records import TEXT_SECTIONS
from desktop.reading import Reading
from desktop.report.field_picker import FieldPicker
from desktop.report.report_sections import ReportSections
from desktop.report.section_editor import SectionEditor
from gaze2report.report_templates.fields import Field, find_fields

Place = tuple[str, Field]


class FieldKeys(QObject):
    """Next and previous field; Tab does the same while the caret is in a field.

    Leaving a field that has a default keeps the default. A list or a number is asked for at the caret.
    """

    def __init__(self, reading: Reading, sections: ReportSections) -> None:
        super().__init__(sections)
        self._reading, self._sections = reading, sections
        self.picker: FieldPicker | None = None
        for editor in sections.editors.values():
            editor.key_filters.append(self._take_key)

    def next(self) -> bool:
        """Go to the next field and ask for what goes into it; False when there is none."""
        if self.picker is not None:  # the key works while the list has the keyboard, too
            self.picker.take(goes_on=True)
            return True
        return self._step(1)

    def previous(self) -> bool:
        """Go to the field before."""
        if self.picker is not None:
            self.picker.close()
        return self._step(-1)

    def places(self) -> list[Place]:
        """All fields of the report in reading order."""
        return [(name, field) for name in TEXT_SECTIONS for field in find_fields(self._reading.sections[name].text)]

    def _step(self, direction: int) -> bool:
        if not self._reading.can_edit:
            return False
        editor = self._sections.current()
        at = (TEXT_SECTIONS.index(editor.section), editor.caret())  # type: ignore[arg-type]
        left = self._field_at(editor)
        if left is not None:
            at = (at[0], left.start)
            if direction > 0 and not left.is_mandatory:
                self._fill(editor.section, left, left.default_text)
                at = (at[0], left.start + len(left.default_text) - 1)
        order = [((TEXT_SECTIONS.index(name), field.start), (name, field)) for name, field in self.places()]  # type: ignore[arg-type]
        if direction > 0:
            following = [place for key, place in order if key > at or (key == at and left is None)]
            place = next(iter(following or [place for _, place in order]), None)
        else:
            earlier = [place for key, place in order if key < at]
            place = next(reversed(earlier or [place for _, place in order]), None)
        if place is None:
            return False
        self._go_to(*place)
        return True

    def _field_at(self, editor: SectionEditor) -> Field | None:
        """The field that the caret is in, or that is selected."""
        at = editor.caret()
        fields = find_fields(editor.section_text.text)
        return next((field for field in fields if field.start < at <= field.end), None)

    def _go_to(self, section: str, field: Field) -> None:
        self._sections.go_to(section, field.start, field.end)
        if field.kind != "text":
            self._ask(section, field)

    def _ask(self, section: str, field: Field) -> None:
        editor = self._sections.editors[section]
        window = editor.window()
        picker = FieldPicker(field, window)

        def take(text: str, goes_on: bool) -> None:
            self.picker = None
            self._fill(section, field, text)
            end = field.start + len(text)
            self._sections.go_to(section, end, end)
            if goes_on:
                self.next()

        picker.chosen.connect(take)
        picker.left.connect(lambda: self._on_left(editor))
        self.picker = picker
        box = editor.cursorRect()
        place = editor.viewport()
        picker.pop_up(
            place.mapTo(window, box.bottomLeft() + QPoint(0, 4)), place.mapTo(window, box.topLeft() - QPoint(0, 4))
        )

    def _on_left(self, editor: SectionEditor) -> None:
        self.picker = None
        editor.setFocus()

    def _fill(self, section: str, field: Field, text: str) -> None:
        origin = "reader" if field.kind == "number" else "macro"
        self._reading.splice(section, field.start, field.end - field.start, text, origin)

    def _take_key(self, editor: SectionEditor, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Tab and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            return self._field_at(editor) is not None and self.next()
        if key == Qt.Key.Key_Backtab:
            return self._field_at(editor) is not None and self.previous()
        return False
