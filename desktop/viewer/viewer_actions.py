"""The actions of the film on screen: each acts on the view the reader works with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from desktop.actions import Actions, ActionSpec

if TYPE_CHECKING:
    from desktop.viewer.image_gestures import ToolName
    from desktop.viewer.image_view import ImageView
    from desktop.viewer.viewer_panel import ViewerPanel

TOOLS: dict[ToolName, ActionSpec] = {
    "window": ActionSpec(
        "image.window_tool", "&Window", "Image", ("W",), "film", section="tool", is_checkable=True,
        tip="Left drag changes the window: right widens, up brightens",
    ),
    "pan": ActionSpec(
        "image.pan_tool", "&Pan", "Image", ("T",), "film", section="tool", is_checkable=True,
        tip="Left drag moves the film",
    ),
    "zoom": ActionSpec(
        "image.zoom_tool", "&Zoom", "Image", ("Z",), "film", section="tool", is_checkable=True, tip="Left drag zooms"
    ),
}  # fmt: skip

NEEDS_FILM = (
    "image.fit", "image.one_to_one", "image.invert", "image.reset", "image.turn_right", "image.turn_left",
    "image.flip_horizontally", "image.flip_vertically", "image.magnifier",
)  # fmt: skip
"""Actions that do nothing without a film in the view."""


def add_viewer_actions(actions: Actions, panel: ViewerPanel) -> None:
    """Register what can be done with a film on screen."""
    for name, spec in TOOLS.items():
        actions.add(spec, partial(panel.choose_tool, name), is_checked=lambda name=name: panel.tool == name)
    _add_size(actions, panel)
    _add_orientation(actions, panel)
    _add_switches(actions, panel)
    _add_presets(actions, panel)


def _on_active(panel: ViewerPanel, act: Callable[[ImageView], object]) -> Callable[[], object]:
    return lambda: act(panel.active_view)


def _add_size(actions: Actions, panel: ViewerPanel) -> None:
    for spec, act in (
        (
            ActionSpec("image.fit", "&Fit", "Image", ("Ctrl+Return", "="), section="size", tip="Show the whole film"),
            lambda view: view.fit(),
        ),
        (
            ActionSpec(
                "image.one_to_one", "&1:1", "Image", ("Ctrl+0",), section="size",
                tip="One image pixel per screen pixel",
            ),
            lambda view: view.zoom_to_pixels(),
        ),
        (
            ActionSpec("image.zoom_in", "Zoom &in", "Image", ("Ctrl++", "+"), section="size"),
            lambda view: view.zoom(1.25),
        ),
        (
            ActionSpec("image.zoom_out", "Zoom &out", "Image", ("Ctrl+-", "-"), section="size"),
            lambda view: view.zoom(0.8),
        ),
    ):  # fmt: skip
        actions.add(spec, _on_active(panel, act))
    actions.add(
        ActionSpec(
            "image.reset", "&Reset", "Image", ("Esc",), "film", section="size",
            tip="Fit, as stored, opening window, not inverted; first puts away what is being measured",
        ),
        panel.escape,
    )  # fmt: skip
    actions.add(
        ActionSpec("image.next_film", "&Next film", "Image", ("PgDown", "S"), "film", section="film"),
        lambda: panel.step_film(1),
    )
    actions.add(
        ActionSpec("image.previous_film", "Pre&vious film", "Image", ("PgUp",), "film", section="film"),
        lambda: panel.step_film(-1),
    )


def _add_orientation(actions: Actions, panel: ViewerPanel) -> None:
    for name, text, keys, act in (
        ("turn_right", "Turn &right", ("Alt+R",), lambda view: view.turn(1)),
        ("turn_left", "Turn &left", ("Alt+L",), lambda view: view.turn(-1)),
        ("flip_horizontally", "Flip left to &right", ("Alt+F", "H"), lambda view: view.flip_horizontally()),
        ("flip_vertically", "Flip top to &bottom", ("V",), lambda view: view.flip_vertically()),
    ):
        spec = ActionSpec(
            f"image.{name}", text, "Image", keys, section="orientation", submenu="Turn and flip",
            tip=f"{text.replace('&', '')}; the letters follow, and a badge says so",
        )  # fmt: skip
        actions.add(spec, _on_active(panel, act))


def _add_switches(actions: Actions, panel: ViewerPanel) -> None:
    for spec, call, is_on in (
        (
            ActionSpec(
                "image.invert", "&Invert", "Image", ("Ctrl+Shift+I",), section="show", is_checkable=True,
                tip="Black to white and back",
            ),
            _on_active(panel, lambda view: view.invert()),
            lambda: panel.active_view.window_tool is not None and panel.active_view.window_tool.is_inverted,
        ),
        (
            ActionSpec(
                "image.magnifier", "&Magnifier", "Image", ("L",), "film", section="show", is_checkable=True,
                tip="Magnifier at the pointer; once more freezes it, a third time puts it away",
            ),
            panel.step_magnifier,
            lambda: panel.active_view.magnifier.state != "off",
        ),
        (
            ActionSpec(
                "image.overlays", "&Overlays", "Image", ("O",), "film", section="show", is_checkable=True,
                tip="Graphics that the file lays over its pixels",
            ),
            panel.toggle_overlays,
            lambda: panel.active_view.overlays.is_visible,
        ),
        (
            ActionSpec(
                "image.shutter", "&Shutter", "Image", ("Shift+O",), "film", section="show", is_checkable=True,
                tip="Cover what the file's display shutter covers",
            ),
            panel.toggle_shutter,
            lambda: panel.active_view.shutter.is_visible,
        ),
        (
            ActionSpec(
                "image.corner_text", "&Corner text", "Image", ("I",), "film", section="show",
                is_checkable=True, is_remembered=True,
                tip="Window, size, ruler and notes; the banner, the letters and the warnings stay",
            ),
            panel.toggle_corners,
            lambda: panel.view.are_corners_shown,
        ),
    ):  # fmt: skip
        actions.add(spec, call, is_checked=is_on)


def _add_presets(actions: Actions, panel: ViewerPanel) -> None:
    names = {7: "&Lung", 8: "&Mediastinum", 9: "In&verted", 0: "&Automatic"}
    for number in (*range(1, 10), 0):
        spec = ActionSpec(
            f"image.preset_{number}", names.get(number, f"Window &{number} of the file"), "Image", (str(number),),
            "film", section="presets", submenu="Window presets", tip="Named window of the film",
        )  # fmt: skip
        actions.add(spec, partial(panel.choose_preset, number))
