"""The actions of measuring."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from desktop.actions import Actions, ActionSpec
from desktop.drawings import DrawingTool

if TYPE_CHECKING:
    from desktop.viewer.measuring import Measuring

TOOLS: tuple[tuple[DrawingTool, str, tuple[str, ...], str], ...] = (
    ("length", "&Distance", ("D",), "Length of a line"),
    ("angle", "&Angle", ("A",), "Angle at a vertex"),
    ("cobb", "&Cobb angle", (), "Angle between two lines, at most 90 degrees"),
    ("ellipse", "&Ellipse", (), "Mean, SD, smallest and largest value, and area of an ellipse"),
    ("rectangle", "Rec&tangle", (), "Mean, SD, smallest and largest value, and area of a rectangle"),
    ("arrow", "A&rrow", (), "Point at something"),
    ("text", "Te&xt", ("B",), "Write on the film"),
)
MENU_IDS = (*(f"measure.{tool}" for tool, *_ in TOOLS), "measure.ctr")


def add_measurement_actions(actions: Actions, measuring: Measuring) -> None:
    """Register what can be measured and what can be done with it; keys work while a film has the keyboard."""
    drawings = measuring.drawings
    for tool, text, keys, tip in TOOLS:
        spec = ActionSpec(
            f"measure.{tool}", text, "Measure", keys, "film", section="tool", tip=tip, is_checkable=True
        )  # fmt: skip
        action = actions.add(
            spec, partial(measuring.choose, tool), is_checked=lambda tool=tool: drawings.tool == tool
        )  # fmt: skip
        drawings.tool_changed.connect(lambda action=action, tool=tool: action.setChecked(drawings.tool == tool))
    for spec, call in (
        (
            ActionSpec(
                "measure.ctr", "Cardiothoracic rati&o", "Measure", (), "film", section="tool",
                tip="Proposes lines for heart and thorax, to be dragged or confirmed",
            ),
            measuring.measure_ctr,
        ),
        (
            ActionSpec(
                "measure.confirm", "Con&firm proposed lines", "Measure", ("Return", "Enter"), "film", section="chosen",
                tip="Take over the proposed lines as they are",
            ),
            measuring.confirm,
        ),
        (
            ActionSpec(
                "measure.label", "&Label...", "Measure", ("Shift+B",), "film", section="chosen",
                tip="Words of the chosen measurement; a double click on it does the same",
            ),
            measuring.edit_selected,
        ),
        (
            ActionSpec(
                "measure.insert", "&Insert into report", "Measure", ("Ctrl+Shift+M",), section="chosen",
                tip="A sentence with value and unit, behind the findings",
            ),
            measuring.insert_into_report,
        ),
        (
            ActionSpec(
                "measure.copy", "Copy &values", "Measure", ("Ctrl+C",), "film", section="chosen",
                tip="Values with all their digits",
            ),
            measuring.copy,
        ),
        (
            ActionSpec("measure.delete", "&Delete", "Measure", ("Del", "Backspace"), "film", section="chosen"),
            measuring.delete,
        ),
        (
            ActionSpec(
                "measure.undo", "&Undo", "Measure", ("Ctrl+Z",), "film", section="undo",
                tip="Take back the last change of the film's measurements",
            ),
            measuring.undo,
        ),
        (
            ActionSpec("measure.redo", "&Redo", "Measure", ("Ctrl+Y", "Ctrl+Shift+Z"), "film", section="undo"),
            measuring.redo,
        ),
        (
            ActionSpec(
                "measure.calibration", "&Scale from a known length...", "Measure", (), "film", section="scale",
                tip="Draw a line and say how long it is",
            ),
            partial(measuring.choose, "calibration"),
        ),
        (
            ActionSpec(
                "measure.remove_scale", "Remo&ve own scale", "Measure", (), "film", section="scale",
                tip="Go back to the scale that the file states",
            ),
            measuring.remove_scale,
        ),
    ):  # fmt: skip
        actions.add(spec, call)
    actions.add(
        ActionSpec(
            "measure.show", "&Measurements shown", "Measure", (), "film", section="show", is_checkable=True,
            tip="Measurements on and off",
        ),
        measuring.toggle_shown, is_checked=lambda: measuring.are_shown,
    )  # fmt: skip
