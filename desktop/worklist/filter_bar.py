"""What of the worklist is shown: saved filters, words, status, age, whose."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)

from db.records import STUDY_STATUSES
from desktop.worklist.study_filter import ALL_STUDIES, BUILT_IN, StudyFilter

_FILTER_AFTER_MS = 80
_PERIODS = {"Any date": 0, "Today": 1, "7 days": 7, "30 days": 30, "1 year": 365}
_OWN = "Own choice"


class FilterBar(QWidget):
    """The row above the worklist.

    Signals
    -------
    changed
        Another filter is wanted.
    saved_changed
        A filter was saved or deleted.
    left
        The keyboard should go to the list.
    """

    changed = Signal()
    saved_changed = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.saved: tuple[StudyFilter, ...] = ()
        self.choice = QComboBox()
        self.choice.setAccessibleName("Saved filters")
        self.words = QLineEdit()
        self.words.setPlaceholderText("Filter by any words: name, ID, date, status, description (Ctrl+F)")
        self.words.setClearButtonEnabled(True)
        self.words.setAccessibleName("Filter the worklist by any words")
        self.period = QComboBox()
        self.period.setAccessibleName("Study date")
        for title, days in _PERIODS.items():
            self.period.addItem(title, days)
        self.mine = QCheckBox("Mine")
        self.mine.setToolTip("Assigned to you, or open by you")
        self.raised = QCheckBox("AI priority")
        self.raised.setToolTip("Only studies in which the model found something urgent")
        self.count = QLabel()
        self.count.setObjectName("muted")
        self._is_showing = False
        self._make_menus()
        self._lay_out()
        self._later = QTimer(self, singleShot=True, interval=_FILTER_AFTER_MS)
        self._later.timeout.connect(self._on_changed)
        self._connect()
        self.set_saved(())

    def _make_menus(self) -> None:
        self.status = QToolButton()
        self.status.setAccessibleName("Status")
        self.status.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.status)
        self.status_actions: dict[str, QAction] = {}
        for status in STUDY_STATUSES:
            action = menu.addAction(status.replace("-", " "))
            action.setCheckable(True)
            action.toggled.connect(self._on_changed)
            self.status_actions[status] = action
        self.status.setMenu(menu)
        self.more = QToolButton()
        self.more.setText("Filter \N{BLACK DOWN-POINTING SMALL TRIANGLE}")
        self.more.setAccessibleName("Save or delete a filter")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        more = QMenu(self.more)
        self.save_action = more.addAction("Save this filter...")
        self.delete_action = more.addAction("Delete this filter")
        self.more.setMenu(more)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.choice)
        row.addWidget(self.words, 1)
        for widget in (self.status, self.period, self.mine, self.raised, self.more, self.count):
            row.addWidget(widget)
        self.setTabOrder(self.words, self.choice)

    def _connect(self) -> None:
        self.choice.activated.connect(self._on_chosen)
        self.words.textChanged.connect(lambda _: self._later.start())
        self.words.returnPressed.connect(self._on_return)
        self.period.activated.connect(lambda _: self._on_changed())
        self.mine.toggled.connect(self._on_changed)
        self.raised.toggled.connect(self._on_changed)
        self.save_action.triggered.connect(self._ask_for_name)
        self.delete_action.triggered.connect(self.delete)

    # -- what is wanted -----------------------------------------------------------------------------------------

    def wanted(self) -> StudyFilter:
        """The filter as it stands, with the name of the saved one that it is."""
        chosen = StudyFilter(
            words=self.words.text(),
            statuses=tuple(status for status, action in self.status_actions.items() if action.isChecked()),
            days=int(self.period.currentData() or 0),
            is_mine=self.mine.isChecked(),
            is_raised=self.raised.isChecked(),
        )
        known = next((one for one in (*BUILT_IN, *self.saved) if one.is_same_but_name(chosen)), None)
        return known if known is not None else chosen

    def show_filter(self, wanted: StudyFilter) -> None:
        """Put the controls to a filter, and apply it."""
        self._is_showing = True
        self.words.setText(wanted.words)
        for status, action in self.status_actions.items():
            action.setChecked(status in wanted.statuses)
        if self.period.findData(wanted.days) < 0:
            self.period.addItem(f"{wanted.days} days", wanted.days)
        self.period.setCurrentIndex(self.period.findData(wanted.days))
        self.mine.setChecked(wanted.is_mine)
        self.raised.setChecked(wanted.is_raised)
        self._is_showing = False
        self._on_changed()

    def set_saved(self, saved: tuple[StudyFilter, ...]) -> None:
        """Offer these filters beside those that are always there."""
        self.saved = saved
        self._fill_choice()

    def save(self, name: str) -> bool:
        """Keep the filter as it stands under a name, in place of one of that name; False if it cannot have the name."""
        name = " ".join(name.split())
        if not name or name in [one.name for one in BUILT_IN] or name == _OWN:
            return False
        self.set_saved((*(one for one in self.saved if one.name != name), replace(self.wanted(), name=name)))
        self.saved_changed.emit()
        return True

    def delete(self) -> None:
        """Forget the saved filter that is shown."""
        name = self.wanted().name
        if name in [one.name for one in self.saved]:
            self.set_saved(tuple(one for one in self.saved if one.name != name))
            self.saved_changed.emit()
            self.show_filter(ALL_STUDIES)

    def apply_now(self) -> None:
        """Do not wait for more typing."""
        self._later.stop()
        self._on_changed()

    # -- inside -------------------------------------------------------------------------------------------------

    def _on_changed(self, _: object = None) -> None:
        if self._is_showing:
            return
        self._fill_choice()
        self.changed.emit()

    def _fill_choice(self) -> None:
        wanted = self.wanted()
        names = [one.name for one in (*BUILT_IN, *self.saved)]
        shown = [*names, _OWN] if not wanted.name else names
        if [self.choice.itemText(n) for n in range(self.choice.count())] != shown:
            self.choice.clear()
            self.choice.addItems(shown)
            if self.saved:
                self.choice.insertSeparator(len(BUILT_IN))
        self.choice.setCurrentText(wanted.name or _OWN)
        chosen = [status for status, action in self.status_actions.items() if action.isChecked()]
        text = "Any status" if not chosen else chosen[0] if len(chosen) == 1 else f"{len(chosen)} statuses"
        self.status.setText(f"{text} \N{BLACK DOWN-POINTING SMALL TRIANGLE}")
        self.delete_action.setEnabled(wanted.name in [one.name for one in self.saved])
        self.save_action.setEnabled(wanted.name not in [one.name for one in BUILT_IN])

    def _on_chosen(self, _: int) -> None:
        name = self.choice.currentText()
        wanted = next((one for one in (*BUILT_IN, *self.saved) if one.name == name), None)
        if wanted is not None:
            self.show_filter(wanted)

    def _on_return(self) -> None:
        self.apply_now()
        self.left.emit()

    def _ask_for_name(self) -> None:
        dialog = QInputDialog(self)
        dialog.setWindowTitle("Save the filter")
        dialog.setLabelText("Name of the filter")
        dialog.setTextValue(self.wanted().name)
        dialog.textValueSelected.connect(lambda name: self._on_name_given(dialog, name))
        dialog.rejected.connect(dialog.deleteLater)
        dialog.open()

    def _on_name_given(self, dialog: QInputDialog, name: str) -> None:
        if self.save(name):
            dialog.deleteLater()
            return
        dialog.setLabelText(f'"{name}" is the name of a filter that is always there, or none. Another one:')
        dialog.open()
