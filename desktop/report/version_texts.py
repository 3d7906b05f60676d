"""What can be compared of a report: the model's drafts and all versions, and how two of them differ."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import NamedTuple

from db.records import TEXT_SECTIONS, DraftRecord, ReportVersion
from desktop import theme
from desktop.patient_text import utc_text
from desktop.reading import Reading
from desktop.report.communication_row import communication_text
from gaze2report.text_diff import DiffRun, word_diff

ADDENDUM, COMMUNICATION = "addendum", "critical result communicated"
PARTS: tuple[str, ...] = (*TEXT_SECTIONS, COMMUNICATION, ADDENDUM)
_KINDS = {"preliminary": "Preliminary", "final": "Final", "addendum": "Addendum", "correction": "Correction"}


class ComparedText(NamedTuple):
    """A draft or version with all it says, by part.

    Attributes
    ----------
    title : str
        "Version 2: Final".
    detail : str
        Who, when and why.
    """

    title: str
    detail: str
    parts: Mapping[str, str]


NOTHING = ComparedText("Nothing", "An empty report", {})


def compared_texts(reading: Reading) -> tuple[ComparedText, ...]:
    """The drafts that the reader may see, then all versions, the oldest first."""
    return tuple([*map(_of_draft, reading.drafts), *map(_of_version, reading.versions)])


def usual_other(texts: tuple[ComparedText, ...], number: int) -> ComparedText:
    """What a text is first compared with: the one before it."""
    return texts[number - 1] if number > 0 else NOTHING


def diff_html(old: ComparedText, new: ComparedText) -> str:
    """All parts with their changes, as HTML. What was removed is struck through, what was added is underlined."""
    blocks = []
    for part in PARTS:
        before, after = old.parts.get(part, ""), new.parts.get(part, "")
        if before or after:
            runs = "".join(map(_run_html, word_diff(before, after)))
            same = "" if before != after else f" <span style='color:{theme.MUTED}'>(unchanged)</span>"
            blocks.append(
                f"<p style='color:{theme.MUTED}; margin-bottom:2px'><b>{html.escape(part.upper())}</b>{same}</p>"
                f"<p style='white-space:pre-wrap; margin-top:0'>{runs}</p>"
            )
    return "".join(blocks) or f"<p style='color:{theme.MUTED}'>Neither says anything.</p>"


def change_count(old: ComparedText, new: ComparedText) -> int:
    """How many stretches were removed or added in all."""
    runs = [run for part in PARTS for run in word_diff(old.parts.get(part, ""), new.parts.get(part, ""))]
    return sum(run.kind != "same" for run in runs)


def _run_html(run: DiffRun) -> str:
    text = html.escape(run.text)
    if run.kind == "removed":
        style = f"color:{theme.ERROR}; background-color:{theme.ERROR_GROUND}; text-decoration:line-through"
    elif run.kind == "added":
        style = f"color:{theme.GOOD}; text-decoration:underline"
    else:
        style = f"color:{theme.TEXT}"
    return f"<span style='{style}'>{text}</span>"


def _of_draft(record: DraftRecord) -> ComparedText:
    draft = record.draft
    parts = {"findings": draft.report.findings, "impression": draft.report.impression}
    made_by = f"{draft.provenance.adapter} {draft.provenance.adapter_sha256[:8]}, seed {draft.provenance.seed}"
    return ComparedText("AI draft", f"{made_by}, {utc_text(record.created_at_utc)}", parts)


def _of_version(version: ReportVersion) -> ComparedText:
    parts = {name: version.text.section(name) for name in TEXT_SECTIONS}
    parts[COMMUNICATION] = "\n".join(map(communication_text, version.text.communications))
    parts[ADDENDUM] = version.addendum
    by = f"signed by {version.signer}" if version.is_signed else f"by {version.author}"
    reason = f". Reason: {version.reason}" if version.reason else ""
    return ComparedText(
        f"Version {version.version}: {_KINDS[version.kind]}", f"{by}, {utc_text(version.created_at_utc)}{reason}", parts
    )
