"""The actions of the film on screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from desktop.actions import Actions, ActionSpec

if TYPE_CHECKING:
    from desktop.viewer.image_gestures import ToolName
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


def add_viewer_actions(actions: Actions, panel: ViewerPanel) -> None:
    """Register what can be done with the film on screen."""
    view = panel.view
    actions.add_widget("film", view)
    for name, spec in TOOLS.items():
        actions.add(spec, partial(panel.choose_tool, name), is_checked=lambda name=name: view.gestures.tool == name)
    for spec, call in (
        (
            ActionSpec("image.fit", "&Fit", "Image", ("Ctrl+Return", "="), section="size", tip="Show the whole film"),
            view.fit,
        ),
        (
            ActionSpec(
                "image.one_to_one", "&1:1", "Image", ("Ctrl+0",), section="size",
                tip="One image pixel per screen pixel",
            ),
            view.zoom_to_pixels,
        ),
        (ActionSpec("image.zoom_in", "Zoom &in", "Image", ("Ctrl++", "+"), section="size"), lambda: view.zoom(1.25)),
        (ActionSpec("image.zoom_out", "Zoom &out", "Image", ("Ctrl+-", "-"), section="size"), lambda: view.zoom(0.8)),
        (
            ActionSpec(
                "image.reset", "&Reset", "Image", ("Esc",), "film", section="size",
                tip="Fit, opening window, not inverted",
            ),
            view.reset,
        ),
        (
            ActionSpec("image.next_film", "&Next film", "Image", ("PgDown",), "film", section="film"),
            lambda: panel.step_film(1),
        ),
        (
            ActionSpec("image.previous_film", "Pre&vious film", "Image", ("PgUp",), "film", section="film"),
            lambda: panel.step_film(-1),
        ),
    ):  # fmt: skip
        actions.add(spec, call)
    _add_switches(actions, panel)
    _add_presets(actions, panel)


def _add_switches(actions: Actions, panel: ViewerPanel) -> None:
    view = panel.view
    for spec, call, is_on in (
        (
            ActionSpec(
                "image.invert", "&Invert", "Image", ("Ctrl+Shift+I",), section="show", is_checkable=True,
                tip="Black to white and back",
            ),
            view.invert,
            lambda: view.window_tool is not None and view.window_tool.is_inverted,
        ),
        (
            ActionSpec(
                "image.corner_text", "&Corner text", "Image", ("I",), "film", section="show",
                is_checkable=True, is_remembered=True,
                tip="Window, size and notes in the corners; the banner and the warnings stay",
            ),
            panel.toggle_corners,
            lambda: view.are_corners_shown,
        ),
        (
            ActionSpec(
                "gaze.predicted", "Predicted &gaze (AI)", "Gaze", ("G", "F4"), is_checkable=True, is_remembered=True,
                tip="Predicted gaze (AI) over the film",
            ),
            panel.toggle_gaze,
            lambda: view.is_gaze_shown,
        ),
    ):  # fmt: skip
        actions.add(spec, call, is_checked=is_on)


def _add_presets(actions: Actions, panel: ViewerPanel) -> None:
    for number in (*range(1, 10), 0):
        spec = ActionSpec(
            f"image.preset_{number}", f"Preset &{number}" if number else "Automatic (&0)", "Image", (str(number),),
            "film", section="presets", submenu="Window presets", tip="Window of the film by number",
        )  # fmt: skip
        actions.add(spec, partial(panel.choose_preset, number))
