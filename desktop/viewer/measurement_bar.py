"""The buttons of measuring: the menu of tools, and the list."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QMenu

from desktop.actions import ActionSpec
from desktop.services import Services
from desktop.viewer.measurement_actions import MENU_IDS, add_measurement_actions
from desktop.viewer.measurement_list import MeasurementList
from desktop.viewer.measuring import Measuring
from desktop.viewer.tool_button import tool_button


class ToolMenu(QMenu):
    """A menu over a film whose letters are its own while it is open, and no keys of the film."""

    def event(self, event: QEvent) -> bool:
        """Claim every key before the film does."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)


class MeasurementBar(QObject):
    """Registers the actions of measuring and makes what shows them.

    Attributes
    ----------
    menu_button, list_button : QToolButton
        For the row of tools.
    list : MeasurementList
        For below the film; hidden until asked for.
    """

    def __init__(self, services: Services, measuring: Measuring) -> None:
        super().__init__(measuring)
        self._services, self._measuring = services, measuring
        actions = services.actions
        add_measurement_actions(actions, measuring)
        self.list = MeasurementList(services, measuring)
        self.list.hide()
        actions.add(
            ActionSpec(
                "measure.menu", "Measure...", "Measure", ("M",), "film", in_menu=False, tip="Choose what to measure"
            ),
            self.pop_up,
        )  # fmt: skip
        actions.add(
            ActionSpec(
                "measure.list", "Lis&t of measurements", "Measure", ("Ctrl+M",), section="show",
                is_checkable=True, is_remembered=True, tip="Measurements of the film with their values, below it",
            ),
            self.toggle_list, is_checked=lambda: not self.list.isHidden(),
        )  # fmt: skip
        self.menu_button, self.list_button = tool_button(), tool_button()
        actions.tie(self.menu_button, "measure.menu", "Measure")
        actions.tie(self.list_button, "measure.list", "List")
        for signal in (services.drawings.changed, measuring.film_changed, measuring.shown_changed):
            signal.connect(self._refresh)

    def pop_up(self) -> None:
        """Show the tools at the button, or at the pointer when it is over the film."""
        menu = ToolMenu(self._measuring.view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action_id in MENU_IDS:
            menu.addAction(self._services.actions[action_id])
        view = self._measuring.view
        at = QCursor.pos()
        if not view.rect().contains(view.mapFromGlobal(at)):
            at = self.menu_button.mapToGlobal(QPoint(0, self.menu_button.height()))
        menu.popup(at)

    def toggle_list(self) -> None:
        """List below the film on and off."""
        self.list.setVisible(self.list.isHidden())
        self.list.refresh()

    def _refresh(self, *_: object) -> None:
        measurements = self._measuring.measurements
        mark = "?" if any(one.is_proposed for one in measurements) else ""
        hidden = "" if self._measuring.are_shown else " hidden"
        self.list_button.setText(f"List ({len(measurements)}{mark}{hidden})" if measurements else "List")
        self.list.refresh()
