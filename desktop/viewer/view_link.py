"""Views that move together: zoom, pan and window of one are given to the others.

Films differ in size, resolution and in the scale of their values. Zoom is therefore passed on relative to the whole
film, place as a share of the film, and the window relative to each film's own automatic window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject

from desktop.viewer.image_view import ImageView
from desktop.viewer.viewport import LARGEST_SCALE, SMALLEST_SCALE
from desktop.viewer.window_tool import WindowTool
from gaze2report.imaging import windowing
from gaze2report.imaging.presets import Preset
from gaze2report.types import VoiWindow

_OF_THE_FILM_KEYS = ("0", "7", "8")
"""Presets that are made from each film itself."""


class ViewLink(QObject):
    """Links views.

    Attributes
    ----------
    is_wanted : bool
        Whether the reader wants them linked.
    is_forbidden : bool
        Whether they must not be: films of two patients are on screen.
    """

    def __init__(self, views: Sequence[ImageView], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._views = tuple(views)
        self.is_wanted, self.is_forbidden = True, False
        for view in self._views:
            view.viewport_moved.connect(partial(self._pass_on_viewport, view))
            view.window_moved.connect(partial(self._pass_on_window, view))

    @property
    def is_on(self) -> bool:
        """Whether views move together now."""
        return self.is_wanted and not self.is_forbidden

    def _others(self, view: ImageView) -> list[ImageView]:
        if not self.is_on or view.image is None or view.isHidden():
            return []
        return [
            other for other in self._views if other is not view and other.image is not None and not other.isHidden()
        ]

    def _pass_on_viewport(self, view: ImageView) -> None:
        for other in self._others(view):
            if view.is_moving:
                other.begin_moving()
            follow_viewport(other, view)

    def _pass_on_window(self, view: ImageView) -> None:
        for other in self._others(view):
            assert view.window_tool is not None
            assert other.window_tool is not None
            follow_window(other.window_tool, view.window_tool)
            other.window_changed(is_by_link=True)


def follow_viewport(other: ImageView, view: ImageView) -> None:
    """Give one view the zoom and place of another."""
    if view.viewport is None or other.viewport is None or view.image is None or other.image is None:
        return
    whole, own_whole = view.fitted_viewport(view.orientation), other.fitted_viewport(other.orientation)
    if view.is_fitted:
        other.follow(own_whole, is_fitted=True)
        return
    scale = own_whole.scale * view.viewport.scale / whole.scale
    if view.viewport.scale == 1.0:
        scale = 1.0  # one image pixel per device pixel is meant for each of them
    rows, columns = view.image.codes.shape
    own_rows, own_columns = other.image.codes.shape
    moved = replace(
        other.viewport,
        scale=min(max(scale, SMALLEST_SCALE), LARGEST_SCALE),
        center_x_px=view.viewport.center_x_px / columns * own_columns,
        center_y_px=view.viewport.center_y_px / rows * own_rows,
    )
    other.follow(moved, is_fitted=False)


def follow_window(other: WindowTool, tool: WindowTool) -> None:
    """Give one film the window of another: the preset of the same name, else the same place on its own scale."""
    other.is_inverted = tool.is_inverted
    on = next((preset for preset in tool.presets if tool.is_on(preset)), None)
    alike = _counterpart(on, other) if on is not None else None
    other.voi = (
        alike.voi if alike is not None else translated(windowing.equivalent_window(tool.image, tool.voi), tool, other)
    )


def _counterpart(preset: Preset, other: WindowTool) -> Preset | None:
    if preset.key in _OF_THE_FILM_KEYS:
        return other.preset(preset.key)
    stated = (own for own in other.presets if own.key not in _OF_THE_FILM_KEYS)
    return next((own for own in stated if own.name == preset.name), None)


def translated(window: VoiWindow, tool: WindowTool, other: WindowTool) -> VoiWindow:
    """A window on another film's scale: as far from that film's automatic window, and as much wider."""
    own, others = tool.automatic, other.automatic
    factor = others.width / own.width
    sign = -1.0 if tool.image.is_inverted != other.image.is_inverted else 1.0
    center = others.center + sign * (window.center - own.center) * factor
    return VoiWindow(center, max(window.width * factor, 1e-9), "LINEAR_EXACT")
