"""What a view presents of its film: which, where on which monitor, under which window, with what drawn over it.

Everything is in device pixels of the monitor, so that gaze needs no knowledge of the window system's scaling.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QWidget

from desktop.capture.screens import Monitor, device_rect, monitor_of
from desktop.viewer.annotations import banner_height_px
from desktop.viewer.image_view import ImageView

Rect = tuple[float, float, float, float]
NOTHING: dict[str, Any] = {
    "image_uid": "",
    "frame": 0,
    "image_to_screen": [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
    "clip_screen_px": [0.0, 0.0, 0.0, 0.0],
    "window": [],
    "is_inverted": False,
    "overlays": [],
}
"""A view of which no film can be seen."""


def shown_film(view: ImageView) -> tuple[dict[str, Any], Monitor | None]:
    """The fields of a row of the view log that the view itself decides, and the monitor it is on.

    The film counts as seen in the largest rectangle of its view that nothing covers: below the banner, inside of its
    window and monitor, beside dialogs, menus and whatever else of this program lies over it. Other programs' windows
    are not known to it.
    """
    handle = view.window().windowHandle()
    screen = handle.screen() if handle is not None else None
    if screen is None:
        return NOTHING, None
    monitor = monitor_of(screen)
    if not view.isVisible() or view.window().isMinimized() or view.image is None or view.viewport is None:
        return NOTHING, monitor
    clip = _uncovered(view, monitor)
    if clip is None:
        return NOTHING, monitor
    left, top = _corner_px(view, monitor)
    viewport, tool = view.viewport, view.window_tool
    a, b, c, d = (value * viewport.scale for value in viewport.orientation.matrix)
    origin_x, origin_y = viewport.origin_px
    names = [name for layer in view.layers if layer.is_visible for name in layer.shown_names()]
    return {
        "image_uid": view.image.header.instance_uid,
        "frame": 0,
        "image_to_screen": [a, c, b, d, left + origin_x, top + origin_y],
        "clip_screen_px": list(clip),
        "window": list(tool.center_and_width or ()) if tool is not None else [],
        "is_inverted": tool.is_inverted if tool is not None else False,
        "overlays": sorted(set(names)),
    }, monitor


def _corner_px(view: ImageView, monitor: Monitor) -> tuple[float, float]:
    """Device pixel at which the view begins to draw its film, as :meth:`ImageView.paintEvent` rounds it."""
    window = view.window()
    at = window.geometry().topLeft()
    window_x, window_y = monitor.to_device(at.x(), at.y())
    inside = view.mapTo(window, QPoint(0, 0))
    ratio = view.devicePixelRatioF()
    return window_x + ceil(inside.x() * ratio - 1e-6), window_y + ceil(inside.y() * ratio - 1e-6)


def _uncovered(view: ImageView, monitor: Monitor) -> Rect | None:
    below = view.rect().adjusted(0, banner_height_px(view.width()), 0, 0)
    seen = below.intersected(view.visibleRegion().boundingRect())
    if seen.isEmpty():
        return None
    clip: Rect | None = _within(
        device_rect(monitor, seen.translated(view.mapToGlobal(QPoint(0, 0)))),
        (0.0, 0.0, float(monitor.width_px), float(monitor.height_px)),
    )
    for cover in covers(view):
        if clip is None:
            return None
        clip = largest_beside(clip, device_rect(monitor, cover))
    return clip


def covers(view: QWidget) -> list[QRect]:
    """What of this program lies over a widget, as rectangles on the desktop."""
    own = view.window()
    found = [
        widget.frameGeometry()
        for widget in QApplication.topLevelWidgets()
        if widget is not own and widget.isVisible() and not widget.isMinimized() and _lies_above(widget, own)
    ]
    child: QWidget = view
    while child is not own and child.parentWidget() is not None:
        siblings = [one for one in child.parentWidget().children() if isinstance(one, QWidget)]
        for sibling in siblings[siblings.index(child) + 1 :]:
            if sibling.isVisible() and not sibling.isWindow() and not _is_see_through(sibling):
                found.append(QRect(sibling.mapToGlobal(QPoint(0, 0)), sibling.size()))
        child = child.parentWidget()
    return [area for area in found if not area.isEmpty()]


def _lies_above(widget: QWidget, own: QWidget) -> bool:
    """A window that belongs to this one stays above it; of others, the one that has the keyboard is taken for upper."""
    parent = widget.parentWidget()
    while parent is not None:
        if parent.window() is own:
            return True
        parent = parent.window().parentWidget()
    return widget.windowType() in (Qt.WindowType.Popup, Qt.WindowType.ToolTip) or not own.isActiveWindow()


def _is_see_through(widget: QWidget) -> bool:
    return widget.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)


def largest_beside(area: Rect, cover: Rect) -> Rect | None:
    """The largest of the four rectangles that are left of ``area`` beside ``cover``; None where nothing is."""
    left, top, right, bottom = area
    x0, y0, x1, y1 = cover
    if x0 >= right or x1 <= left or y0 >= bottom or y1 <= top:
        return area
    beside = (
        (left, top, min(x0, right), bottom),
        (max(x1, left), top, right, bottom),
        (left, top, right, min(y0, bottom)),
        (left, max(y1, top), right, bottom),
    )
    largest = max(beside, key=_area)
    return largest if _area(largest) > 0 else None


def _area(area: Rect) -> float:
    return max(area[2] - area[0], 0.0) * max(area[3] - area[1], 0.0)


def _within(area: Rect, bounds: Rect) -> Rect | None:
    cut = (max(area[0], bounds[0]), max(area[1], bounds[1]), min(area[2], bounds[2]), min(area[3], bounds[3]))
    return cut if _area(cut) > 0 else None
