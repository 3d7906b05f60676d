"""How AI text looks: tinted and underlined with dots, and named in the margin. Nothing rests on colour alone."""

from __future__ import annotations

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QTextEdit

from desktop import theme
from desktop.text_spans import Origin, SectionText, utf16_length


def ai_format(origin: Origin) -> QTextCharFormat:
    """Look of a stretch of AI text; what the reader has changed is fainter and underlined with dashes."""
    is_edited = origin == "ai-edited"
    look = QTextCharFormat()
    look.setBackground(QColor(theme.AI_EDITED_TINT if is_edited else theme.AI_TINT))
    look.setForeground(QColor(theme.TEXT))
    style = QTextCharFormat.UnderlineStyle
    look.setUnderlineStyle(style.DashUnderline if is_edited else style.DotLine)
    look.setUnderlineColor(QColor(theme.FAINT if is_edited else theme.AI_MARK))
    return look


def ai_selections(document: QTextDocument, section: SectionText) -> list[QTextEdit.ExtraSelection]:
    """Looks for all AI text of a section, as selections that leave the document and its undo history alone."""
    selections = []
    position = 0
    for start, end, origin in section.runs:
        length = utf16_length(section.text[start:end])
        if origin != "reader":
            selection = QTextEdit.ExtraSelection()
            cursor = QTextCursor(document)
            cursor.setPosition(position)
            cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
            selection.cursor, selection.format = cursor, ai_format(origin)
            selections.append(selection)
        position += length
    return selections


def ai_lines(section: SectionText) -> dict[int, Origin]:
    """For each line (block number) with AI text: "ai" if any of it is untouched, else "ai-edited"."""
    lines: dict[int, Origin] = {}
    number = 0
    for start, end, origin in section.runs:
        for character in section.text[start:end]:
            if character == "\n":
                number += 1
            elif origin != "reader" and lines.get(number) != "ai":
                lines[number] = origin
    return lines
