"""A report on paper. Qt draws it anew, because the part of Qt that draws PDFs is not installed with this program.

The lines are those of the PDF (``db.report_output.plain_text``), in the same fonts.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPainter, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtPrintSupport import QPrinter

from gaze2report.errors import StorageFailed

if TYPE_CHECKING:
    from db.report_output.document import OutputDocument

_FONTS_PACKAGE = "db.report_output"
_FAMILIES = ["DejaVu Sans", "Droid Sans Fallback", "NanumSquare"]
_MARGIN_MM, _HEAD_MM, _FOOT_MM = 8.0, 9.0, 14.0
_MM_PER_INCH = 25.4
_GREY, _WATERMARK_GREY = QColor("#5a5a5a"), QColor("#e4e4e4")
_loaded: set[str] = set()


def load_fonts() -> None:
    """Make the fonts of reports known to Qt; call it on the GUI thread."""
    for font in (resources.files(_FONTS_PACKAGE) / "fonts").iterdir():
        if font.name.endswith(".ttf") and font.name not in _loaded:
            with resources.as_file(font) as path:
                QFontDatabase.addApplicationFont(str(path))
            _loaded.add(font.name)


def print_pages(document: OutputDocument, printer: QPrinter) -> int:
    """Draw a report on a printer; gives the number of pages. May be called in any thread.

    Raises
    ------
    StorageFailed
        If the printer or its file does not take the pages.
    """
    painter = QPainter()
    if not painter.begin(printer):
        where = printer.outputFileName() or printer.printerName() or "the printer"
        raise StorageFailed(f"{where} does not take the report; nothing was printed")
    try:
        return _Pages(document, printer, painter).draw()
    finally:
        painter.end()


class _Pages:
    """Pages of one report; lengths in dots of the printer."""

    def __init__(self, document: OutputDocument, printer: QPrinter, painter: QPainter) -> None:
        self._document, self._printer, self._painter = document, printer, painter
        dots_per_mm = printer.resolution() / _MM_PER_INCH
        page = QRectF(printer.pageRect(QPrinter.Unit.DevicePixel))
        margin = _MARGIN_MM * dots_per_mm
        self._page = QRectF(margin, margin, page.width() - 2 * margin, page.height() - 2 * margin)
        head, foot = _HEAD_MM * dots_per_mm, _FOOT_MM * dots_per_mm
        self._body = self._page.adjusted(0, head, 0, -foot)
        self._line = 4.2 * dots_per_mm

    def draw(self) -> int:
        text = self._lay_out_text()
        count = text.pageCount()
        for number in range(count):
            if number:
                self._printer.newPage()
            self._draw_watermark()
            if number:
                self._draw_head()
            self._painter.save()
            self._painter.translate(self._body.left(), self._body.top() - number * self._body.height())
            text.drawContents(
                self._painter, QRectF(0, number * self._body.height(), self._body.width(), self._body.height())
            )
            self._painter.restore()
            self._draw_foot(number + 1, count)
        return count

    def _lay_out_text(self) -> QTextDocument:
        from db.report_output.plain_text import foot_lines, head_lines, heading_of, state_lines

        text = QTextDocument()
        text.setDocumentMargin(0)
        text.setDefaultFont(_font(10))
        text.documentLayout().setPaintDevice(self._printer)
        text.setPageSize(QSizeF(self._body.width(), self._body.height()))
        cursor = QTextCursor(text)
        _add(cursor, "Radiology report", _format(15, bold=True))
        for line in state_lines(self._document):
            _add(cursor, line, _format(10, bold=True))
        _add(cursor, "", _format(4))
        for label, value in head_lines(self._document):
            _add(cursor, f"{label}: ", _format(9, _GREY))
            cursor.insertText(value, _format(9))
        for section in self._document.sections:
            _add(cursor, "", _format(5))
            _add(cursor, heading_of(section), _format(10.5, bold=True))
            _add(cursor, section.text.replace("\r\n", "\n").replace("\r", "\n"), _format(10.5))
        _add(cursor, "", _format(8))
        for line in foot_lines(self._document)[:-1]:  # the last one stands at the foot of each page
            _add(cursor, line, _format(8.5))
        return text

    def _draw_watermark(self) -> None:
        from db.report_output.plain_text import watermark_of

        word = watermark_of(self._document)
        if not word:
            return
        painter = self._painter
        painter.save()
        painter.setPen(_WATERMARK_GREY)
        painter.setFont(_font(64, bold=True))
        painter.translate(self._page.center())
        painter.rotate(-55)
        width, height = self._page.height(), self._page.width()
        painter.drawText(QRectF(-width / 2, -height / 2, width, height), Qt.AlignmentFlag.AlignCenter, word)
        painter.restore()

    def _draw_head(self) -> None:
        from db.report_output.plain_text import page_head

        self._draw_line(self._page.top(), page_head(self._document), Qt.AlignmentFlag.AlignLeft)

    def _draw_foot(self, number: int, count: int) -> None:
        from db.report_output.document import RESEARCH_USE

        top = self._page.bottom() - 2 * self._line
        status = f"{self._document.status_text} · version {self._document.version.version}"
        self._draw_line(top, status, Qt.AlignmentFlag.AlignLeft)
        self._draw_line(top, f"page {number} of {count}", Qt.AlignmentFlag.AlignRight)
        self._draw_line(top + self._line, RESEARCH_USE, Qt.AlignmentFlag.AlignLeft)

    def _draw_line(self, top: float, text: str, alignment: Qt.AlignmentFlag) -> None:
        self._painter.setPen(_GREY)
        self._painter.setFont(_font(7.5))
        self._painter.drawText(QRectF(self._page.left(), top, self._page.width(), self._line), alignment, text)


def _add(cursor: QTextCursor, text: str, text_format: QTextCharFormat) -> None:
    if not cursor.atStart():
        cursor.insertBlock()
    cursor.insertText(text, text_format)


def _format(points: float, colour: QColor | None = None, *, bold: bool = False) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setFont(_font(points, bold=bold))
    made.setForeground(colour or QColor("black"))
    return made


def _font(points: float, *, bold: bool = False) -> QFont:
    font = QFont()
    font.setFamilies(_FAMILIES)
    font.setPointSizeF(points)
    font.setBold(bold)
    return font
