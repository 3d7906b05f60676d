"""The film of the reading with its tools; follows the reading and never changes it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QActionGroup, QCursor
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from desktop.operations.studies import show_instance
from desktop.services import Services
from desktop.viewer.annotations import banner_of, view_text
from desktop.viewer.gaze_on_film import GazeOnFilm
from desktop.viewer.image_gestures import ToolName
from desktop.viewer.image_view import ImageView
from desktop.viewer.prepared_film import PreparedFilm, prepare_film
from desktop.viewer.view_settings import follow_settings
from desktop.viewer.viewer_actions import NEEDS_FILM, TOOLS, add_viewer_actions
from gaze2report.imaging.presets import Preset
from gaze2report.types import Image


class ViewerPanel(QWidget):
    """Tool row and film."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._services, self._reading = services, services.reading
        self.view = ImageView()
        self._image: Image | None = None
        self.gaze = GazeOnFilm(services, self.view)
        follow_settings(self.view, services.settings)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        add_viewer_actions(services.actions, self)
        services.actions.add_widget("film", self.view)
        self._make_tools()
        self._lay_out()
        self._reading.image_changed.connect(self._on_image_changed)
        self._reading.opened.connect(self._on_opened)
        self.view.view_changed.connect(self._refresh_tools)
        self.view.menu_wanted.connect(lambda at: self._window_menu().popup(at))
        self._on_opened()

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
        actions.tie(self.gaze_panel_button, "gaze.panel", "Replay")
        self.films = QComboBox()
        self.films.setToolTip("Films of this study (Page Up, Page Down)")
        self.films.activated.connect(self._on_film_chosen)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(2)
        groups = (
            tuple(self.tool_buttons.values()),
            (self.preset_button, self.invert_button),
            (self.fit_button, self.pixels_button, self.reset_button),
            (self.turn_button, self.flip_button, self.magnifier_button),
        )
        for group in groups:
            for button in group:
                row.addWidget(button)
            row.addSpacing(12)
        row.addStretch()
        row.addWidget(self.films)
        row.addWidget(self.gaze_button)
        row.addWidget(self.gaze_panel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.view, 1)
        column.addWidget(self.gaze.hint)
        column.addWidget(self.gaze.panel)

    @property
    def active_view(self) -> ImageView:
        """The view that keys and buttons act on."""
        return self.view

    @property
    def tool(self) -> ToolName:
        """What a left drag does."""
        return self.view.gestures.tool

    def choose_tool(self, name: ToolName) -> None:
        """What a left drag does from now on."""
        self.view.gestures.tool = name
        self._refresh_tools()

    def choose_preset(self, number: int) -> None:
        """Window by digit: 1 to 6 the header's, 7 lung, 8 mediastinum, 9 inverts, 0 automatic."""
        tool = self.view.window_tool
        if tool is None:
            return
        if number == 9:
            self.view.invert()
            return
        preset = tool.preset(str(number))
        if preset is not None:
            self.show_preset(preset)

    def show_preset(self, preset: Preset) -> None:
        """Show the film under a named window."""
        if self.view.window_tool is not None:
            self.view.window_tool.voi = preset.voi
            self.view.window_changed()

    def toggle_corners(self) -> None:
        """Corner text on and off; the banner and the warnings stay."""
        self.view.are_corners_shown = not self.view.are_corners_shown
        self.view.update()

    def toggle_overlays(self) -> None:
        """Overlays of the file on and off."""
        self.view.overlays.is_visible = not self.view.overlays.is_visible
        self.view.update()

    def toggle_shutter(self) -> None:
        """Shutter of the file on and off."""
        self.view.shutter.is_visible = not self.view.shutter.is_visible
        self.view.update()

    def step_magnifier(self) -> None:
        """Magnifier at the pointer, frozen, away."""
        view = self.active_view
        at = QPointF(view.mapFromGlobal(QCursor.pos()))
        inside = at if view.rect().contains(at.toPoint()) else QPointF(view.width() / 2, view.height() / 2)
        view.magnifier.step(view.image_position(inside))

    def step_film(self, step: int) -> None:
        """The film after (before) the one on screen."""
        number = self.films.currentIndex() + step
        if 0 <= number < self.films.count():
            self.films.setCurrentIndex(number)
            self._on_film_chosen(number)

    def _pop_up_presets(self) -> None:
        at = self.preset_button.mapToGlobal(QPoint(0, self.preset_button.height()))
        self._window_menu().popup(at)

    def _window_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self.view.image is None or self.view.window_tool is None:
            return menu
        group = QActionGroup(menu)
        for preset in self.view.window_tool.presets:
            key = self._services.actions.keys_text(f"image.preset_{preset.key}") if preset.key else ""
            action = menu.addAction(f"{preset.name}\t{key}")
            action.setCheckable(True)
            action.setActionGroup(group)
            action.setChecked(self.view.window_tool.is_on(preset))
            action.triggered.connect(lambda _=False, preset=preset: self.show_preset(preset))
        menu.addSeparator()
        inverted = menu.addAction(f"Inverted\t{self._services.actions.keys_text('image.invert')}")
        inverted.setCheckable(True)
        inverted.setChecked(self.view.window_tool.is_inverted)
        inverted.triggered.connect(self.view.invert)
        return menu

    def _refresh_tools(self) -> None:
        has_image = self.view.image is not None
        self.preset_button.setEnabled(has_image)
        for action_id in NEEDS_FILM:
            self._services.actions[action_id].setEnabled(has_image)
        self._services.actions.refresh_checks()

    # -- the reading --------------------------------------------------------------------------------------------

    def _on_opened(self) -> None:
        study = self._reading.study
        instances = study.instances if study is not None else ()
        self.films.clear()
        for number, instance in enumerate(instances, 1):
            self.films.addItem(f"{number}  {view_text(instance.header)}", instance)
        self.films.setVisible(len(instances) > 1)
        self._image = None
        first = instances[0].header if instances else None
        message = "Opening the film..." if instances else "No film." if study is not None else ""
        self.view.set_message(message, banner_of(first) if first is not None else None)

    def _on_film_chosen(self, number: int) -> None:
        instance = self.films.itemData(number)
        self.view.set_message("Opening the film...", banner_of(instance.header))
        show_instance(instance=instance, services=self._services)
        self.view.setFocus()

    def _on_image_changed(self) -> None:
        reading, instance = self._reading, self._reading.instance
        if instance is None:
            return
        for number in range(self.films.count()):
            if self.films.itemData(number) is instance:
                self.films.setCurrentIndex(number)
        image = self._image = reading.image
        if image is None:
            sentence = f"This film cannot be shown.\n\n{reading.image_fault}"
            self.view.set_message(sentence, banner_of(instance.header))
            return

        def show(film: PreparedFilm) -> None:
            if self._image is image:
                self.view.set_film(film)
                self.gaze.set_film(film)

        self._services.background.run(self, prepare_film, image, on_success=show)


def _tool_button(text: str = "", tip: str = "") -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
