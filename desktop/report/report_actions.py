"""The actions of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.actions import Actions, ActionSpec

if TYPE_CHECKING:
    from desktop.report.report_panel import ReportPanel

DRAFT = ActionSpec(
    "report.draft", "&Draft / cancel draft", "Report", ("F5",), section="draft",
    tip="Ask the model for a draft, or stop the one under way",
)  # fmt: skip
ACCEPT_SENTENCE = ActionSpec(
    "report.accept_sentence", "Accept AI &sentence", "Report", ("F9",), section="review",
    tip="Let the AI sentence at the caret stand and go to the next; take one that lies beside the text",
)  # fmt: skip
REJECT_SENTENCE = ActionSpec(
    "report.reject_sentence", "&Reject AI sentence", "Report", ("Shift+F9",), section="review",
    tip="Remove the AI sentence at the caret and go to the next",
)  # fmt: skip
ACCEPT_ALL = ActionSpec(
    "report.accept_all", "Accept a&ll AI text", "Report", ("Ctrl+F9",), section="review",
    tip="Let all AI text stand as it is",
)  # fmt: skip
REJECT_ALL = ActionSpec(
    "report.reject_all", "Re&ject all AI text", "Report", ("Ctrl+Shift+F9",), section="review",
    tip="Remove all AI sentences that are not accepted",
)  # fmt: skip
DRAFT_FINDINGS = ActionSpec(
    "report.draft_findings", "Draft &findings anew", "Report", section="draft",
    tip="Ask the model for other findings only",
)  # fmt: skip
DRAFT_IMPRESSION = ActionSpec(
    "report.draft_impression", "Draft i&mpression anew", "Report", section="draft",
    tip="Ask the model for an impression of the findings as they are now",
)  # fmt: skip
COMMIT = ActionSpec(
    "report.commit", "Co&mmit and show the AI", "Report", ("F6",), section="mode",
    tip="Reader first: keep the text as what you commit to; then what the AI has is shown",
)  # fmt: skip
READER_FIRST = ActionSpec(
    "report.reader_first", "Reader &first", "Report", section="mode", is_checkable=True,
    tip="Show nothing of the AI before you commit to your own text; holds from the next study on",
)  # fmt: skip
INSERT_DRAFT = ActionSpec(
    "report.insert_draft", "&Insert AI draft", "Report", section="draft",
    tip="Put the draft that lies beside the text behind it",
)  # fmt: skip
TEMPLATES = ActionSpec(
    "report.templates", "&Templates and macros...", "Report", ("Ctrl+T",), section="fields",
    tip="Put a template into the report, or write one",
)  # fmt: skip
NEXT_FIELD = ActionSpec(
    "report.next_field", "&Next field", "Report", ("F8",), section="fields",
    tip="Go to the next field of a template; one that is left keeps its default",
)  # fmt: skip
PREVIOUS_FIELD = ActionSpec(
    "report.previous_field", "Pre&vious field", "Report", ("Shift+F8",), section="fields",
    tip="Go to the field before",
)  # fmt: skip
USE_DEFAULTS = ActionSpec(
    "report.use_defaults", "&Use defaults", "Report", ("Ctrl+F8",), section="fields",
    tip="Keep the default of every field that has one",
)  # fmt: skip
ACCEPT = ActionSpec(
    "report.accept", "&Accept as preliminary", "Report", ("F10",), section="accept",
    tip="Keep the text as the preliminary report",
)  # fmt: skip
SIGN = ActionSpec(
    "report.sign", "&Sign...", "Report", ("F12",), section="accept", tip="Sign the text as the final report"
)
COPY = ActionSpec("report.copy", "&Copy text", "Report", section="accept", tip="Put the whole text on the clipboard")


def add_report_actions(actions: Actions, panel: ReportPanel) -> None:
    """Register what can be done with the report on screen."""
    actions.add_widget("report", panel)
    for spec, call in (
        (DRAFT, panel.draft_or_cancel),
        (DRAFT_FINDINGS, lambda: panel.draft_section("findings")),
        (DRAFT_IMPRESSION, lambda: panel.draft_section("impression")),
        (INSERT_DRAFT, panel.insert_drafts),
        (ACCEPT_SENTENCE, panel.review.accept),
        (REJECT_SENTENCE, panel.review.reject),
        (ACCEPT_ALL, panel.accept_all),
        (REJECT_ALL, panel.reject_all),
        (TEMPLATES, panel.show_templates),
        (NEXT_FIELD, panel.fields.next),
        (PREVIOUS_FIELD, panel.fields.previous),
        (USE_DEFAULTS, panel.use_defaults),
        (ACCEPT, panel.accept),
        (SIGN, panel.ask_to_sign),
        (COPY, panel.copy_text),
    ):
        actions.add(spec, call)
    actions.add(COMMIT, panel.commit)
    actions.add(READER_FIRST, panel.toggle_reader_first, is_checked=lambda: panel.is_reader_first)
