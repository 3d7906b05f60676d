"""Measuring on the films: the tools, what becomes of a finished drawing, and what the actions do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QInputDialog, QWidget

from desktop.drawings import DrawingTool
from desktop.operations.drawings import DrawingsKeeper, insert_sentence, propose_ctr
from desktop.services import Services
from desktop.text_spans import plain
from desktop.viewer.image_view import ImageView
from desktop.viewer.measured_words import MeasuredWords
from desktop.viewer.measurement_layer import MeasurementLayer
from desktop.viewer.words_editor import WordsEditor
from gaze2report.imaging.calibration import LineCalibration
from gaze2report.imaging.ctr_view import ctr_view
from gaze2report.imaging.measurement_text import KIND_NAMES
from gaze2report.imaging.measurements import MAX_TEXT_LENGTH, Measurement, Point
from gaze2report.imaging.thorax_outline import CtrProposal
from gaze2report.types import Image

LOADING = "The measurements of this patient are still being read."
_STEPS: dict[DrawingTool, str] = {
    "length": "Length: drag along the line, or click both ends.",
    "angle": "Angle: click an end, the vertex, the other end.",
    "cobb": "Cobb angle: draw one line, then the other.",
    "ellipse": "Ellipse: drag from corner to corner.",
    "rectangle": "Rectangle: drag from corner to corner.",
    "arrow": "Arrow: drag from the tip to the tail.",
    "text": "Text: click where it begins.",
    "ctr": "Cardiothoracic ratio: drag across the heart, then across the inner thorax.",
    "calibration": "Scale: drag along a line whose length you know.",
}


class Measuring(QObject):
    """Measurements of all views; which film an action is for, ``active_view`` says.

    Signals
    -------
    notice(str)
        One sentence for the reader.
    film_changed
        Actions are for another film than before.
    shown_changed
        Measurements are painted, or no more.
    """

    notice = Signal(str)
    film_changed = Signal()
    shown_changed = Signal()

    def __init__(self, services: Services, active_view: Callable[[], ImageView], parent: QWidget) -> None:
        super().__init__(parent)
        self._services, self._active_view, self._parent = services, active_view, parent
        self.drawings = services.drawings
        self.keeper = DrawingsKeeper(services, self)
        self.words = MeasuredWords(services, self)
        self._layers: dict[ImageView, MeasurementLayer] = {}
        for signal in (self.drawings.changed, self.drawings.selection_changed, self.words.known):
            signal.connect(self._update_views)
        self.drawings.tool_changed.connect(self._on_tool_changed)

    def attach(self, view: ImageView) -> None:
        """Let the reader measure on a view."""
        layer = MeasurementLayer(
            view, self.drawings, self.words, partial(self._on_finished, view), partial(self.edit_words, view)
        )
        self._layers[view] = layer
        view.add_layer(layer)
        view.image_changed.connect(partial(self._on_image_changed, view))
        view.activated.connect(self.film_changed)
        view.destroyed.connect(lambda: self._layers.pop(view, None))

    # -- state --------------------------------------------------------------------------------------------------

    @property
    def view(self) -> ImageView:
        """The view that actions are for."""
        return self._active_view()

    @property
    def image(self) -> Image | None:
        """The film that actions are for."""
        return self.view.image

    @property
    def film_uid(self) -> str:
        """Its SOP Instance UID; empty for none."""
        return self.image.header.instance_uid if self.image is not None else ""

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """What is drawn on that film."""
        return self.drawings.marks(self.film_uid).measurements

    @property
    def selected(self) -> Measurement | None:
        """The chosen measurement of that film; the newest where none is chosen."""
        chosen = self.drawings.find(self.film_uid, self.drawings.selected_key)
        return chosen or (self.measurements[-1] if self.measurements else None)

    @property
    def are_shown(self) -> bool:
        """Whether measurements are painted."""
        return all(layer.is_visible for layer in self._layers.values())

    def toggle_shown(self) -> None:
        """All measurements on and off."""
        is_visible = not self.are_shown
        for layer in self._layers.values():
            layer.is_visible = is_visible
        self._update_views()
        if not is_visible:
            self.notice.emit("Measurements are hidden.")
        self.shown_changed.emit()

    # -- acts ---------------------------------------------------------------------------------------------------

    def choose(self, tool: DrawingTool) -> None:
        """Draw this next; the same again puts it away."""
        if self.image is None:
            return
        if not self.drawings.are_loaded:
            self.notice.emit(LOADING)
        elif tool == "ctr" and ctr_view(self.image.header).refusal:
            self.notice.emit(ctr_view(self.image.header).refusal)
        else:
            if not self.are_shown:
                self.toggle_shown()
            self.drawings.choose_tool(None if self.drawings.tool == tool else tool)
            if self.drawings.tool is not None:
                self.notice.emit(_STEPS[tool])

    def cancel(self) -> bool:
        """Put away what is being drawn, then the tool, then the choice; False when there was nothing of it."""
        was_busy = any([layer.cancel() for layer in self._layers.values()])
        if was_busy or self.drawings.tool is not None:
            self.drawings.choose_tool(None)
            return True
        if self.drawings.selected_key:
            self.drawings.select("")
            return True
        return False

    def undo(self) -> None:
        """Take back the last change of the film."""
        if not any([layer.cancel() for layer in self._layers.values()]):
            self.drawings.undo(self.film_uid)

    def redo(self) -> None:
        """Take back the last undo of the film."""
        self.drawings.redo(self.film_uid)

    def delete(self) -> None:
        """Remove the chosen measurement."""
        if self.drawings.selected_key:
            self.drawings.remove(self.film_uid, self.drawings.selected_key)

    def confirm(self) -> None:
        """Take over the proposed lines as they are."""
        for one in self.measurements:
            if one.is_proposed:
                self.drawings.put(self.film_uid, one.confirmed())

    def copy(self) -> None:
        """Copy the values of the film's measurements (of the chosen one, if one is) with all their digits."""
        if self.image is not None and self.measurements:
            chosen = self.drawings.find(self.film_uid, self.drawings.selected_key)
            shown = (chosen,) if chosen is not None else self.measurements
            QGuiApplication.clipboard().setText("\n".join(self.words.exact(one, self.image) for one in shown))
            self.notice.emit("Copied with all digits.")

    def insert_into_report(self) -> None:
        """Put the chosen measurement, or the newest, into the findings as a sentence."""
        one = self.selected
        if self.image is None or one is None:
            self.notice.emit("There is no measurement on this film.")
        elif one.is_proposed:
            self.notice.emit("Confirm or drag the proposed lines first.")
        elif not (sentence := self.words.sentence(one, self.image)):
            self.notice.emit(f"{KIND_NAMES[one.kind]}: there is no value to insert.")
        elif not insert_sentence(sentence, self._services.reading):
            self.notice.emit("This report cannot be changed.")

    # -- cardiothoracic ratio -----------------------------------------------------------------------------------

    def measure_ctr(self) -> None:
        """Propose the lines of the ratio; where there is no good proposal the reader draws them."""
        image = self.image
        if image is None:
            return
        refusal = "" if self.drawings.are_loaded else LOADING
        refusal = refusal or ctr_view(image.header).refusal
        if refusal:
            self.notice.emit(refusal)
            return
        for one in self.measurements:
            if one.kind == "ctr":
                self.drawings.select(one.key)
                self.notice.emit("This film has a cardiothoracic ratio; drag its lines, or delete it first.")
                return
        if self.view.orientation.swaps_axes:
            self.choose("ctr")
            self.notice.emit(f"No proposal: the film lies on its side. {_STEPS['ctr']}")
            return
        self.notice.emit("Looking for the borders of heart and thorax...")
        propose_ctr(
            image=image, services=self._services, owner=self, on_proposed=partial(self._on_proposed, image)
        )  # fmt: skip

    def _on_proposed(self, image: Image, proposal: CtrProposal) -> None:
        if self.image is not image or any(one.kind == "ctr" for one in self.measurements):
            return
        if proposal.points is None:
            self.choose("ctr")
            self.notice.emit(f"No proposal: {proposal.reason} {_STEPS['ctr']}")
            return
        measurement = Measurement("ctr", proposal.points, is_proposed=True)
        if not self.are_shown:
            self.toggle_shown()
        self.drawings.put(self.film_uid, measurement)
        self.drawings.select(measurement.key)
        self.notice.emit("Proposed lines: drag them where they belong, or confirm them.")

    # -- finished drawings --------------------------------------------------------------------------------------

    def _on_finished(self, view: ImageView, points: tuple[Point, ...]) -> None:
        tool = self.drawings.tool
        self.drawings.choose_tool(None)
        if tool is None or view.image is None:
            return
        uid = view.image.header.instance_uid
        if tool == "calibration":
            self._ask_for_length(uid, points)
        elif tool == "text":
            self.edit_words(view, Measurement("text", points))
        else:
            measurement = Measurement(tool, points, axis=self._layers[view].axis)
            self.drawings.put(uid, measurement)
            self.drawings.select(measurement.key)
        if sentence := self.keeper.keeping_sentence():
            self.notice.emit(sentence)

    def edit_words(self, view: ImageView, measurement: Measurement) -> None:
        """Let the reader type the words of a measurement on the film; a text without any is removed."""
        layer = self._layers[view]
        uid = layer.film_uid

        def keep(text: str) -> None:
            words = plain(text).strip()[:MAX_TEXT_LENGTH]
            if words or measurement.kind != "text":
                self.drawings.put(uid, dataclasses.replace(measurement, text=words))
                self.drawings.select(measurement.key)
            else:
                self.drawings.remove(uid, measurement.key)

        WordsEditor(view, measurement, keep).start()

    def edit_selected(self) -> None:
        """Type the words of the chosen measurement, or the newest."""
        if self.selected is not None and self.image is not None:
            self.edit_words(self.view, self.selected)

    def _ask_for_length(self, uid: str, points: tuple[Point, ...]) -> None:
        (x0, y0), (x1, y1) = points
        dialog = QInputDialog(self._parent)
        dialog.setInputMode(QInputDialog.InputMode.DoubleInput)
        dialog.setWindowTitle("Scale of this film")
        dialog.setLabelText("True length of the line in millimetres:")
        dialog.setDoubleRange(0.1, 2000.0)
        dialog.setDoubleDecimals(2)
        dialog.setDoubleValue(25.0)

        def keep(length_mm: float) -> None:
            from db.database import now_utc  # late: it loads SQLAlchemy, and the window opens without

            by = self._services.session.reader
            try:
                line = LineCalibration(x0, y0, x1, y1, length_mm, by, now_utc())
            except ValueError:
                self.notice.emit("The line is too short to give a scale.")
                return
            self.drawings.set_line(uid, line)

        dialog.doubleValueSelected.connect(keep)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def remove_scale(self) -> None:
        """Go back to the scale that the file states."""
        self.drawings.set_line(self.film_uid, None)

    def _on_image_changed(self, view: ImageView) -> None:
        self._layers[view].cancel()
        self._update_views()
        self.film_changed.emit()

    def _on_tool_changed(self) -> None:
        for layer in self._layers.values():
            layer.cancel()

    def _update_views(self, *_: object) -> None:
        for view in self._layers:
            if view.image is not None:
                view.calibration = self.drawings.calibration(view.image.header)
            view.update()
