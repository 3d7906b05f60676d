"""The actions of gaze recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.actions import Actions, ActionSpec

if TYPE_CHECKING:
    from desktop.capture.gaze_capture import GazeCapture


def add_capture_actions(actions: Actions, capture: GazeCapture) -> None:
    """Register what can be done with the tracker."""
    actions.add(
        ActionSpec(
            "gaze.record", "&Record my gaze", "Gaze", ("Ctrl+Alt+G",), section="record", is_checkable=True,
            tip="Record where you look, case by case, after you have agreed to it",
        ),
        capture.toggle_recording,
        is_checked=lambda: capture.recording.is_armed,
    )  # fmt: skip
    actions.add(
        ActionSpec(
            "gaze.pause_recording", "Pa&use the recording", "Gaze", ("F7",), section="record", is_checkable=True,
            tip="Keep no samples of your gaze until you press it again",
        ),
        capture.toggle_pause,
        is_checked=lambda: capture.recording.is_paused,
    )  # fmt: skip
    actions.add(
        ActionSpec(
            "gaze.tracker", "&Eye tracker...", "Gaze", section="record",
            tip="Choose and calibrate the eye tracker, and see how good its gaze is",
        ),
        capture.show_panel,
    )  # fmt: skip
    actions.add(
        ActionSpec(
            "gaze.draft_with_mine", "&Draft with my gaze", "Gaze", section="recorded",
            tip="Ask for the draft anew, made from where you looked instead of from the prediction",
        ),
        capture.review.draft_with_gaze,
    )  # fmt: skip
    actions.add(
        ActionSpec(
            "gaze.show_recorded", "S&how recorded gaze", "Gaze", section="recorded",
            tip="Lay all gaze that was recorded on this study over its films",
        ),
        capture.review.show_recorded,
    )  # fmt: skip
    actions.add(
        ActionSpec(
            "gaze.operator", "&Operator window...", "Gaze", section="record",
            tip="Live gaze for an operator, on a monitor that is not the reader's",
        ),
        capture.show_operator,
    )  # fmt: skip
    actions.add(
        ActionSpec(
            "gaze.withdraw", "&Withdraw consent...", "Gaze", section="record",
            tip="Delete everything that was recorded of a reader, and all that was made from it",
        ),
        capture.withdraw_consent,
    )  # fmt: skip
    actions.add(
        ActionSpec(
            "gaze.calibrate", "&Calibrate...", "Gaze", section="record",
            tip="Calibrate the eye tracker for you, and measure how good its gaze is",
        ),
        capture.calibrating.calibrate,
    )  # fmt: skip
    actions.add(
        ActionSpec(
            "gaze.check_drift", "Chec&k the calibration...", "Gaze", section="record",
            tip="Look at one target, to see whether the calibration still holds",
        ),
        capture.calibrating.check_drift,
    )  # fmt: skip
