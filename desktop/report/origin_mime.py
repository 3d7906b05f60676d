"""Where copied text came from, beside the text on the clipboard: text moved inside a report keeps its origins."""

from __future__ import annotations

import json

from PySide6.QtCore import QMimeData

from db.records import SPAN_ORIGINS
from desktop.text_spans import SectionText, Span, plain

ORIGINS_TYPE = "application/x-gaze2report-origins"


def put_origins(data: QMimeData, section: SectionText, start: int, end: int) -> None:
    """Add to copied text where it came from; ``start`` and ``end`` are its place in the section."""
    spans = [
        [max(first, start) - start, min(last, end) - start, origin, is_accepted]
        for first, last, origin, is_accepted in section.spans
        if first < end and last > start
    ]
    content = json.dumps({"text": section.text[start:end], "spans": spans})
    data.setData(ORIGINS_TYPE, content.encode())


def spans_of(data: QMimeData, text: str) -> tuple[Span, ...]:
    """Where pasted text came from: what was copied with it, else all of it from another program."""
    foreign: tuple[Span, ...] = ((0, len(text), "external", False),)
    try:
        content = json.loads(bytes(data.data(ORIGINS_TYPE).data()) or b"{}")
        spans = tuple((int(a), int(b), origin, bool(accepted)) for a, b, origin, accepted in content["spans"])
    except (KeyError, TypeError, ValueError):
        return foreign
    covers = [0, *(end for _, end, _, _ in spans)] == [*(start for start, _, _, _ in spans), len(text)]
    is_ours = content.get("text") == plain(text) and covers and all(s[2] in SPAN_ORIGINS for s in spans)
    return spans if is_ours else foreign
