"""Which sentences of a report have a region on an image.

A region comes with a sentence of the draft. It stays with the sentence while the reader leaves that as it was; of an
edited sentence nobody knows whether the region still shows what it says, so it has none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from db.records import TEXT_SECTIONS, WorkingText
from gaze2report.types import Draft


@dataclass(frozen=True)
class SentenceRegion:
    """A stretch of a section and the region it speaks of.

    Attributes
    ----------
    start, end : int
        Code points of the section, ``end`` exclusive.
    box_px : tuple of float
        x0, y0, x1, y1 in pixels of the stored image, (0, 0) at the outer corner of the first one, inside the image.
    """

    section: str
    start: int
    end: int
    instance_uid: str
    box_px: tuple[float, float, float, float]


def find_regions(
    text: WorkingText, draft: Draft | None, image_sizes: Mapping[str, tuple[int, int]]
) -> tuple[SentenceRegion, ...]:
    """Find the sentences of a draft that stand in a text unchanged, and have a region.

    Parameters
    ----------
    image_sizes : mapping
        (rows, columns) by instance UID of the images that may be referred to.
    """
    if draft is None or draft.instance_uid not in image_sizes:
        return ()
    found = []
    searched: dict[str, int] = {}
    for sentence in draft.sentences:
        if sentence.section not in TEXT_SECTIONS or not sentence.text:
            continue
        body: str = getattr(text, sentence.section)
        start = body.find(sentence.text, searched.get(sentence.section, 0))
        if start < 0:
            continue
        end = start + len(sentence.text)
        searched[sentence.section] = end
        box_px = _inside(sentence.box_px, *image_sizes[draft.instance_uid])
        if box_px is not None and _is_untouched(text, sentence.section, start, end):
            found.append(SentenceRegion(sentence.section, start, end, draft.instance_uid, box_px))
    return tuple(found)


def _is_untouched(text: WorkingText, section: str, start: int, end: int) -> bool:
    position = start
    for span in sorted((one for one in text.spans if one.section == section), key=lambda one: one.start):
        if span.origin == "ai" and span.start <= position < span.end:
            position = span.end
    return position >= end


def _inside(
    box_px: tuple[float, float, float, float] | None, rows: int, columns: int
) -> tuple[float, float, float, float] | None:
    """Cut a box to the image; None when nothing of it is left."""
    if box_px is None or not all(map(math.isfinite, box_px)):
        return None
    x0, x1 = (min(max(x, 0.0), float(columns)) for x in (box_px[0], box_px[2]))
    y0, y1 = (min(max(y, 0.0), float(rows)) for y in (box_px[1], box_px[3]))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None
