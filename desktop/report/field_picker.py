"""Filling a field: a list to choose from or a number to type, at the caret, by keyboard alone."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from gaze2report.report_templates.fields import Field, joined, number_text

_MOST_ROWS = 10
_CHECKED = Qt.CheckState.Checked


class FieldPicker(QFrame):
    """Asks for what goes into one field.

    Up, Down and Enter choose, a digit chooses at once, Space marks where several may be chosen, Tab keeps what is
    marked and goes on, Esc leaves the field as it is.

    Signals
    -------
    chosen(str, bool)
        What goes into the field, and whether to go on to the next one.
    left
        The field stays as it is.
    """

    chosen = Signal(str, bool)
    left = Signal()

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("callout")
        self._field = field
        self._is_done = False
        self.list, self.number, self.hint = QListWidget(), QLineEdit(), QLabel()
        self.hint.setObjectName("muted")
        self.list.setAccessibleName("What goes into the field")
        self.number.setAccessibleName(field.prompt or "Number")
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        for widget in (self.list, self.number, self.hint):
            column.addWidget(widget)
        if field.kind == "number":
            self._ask_number()
        else:
            self._ask_list()

    def _ask_number(self) -> None:
        self.list.hide()
        self.number.setPlaceholderText(self._field.prompt)
        self.hint.setText(f"Number{f' in {self._field.unit}' if self._field.unit else ''}, then Enter")
        self.number.installEventFilter(self)
        self.setFocusProxy(self.number)

    def _ask_list(self) -> None:
        self.number.hide()
        is_many = self._field.kind == "many"
        for number, option in enumerate(self._field.options, 1):
            item = QListWidgetItem(f"{number}  {option}" if number < 10 else f"    {option}")
            if is_many:
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(_CHECKED if option in self._field.defaults else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        chosen = next((n for n, option in enumerate(self._field.options) if option in self._field.defaults), 0)
        self.list.setCurrentRow(chosen)
        rows = min(self.list.count(), _MOST_ROWS)
        self.list.setFixedHeight(rows * self.list.sizeHintForRow(0) + 6)
        self.list.setFixedWidth(min(self.list.sizeHintForColumn(0) + 40, 420))
        self.hint.setText("Space marks, Enter takes" if is_many else "Enter or the digit takes")
        self.list.installEventFilter(self)
        self.list.itemClicked.connect(self._on_clicked)
        self.setFocusProxy(self.list)

    def pop_up(self, below: QPoint, above: QPoint) -> None:
        """Show it below a point of its parent, or above another where there is no room, and give it the keyboard."""
        self.adjustSize()
        room = self.parentWidget().rect().adjusted(4, 4, -4, -4)
        y = below.y() if below.y() + self.height() <= room.bottom() else max(room.top(), above.y() - self.height())
        self.move(max(room.left(), min(below.x(), room.right() - self.width())), y)
        self.show()
        self.raise_()
        (self.number if self._field.kind == "number" else self.list).setFocus()

    # -- keys ---------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys that mean something here; the rest moves in the list or types the number."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._take_key(event)
        if event.type() == QEvent.Type.FocusOut and not self._is_done:
            self.close()
        return super().eventFilter(watched, event)

    def _take_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_F8):
            self.take(goes_on=key in (Qt.Key.Key_Tab, Qt.Key.Key_F8))
            return True
        if key == Qt.Key.Key_Escape:
            self.close()
            return True
        if self._field.kind in ("one", "many") and event.text().isdigit():
            row = int(event.text()) - 1
            if 0 <= row < self.list.count():
                self._choose_row(row)
            return True
        return False

    def _choose_row(self, row: int) -> None:
        if self._field.kind == "one":
            self._end(self._field.options[row], goes_on=True)
            return
        item = self.list.item(row)
        item.setCheckState(Qt.CheckState.Unchecked if item.checkState() == _CHECKED else _CHECKED)

    def _on_clicked(self, item: QListWidgetItem) -> None:
        if self._field.kind == "one":
            self._end(self._field.options[self.list.row(item)], goes_on=False)

    def take(self, *, goes_on: bool) -> None:
        """Take what is marked or typed; a number that is none stays asked for."""
        if self._field.kind == "number":
            text = number_text(self._field, self.number.text())
            if text is None:
                self.hint.setText("Type a number, such as 12 or 3.5; Esc leaves the field open.")
                return
            self._end(text, goes_on=goes_on)
        elif self._field.kind == "many":
            marked = [
                option for row, option in enumerate(self._field.options) if self.list.item(row).checkState() == _CHECKED
            ]
            self._end(joined(marked or [self._field.options[self.list.currentRow()]]), goes_on=goes_on)
        else:
            self._end(self._field.options[self.list.currentRow()], goes_on=goes_on)

    def _end(self, text: str, *, goes_on: bool) -> None:
        self._is_done = True
        self.close()
        self.chosen.emit(text, goes_on)

    def hideEvent(self, event: QHideEvent) -> None:
        """Closed without a choice: the field stays."""
        super().hideEvent(event)
        if not self._is_done:
            self._is_done = True
            self.left.emit()
