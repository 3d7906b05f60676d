"""The measurements of the film as a list, with their values."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.services import Services
from desktop.viewer.measuring import Measuring
from desktop.viewer.region_histogram import RegionHistogramView
from gaze2report.imaging.ctr_view import ctr_view
from gaze2report.imaging.measure import RegionHistogram
from gaze2report.imaging.measurement_text import KIND_NAMES, PROPOSED
from gaze2report.imaging.measurements import Measurement
from gaze2report.types import Image

_COLUMNS = ("Measurement", "Value", "Words", "Remark")
_BUTTONS = (
    ("measure.confirm", "Confirm"),
    ("measure.insert", "Insert into report"),
    ("measure.copy", "Copy values"),
    ("measure.label", "Label"),
    ("measure.delete", "Delete"),
)
HEIGHT_PX = 148


class MeasurementList(QWidget):
    """One line a measurement; a click chooses it on the film too."""

    def __init__(self, services: Services, measuring: Measuring, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFixedHeight(HEIGHT_PX)
        self._measuring, self._drawings = measuring, services.drawings
        self._is_filling = False
        self.scale = QLabel()
        self.scale.setObjectName("muted")
        self.keeping = QLabel()
        self.keeping.setObjectName("caution")
        self.table = QTableWidget(0, len(_COLUMNS))
        self.histogram = RegionHistogramView()
        self._region: Measurement | None = None
        self._set_up_table()
        self._lay_out(services)
        self.table.itemSelectionChanged.connect(self._on_chosen)
        self.table.itemDoubleClicked.connect(lambda _: measuring.edit_selected())
        for signal in (
            self._drawings.changed, self._drawings.selection_changed, measuring.words.known,
            measuring.keeper.state_changed,
        ):  # fmt: skip
            signal.connect(self.refresh)

    def _set_up_table(self) -> None:
        table = self.table
        table.setAccessibleName("Measurements of this film")
        table.setHorizontalHeaderLabels(_COLUMNS)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(22)
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        header = table.horizontalHeader()
        header.setFixedHeight(24)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def _lay_out(self, services: Services) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.buttons = {}
        for action_id, text in _BUTTONS:
            button = self.buttons[action_id] = QPushButton()
            button.setObjectName("small")
            services.actions.tie(button, action_id, text, has_own_enabling=True)
            row.addWidget(button)
        row.addStretch()
        row.addWidget(self.keeping)
        row.addWidget(self.scale)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.setSpacing(4)
        top = QHBoxLayout()
        top.setSpacing(6)
        top.addWidget(self.table, 1)
        top.addWidget(self.histogram)
        column.addLayout(top, 1)
        column.addLayout(row)

    def refresh(self, *_: object) -> None:
        """Show what is drawn on the film now."""
        if self.isHidden():
            return
        image, measurements = self._measuring.image, self._measuring.measurements
        self._is_filling = True
        self.table.setRowCount(len(measurements) if image is not None else 0)
        for row, one in enumerate(measurements if image is not None else ()):
            for column, text in enumerate(self._texts(one, image)):
                item = QTableWidgetItem(text)
                item.setData(Qt.ItemDataRole.UserRole, one.key)
                item.setToolTip(text)
                self.table.setItem(row, column, item)
            if one.key == self._drawings.selected_key:
                self.table.selectRow(row)
                self.table.scrollToItem(self.table.item(row, 0))
        if not self._drawings.selected_key:
            self.table.clearSelection()
        self._is_filling = False
        self._refresh_state(image, measurements)

    def _texts(self, one: Measurement, image: Image) -> tuple[str, ...]:
        remarks = [PROPOSED] if one.is_proposed else []
        if one.kind == "ctr" and (caveat := ctr_view(image.header).caveat):
            remarks.append(caveat)
        return KIND_NAMES[one.kind], self._measuring.words.summary(one, image), one.text, "; ".join(remarks)

    def _refresh_state(self, image: Image | None, measurements: tuple[Measurement, ...]) -> None:
        chosen = self._drawings.find(self._measuring.film_uid, self._drawings.selected_key)
        self._refresh_histogram(chosen, image)
        self.buttons["measure.confirm"].setEnabled(any(one.is_proposed for one in measurements))
        for action_id in ("measure.insert", "measure.copy", "measure.label"):
            self.buttons[action_id].setEnabled(bool(measurements))
        self.buttons["measure.delete"].setEnabled(chosen is not None)
        self.keeping.setText(self._measuring.keeper.keeping_sentence())
        calibration = self._drawings.calibration(image.header) if image is not None else None
        self.scale.setText(calibration.unit_suffix if calibration is not None else "")
        self.scale.setToolTip(calibration.explanation if calibration is not None else "")

    def _refresh_histogram(self, chosen: Measurement | None, image: Image | None) -> None:
        region = chosen if chosen is not None and chosen.kind in ("ellipse", "rectangle") else None
        if region == self._region:
            return
        self._region = region
        if region is None or image is None:
            self.histogram.show_histogram(None)
            return

        def show(histogram: RegionHistogram) -> None:
            if self._region == region:
                self.histogram.show_histogram(histogram)

        self._measuring.words.histogram(region, image, show)

    def _on_chosen(self) -> None:
        if self._is_filling:
            return
        items = self.table.selectedItems()
        if items:
            self._drawings.select(items[0].data(Qt.ItemDataRole.UserRole))
