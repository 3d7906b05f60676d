"""A line to type on a film."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit

from desktop.viewer.image_layer import logical_point
from desktop.viewer.image_view import ImageView
from desktop.viewer.measurement_shapes import shape_of
from gaze2report.imaging.measurements import MAX_TEXT_LENGTH, Measurement

_WIDTH_PX, _HEIGHT_PX = 240, 26


class WordsEditor(QLineEdit):
    """Words of one measurement; Enter or a click elsewhere keeps them, Escape does not."""

    def __init__(self, view: ImageView, measurement: Measurement, keep: Callable[[str], None]) -> None:
        super().__init__(measurement.text, view)
        self._view, self._measurement, self._keep = view, measurement, keep
        self._is_done = False
        self.setMaxLength(MAX_TEXT_LENGTH)
        self.setAccessibleName("Words of the measurement")
        self.setPlaceholderText("Text" if measurement.kind == "text" else "Label")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        view.image_changed.connect(self._give_up)

    def start(self) -> None:
        """Show it beside the drawing, with the keyboard."""
        viewport = self._view.viewport
        at = QPointF(20, 40)
        if viewport is not None:
            ratio = self._view.devicePixelRatioF()
            at = shape_of(self._measurement, lambda x, y: logical_point(viewport, ratio, x, y)).label_at
        x = min(max(at.x(), 4.0), max(self._view.width() - _WIDTH_PX - 4.0, 4.0))
        y = min(max(at.y() - _HEIGHT_PX / 2, 4.0), max(self._view.height() - _HEIGHT_PX - 4.0, 4.0))
        self.setGeometry(int(x), int(y), _WIDTH_PX, _HEIGHT_PX)
        self.selectAll()
        self.show()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter keeps, Escape gives up."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._finish(is_kept=True)
        elif event.key() == Qt.Key.Key_Escape:
            self._finish(is_kept=False)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Going elsewhere keeps what was typed; the editor's own menu and another window are not elsewhere."""
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self._finish(is_kept=True)

    def _give_up(self) -> None:
        self._finish(is_kept=False)

    def _finish(self, *, is_kept: bool) -> None:
        if self._is_done:
            return
        self._is_done = True
        if is_kept:
            self._keep(self.text())
        if self.hasFocus():
            self._view.setFocus()
        self.close()
