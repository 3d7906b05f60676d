"""The gaze on the film: which scanpaths, replay, heat map, and what the reader has pointed at."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from desktop import theme
from desktop.actions import Actions
from desktop.background import Job
from desktop.operations.gaze import compare_tracks, draw_heat_map, load_recorded_gaze
from desktop.reading_gaze import GazeTrack, comparison_text
from desktop.services import Services
from desktop.viewer.gaze_layer import GazeLayer, GazeRegion
from desktop.viewer.gaze_replay import Replay, Timeline
from desktop.viewer.replay_row import ReplayRow
from desktop.viewer.scanpath_overlay import ShownScanpath
from desktop.viewer.scanpath_styles import label_of, style_of
from desktop.viewer.tool_button import tool_button
from gaze2report.evaluation.scanpath_metrics.comparison import ScanpathComparison

ALL = -1


class GazePanel(QWidget):
    """Row of controls below the film; draws through its layer.

    Signals
    -------
    layer_changed
        The layer is to be painted again.
    """

    layer_changed = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._services, self._gaze = services, services.gaze
        self.layer = GazeLayer()
        self.layer.on_fixation = self._on_fixation_clicked
        self.replay = Replay(self)
        self.are_fixations_shown, self.is_heat_map_shown = True, False
        self._chosen = ALL
        self._heat_job: Job | None = None
        self._compare_job: Job | None = None
        self._compared_text = ""
        self._make_controls()
        self._lay_out()
        self.replay.moved.connect(self._show_scanpaths)
        self._gaze.tracks_changed.connect(self._on_tracks_changed)
        self._gaze.choice_changed.connect(self._show_scanpaths)
        self._on_tracks_changed()

    # -- controls -----------------------------------------------------------------------------------------------

    def _make_controls(self) -> None:
        self.track_box = QComboBox()
        self.track_box.setAccessibleName("Scanpath")
        self.track_box.setToolTip("Which scanpath is shown")
        self.track_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.track_box.activated.connect(self._on_track_chosen)
        self.fixations_button, self.heat_button = tool_button(), tool_button()
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setAccessibleName("Opacity of the heat map")
        self.opacity.setToolTip("Opacity of the heat map")
        self.opacity.setRange(10, 100)
        self.opacity.setValue(round(self.layer.opacity * 100))
        self.opacity.setFixedWidth(90)
        self.opacity.valueChanged.connect(self._on_opacity_changed)
        self.compare_button, self.load_button = tool_button(), tool_button()
        self.replay_row = ReplayRow(self.replay)
        self.said = QLabel()
        self.said.setObjectName("muted")
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)  # names come out of files
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.said.setMinimumHeight(2 * self.said.fontMetrics().lineSpacing() + 2)  # so that the film rarely moves

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.track_box)
        row.addSpacing(8)
        for widget in (self.fixations_button, self.heat_button, self.opacity):
            row.addWidget(widget)
        row.addStretch()
        row.addWidget(self.compare_button)
        row.addWidget(self.load_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 6)
        column.setSpacing(theme.SPACE_PX // 2)
        column.addLayout(row)
        column.addWidget(self.replay_row)
        column.addWidget(self.said)

    def tie_buttons(self, actions: Actions) -> None:
        """Make the buttons do the actions, which are there now."""
        actions.tie(self.fixations_button, "gaze.fixations", "Fixations")
        actions.tie(self.heat_button, "gaze.heat_map", "Heat map")
        actions.tie(self.compare_button, "gaze.side_by_side", "Side by side", has_own_enabling=True)
        actions.tie(self.load_button, "gaze.load", "Load gaze", has_own_enabling=True)
        self.replay_row.tie_buttons(actions)

    def refresh(self) -> None:
        """Another film is on screen."""
        self._on_tracks_changed()

    def toggle_fixations(self) -> None:
        """Numbered fixations on and off."""
        self.are_fixations_shown = not self.are_fixations_shown
        self._show_scanpaths()

    def toggle_heat_map(self) -> None:
        """Duration heat map on and off."""
        self.is_heat_map_shown = not self.is_heat_map_shown
        self._draw_heat_map()

    def step(self, direction: int) -> None:
        """Go to the next (1) or previous (-1) fixation and choose it."""
        self.replay.step(direction)
        at_ms = self.replay.position_ms
        for number, track in self.shown_tracks:
            timeline = Timeline.of(track.fixations, track.onsets_ms)
            current = timeline.current(at_ms)
            if current is not None and timeline.onsets_ms[current] == at_ms:
                self._gaze.choose_fixation(number, current)
                return

    def ask_for_gaze(self) -> None:
        """Choose a file of recorded gaze."""
        dialog = QFileDialog(self, "Recorded gaze of this film")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["Recorded gaze (*.json *.csv)", "All files (*)"])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda name: self.load(Path(name)))
        dialog.open()

    def load(self, path: Path) -> None:
        """Read a file of recorded gaze and show it."""
        load_recorded_gaze(path=path, services=self._services, owner=self)

    # -- which scanpaths ----------------------------------------------------------------------------------------

    @property
    def shown_tracks(self) -> tuple[tuple[int, GazeTrack], ...]:
        """The scanpaths that are shown, with their numbers."""
        tracks = tuple(enumerate(self._gaze.tracks))
        return tracks if self._chosen == ALL else tuple(track for track in tracks if track[0] == self._chosen)

    def _on_tracks_changed(self) -> None:
        tracks = self._gaze.tracks
        self._chosen = ALL
        self.track_box.clear()
        if len(tracks) > 1:
            self.track_box.addItem("All, overlaid", ALL)
        for number, track in enumerate(tracks):
            self.track_box.addItem(f"{style_of(number, track).mark}  {track.name}", number)
        if not tracks:
            self.track_box.addItem("No scanpath", ALL)
        self.track_box.setEnabled(len(tracks) > 1)
        self.compare_button.setEnabled(len(tracks) > 1)
        self.load_button.setEnabled(self._services.reading.image is not None)
        self._on_shown_changed()

    def _on_track_chosen(self, number: int) -> None:
        self._chosen = int(self.track_box.itemData(number))
        self._on_shown_changed()

    def _on_shown_changed(self) -> None:
        self.replay.set_timelines([Timeline.of(track.fixations, track.onsets_ms) for _, track in self.shown_tracks])
        self._compare()
        self._draw_heat_map()
        self._show_scanpaths()

    # -- what is drawn ------------------------------------------------------------------------------------------

    def _show_scanpaths(self) -> None:
        at_ms, replay = self.replay.position_ms, self.replay
        is_replaying = replay.is_playing or 0 < at_ms < replay.length_ms
        shown = []
        for number, track in self.shown_tracks if self.are_fixations_shown else ():
            timeline = Timeline.of(track.fixations, track.onsets_ms)
            lit = self._gaze.choice.lit[number] if number < len(self._gaze.choice.lit) else frozenset()
            shown.append(
                ShownScanpath(
                    track.fixations,
                    style_of(number, track),
                    label_of(track),
                    timeline.begun(at_ms) if is_replaying else None,
                    timeline.current(at_ms) if is_replaying else None,
                    lit,
                )
            )
        self.layer.scanpaths = tuple(shown)
        self.layer.regions = tuple(GazeRegion(box, "linked") for box in self._gaze.choice.regions_px)
        self._say()
        self.layer_changed.emit()

    def _on_fixation_clicked(self, shown_index: int, index: int) -> None:
        self._gaze.toggle_fixation(self.shown_tracks[shown_index][0], index)

    # -- heat map and comparison --------------------------------------------------------------------------------

    def _draw_heat_map(self) -> None:
        if self._heat_job is not None:
            self._heat_job.cancel()
        self.layer.heat_map = None
        tracks = self.shown_tracks
        self.opacity.setEnabled(self.is_heat_map_shown and bool(tracks))
        if self.is_heat_map_shown and tracks:
            size_px = self.layer.size_px = self._gaze.size_px
            track = tracks[0][1]

            def show(picture: QImage, sigma_text: str) -> None:
                self.layer.heat_map = picture
                self.layer.heat_map_label = f"heat map, {label_of(track)}: {sigma_text}"
                self.layer_changed.emit()

            self._heat_job = draw_heat_map(
                track=track, size_px=size_px, services=self._services, owner=self, on_drawn=show
            )
        self._say()
        self.layer_changed.emit()

    def _on_opacity_changed(self, value: int) -> None:
        self.layer.opacity = value / 100
        self.layer_changed.emit()

    def _compare(self) -> None:
        if self._compare_job is not None:
            self._compare_job.cancel()
        self._compared_text = ""
        tracks = self.shown_tracks
        if len(tracks) < 2:
            return
        first, second = tracks[0][1], tracks[1][1]

        def show(comparison: ScanpathComparison) -> None:
            self._compared_text = comparison_text(first, second, comparison)
            self._say()

        self._compare_job = compare_tracks(
            first=first, second=second, size_px=self._gaze.size_px, services=self._services, owner=self,
            on_compared=show,
        )  # fmt: skip

    # -- words --------------------------------------------------------------------------------------------------

    def _say(self) -> None:
        lines = [self._gaze.choice.text or self._compared_text]
        tracks = self._gaze.tracks
        lines += [f"{track.name}: {track.fault}." for track in tracks if track.fault]
        if self._services.reading.image is not None:
            if self._services.reading.is_ai_withheld:
                lines.append("Predicted gaze (AI): shown when you have committed.")
            elif not self._services.reading.shown_fixations:
                lines.append("No predicted gaze for this film.")
            if not self._gaze.recordings:
                lines.append("No recorded gaze for this film.")
        self.said.setText("\n".join(line for line in lines if line))
