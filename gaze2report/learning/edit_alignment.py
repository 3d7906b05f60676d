"""What became of a draft: its sentences and those of the signed report, aligned.

The alignment is the order-preserving one of greatest total similarity (Needleman and Wunsch, J Mol Biol 1970, with the
ratio of matching words as the score and no cost for a gap), so a sentence that was moved counts as deleted and added.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gaze2report.evaluation.clinical_labels import label_report
from gaze2report.report_text import sentence_spans
from gaze2report.types import CHEXPERT_OBSERVATIONS

EditKind = Literal["kept", "changed", "deleted", "added"]
LEAST_SIMILARITY = 0.4
"""Below it two sentences are not the same one rewritten."""


@dataclass(frozen=True)
class SentenceEdit:
    """One sentence of the draft, of the report, or of both.

    Attributes
    ----------
    draft_span, report_span : (int, int)
        Start and end in the section's text, in code points; both 0 where there is none.
    similarity : float
        Share of words in common, 0 to 1; 1 for a sentence that was kept.
    observations : tuple of str
        CheXpert-14 observations that either sentence speaks of, present or absent.
    """

    kind: EditKind
    draft_span: tuple[int, int]
    report_span: tuple[int, int]
    similarity: float
    observations: tuple[str, ...]


def align_sentences(draft: str, report: str) -> tuple[SentenceEdit, ...]:
    """Align the sentences of one section of a draft with those of the signed report.

    Returns
    -------
    tuple of SentenceEdit
        In the order of the report; what was deleted stands where it would have stood. Every sentence of both texts is
        in exactly one of them.
    """
    before, after = sentence_spans(draft), sentence_spans(report)
    words_before = [_words(draft[a:b]) for a, b in before]
    words_after = [_words(report[a:b]) for a, b in after]
    edits = []
    for i, j, similarity in _pairs(words_before, words_after):
        draft_span = before[i] if i is not None else (0, 0)
        report_span = after[j] if j is not None else (0, 0)
        texts = (draft[slice(*draft_span)], report[slice(*report_span)])
        kind: EditKind = (
            "added" if i is None else "deleted" if j is None else "kept" if similarity == 1.0 else "changed"
        )
        edits.append(SentenceEdit(kind, draft_span, report_span, similarity, observations_of(*texts)))
    return tuple(edits)


def observations_of(*texts: str) -> tuple[str, ...]:
    """CheXpert-14 observations that texts speak of, whatever they say of them."""
    found = {name for text in texts if text for name, value in label_report(text).items() if value is not None}
    return tuple(name for name in CHEXPERT_OBSERVATIONS if name in found and name != "No Finding")


def _words(sentence: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+(?:[.,/'-]\w+)*", sentence.lower()))


def _pairs(before: list[tuple[str, ...]], after: list[tuple[str, ...]]) -> list[tuple[int | None, int | None, float]]:
    scores = np.array([[_similarity(one, other) for other in after] for one in before]).reshape(len(before), len(after))
    best = np.zeros((len(before) + 1, len(after) + 1))
    for i in range(len(before) - 1, -1, -1):
        for j in range(len(after) - 1, -1, -1):
            best[i, j] = max(best[i + 1, j], best[i, j + 1], best[i + 1, j + 1] + scores[i, j])
    pairs: list[tuple[int | None, int | None, float]] = []
    i = j = 0
    while i < len(before) or j < len(after):
        if i < len(before) and j < len(after) and scores[i, j] and best[i, j] == best[i + 1, j + 1] + scores[i, j]:
            pairs.append((i, j, float(scores[i, j])))
            i, j = i + 1, j + 1
        elif j == len(after) or (i < len(before) and best[i, j] == best[i + 1, j]):
            pairs.append((i, None, 0.0))
            i += 1
        else:
            pairs.append((None, j, 0.0))
            j += 1
    return pairs


def _similarity(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    if one == other:
        return 1.0
    ratio = difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()
    # a reordered sentence has all its words in common and is not the same
    return min(ratio, 0.999) if ratio >= LEAST_SIMILARITY else 0.0
