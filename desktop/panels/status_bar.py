"""The line at the foot of the window: small news on the left; what takes long, with its stop button, on the right."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QWidget

from desktop.long_work import LongWork, WorkUnderWay

HEIGHT_PX = 27
SHOW_AFTER_MS = 500
"""Shorter work is not shown, so nothing flickers."""

_MOST_SHOWN = 2
_MESSAGE_MS = 8000


class StatusBar(QWidget):
    """Always there and always as high, so that news and progress move nothing on the page."""

    def __init__(self, work: WorkUnderWay, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT_PX)
        self.message = QLabel()
        self.message.setObjectName("muted")
        self.message.setMinimumWidth(0)
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.more = QLabel()
        self.more.setObjectName("muted")
        self._forget = QTimer(self, singleShot=True, interval=_MESSAGE_MS)
        self._forget.timeout.connect(self.message.clear)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 2, 8, 2)
        self._row.setSpacing(10)
        self._row.addWidget(self.message, 1)
        self._row.addWidget(self.more)
        self._work = work
        self._items: dict[LongWork, WorkItem] = {}
        work.changed.connect(self._on_work_changed)

    def add_light(self, light: QWidget) -> None:
        """Show something for as long as it wants to be shown, between news and progress."""
        self._row.insertWidget(1, light)

    @property
    def items(self) -> tuple[WorkItem, ...]:
        """What is shown of the long work."""
        return tuple(item for item in self._items.values() if not item.isHidden())

    def say(self, sentence: str) -> None:
        """Show a sentence for a while."""
        self.message.setText(sentence)
        self.message.setToolTip(sentence)
        self._forget.start()

    def _on_work_changed(self) -> None:
        works = self._work.works
        for work in [work for work in self._items if work not in works]:
            item = self._items.pop(work)
            self._row.removeWidget(item)
            item.hide()
            item.deleteLater()
        for work in works:
            if work not in self._items:
                item = self._items[work] = WorkItem(work)
                item.hide()
                self._row.addWidget(item)
                QTimer.singleShot(SHOW_AFTER_MS, item, item.mark_old)
                item.grew_old.connect(self._show_items)
        self._show_items()

    def _show_items(self) -> None:
        old = [item for item in self._items.values() if item.is_old]
        for number, item in enumerate(old):
            item.setVisible(number < _MOST_SHOWN)
        hidden = len(old) - _MOST_SHOWN
        self.more.setText(f"and {hidden} more" if hidden > 0 else "")
        self.more.setVisible(hidden > 0)


class WorkItem(QWidget):
    """One piece of work: text, progress, stop.

    Signals
    -------
    grew_old
        It takes long enough to be shown.
    """

    grew_old = Signal()

    def __init__(self, work: LongWork, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self.is_old = False
        self.label = QLabel()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(110)
        self.stop_button = QPushButton("Stop")
        self.stop_button.setObjectName("small")
        self.stop_button.clicked.connect(work.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.label)
        row.addWidget(self.progress)
        row.addWidget(self.stop_button)
        work.changed.connect(self.refresh)
        self.refresh()

    def mark_old(self) -> None:
        """Note that it takes long enough to be shown."""
        self.is_old = True
        self.grew_old.emit()

    def refresh(self) -> None:
        """Show how far it is."""
        work = self._work
        self.label.setText(work.text)
        self.progress.setRange(0, work.total)  # 0 to 0 is Qt's "not known"
        self.progress.setValue(work.done)
        self.progress.setAccessibleName(work.title)
        self.stop_button.setVisible(work.can_stop or work.is_stopping)
        self.stop_button.setEnabled(work.can_stop)
        self.stop_button.setAccessibleName(f"Stop: {work.title}")
