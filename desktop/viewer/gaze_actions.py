"""The actions of the gaze on the film."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.actions import Actions, ActionSpec

if TYPE_CHECKING:
    from desktop.viewer.gaze_on_film import GazeOnFilm


def add_gaze_actions(actions: Actions, gaze: GazeOnFilm) -> None:
    """Register what can be done with the gaze on the film."""
    panel = gaze.panel
    for spec, call, is_on in (
        (
            ActionSpec(
                "gaze.predicted", "&Gaze over the film", "Gaze", ("G", "F4"), section="show", is_checkable=True,
                is_remembered=True, tip="Predicted gaze (AI) and recorded gaze over the film",
            ),
            gaze.toggle_gaze,
            lambda: gaze.layer.is_visible,
        ),
        (
            ActionSpec(
                "gaze.panel", "&Replay, heat map, comparison", "Gaze", ("Ctrl+G",), section="show",
                is_checkable=True, is_remembered=True, tip="Controls of the gaze below the film",
            ),
            gaze.toggle_panel,
            lambda: not gaze.panel.isHidden(),
        ),
        (
            ActionSpec(
                "gaze.fixations", "&Fixations", "Gaze", ("Shift+G",), "film", section="show", is_checkable=True,
                tip="Numbered fixations, sized by duration",
            ),
            panel.toggle_fixations,
            lambda: panel.are_fixations_shown,
        ),
        (
            ActionSpec(
                "gaze.heat_map", "&Heat map", "Gaze", ("Shift+H",), "film", section="show", is_checkable=True,
                tip="Duration heat map: how long one looked where",
            ),
            panel.toggle_heat_map,
            lambda: panel.is_heat_map_shown,
        ),
    ):  # fmt: skip
        actions.add(spec, call, is_checked=is_on)
    for spec, call in (
        (
            ActionSpec("gaze.play", "&Play / pause", "Gaze", ("Shift+Space",), "film", section="replay",
                       tip="Replay the gaze at the chosen speed"),
            panel.replay.toggle,
        ),
        (
            ActionSpec(
                "gaze.next_fixation", "&Next fixation", "Gaze", (".",), "film", section="replay",
                tip="Step to the next fixation and light the sentences that belong to it",
            ),
            lambda: panel.step(1),
        ),
        (
            ActionSpec(
                "gaze.previous_fixation", "Pre&vious fixation", "Gaze", (",",), "film", section="replay",
                tip="Step to the fixation before and light the sentences that belong to it",
            ),
            lambda: panel.step(-1),
        ),
        (
            ActionSpec("gaze.side_by_side", "&Side by side...", "Gaze", section="compare",
                       tip="Two scanpaths on two pictures of the film, with their similarity"),
            gaze.show_side_by_side,
        ),
        (
            ActionSpec(
                "gaze.load", "&Load recorded gaze...", "Gaze", section="compare",
                tip="Lay gaze recorded on this film over it, from a JSON or CSV file; it is not kept",
            ),
            panel.ask_for_gaze,
        ),
    ):  # fmt: skip
        actions.add(spec, call)
