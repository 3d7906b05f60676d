"""Two scanpaths side by side, each on its own picture of the film, with how alike they are."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop.background import Job
from desktop.operations.gaze import compare_tracks
from desktop.reading_gaze import comparison_text
from desktop.services import Services
from desktop.viewer.gaze_layer import GazeLayer
from desktop.viewer.image_view import ImageView
from desktop.viewer.prepared_film import PreparedFilm
from desktop.viewer.scanpath_overlay import ShownScanpath
from desktop.viewer.scanpath_styles import label_of, style_of
from gaze2report.evaluation.scanpath_metrics.comparison import ScanpathComparison


class ScanpathWindow(QDialog):
    """Two linked views; it can stay open beside the work."""

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setWindowTitle("Scanpaths side by side")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._services = services
        self._job: Job | None = None
        self.views = (ImageView(), ImageView())
        self.boxes = (QComboBox(), QComboBox())
        self.layers = (GazeLayer(), GazeLayer())
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout()
        for side, (view, box, layer) in enumerate(zip(self.views, self.boxes, self.layers, strict=True)):
            view.add_layer(layer)
            view.viewport_moved.connect(lambda side=side: self._follow(side))
            view.window_moved.connect(lambda side=side: self._follow_window(side))
            box.setAccessibleName("Scanpath on the left" if side == 0 else "Scanpath on the right")
            box.activated.connect(lambda _: self._show_scanpaths())
            column = QVBoxLayout()
            column.addWidget(box)
            column.addWidget(view, 1)
            row.addLayout(column)
        column = QVBoxLayout(self)
        column.addLayout(row, 1)
        column.addWidget(self.said)
        self.resize(1000, 660)
        for key, call in (("=", self.views[0].fit), ("Ctrl+Return", self.views[0].fit)):
            QShortcut(QKeySequence(key), self).activated.connect(call)

    def show_film(self, film: PreparedFilm, like: ImageView) -> None:
        """Show a film twice, windowed, inverted and turned as in another view, and its first two scanpaths."""
        for view in self.views:
            view.set_film(film)
            if like.window_tool is not None and view.window_tool is not None:
                view.window_tool.voi = like.window_tool.voi
                view.window_tool.is_inverted = like.window_tool.is_inverted
                view.window_changed(is_by_link=True)
            view.orient(like.orientation)
        for side, box in enumerate(self.boxes):
            box.clear()
            for number, track in enumerate(self._services.gaze.tracks):
                box.addItem(f"{style_of(number, track).mark}  {track.name}", number)
            box.setCurrentIndex(min(side, box.count() - 1))
        self._show_scanpaths()

    def end(self) -> None:
        """Take the film off the window and close it for good."""
        for view, layer in zip(self.views, self.layers, strict=True):
            layer.scanpaths = ()
            view.set_message("")
        self.said.clear()
        self.close()
        self.deleteLater()

    def _follow(self, side: int) -> None:
        moved, other = self.views[side], self.views[1 - side]
        if moved.viewport is not None and other.viewport is not None:
            other.follow(moved.viewport.resized(*other.device_size()), is_fitted=moved.is_fitted)

    def _follow_window(self, side: int) -> None:
        moved, other = self.views[side].window_tool, self.views[1 - side].window_tool
        if moved is not None and other is not None:
            other.voi, other.is_inverted = moved.voi, moved.is_inverted
            self.views[1 - side].window_changed(is_by_link=True)

    def _show_scanpaths(self) -> None:
        tracks = self._services.gaze.tracks
        numbers = [int(box.currentData()) for box in self.boxes]
        for number, layer, view in zip(numbers, self.layers, self.views, strict=True):
            track = tracks[number]
            layer.scanpaths = (ShownScanpath(track.fixations, style_of(number, track), label_of(track)),)
            view.update()
        if self._job is not None:
            self._job.cancel()
        self.said.setText("")
        first, second = (tracks[number] for number in numbers)
        if first is second:
            self.said.setText("The same scanpath on both sides.")
            return

        def show(comparison: ScanpathComparison) -> None:
            self.said.setText(comparison_text(first, second, comparison))

        self._job = compare_tracks(
            first=first, second=second, size_px=self._services.gaze.size_px, services=self._services, owner=self,
            on_compared=show,
        )  # fmt: skip
