"""What is drawn on the films on screen. Views listen to it, and change it only through its methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QObject, Signal

from desktop.undo_history import UndoHistory
from gaze2report.imaging.calibration import Calibration, LineCalibration, calibration_of
from gaze2report.imaging.measurements import FilmMarks, Measurement, MeasurementKind
from gaze2report.types import InstanceHeader

DrawingTool = MeasurementKind | Literal["calibration"]


class Drawings(QObject):
    """Measurements of the patient on screen, film by film, each film with its own undo.

    Attributes
    ----------
    are_loaded : bool
        Whether what the workspace keeps of this patient is here; before that nothing can be drawn.
    tool : str or None
        What the next drag on a film draws.
    selected_key : str
        The measurement whose handles are shown and which Delete removes; empty for none.

    Signals
    -------
    changed(str)
        The drawing of this film (SOP Instance UID) changed; of all films when empty.
    edited
        There is something that is not kept yet.
    tool_changed, selection_changed
        ``tool`` or ``selected_key`` changed.
    """

    changed = Signal(str)
    edited = Signal()
    tool_changed = Signal()
    selection_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.are_loaded = False
        self.tool: DrawingTool | None = None
        self.selected_key = ""
        self._films: dict[str, UndoHistory[FilmMarks]] = {}
        self._unsaved: set[str] = set()

    # -- films --------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Another patient comes."""
        self.are_loaded = False
        self._films, self._unsaved = {}, set()
        self.choose_tool(None)
        self.select("")
        self.changed.emit("")

    def load(self, marks: Mapping[str, FilmMarks]) -> None:
        """Take over what the workspace keeps."""
        self._films = {uid: UndoHistory(of_film) for uid, of_film in marks.items()}
        self.are_loaded = True
        self.changed.emit("")

    def marks(self, instance_uid: str) -> FilmMarks:
        """What is drawn on a film."""
        history = self._films.get(instance_uid)
        return history.present if history is not None else FilmMarks()

    def find(self, instance_uid: str, key: str) -> Measurement | None:
        """A measurement of a film by its key."""
        return next((one for one in self.marks(instance_uid).measurements if one.key == key), None)

    def calibration(self, header: InstanceHeader) -> Calibration:
        """What a pixel of a film measures, by a reader's line where there is one."""
        return calibration_of(header, self.marks(header.instance_uid).line)

    # -- changes ------------------------------------------------------------------------------------------------

    def put(self, instance_uid: str, measurement: Measurement) -> None:
        """Add a measurement, or put it in the place of the one with its key."""
        marks = self.marks(instance_uid)
        if self.find(instance_uid, measurement.key) is None:
            measurements = (*marks.measurements, measurement)
        else:
            measurements = tuple(measurement if one.key == measurement.key else one for one in marks.measurements)
        self._do(instance_uid, replace(marks, measurements=measurements))

    def remove(self, instance_uid: str, key: str) -> None:
        """Take a measurement away; undo brings it back."""
        marks = self.marks(instance_uid)
        kept = tuple(one for one in marks.measurements if one.key != key)
        self._do(instance_uid, replace(marks, measurements=kept))
        if key == self.selected_key:
            self.select("")

    def set_line(self, instance_uid: str, line: LineCalibration | None) -> None:
        """Give a film a scale by a line of known length, or take it away."""
        self._do(instance_uid, replace(self.marks(instance_uid), line=line))

    def undo(self, instance_uid: str) -> bool:
        """Take back the last change of a film; False when there is none."""
        history = self._films.get(instance_uid)
        return history is not None and history.undo() and self._note(instance_uid)

    def redo(self, instance_uid: str) -> bool:
        """Take back the last undo of a film; False when there is none."""
        history = self._films.get(instance_uid)
        return history is not None and history.redo() and self._note(instance_uid)

    def _do(self, instance_uid: str, marks: FilmMarks) -> None:
        history = self._films.setdefault(instance_uid, UndoHistory(FilmMarks()))
        if history.do(marks):
            self._note(instance_uid)

    def _note(self, instance_uid: str) -> bool:
        self._unsaved.add(instance_uid)
        if self.selected_key and self.find(instance_uid, self.selected_key) is None:
            self.select("")
        self.changed.emit(instance_uid)
        self.edited.emit()
        return True

    # -- keeping ------------------------------------------------------------------------------------------------

    @property
    def unsaved(self) -> dict[str, FilmMarks]:
        """Films with something that is not kept yet."""
        return {uid: self.marks(uid) for uid in self._unsaved}

    def mark_saved(self, saved: Mapping[str, FilmMarks]) -> None:
        """These were kept; what changed since is still unsaved."""
        self._unsaved = {uid for uid in self._unsaved if saved.get(uid) != self.marks(uid)}

    # -- tools --------------------------------------------------------------------------------------------------

    def choose_tool(self, tool: DrawingTool | None) -> None:
        """What the next drag on a film draws; None for the film's own tool."""
        if tool != self.tool:
            self.tool = tool
            self.tool_changed.emit()

    def select(self, key: str) -> None:
        """Show the handles of a measurement."""
        if key != self.selected_key:
            self.selected_key = key
            self.selection_changed.emit()
