"""Which fixations belong to which sentence of the report: those that began while it was written or accepted.

Notation: S sentences, F fixations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gaze2report.gaze.recorded_gaze import RecordedFixation, TimedSentence

PAUSE_MS = 5000.0
"""Keystrokes further apart than this belong to two bouts of writing."""


@dataclass(frozen=True)
class SentenceLinks:
    """Links in both directions; indices into the sentences and fixations they were made of.

    Attributes
    ----------
    fixations_of : tuple of tuple of int
        For each sentence, its fixations in order.
    sentences_of : tuple of tuple of int
        For each fixation, its sentences in order.
    """

    fixations_of: tuple[tuple[int, ...], ...]
    sentences_of: tuple[tuple[int, ...], ...]


def link_by_time(fixations: Sequence[RecordedFixation], sentences: Sequence[TimedSentence]) -> SentenceLinks:
    """Link each fixation to the sentences that were being written or accepted at its onset, both ends included.

    A fixation without a known onset is linked to nothing. A sentence may occur several times (written, then changed
    later): each is linked on its own.
    """
    fixations_of: list[tuple[int, ...]] = []
    sentences_of: list[list[int]] = [[] for _ in fixations]
    for number, sentence in enumerate(sentences):
        linked = tuple(
            index
            for index, fixation in enumerate(fixations)
            if fixation.onset_ms is not None and sentence.start_ms <= fixation.onset_ms <= sentence.end_ms
        )
        fixations_of.append(linked)
        for index in linked:
            sentences_of[index].append(number)
    return SentenceLinks(tuple(fixations_of), tuple(tuple(numbers) for numbers in sentences_of))


def bouts(times_ms: Sequence[float], pause_ms: float = PAUSE_MS) -> list[tuple[float, float]]:
    """Stretches (start, end) of moments that are no further apart than ``pause_ms``, in order."""
    found: list[tuple[float, float]] = []
    for time_ms in sorted(times_ms):
        if found and time_ms - found[-1][1] <= pause_ms:
            found[-1] = (found[-1][0], time_ms)
        else:
            found.append((time_ms, time_ms))
    return found


def box_around(
    fixations: Sequence[RecordedFixation], margin_px: float, width_px: float, height_px: float
) -> tuple[float, float, float, float] | None:
    """The region of linked fixations: the box (x0, y0, x1, y1) around them with a margin, cut at the image's edges.

    None when none of them lies in the image.
    """
    inside = [f for f in fixations if 0 <= f.x_px < width_px and 0 <= f.y_px < height_px]
    if not inside:
        return None
    return (
        max(0.0, min(f.x_px for f in inside) - margin_px),
        max(0.0, min(f.y_px for f in inside) - margin_px),
        min(width_px, max(f.x_px for f in inside) + margin_px),
        min(height_px, max(f.y_px for f in inside) + margin_px),
    )
