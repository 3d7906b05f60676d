"""Everything about gaze that belongs to one view: layers, panel, hint, and the window that compares."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.services import Services
from desktop.viewer.gaze_actions import add_gaze_actions
from desktop.viewer.gaze_layer import GazeLayer, GazeRegion
from desktop.viewer.gaze_panel import GazePanel
from desktop.viewer.image_view import ImageView
from desktop.viewer.prepared_film import PreparedFilm
from desktop.viewer.scanpath_comparison import ScanpathWindow
from desktop.viewer.second_look_bar import SecondLookBar


class GazeOnFilm(QObject):
    """Lays the gaze of the reading over a view that shows the film of the reading.

    Attributes
    ----------
    layer : GazeLayer
        Scanpaths, heat map and what belongs to a sentence; the reader switches it on and off.
    hint_layer : GazeLayer
        Regions for a second look; there as long as the hint is.
    panel : GazePanel
    hint : SecondLookBar
    window : ScanpathWindow or None
        Two scanpaths side by side, once it was wanted.
    """

    def __init__(self, services: Services, view: ImageView) -> None:
        super().__init__(view)
        self._services, self._view = services, view
        self._film: PreparedFilm | None = None
        self.panel = GazePanel(services)
        self.layer, self.hint_layer = self.panel.layer, GazeLayer()
        self.hint = SecondLookBar(services.gaze)
        self.window: ScanpathWindow | None = None
        view.add_layer(self.layer)
        view.add_layer(self.hint_layer)
        add_gaze_actions(services.actions, self)
        self.panel.tie_buttons(services.actions)
        self.panel.hide()
        self.panel.layer_changed.connect(view.update)
        self.hint.changed.connect(self._show_hint)
        services.reading.opened.connect(self._on_opened)
        services.gaze.tracks_changed.connect(self._close_stale_window)

    def toggle_gaze(self) -> None:
        """Gaze over the film on and off."""
        self.layer.is_visible = not self.layer.is_visible
        self._view.update()

    def toggle_panel(self) -> None:
        """Controls of the gaze on and off."""
        self.panel.setVisible(self.panel.isHidden())

    def set_film(self, film: PreparedFilm) -> None:
        """The view shows this film of the reading now."""
        self._film = film
        self.panel.refresh()

    def show_side_by_side(self) -> None:
        """Open the window that compares two scanpaths."""
        if self._film is None or len(self._services.gaze.tracks) < 2:
            return
        if self.window is None:
            self.window = ScanpathWindow(self._services, self._view.window())
        self.window.show_film(self._film, self._view)
        self.window.show()
        self.window.raise_()

    def _on_opened(self) -> None:
        self._film = None
        self.hint.begin_anew()
        self._close_stale_window()

    def _close_stale_window(self) -> None:
        """A window never shows a film or a scanpath that is not on screen any more."""
        if self.window is not None:
            self.window.end()
            self.window = None

    def _show_hint(self) -> None:
        self.hint_layer.regions = tuple(GazeRegion(box, "second look") for box in self.hint.regions_px)
        self._view.update()
