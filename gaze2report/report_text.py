"""The generated text as a report: sections while it streams, sentences, and what each sentence asserts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gaze2report.types import Report, SectionName, Sentence

IMPRESSION_MARK = "Impression:"


def begun_report(findings: str) -> str:
    """Text after which the model writes the impression of these findings, in the form it was trained on."""
    return f" {findings.strip()}\n{IMPRESSION_MARK}"


class SectionSplitter:
    """Assigns streamed text to findings or impression as it comes.

    Text that may be the beginning of the impression's heading is held back until it is known to be one or not, so
    what was once handed on never has to be taken back.
    """

    def __init__(self, section: SectionName = "findings") -> None:
        self._held = ""
        self._section: SectionName = section
        self._is_at_start = True

    @property
    def section(self) -> SectionName:
        """The section that the text has come to."""
        return self._section

    def feed(self, text: str) -> Iterator[tuple[SectionName, str]]:
        """Add text; yields (section, text to append)."""
        self._held += text
        if self._section == "findings":
            at = self._held.find(IMPRESSION_MARK)
            if at >= 0:
                yield from self._hand_on(self._held[:at].rstrip())
                self._held = self._held[at + len(IMPRESSION_MARK) :]
                self._section, self._is_at_start = "impression", True
        keep = _length_to_hold(self._held, IMPRESSION_MARK if self._section == "findings" else "")
        ready, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        yield from self._hand_on(ready)

    def finish(self) -> Iterator[tuple[SectionName, str]]:
        """Hand on what was held back at the end of the text."""
        rest, self._held = self._held.rstrip(), ""
        yield from self._hand_on(rest)

    def _hand_on(self, text: str) -> Iterator[tuple[SectionName, str]]:
        if self._is_at_start:
            text = text.lstrip()
        if text:
            self._is_at_start = False
            yield self._section, text


def _length_to_hold(text: str, mark: str) -> int:
    """How many characters at the end may be white space before, or a beginning of, the mark."""
    for length in range(min(len(mark) - 1, len(text)), 0, -1):
        if text.endswith(mark[:length]):
            head = text[: len(text) - length]
            return length + len(head) - len(head.rstrip())
    return len(text) - len(text.rstrip())


def split_report(text: str) -> Report:
    """Split a whole generated text into findings and impression."""
    parts: dict[str, str] = {"findings": "", "impression": ""}
    splitter = SectionSplitter()
    for section, added in [*splitter.feed(text), *splitter.finish()]:
        parts[section] += added
    return Report(findings=parts["findings"], impression=parts["impression"])


_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")


_SENTENCE = re.compile(r"\S(?:.*?)(?:[.!?](?=\s|$)|(?=\n)|$)", re.MULTILINE)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence in characters; a line break ends one too."""
    return [match.span() for match in _SENTENCE.finditer(text)]


def split_sentences(text: str) -> list[str]:
    """Split a section into sentences."""
    return [sentence.strip() for sentence in _SENTENCE_END.split(text) if sentence.strip()]


_MENTIONS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "Cardiomegaly": r"cardiomegaly|\b(?:heart|cardiac)\b|cardiomediast",
        "Enlarged Cardiomediastinum": r"mediastin",
        "Lung Opacity": (
            r"opaci(?:t|f)|infiltrat|air ?space (?:disease|process|abnorm)|"
            r"lungs? (?:are|is|appear)[\w ]* clear|clear lungs"
        ),
        "Lung Lesion": r"\bnodul|\bmass(?:es)?\b|\blesions?\b",
        "Edema": r"\bo?edema|vascular congestion|congesti",
        "Consolidation": r"consolidat",
        "Pneumonia": r"pneumonia",
        "Atelectasis": r"atelecta",
        "Pneumothorax": r"pneumothora",
        "Pleural Effusion": r"effusion|costophrenic",
        "Pleural Other": r"pleural thickening|pleural scar",
        "Fracture": r"fractur",
        "Support Devices": r"catheter|\btubes?\b|pacemaker|\bleads?\b|\bport\b|\bpicc\b|sternotomy|device",
    }.items()
}
_ABSENT = re.compile(
    r"\b(?:no|without|free of|negative for|clear|normal|unremarkable|not|within normal|resolved|rather than)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[.;:]|,? (?:but|however|although|with the exception)\b", re.IGNORECASE)


def assertions(sentence: str) -> dict[str, bool]:
    """Observations that a sentence speaks of, and whether it asserts them.

    A deliberately small rule: a clause with a negating or normal word negates what it mentions. It serves to mark
    sentences for the reader, not to score reports.
    """
    found: dict[str, bool] = {}
    for clause in _CLAUSE.split(sentence):
        is_absent = bool(_ABSENT.search(clause))
        for name, pattern in _MENTIONS.items():
            if pattern.search(clause):
                found[name] = found.get(name, False) or not is_absent
    return found


def is_unsupported(
    sentence: str, observations: Mapping[str, float | None], thresholds: Mapping[str, float]
) -> bool | None:
    """Whether the image model does not support a sentence; None when the sentence asserts nothing it knows of.

    A sentence is unsupported when it speaks of an observation that the training data could not teach (probability
    None), or contradicts the probability's side of its threshold.
    """
    spoken_of = assertions(sentence)
    if not spoken_of:
        return None
    for name, is_present in spoken_of.items():
        probability = observations.get(name)
        if probability is None or (probability >= thresholds.get(name, 0.5)) != is_present:
            return True
    return False


AIRSPACE = frozenset({"Lung Opacity", "Edema", "Consolidation", "Pneumonia", "Atelectasis"})
"""Observations beside which the lungs are not clear."""

BoxPx = tuple[float, float, float, float]


def to_sentences(
    report: Report,
    observations: Mapping[str, float | None],
    thresholds: Mapping[str, float],
    opaque_region: BoxPx | None = None,
) -> tuple[Sentence, ...]:
    """Make the sentences of a draft.

    ``opaque_region`` becomes the region of the sentences that assert an airspace finding which the image model
    supports; no other sentence has evidence of a place.
    """
    sections: tuple[tuple[SectionName, str], ...] = (("findings", report.findings), ("impression", report.impression))
    sentences = []
    for section, body in sections:
        for text in split_sentences(body):
            unsupported = is_unsupported(text, observations, thresholds)
            asserted = {name for name, is_present in assertions(text).items() if is_present}
            box = opaque_region if asserted & AIRSPACE and not unsupported else None
            sentences.append(Sentence(text, section, box, unsupported))
    return tuple(sentences)
