"""Values of measurements for the screen; grey values of large regions are worked out in the background."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from desktop.services import Services
from gaze2report.imaging import measure, measurement_text
from gaze2report.imaging.calibration import Calibration
from gaze2report.imaging.ctr_view import ctr_view
from gaze2report.imaging.measure import RegionHistogram, RegionStatistics
from gaze2report.imaging.measurements import Measurement, Point
from gaze2report.types import Image

LARGEST_AT_ONCE_PX = 250_000
"""A region of this many pixels takes about ten milliseconds, and is measured while it is drawn."""

_KEPT = 64
_RegionKey = tuple[str, str, tuple[Point, ...]]


class MeasuredWords(QObject):
    """Words and numbers of the measurements on a film.

    Signals
    -------
    known
        Grey values that were missing are there.
    """

    known = Signal()

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._statistics: OrderedDict[_RegionKey, RegionStatistics | None] = OrderedDict()

    def lines(self, measurement: Measurement, image: Image, *, is_in_hand: bool = False) -> tuple[str, ...]:
        """What stands beside the drawing; a large region in the reader's hand is measured when it is let go."""
        if is_in_hand and _is_large(measurement):
            return measurement_text.screen_lines(measurement, self._services.drawings.calibration(image.header))
        lines = measurement_text.screen_lines(measurement, *self._known(measurement, image))
        return lines if self._is_complete(measurement, image) else (*lines, "measuring...")

    def summary(self, measurement: Measurement, image: Image) -> str:
        """The values on one line."""
        statistics = self._known(measurement, image)[1]
        calibration = self._services.drawings.calibration(image.header)
        values = measurement_text.measured_values(measurement, calibration, statistics)
        return ", ".join(value.rounded for value in values)

    def exact(self, measurement: Measurement, image: Image) -> str:
        """All values with all their digits, for the clipboard."""
        return measurement_text.exact_text(measurement, *self._known(measurement, image))

    def sentence(self, measurement: Measurement, image: Image) -> str:
        """A sentence for the findings; empty where there is nothing to say (yet)."""
        if not self._is_complete(measurement, image):
            return ""
        return measurement_text.report_sentence(measurement, *self._known(measurement, image))

    def histogram(self, measurement: Measurement, image: Image, done: Callable[[RegionHistogram], None]) -> None:
        """Work out the histogram of a region in the background."""
        self._services.background.run(self, measure.region_histogram, measurement, image, on_success=done)

    def _known(self, measurement: Measurement, image: Image) -> tuple[Calibration, RegionStatistics | None, str]:
        calibration = self._services.drawings.calibration(image.header)
        return calibration, self._region(measurement, image), ctr_view(image.header).caveat

    def _is_complete(self, measurement: Measurement, image: Image) -> bool:
        return measurement.kind not in ("ellipse", "rectangle") or self._region(measurement, image) is not None

    def _region(self, measurement: Measurement, image: Image) -> RegionStatistics | None:
        if measurement.kind not in ("ellipse", "rectangle"):
            return None
        key = (image.pixel_sha256, measurement.kind, measurement.points)
        if key in self._statistics:
            return self._statistics[key]
        if not _is_large(measurement):
            return self._keep(key, measure.region_statistics(measurement, image))
        self._keep(key, None)

        def show(statistics: RegionStatistics) -> None:
            self._keep(key, statistics)
            self.known.emit()

        self._services.background.run(self, measure.region_statistics, measurement, image, on_success=show)
        return None

    def _keep(self, key: _RegionKey, statistics: RegionStatistics | None) -> RegionStatistics | None:
        self._statistics[key] = statistics
        while len(self._statistics) > _KEPT:
            self._statistics.popitem(last=False)
        return statistics


def _is_large(measurement: Measurement) -> bool:
    if measurement.kind not in ("ellipse", "rectangle"):
        return False
    (x0, y0), (x1, y1) = measurement.points
    return abs(x1 - x0) * abs(y1 - y0) > LARGEST_AT_ONCE_PX
