"""The actions of layout, linking, key images and the whole screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from desktop.actions import Actions, ActionSpec
from desktop.viewer.hanging import LAYOUT_TITLES

if TYPE_CHECKING:
    from desktop.viewer.viewer_panel import ViewerPanel


def add_layout_actions(actions: Actions, panel: ViewerPanel) -> None:
    """Register what can be done with the arrangement of films."""
    for number, (name, title) in enumerate(LAYOUT_TITLES.items(), 1):
        actions.add(
            ActionSpec(
                f"image.layout_{name}", title, "Image", (f"Ctrl+{number}",), section="layout", submenu="Layout",
                is_checkable=True, tip=f"Layout: {title}",
            ),
            partial(panel.hanging.set_layout, name),
            is_checked=lambda name=name: panel.grid.layout_name == name,
        )  # fmt: skip
    for spec, call, is_on in (
        (
            ActionSpec(
                "image.link", "&Link views", "Image", ("C",), "film", section="layout", is_checkable=True,
                is_remembered=True, tip="Zoom, pan and window of one view move the others",
            ),
            panel.toggle_link,
            lambda: panel.grid.link.is_wanted,
        ),
        (
            ActionSpec(
                "image.key_image", "&Key image", "Image", ("K",), "film", section="film", is_checkable=True,
                tip="Mark the film as one that shows what the report says",
            ),
            panel.hanging.toggle_key_image,
            lambda: panel.hanging.is_key_image,
        ),
        (
            ActionSpec(
                "image.whole_screen", "Film on the &whole screen", "Image", ("F",), "film", section="layout",
                is_checkable=True, tip="The active film alone on the whole screen, and back (also a double click)",
            ),
            panel.whole_screen_wanted.emit,
            lambda: panel.grid.is_alone,
        ),
    ):  # fmt: skip
        actions.add(spec, call, is_checked=is_on)
    actions.add(
        ActionSpec("image.next_view", "Ne&xt view", "Image", ("N",), "film", section="layout"),
        panel.grid.activate_next,
    )
