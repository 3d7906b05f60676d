"""The films of the patient as small pictures: those of the study first, then earlier ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem, QWidget

from db.records import Instance
from desktop import theme
from desktop.patient_text import date_text
from desktop.viewer.codes_pyramid import view_codes
from desktop.viewer.prepared_film import PreparedFilm
from desktop.viewer.viewport import fitted
from gaze2report.imaging import windowing
from gaze2report.types import Image

SIDE_PX = 76
_STRIP_WIDTH_PX = 98


@dataclass(frozen=True)
class FilmEntry:
    """One film of the strip.

    Attributes
    ----------
    is_prior : bool
        Of an earlier study.
    is_namesake : bool
        Of a study with the same PatientID and another name or birth date.
    """

    instance: Instance
    is_prior: bool = False
    is_namesake: bool = False


def thumbnail_of(film: PreparedFilm) -> QImage:
    """The film as it opens, small; may be called from any thread."""
    return _small(film.image, film)


def _small(image: Image, film: PreparedFilm) -> QImage:
    view = view_codes(film.pyramid, fitted(SIDE_PX * 2, SIDE_PX * 2, film.pyramid.columns, film.pyramid.rows))
    assert view is not None
    levels = np.ascontiguousarray(windowing.display_table(image, film.presets[0].voi)[view.codes])
    rows, columns = levels.shape
    return QImage(levels.data, columns, rows, columns, QImage.Format.Format_Grayscale8).copy()


class ThumbnailStrip(QListWidget):
    """The strip; says which film was chosen, by mouse or with Return.

    Signals
    -------
    film_chosen(FilmEntry)
    """

    film_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("thumbnails")
        self.setAccessibleName("Films of the patient")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.TopToBottom)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setIconSize(QSize(SIDE_PX, SIDE_PX))
        self.setGridSize(QSize(_STRIP_WIDTH_PX - 12, SIDE_PX + 58))
        self.setWordWrap(True)
        self.setFixedWidth(_STRIP_WIDTH_PX)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._pictures: dict[str, QImage] = {}
        self._shown: frozenset[str] = frozenset()
        self._key_images: frozenset[str] = frozenset()
        self.itemClicked.connect(self._choose)
        self.itemActivated.connect(self._choose)

    @property
    def entries(self) -> list[FilmEntry]:
        """The films, in order."""
        return [self.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.count())]

    def set_films(self, entries: Iterable[FilmEntry]) -> None:
        """Show these films."""
        self.clear()
        for entry in entries:
            item = QListWidgetItem(_caption(entry))
            item.setData(Qt.ItemDataRole.UserRole, entry)
            item.setToolTip(_tip(entry))
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            if entry.is_namesake:
                item.setForeground(QColor(theme.ERROR))
            elif entry.is_prior:
                item.setForeground(QColor(theme.MUTED))
            self.addItem(item)
        known = {entry.instance.sha256 for entry in self.entries}
        self._pictures = {sha256: picture for sha256, picture in self._pictures.items() if sha256 in known}
        self._draw()

    def missing(self) -> list[FilmEntry]:
        """Films without a picture yet."""
        return [entry for entry in self.entries if entry.instance.sha256 not in self._pictures]

    def set_picture(self, instance: Instance, picture: QImage) -> None:
        """Show the picture of a film."""
        self._pictures[instance.sha256] = picture
        self._draw()

    def set_marks(self, shown: Iterable[str], key_images: Iterable[str]) -> None:
        """Frame the films that are on screen, and star the key images; by SOP Instance UID."""
        marks = frozenset(shown), frozenset(key_images)
        if marks != (self._shown, self._key_images):
            self._shown, self._key_images = marks
            self._draw()

    def _choose(self, item: QListWidgetItem) -> None:
        self.film_chosen.emit(item.data(Qt.ItemDataRole.UserRole))

    def _draw(self) -> None:
        for row, entry in enumerate(self.entries):
            uid = entry.instance.instance_uid
            is_shown, is_key = uid in self._shown, uid in self._key_images
            item = self.item(row)
            item.setIcon(QIcon(self._pixmap(entry, is_shown=is_shown, is_key=is_key)))
            said = [_tip(entry), "key image" if is_key else "", "on screen" if is_shown else ""]
            item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(text for text in said if text))

    def _pixmap(self, entry: FilmEntry, *, is_shown: bool, is_key: bool) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(QSize(SIDE_PX, SIDE_PX) * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor("#000000"))
        painter = QPainter(pixmap)
        picture = self._pictures.get(entry.instance.sha256)
        if picture is not None:
            size = QSize(picture.width(), picture.height()) / 2
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            place = ((SIDE_PX - size.width()) // 2, (SIDE_PX - size.height()) // 2, size.width(), size.height())
            painter.drawPixmap(*place, QPixmap.fromImage(picture))
        if is_shown:
            painter.setPen(QPen(QColor(theme.ACCENT), 2))
            painter.drawRect(1, 1, SIDE_PX - 2, SIDE_PX - 2)
        if is_key:
            font = QFont(painter.font())
            font.setPixelSize(16)
            painter.setFont(font)
            painter.fillRect(SIDE_PX - 20, 2, 18, 18, QColor(0, 0, 0, 170))
            painter.setPen(QColor(theme.ACCENT))
            painter.drawText(SIDE_PX - 20, 2, 18, 18, int(Qt.AlignmentFlag.AlignCenter), "★")
        painter.end()
        return pixmap


def _caption(entry: FilmEntry) -> str:
    header = entry.instance.header
    kind = "other name" if entry.is_namesake else "prior" if entry.is_prior else "this study"
    return f"{header.view_position or 'view ?'}\n{date_text(header.study_date) or 'no date'}\n{kind}"


def _tip(entry: FilmEntry) -> str:
    header = entry.instance.header
    what = " ".join(part for part in (header.modality, header.view_position, date_text(header.study_date)) if part)
    if entry.is_namesake:
        return f"{what}: same patient ID, but another name or birth date; perhaps another person"
    return f"{what}: earlier study of this patient" if entry.is_prior else f"{what}: film of this study"
