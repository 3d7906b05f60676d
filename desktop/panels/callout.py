"""A note beside a part of the window, and a ring around that part. Neither stops the work."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop import theme

WIDTH_PX = 330
_GAP_PX = 14
_EDGE_PX = 10


class Callout(QFrame):
    """Title, a few sentences, back, next and skip.

    Signals
    -------
    next_wanted, back_wanted, skipped
        What the reader chose; Esc skips.
    """

    next_wanted = Signal()
    back_wanted = Signal()
    skipped = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("callout")
        self.setFixedWidth(WIDTH_PX)
        self.title, self.text, self.count = QLabel(), QLabel(), QLabel()
        self.title.setObjectName("title")
        self.text.setWordWrap(True)
        self.count.setObjectName("muted")
        self.skip_button, self.back_button = QPushButton("Skip the tour"), QPushButton("Back")
        self.next_button = QPushButton("Next")
        self.next_button.setObjectName("primary")
        self.skip_button.clicked.connect(self.skipped)
        self.back_button.clicked.connect(self.back_wanted)
        self.next_button.clicked.connect(self.next_wanted)
        row = QHBoxLayout()
        row.addWidget(self.skip_button)
        row.addWidget(self.count, 1, Qt.AlignmentFlag.AlignCenter)
        row.addWidget(self.back_button)
        row.addWidget(self.next_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.text)
        column.addLayout(row)
        self.hide()

    def say(self, title: str, text: str, number: int, total: int) -> None:
        """Show one step."""
        self.title.setText(title)
        self.text.setText(text)
        self.count.setText(f"{number} / {total}")
        self.back_button.setEnabled(number > 1)
        self.next_button.setText("Done" if number == total else "Next")
        self.skip_button.setVisible(number < total)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.setFixedHeight(self.layout().totalHeightForWidth(WIDTH_PX))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc skips."""
        if event.key() == Qt.Key.Key_Escape:
            self.skipped.emit()
        else:
            super().keyPressEvent(event)


class Ring(QWidget):
    """A frame around a part of the window that lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.ACCENT), 2.0))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 5, 5)
        painter.end()


def place_beside(size: QRect, target: QRect, inside: QRect) -> QPoint:
    """Top left corner for a note of this size: beside, below or above its target, and inside the window.

    Where there is room on no side (the target fills the window) it lies over the target, in its lower part.
    """
    places = (
        QPoint(target.right() + _GAP_PX, target.top()),
        QPoint(target.left() - _GAP_PX - size.width(), target.top()),
        QPoint(target.left(), target.bottom() + _GAP_PX),
        QPoint(target.left(), target.top() - _GAP_PX - size.height()),
    )
    room = inside.adjusted(_EDGE_PX, _EDGE_PX, -_EDGE_PX, -_EDGE_PX)
    for place in places:
        at = _moved_inside(QRect(place, size.size()), room)
        if not at.intersects(target):
            return at.topLeft()
    over = QPoint(target.center().x() - size.width() // 2, target.bottom() - size.height() - 4 * _GAP_PX)
    return _moved_inside(QRect(over, size.size()), room).topLeft()


def _moved_inside(rect: QRect, room: QRect) -> QRect:
    left = max(room.left(), min(rect.left(), room.right() - rect.width()))
    top = max(room.top(), min(rect.top(), room.bottom() - rect.height()))
    return QRect(left, top, rect.width(), rect.height())
