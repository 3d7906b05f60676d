"""Which fixations of a dictated reading belong to which of its sentences: the gaze that led to the sentence.

Only for training: a sentence is part of the report that is to be written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaze2report.data.training_example import RecordedScanpath, TimedText, TrainingExample, TrainingImage
from gaze2report.types import Fixation

AUDIO_START = "start of the audio"
"""Origin of onsets that share the clock of the dictation's words."""
_SENTENCE_ENDS = (".", "!", "?")


@dataclass(frozen=True)
class SentenceGaze:
    """A dictated sentence and the fixations, in fractions of the film, from the end of the one before it to its own."""

    text: str
    fixations: tuple[Fixation, ...]


def spoken_sentences(words: Sequence[TimedText]) -> list[TimedText]:
    """Join timed words or phrases into sentences; a full stop may be a word of its own."""
    sentences: list[TimedText] = []
    begun: list[TimedText] = []
    for word in words:
        begun.append(word)
        if word.text.strip().endswith(_SENTENCE_ENDS):
            sentences.append(_joined(begun))
            begun = []
    return [*sentences, _joined(begun)] if begun else sentences


def sentence_gaze(example: TrainingExample, image: TrainingImage) -> tuple[SentenceGaze, ...]:
    """Sentences of the dictation with their fixations on a film; none where words and gaze have no common clock.

    A radiologist looks before and while he speaks, so a sentence's gaze begins where the sentence before it ends. A
    sentence without a fixation on the film is left out.
    """
    spoken = next((report.timed_text for report in example.reports if report.timed_text), ())
    timed = [
        one
        for one in example.scanpaths
        if one.image_id == image.image_id and one.onsets_s is not None and one.onset_origin == AUDIO_START
    ]
    if not spoken or not timed:
        return ()
    found, begins_s = [], -np.inf
    for sentence in spoken_sentences(spoken):
        fixations = _between(timed[0], begins_s, sentence.end_s)
        if fixations:
            found.append(SentenceGaze(sentence.text, fixations))
        begins_s = sentence.end_s
    return tuple(found)


def _joined(words: Sequence[TimedText]) -> TimedText:
    text = " ".join(word.text.strip() for word in words)
    for mark in (".", ",", ";", ":", "!", "?"):
        text = text.replace(f" {mark}", mark)
    return TimedText(text, words[0].start_s, words[-1].end_s)


def _between(scanpath: RecordedScanpath, after_s: float, until_s: float) -> tuple[Fixation, ...]:
    """Fixations on the film that began later than ``after_s`` and not later than ``until_s``."""
    places = scanpath.to_fractions()
    return tuple(
        Fixation(float(x), float(y), float(duration))
        for (x, y), duration, onset_s in zip(places, scanpath.durations, scanpath.onsets_s or (), strict=True)
        if after_s < onset_s <= until_s and 0 <= x < 1 and 0 <= y < 1 and duration > 0
    )
