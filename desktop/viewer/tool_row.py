"""A row of buttons that never forces the window wide: what does not fit is behind the button at its end."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

_GROUP_GAP_PX, _GAP_PX = 12, 2
_MARGINS = (8, 4, 8, 4)


class ToolRow(QWidget):
    """Groups of buttons from left to right.

    Parameters
    ----------
    groups : sequence of sequences of QToolButton
        The last buttons give way first.
    """

    def __init__(self, groups: Sequence[Sequence[QToolButton]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons = [button for group in groups for button in group]
        self._gaps = {group[0]: QWidget() for group in groups[1:]}  # each before the first button of a group
        self.more_button = QToolButton()
        self.more_button.setText("»")
        self.more_button.setToolTip("More tools")
        self.more_button.setAccessibleName("More tools")
        self.more_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.more_button.clicked.connect(self._pop_up)
        row = QHBoxLayout(self)
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)  # or the buttons would set the smallest width
        row.setContentsMargins(*_MARGINS)
        row.setSpacing(_GAP_PX)
        for button in self._buttons:
            if button in self._gaps:
                self._gaps[button].setFixedWidth(_GROUP_GAP_PX)
                row.addWidget(self._gaps[button])
            row.addWidget(button)
        row.addStretch()
        row.addWidget(self.more_button)
        self.more_button.hide()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        """Room for the button at the end."""
        return QSize(self.more_button.sizeHint().width() + _MARGINS[0] + _MARGINS[2], super().sizeHint().height())

    @property
    def hidden_buttons(self) -> list[QToolButton]:
        """The buttons that did not fit."""
        return [button for button in self._buttons if button.isHidden()]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show what fits."""
        super().resizeEvent(event)
        self._share_out()

    def event(self, event: QEvent) -> bool:
        """A button with another text needs another width."""
        if event.type() == QEvent.Type.LayoutRequest and self.isVisible():
            self._share_out()
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        """The style, and with it every width, is known for certain now."""
        super().showEvent(event)
        self._share_out()

    def _share_out(self) -> None:
        room = self.width() - _MARGINS[0] - _MARGINS[2]
        ends, end = [], 0
        for button in self._buttons:
            end += button.sizeHint().width() + _GAP_PX
            end += _GROUP_GAP_PX + _GAP_PX if button in self._gaps else 0
            ends.append(end)
        fits_all = end <= room
        limit = room - (0 if fits_all else self.more_button.sizeHint().width() + _GAP_PX)
        for button, its_end in zip(self._buttons, ends, strict=True):
            button.setVisible(its_end <= limit)
            if button in self._gaps:
                self._gaps[button].setVisible(its_end <= limit)
        self.more_button.setVisible(not fits_all)
        layout = self.layout()
        if layout is not None:
            layout.activate()

    def overflow_menu(self) -> QMenu:
        """The tools that did not fit, as a menu."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in self.hidden_buttons:
            action = menu.addAction(button.text())
            action.setCheckable(button.isCheckable())
            action.setChecked(button.isChecked())
            action.setEnabled(button.isEnabled())
            action.setToolTip(button.toolTip())
            action.triggered.connect(button.click)
        return menu

    def _pop_up(self) -> None:
        self.overflow_menu().popup(self.more_button.mapToGlobal(QPoint(0, self.more_button.height())))
