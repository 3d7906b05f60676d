"""Text over the image: the patient banner, which is always there, and the corners."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from desktop import theme
from desktop.patient_text import name_text, sex_age_text, when_text
from gaze2report.types import Image, InstanceHeader

CornerLine = tuple[str, str]
"""Text and colour of a line in a corner."""

BANNER_HEIGHT_PX, _TWO_LINES_HEIGHT_PX = 26, 42
_ONE_LINE_WIDTH_PX = 480
_MARGIN_PX = 10
_LINE_PX = 17
_LEFT_SHARE = 0.36


@dataclass(frozen=True)
class Banner:
    """Whose film it is: ``name`` is set off, ``details`` follow."""

    name: str
    details: tuple[str, ...]


def banner_of(header: InstanceHeader, tag: str = "") -> Banner:
    """The identity of one film, from that film's own header; ``tag`` says what it is beside others (``PRIOR``)."""
    details = (
        tag,
        when_text(header.study_date, header.study_time) or "no study date",
        view_text(header),
        f"ID {header.patient_id or 'none'}",
        sex_age_text(header.patient_sex, header.patient_age_years) or "sex/age ?",
        f"Acc {header.accession_number or 'none'}",
    )
    return Banner(name_text(header.patient_name), tuple(detail for detail in details if detail))


def view_text(header: InstanceHeader) -> str:
    """Modality, view and side of one film."""
    return " ".join(p for p in (header.modality, header.view_position or "view ?", header.laterality) if p)


def warnings_of(header: InstanceHeader) -> list[CornerLine]:
    """What must be known about a film before it is read; never hidden."""
    lines = []
    if header.presentation_intent.upper() == "FOR PROCESSING":
        lines.append(("FOR PROCESSING: not meant for reading", theme.ERROR))
    if header.is_lossy:
        lines.append(("LOSSY compression", theme.WARNING))
    return lines


def notes_of(image: Image) -> list[CornerLine]:
    """What was tolerated while the film was read."""
    return [(f"tolerated while reading: {note}", theme.MUTED) for note in image.notes]


def size_text(image: Image) -> str:
    """Columns and rows."""
    rows, columns = image.codes.shape
    return f"{columns} x {rows}"


def banner_height_px(width: float) -> int:
    """Height of the banner on a view of this width, logical pixels: two lines where one would cut the details."""
    return BANNER_HEIGHT_PX if width >= _ONE_LINE_WIDTH_PX else _TWO_LINES_HEIGHT_PX


def paint_banner(painter: QPainter, banner: Banner, width: float, *, alarm: str = "") -> None:
    """Draw the banner along the top; details that do not fit are cut at the end, the name last of all.

    An ``alarm`` turns it red and stands at its right end, beside the name.
    """
    painter.save()
    height = banner_height_px(width)
    is_one_line = height == BANNER_HEIGHT_PX
    painter.fillRect(QRectF(0, 0, width, height), QColor(theme.ALARM_GROUND) if alarm else QColor(12, 14, 16, 225))
    bold, usual, white = _font(painter, 13, True), _font(painter, 12, False), QColor("#ffffff")
    right = width - _MARGIN_PX
    line_height = height if is_one_line else height / 2
    if alarm:
        room = min(QFontMetricsF(bold).horizontalAdvance(alarm) + 2, width / 2)
        _paint_line(painter, bold, white, alarm, QRectF(right - room, 0, room, line_height))
        right -= room + _MARGIN_PX
    name_room = min(QFontMetricsF(bold).horizontalAdvance(banner.name) + 2, right - _MARGIN_PX)
    if is_one_line:
        name_room = min(name_room, max(right - _MARGIN_PX, 0) * 0.6)
    _paint_line(painter, bold, QColor("#f0f2f5"), banner.name, QRectF(_MARGIN_PX, 0, name_room, line_height))
    details = "   ".join(banner.details)
    left = _MARGIN_PX + name_room + 14 if is_one_line else _MARGIN_PX
    end = right if is_one_line else width - _MARGIN_PX
    box = QRectF(left, 0 if is_one_line else line_height - 1, max(0.0, end - left), line_height)
    _paint_line(painter, usual, white if alarm else QColor(theme.TEXT), details, box)
    painter.restore()


def _paint_line(painter: QPainter, font: QFont, colour: QColor, text: str, box: QRectF) -> None:
    painter.setFont(font)
    painter.setPen(colour)
    shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


def paint_corners(
    painter: QPainter, left: list[CornerLine], right: list[CornerLine], width: float, height: float
) -> None:
    """Draw lines into the bottom corners, the last ones lowest.

    The left ones are broken where they would reach the middle, which belongs to the ruler and a letter.
    """
    painter.save()
    painter.setFont(_font(painter, 12, False))
    metrics = QFontMetricsF(painter.font())
    right_width = max((metrics.horizontalAdvance(text) for text, _ in right), default=0.0)
    room = min(width * _LEFT_SHARE, width - right_width - 4 * _MARGIN_PX)
    broken = [(part, colour) for text, colour in left for part in _broken(text, metrics, room)]
    for lines, is_right in ((right, True), (broken, False)):
        for index, (text, colour) in enumerate(reversed(lines)):
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width - 2 * _MARGIN_PX)
            text_width = metrics.horizontalAdvance(shown)
            x = width - _MARGIN_PX - text_width if is_right else float(_MARGIN_PX)
            box = QRectF(x, height - _MARGIN_PX - (index + 1) * _LINE_PX, text_width + 1, _LINE_PX)
            painter.fillRect(box.adjusted(-4, 0, 4, 0), QColor(0, 0, 0, 150))
            painter.setPen(QColor(colour))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    painter.restore()


def _broken(text: str, metrics: QFontMetricsF, room: float) -> list[str]:
    """The text in lines that fit, broken between words."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip() if lines[-1] else word
        if lines[-1] and metrics.horizontalAdvance(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _font(painter: QPainter, pixels: int, is_bold: bool) -> QFont:
    font = QFont(painter.font())
    font.setPixelSize(pixels)
    font.setBold(is_bold)
    return font
