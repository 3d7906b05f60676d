"""A button that is an action: it does it, and shows its tip, its keys and whether it is on."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton


class ActionButton(QObject):
    """Keeps a button like its action; goes with the button."""

    def __init__(self, button: QAbstractButton, action: QAction, name: str, has_own_enabling: bool) -> None:
        super().__init__(button)
        self._button, self._action, self._has_own_enabling = button, action, has_own_enabling
        button.setCheckable(action.isCheckable())
        button.setAccessibleName(name)
        button.clicked.connect(self._trigger)
        action.changed.connect(self._show)
        self._show()

    def _trigger(self, _is_checked: bool = False) -> None:
        self._action.trigger()
        self._show()

    def _show(self) -> None:
        self._button.setToolTip(self._action.toolTip())
        if not self._has_own_enabling:
            self._button.setEnabled(self._action.isEnabled())
        self._button.setChecked(self._action.isChecked())
