"""The films on screen: three views of which a layout shows one to three, one of them active."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from db.headers import patient_identity
from db.records import Instance, Study
from desktop.services import Services
from desktop.settings import LayoutName
from desktop.viewer.film_cell import FilmCell
from desktop.viewer.hanging import LAYOUTS, Role, hang
from desktop.viewer.image_view import ImageView
from desktop.viewer.view_link import ViewLink
from desktop.viewer.view_settings import follow_settings

ALARM = "TWO PATIENTS"
TAGS: dict[Role, str] = {"prior": "PRIOR"}
ROLES: tuple[Role, ...] = ("main", "lateral", "prior")


class FilmGrid(QWidget):
    """Views side by side.

    The main view shows films of the study that is read and nothing else; the draft and the report are about it.

    Attributes
    ----------
    cells : dict
        Place to cell. All exist from the start; a layout only shows some of them.
    link : ViewLink

    Signals
    -------
    arranged
        Another layout, active view, link or patient state.
    """

    arranged = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layout_name: LayoutName = "single"
        self.is_alone = False
        self._active: Role = "main"
        self.cells: dict[Role, FilmCell] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for role in ROLES:
            view = ImageView()
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
            follow_settings(view, services.settings)
            row.addWidget(view, 1)
            self.cells[role] = FilmCell(services, view, self)
            view.activated.connect(partial(self.activate, role))
            view.image_changed.connect(self.check_patients)
        self.link = ViewLink(self.views, self)
        self._arrange()

    @property
    def views(self) -> tuple[ImageView, ...]:
        """All views, shown or not."""
        return tuple(cell.view for cell in self.cells.values())

    @property
    def shown_views(self) -> tuple[ImageView, ...]:
        """The views of the layout."""
        return tuple(self.cells[role].view for role in self._shown_roles())

    @property
    def active_cell(self) -> FilmCell:
        """The place that keys and buttons act on."""
        return self.cells[self._active]

    @property
    def active_role(self) -> Role:
        """Its name."""
        return self._active

    def activate(self, role: Role) -> None:
        """Let keys and buttons act on a place."""
        if role != self._active and role in LAYOUTS[self.layout_name]:
            self._active = role
            self._arrange()

    def activate_next(self) -> None:
        """Go to the next place of the layout, with the keyboard."""
        roles = LAYOUTS[self.layout_name]
        self.activate(roles[(roles.index(self._active) + 1) % len(roles)])
        self.active_cell.view.setFocus()

    def set_layout(self, name: LayoutName) -> None:
        """Show another layout; what hangs in it is chosen by :meth:`hang`."""
        self.layout_name, self.is_alone = name, False
        if self._active not in LAYOUTS[name]:
            self._active = "main"
        self._arrange()

    def set_alone(self, is_alone: bool) -> None:
        """Give the active view the room of all, or give it back."""
        self.is_alone = is_alone
        self._arrange()

    def hang(self, study: Study, main: Instance, priors: Sequence[Study]) -> None:
        """Fill the places beside the main one."""
        for hung in hang(self.layout_name, study, main, priors):
            cell = self.cells[hung.role]
            cell.view.tag = TAGS.get(hung.role, "")
            if hung.role == "main":
                continue
            if hung.instance is None:
                cell.clear(hung.note)
            else:
                cell.show(hung.instance, hung.note)

    def clear(self) -> None:
        """Take everything off."""
        for cell in self.cells.values():
            cell.clear()

    def _shown_roles(self) -> tuple[Role, ...]:
        return (self._active,) if self.is_alone else LAYOUTS[self.layout_name]

    def _arrange(self) -> None:
        shown = self._shown_roles()
        for role, cell in self.cells.items():
            cell.view.setVisible(role in shown)
            cell.view.mark_active(role == self._active and len(shown) > 1)
        self.check_patients()
        self.arranged.emit()

    def check_patients(self) -> None:
        """Films of two patients on screen: say so in red on every view, and move nothing together."""
        headers = [view.header for view in self.shown_views if view.header is not None]
        is_mixed = len({patient_identity(header) for header in headers}) > 1
        was_forbidden, self.link.is_forbidden = self.link.is_forbidden, is_mixed
        for view in self.views:
            view.set_alarm(ALARM if is_mixed and view in self.shown_views else "")
        if was_forbidden != is_mixed:
            self.arranged.emit()
