"""Accepting and rejecting AI text, a sentence at a time or all of it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from desktop.actions import Actions
from desktop.reading import Reading
from desktop.report.report_actions import ACCEPT_ALL, ACCEPT_SENTENCE, REJECT_ALL, REJECT_SENTENCE
from desktop.report.report_sections import ReportSections


class SentenceReview:
    """What the keys for one sentence do.

    They act on the sentence of the caret when it is AI text not reviewed yet. When it is not, they go to the next such
    sentence and act on it only when asked again, so that nothing is accepted unseen. When the text has none left, they
    act on the first sentence that lies beside a section.
    """

    def __init__(self, reading: Reading, sections: ReportSections) -> None:
        self._reading, self._sections = reading, sections

    def accept(self) -> None:
        """Accept the current AI sentence and go to the next."""
        self._act(is_accepted=True)

    def reject(self) -> None:
        """Remove the current AI sentence and go to the next."""
        self._act(is_accepted=False)

    def _act(self, *, is_accepted: bool) -> None:
        reading, sections = self._reading, self._sections
        if not reading.can_edit:
            return
        current = sections.current_ai_sentence()
        if current is not None:
            (reading.accept_text if is_accepted else reading.reject_text)(*current)
            self._go_on()
        elif reading.unreviewed():
            self._go_on()
        else:
            offered = sections.section_with_offer()
            if offered is not None:
                (reading.take_sentence if is_accepted else reading.drop_sentence)(offered)

    def _go_on(self) -> None:
        following = self._sections.next_ai_sentence()
        if following is not None:
            self._sections.go_to(*following)


class ReviewRow(QWidget):
    """The buttons to review AI sentences; always there, so that nothing moves.

    Attributes
    ----------
    label : QLabel
        How many are not reviewed; the panel places it.
    """

    def __init__(self, reading: Reading, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = reading
        self.label = QLabel()
        self.label.setObjectName("muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.buttons = []
        for spec, text in (
            (ACCEPT_SENTENCE, "Accept"), (REJECT_SENTENCE, "Reject"),
            (ACCEPT_ALL, "Accept all"), (REJECT_ALL, "Reject all"),
        ):  # fmt: skip
            button = QPushButton()
            actions.tie(button, spec.id, text, has_own_enabling=True)
            row.addWidget(button, 1)
            self.buttons.append(button)
        for signal in (reading.opened, reading.report_changed, reading.edited, reading.draft_changed):
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the count."""
        reading = self._reading
        count = len(reading.unreviewed())
        has_offer = any(reading.aside(name) for name in reading.section_drafts)
        has_ai = any(section.has_ai for section in reading.sections.values())
        text = f"{count} AI to review"
        is_shown = reading.can_edit and not reading.is_ai_withheld and not reading.is_correcting
        self.label.setText("" if not is_shown else text if count else "AI reviewed" if has_ai else "")
        if self.label.parent() is not None:  # without a place it would be a window
            self.label.setVisible(bool(self.label.text()))
        self.setVisible(is_shown)
        for number, button in enumerate(self.buttons):
            button.setEnabled(bool(count) or (has_offer and number < 2))
