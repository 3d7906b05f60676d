"""The margin of a section: a bar beside each line with AI text, and an icon where such lines begin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from desktop import theme
from desktop.report.edit_highlighter import AiMark, has_mandatory_field, mark_between
from desktop.text_spans import code_points

if TYPE_CHECKING:
    from desktop.report.section_editor import SectionEditor

MARGIN_PX = 34
_PENS: dict[AiMark, tuple[str, Qt.PenStyle]] = {
    "ai": (theme.AI_MARK, Qt.PenStyle.SolidLine),
    "ai-edited": (theme.MUTED, Qt.PenStyle.DashLine),
    "accepted": (theme.MUTED, Qt.PenStyle.SolidLine),
}


class AiMargin(QWidget):
    """Marks the AI text of an editor by shape as well as colour."""

    def __init__(self, editor: SectionEditor) -> None:
        super().__init__(editor)
        self._editor = editor
        self.setToolTip(
            "AI ?  text of the model that you have not reviewed yet\n"
            "AI with a tick  you have accepted it as it came\n"
            "AI with a pencil, dashed bar  you have changed it\n"
            "fill  a field that has no default"
        )

    def marks(self) -> list[AiMark | None]:
        """Mark of each line on screen, wrapped lines included, from the top of the text."""
        return [mark for _, _, mark, _ in self._lines()]

    def open_lines(self) -> list[bool]:
        """Whether a field that has to be filled begins in each line."""
        return [is_open for _, _, _, is_open in self._lines()]

    def _lines(self) -> Iterator[tuple[float, float, AiMark | None, bool]]:
        """Top and height in pixels, mark, and whether a field has to be filled, of each line."""
        editor, section = self._editor, self._editor.section_text
        shows_origins, has_fields = editor.shows_origins, not editor.isReadOnly() and "[" in section.text
        if not (shows_origins or has_fields or "___" in section.text):
            return
        block = editor.document().firstBlock()
        while block.isValid():
            top = editor.blockBoundingGeometry(block).translated(editor.contentOffset()).top()
            layout = block.layout()
            for number in range(layout.lineCount()):
                line = layout.lineAt(number)
                start = block.position() + line.textStart()
                first = code_points(section.text, start)
                last = first + code_points(section.text[first:], line.textLength())
                mark = mark_between(section, first, last) if shows_origins else None
                is_open = not editor.isReadOnly() and has_mandatory_field(section.text, first, last)
                yield top + line.y(), line.height(), mark, is_open
            block = block.next()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is in sight."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(9)
        font.setBold(True)
        painter.setFont(font)
        before: AiMark | None = None
        for top, height, mark, is_open in self._lines():
            is_in_sight = top + height > 0 and top < self.height()
            if mark is not None and is_in_sight:
                self._paint_line(painter, int(top), int(height), mark, has_icon=mark != before and not is_open)
            if is_open and is_in_sight:
                painter.setPen(QColor(theme.ERROR))
                painter.drawText(QRect(1, int(top), 24, int(height)), Qt.AlignmentFlag.AlignCenter, "fill")
            before = mark
        painter.end()

    def _paint_line(self, painter: QPainter, top: int, height: int, mark: AiMark, *, has_icon: bool) -> None:
        name, style = _PENS[mark]
        colour = QColor(name)
        width = 3 if mark == "ai" else 1.5
        painter.setPen(QPen(colour, width, style, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(MARGIN_PX - 4, top + 1), QPointF(MARGIN_PX - 4, top + height - 1))
        if not has_icon:
            return
        painter.setPen(colour)
        painter.drawText(QRect(1, top, 14, height), Qt.AlignmentFlag.AlignCenter, "AI")
        if mark == "ai":
            painter.drawText(QRect(15, top, 9, height), Qt.AlignmentFlag.AlignCenter, "?")
            return
        painter.setPen(QPen(colour, 1.4))
        middle = top + height / 2
        shape = (
            [QPointF(16, middle), QPointF(19, middle + 3), QPointF(24, middle - 4)]  # a tick
            if mark == "accepted"
            else [QPointF(16, middle + 4), QPointF(17, middle + 1), QPointF(23, middle - 5), QPointF(25, middle - 3),
                  QPointF(19, middle + 3), QPointF(16, middle + 4)]  # a pencil
        )  # fmt: skip
        painter.drawPolyline(QPolygonF(shape))
