"""The two ways between the report and the gaze: a sentence lights its fixations, a fixation its sentences."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.reading_gaze import ReadingGaze
from desktop.report.report_sections import ReportSections


class LinkedSentences(QObject):
    """Keeps the highlight in the editors like the reader's choice on the film, and tells the film of the caret."""

    def __init__(self, gaze: ReadingGaze, sections: ReportSections) -> None:
        super().__init__(sections)
        self._gaze, self._sections = gaze, sections
        gaze.choice_changed.connect(self._highlight)
        sections.sentence_entered.connect(self._on_sentence_entered)

    def _on_sentence_entered(self, section: str, start: int, end: int) -> None:
        if end > start:
            self._gaze.choose_sentence(section, start, end)
        else:
            self._gaze.clear_choice()

    def _highlight(self) -> None:
        chosen = self._gaze.choice.sentences
        for name, editor in self._sections.editors.items():
            editor.highlight_sentences([(start, end) for section, start, end in chosen if section == name])
        if chosen:
            self._sections.ensureWidgetVisible(self._sections.editors[chosen[0][0]])
