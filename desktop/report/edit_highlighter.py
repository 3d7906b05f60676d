"""How text that is not simply the reader's looks. Nothing rests on colour alone.

AI text is tinted, underlined, and marked in the margin: dots and "AI ?" while nobody has reviewed it, dashes and a
pencil where the reader has changed it, a thin line and a tick where it was accepted as it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from PySide6.QtGui import QColor, QFont, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextEdit

from desktop import theme
from desktop.text_spans import Origin, SectionText, utf16_length
from gaze2report.report_templates.fields import find_fields

AiMark = Literal["ai", "accepted", "ai-edited"]
Stretch = tuple[int, int, QTextCharFormat]
"""Start, end in characters, and look."""

_STRENGTH: tuple[AiMark, ...] = ("ai", "ai-edited", "accepted")
"""Which mark a line with several gets: the first of these."""

ORIGIN_TEXTS: dict[Origin, str] = {
    "reader": "Typed by the reader",
    "ai": "AI text as it came, not reviewed yet",
    "ai-edited": "AI text that the reader has changed",
    "macro": "From a template or macro",
    "external": "Pasted or dictated from another program",
    "measurement": "Written by a measurement",
}


def ai_mark(origin: Origin, is_accepted: bool) -> AiMark | None:
    """How a stretch of text is marked as the AI's; None when it is not."""
    if origin == "ai":
        return "accepted" if is_accepted else "ai"
    return "ai-edited" if origin == "ai-edited" else None


def ai_format(mark: AiMark) -> QTextCharFormat:
    """Look of a stretch of AI text; what is reviewed is fainter."""
    look = QTextCharFormat()
    look.setBackground(QColor(theme.AI_TINT if mark == "ai" else theme.AI_EDITED_TINT))
    look.setForeground(QColor(theme.TEXT))
    style = QTextCharFormat.UnderlineStyle
    styles = {"ai": style.DotLine, "ai-edited": style.DashUnderline, "accepted": style.SingleUnderline}
    look.setUnderlineStyle(styles[mark])
    look.setUnderlineColor(QColor(theme.AI_MARK if mark == "ai" else theme.FAINT))
    return look


def field_stretches(text: str) -> list[Stretch]:
    """All fields of a text with their look; one that has to be filled is louder, and marked in the margin too."""
    return [(field.start, field.end, _field_format(field.is_mandatory)) for field in find_fields(text)]


def _field_format(is_mandatory: bool) -> QTextCharFormat:
    look = QTextCharFormat()
    look.setBackground(QColor(theme.MANDATORY_TINT if is_mandatory else theme.FIELD_TINT))
    look.setForeground(QColor(theme.TEXT))
    style = QTextCharFormat.UnderlineStyle
    look.setUnderlineStyle(style.SingleUnderline if is_mandatory else style.DotLine)
    look.setUnderlineColor(QColor(theme.ERROR if is_mandatory else theme.GOOD))
    look.setFontWeight(QFont.Weight.Bold if is_mandatory else QFont.Weight.Normal)
    return look


def has_mandatory_field(text: str, start: int, end: int) -> bool:
    """Whether a field that has to be filled begins in a stretch of text."""
    return any(field.is_mandatory and start <= field.start < end for field in find_fields(text))


def linked_format() -> QTextCharFormat:
    """Look of a sentence that belongs to what is chosen on the film."""
    look = QTextCharFormat()
    look.setBackground(QColor(theme.LINKED_TINT))
    look.setForeground(QColor(theme.TEXT))
    look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
    look.setUnderlineColor(QColor(theme.GAZE))
    return look


def selections(document: QTextDocument, text: str, stretches: Iterable[Stretch]) -> list[QTextEdit.ExtraSelection]:
    """Looks of stretches of a text, as selections that leave the document and its undo history alone."""
    found = []
    for start, end, look in stretches:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(document)
        first = utf16_length(text[:start])
        cursor.setPosition(first)
        cursor.setPosition(first + utf16_length(text[start:end]), QTextCursor.MoveMode.KeepAnchor)
        selection.cursor, selection.format = cursor, look
        found.append(selection)
    return found


def ai_stretches(section: SectionText) -> list[Stretch]:
    """All AI text of a section with its look."""
    marked = ((start, end, ai_mark(origin, is_accepted)) for start, end, origin, is_accepted in section.spans)
    return [(start, end, ai_format(mark)) for start, end, mark in marked if mark is not None]


def mark_between(section: SectionText, start: int, end: int) -> AiMark | None:
    """Mark of a line from ``start`` to ``end``: what most needs the reader's eye."""
    found = {
        ai_mark(origin, is_accepted)
        for first, last, origin, is_accepted in section.spans
        if first < end and last > start and section.text[max(first, start) : min(last, end)].strip()
    }
    return next((mark for mark in _STRENGTH if mark in found), None)
