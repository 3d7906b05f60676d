"""The view log of a recording: a row whenever a view presents something else than before.

A row is made when a view has been painted, from what was painted, and dated when the window system has been handed the
frame. What changes without a painted film (a menu over it, the window moved or hidden, the draft's text) is looked for
forty times a second while gaze is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer

from desktop.capture.row_sender import RowSender, now_us
from desktop.capture.screens import Monitor
from desktop.capture.shown_films import NOTHING, shown_film
from desktop.viewer.image_view import ImageView

LOOK_EVERY_MS = 25


class ViewLog(QObject):
    """Watches views and writes their rows.

    Parameters
    ----------
    views : sequence of ImageView
        Cell 0 is the main one.
    rows : RowSender
    is_draft_visible : callable
        Whether a model's draft can be read anywhere now.
    """

    def __init__(
        self,
        views: Sequence[ImageView],
        rows: RowSender,
        is_draft_visible: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._views, self._rows, self._is_draft_visible = tuple(views), rows, is_draft_visible
        self._shown: dict[int, dict[str, Any]] = {}
        self._painted: dict[int, tuple[dict[str, Any], Monitor | None]] = {}
        self._told: set[str] = set()
        self._is_on = False
        self._look = QTimer(self, interval=LOOK_EVERY_MS)
        self._look.timeout.connect(self.look)
        self._presented = QTimer(self, singleShot=True, interval=0)
        self._presented.timeout.connect(self._on_presented)
        for cell, view in enumerate(self._views):
            view.painted.connect(partial(self._on_painted, cell))

    def begin(self) -> None:
        """A recording has begun: say what every view shows."""
        self._shown, self._painted, self._told, self._is_on = {}, {}, set(), True
        self.look()
        self._look.start()

    def come_back(self, alone_since_us: int) -> None:
        """A recording goes on after a time in which there was no window: nothing was shown from then until now."""
        self._shown, self._painted, self._told, self._is_on = {}, {}, set(), True
        for cell in range(len(self._views)):
            self._write(cell, alone_since_us, NOTHING, None)
        self.look()
        self._look.start()

    def end(self) -> None:
        """The recording ends: nothing is seen from now on."""
        if not self._is_on:
            return
        self._look.stop()
        self._presented.stop()
        for cell in range(len(self._views)):
            self._write(cell, now_us(), NOTHING, None)
        self._is_on = False

    def look(self) -> None:
        """Compare every view with its last row."""
        when_us = now_us()
        for cell, view in enumerate(self._views):
            if cell not in self._painted:
                self._write(cell, when_us, *shown_film(view))

    def _on_painted(self, cell: int) -> None:
        if self._is_on:
            self._painted[cell] = shown_film(self._views[cell])
            if not self._presented.isActive():
                self._presented.start()  # the frame is handed over before the event loop comes to this

    def _on_presented(self) -> None:
        painted, self._painted = self._painted, {}
        when_us = now_us()
        for cell, (fields, monitor) in painted.items():
            self._write(cell, when_us, fields, monitor)

    def _write(self, cell: int, when_us: int, shown: dict[str, Any], monitor: Monitor | None) -> None:
        fields = {
            **shown,
            "cell": cell,
            "screen": monitor.fingerprint if monitor is not None else "",
            "is_draft_visible": self._is_draft_visible(),
        }
        if self._shown.get(cell) == fields:
            return
        self._shown[cell] = fields
        self._tell_of(shown["image_uid"], cell, monitor, when_us)
        self._rows.view(when_us, fields)

    def _tell_of(self, image_uid: str, cell: int, monitor: Monitor | None, when_us: int) -> None:
        """Sizes, once each: without them nobody could map gaze later."""
        if monitor is not None and monitor.fingerprint not in self._told:
            self._told.add(monitor.fingerprint)
            self._rows.mark("screen", when_us, **monitor.as_marker())
        image = self._views[cell].image
        if image_uid and image_uid not in self._told and image is not None:
            self._told.add(image_uid)
            rows, columns = image.codes.shape[:2]
            self._rows.mark("film", when_us, image_uid=image_uid, columns_px=columns, rows_px=rows)
