"""The film of the reading with its tools; follows the reading and never changes it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QActionGroup, QCursor
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from desktop.services import Services
from desktop.viewer.film_grid import FilmGrid
from desktop.viewer.gaze_on_film import GazeOnFilm
from desktop.viewer.hanging import LAYOUT_TITLES
from desktop.viewer.image_gestures import ToolName
from desktop.viewer.image_view import ImageView
from desktop.viewer.layout_actions import add_layout_actions
from desktop.viewer.measurement_bar import MeasurementBar
from desktop.viewer.measuring import Measuring
from desktop.viewer.study_hanging import StudyHanging
from desktop.viewer.thumbnails import ThumbnailStrip
from desktop.viewer.tool_row import ToolRow
from desktop.viewer.viewer_actions import NEEDS_FILM, TOOLS, add_viewer_actions
from gaze2report.imaging.presets import Preset

_REFRESH_AFTER_MS = 50
"""A drag changes the view faster than buttons need to follow."""


class ViewerPanel(QWidget):
    """Tool row, films and thumbnails.

    Attributes
    ----------
    view : ImageView
        The main one, with the film that the draft and the report are about.
    views : tuple of ImageView
        All of them, also those that the layout does not show: there from the start, so that layers can be added once.
    grid : FilmGrid
    hanging : StudyHanging

    Signals
    -------
    whole_screen_wanted
        The reader wants one film on the whole screen, or back.
    """

    whole_screen_wanted = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._services = services
        self.grid, self.strip = FilmGrid(services), ThumbnailStrip()
        self.view = self.grid.cells["main"].view
        self.gaze = GazeOnFilm(services, self.view)
        self.hanging = StudyHanging(services, self.grid, self.strip, self)
        add_viewer_actions(services.actions, self)
        add_layout_actions(services.actions, self)
        for widget in (*self.views, self.strip):
            services.actions.add_widget("film", widget)
        self.measuring = Measuring(services, lambda: self.active_view, self)
        for view in self.views:
            self.measuring.attach(view)
        self.measurement_bar = MeasurementBar(services, self.measuring)
        self._make_tools()
        self._lay_out()
        self.grid.cells["main"].film_shown.connect(lambda _, film: self.gaze.set_film(film))
        self._refresh_later = QTimer(self, singleShot=True, interval=_REFRESH_AFTER_MS)
        self._refresh_later.timeout.connect(self._refresh_tools)
        self.grid.arranged.connect(self._refresh_tools)
        for view in self.views:
            view.view_changed.connect(self._refresh_later.start)
            view.image_changed.connect(self._refresh_tools)
            view.menu_wanted.connect(lambda at: self._window_menu().popup(at))
            view.double_clicked.connect(services.actions["image.whole_screen"].trigger)
        self._refresh_tools()

    # -- tools --------------------------------------------------------------------------------------------------

    def _make_tools(self) -> None:
        actions = self._services.actions
        self.tool_buttons = {name: _tool_button() for name in TOOLS}
        for name, button in self.tool_buttons.items():
            actions.tie(button, TOOLS[name].id)
        self.preset_button = _tool_button(
            "Presets",
            "Named windows of the film (1 to 6 of its header, 7 lung, 8 mediastinum, 9 inverted, 0 automatic)",
        )
        self.preset_button.clicked.connect(self._pop_up_presets)
        self.fit_button, self.pixels_button, self.reset_button = _tool_button(), _tool_button(), _tool_button()
        self.invert_button, self.gaze_button, self.gaze_panel_button = _tool_button(), _tool_button(), _tool_button()
        actions.tie(self.fit_button, "image.fit")
        actions.tie(self.pixels_button, "image.one_to_one")
        actions.tie(self.reset_button, "image.reset")
        self.turn_button, self.flip_button, self.magnifier_button = _tool_button(), _tool_button(), _tool_button()
        actions.tie(self.invert_button, "image.invert")
        actions.tie(self.turn_button, "image.turn_right", "Turn")
        actions.tie(self.flip_button, "image.flip_horizontally", "Flip")
        actions.tie(self.magnifier_button, "image.magnifier")
        actions.tie(self.gaze_button, "gaze.predicted", "Gaze")
        actions.tie(self.gaze_panel_button, "gaze.panel", "▾")
        self.layout_button, self.link_button = _tool_button("Layout", "Films side by side"), _tool_button()
        self.layout_button.clicked.connect(self._pop_up_layouts)
        actions.tie(self.link_button, "image.link", "Link")

    def _lay_out(self) -> None:
        groups = (
            tuple(self.tool_buttons.values()),
            (self.preset_button, self.invert_button),
            (self.fit_button, self.pixels_button, self.reset_button),
            (self.measurement_bar.menu_button, self.measurement_bar.list_button),
            (self.layout_button, self.link_button),
            (self.gaze_button, self.gaze_panel_button),
            (self.turn_button, self.flip_button, self.magnifier_button),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(ToolRow(groups))
        films = QHBoxLayout()
        films.setSpacing(0)
        films.addWidget(self.strip)
        films.addWidget(self.grid, 1)
        column.addLayout(films, 1)
        column.addWidget(self.gaze.hint)
        column.addWidget(self.gaze.panel)
        column.addWidget(self.measurement_bar.list)

    @property
    def active_view(self) -> ImageView:
        """The view that keys and buttons act on."""
        return self.grid.active_cell.view

    @property
    def views(self) -> tuple[ImageView, ...]:
        """All views."""
        return self.grid.views

    @property
    def tool(self) -> ToolName:
        """What a left drag does."""
        return self.view.gestures.tool

    def choose_tool(self, name: ToolName) -> None:
        """What a left drag does from now on."""
        for view in self.views:
            view.gestures.tool = name
        self.measuring.drawings.choose_tool(None)
        self._refresh_tools()

    def escape(self) -> None:
        """Put away what is being measured; with nothing of it, show the film as it was opened."""
        if not self.measuring.cancel():
            self.active_view.reset()

    def choose_preset(self, number: int) -> None:
        """Window by digit: 1 to 6 the header's, 7 lung, 8 mediastinum, 9 inverts, 0 automatic."""
        tool = self.active_view.window_tool
        if tool is None:
            return
        if number == 9:
            self.active_view.invert()
            return
        preset = tool.preset(str(number))
        if preset is not None:
            self.show_preset(preset)

    def show_preset(self, preset: Preset) -> None:
        """Show the film under a named window."""
        view = self.active_view
        if view.window_tool is not None:
            view.window_tool.voi = preset.voi
            view.window_changed()

    def toggle_corners(self) -> None:
        """Corner text on and off; the banner and the warnings stay."""
        is_shown = not self.view.are_corners_shown
        for view in self.views:
            view.are_corners_shown = is_shown
            view.update()

    def toggle_overlays(self) -> None:
        """Overlays of the file on and off."""
        is_shown = not self.view.overlays.is_visible
        for view in self.views:
            view.overlays.is_visible = is_shown
            view.update()

    def toggle_shutter(self) -> None:
        """Shutter of the file on and off."""
        is_shown = not self.view.shutter.is_visible
        for view in self.views:
            view.shutter.is_visible = is_shown
            view.update()

    def toggle_link(self) -> None:
        """Whether zoom, pan and window of one view move the others."""
        self.grid.link.is_wanted = not self.grid.link.is_wanted

    def step_magnifier(self) -> None:
        """Magnifier at the pointer, frozen, away."""
        view = self.active_view
        at = QPointF(view.mapFromGlobal(QCursor.pos()))
        inside = at if view.rect().contains(at.toPoint()) else QPointF(view.width() / 2, view.height() / 2)
        view.magnifier.step(view.image_position(inside))

    def step_film(self, step: int) -> None:
        """The film after (before) the one in the active view."""
        self.hanging.step(step)

    def _pop_up_presets(self) -> None:
        at = self.preset_button.mapToGlobal(QPoint(0, self.preset_button.height()))
        self._window_menu().popup(at)

    def _pop_up_layouts(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in LAYOUT_TITLES:
            menu.addAction(self._services.actions[f"image.layout_{name}"])
        menu.popup(self.layout_button.mapToGlobal(QPoint(0, self.layout_button.height())))

    def _window_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        tool = self.active_view.window_tool
        if tool is None:
            return menu
        group = QActionGroup(menu)
        for preset in tool.presets:
            key = self._services.actions.keys_text(f"image.preset_{preset.key}") if preset.key else ""
            action = menu.addAction(f"{preset.name}\t{key}")
            action.setCheckable(True)
            action.setActionGroup(group)
            action.setChecked(tool.is_on(preset))
            action.triggered.connect(lambda _=False, preset=preset: self.show_preset(preset))
        menu.addSeparator()
        inverted = menu.addAction(f"Inverted\t{self._services.actions.keys_text('image.invert')}")
        inverted.setCheckable(True)
        inverted.setChecked(tool.is_inverted)
        inverted.triggered.connect(self.active_view.invert)
        return menu

    def _refresh_tools(self) -> None:
        has_image = self.active_view.image is not None
        self.preset_button.setEnabled(has_image)
        for action_id in NEEDS_FILM:
            self._services.actions[action_id].setEnabled(has_image)
        self._services.actions.refresh_checks()


def _tool_button(text: str = "", tip: str = "") -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
