"""Reports composed of real sentences, so that the text says exactly what the labels say.

A few hundred Open-i reports state a finding after cleaning; learnt from those alone, a language model writes the normal
report whatever it is told. Sentences are therefore sorted by what they assert, and a report for any set of observations
is put together from them: what is asserted, then what a normal report says and these observations do not contradict.
Every sentence was written by a radiologist of some patient; the report as a whole was written by nobody, and the model
card says so.

Nothing in the training films says on which side a finding lies, and the patches that raise the findings head's score
lie on the side of the reader's box in little more than half of the boxed films. So words of side and zone are taken out
of the sentences: kept, they would teach the model to invent them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gaze2report.data.report_corpus import LabelledReport
from gaze2report.data.sources.open_i import OpenIReport, clean_section
from gaze2report.report_text import AIRSPACE, assertions, split_sentences
from gaze2report.types import CHEXPERT_OBSERVATIONS

Section = Literal["findings", "impression"]

_PLACE = (
    r"(?:left|right|bilateral(?:ly)?|both|bibasilar|bibasal|basilar|basal|upper|lower|middle|mid|lingula|lingular|"
    r"retrocardiac|apical|perihilar|hilar|suprahilar|infrahilar|central|lateral|posterior|anterior|medial)(?:-sided)?"
)
_PART = (
    r"(?:midlungs?|lungs?|zones?|lobes?|lobar|bas(?:e|es|is)|apex|apices|hemithorax|regions?|areas?|fields?|"
    r"segments?|lingula|side|sided|sulcus)"
)
_SOMEWHERE = rf"(?:{_PLACE}|{_PART})"
_COMPARISON_OF_SIDES = re.compile(
    rf",?\s*(?:{_PLACE}|{_PART}) (?:side )?(?:greater|more|worse) than (?:the )?(?:{_PLACE}|{_PART})", re.IGNORECASE
)
_PLACE_PHRASE = re.compile(
    r",?\s*\b(?:located in|seen in|noted in|present in|involving|overlying|within|along|in|at|of|over|from|near|to)\s+"
    rf"(?:the |a )?(?:(?:{_SOMEWHERE}|and|or|of|the|to)(?:,|/|\s)+)*{_SOMEWHERE}\b(?! (?:pleural|costophrenic))",
    re.IGNORECASE,
)
_PLACE_ADJECTIVE = re.compile(
    rf"\b{_PLACE}(?:(?:\s*/\s*|\s+and\s+|\s+or\s+|\s+){_SOMEWHERE})*\s+(?=[a-z])", re.IGNORECASE
)
_LOCATED = re.compile(rf"\b{_SOMEWHERE}\b|focal right|lingul", re.IGNORECASE)
_LOOSE_END = re.compile(
    r"\b(?:and|or|of|in|at|the|a|an|with|more|most|to|is|are)\s*[.,]|\b(?:and|or) (?:and|or)\b|\bthe the\b"
)
_UNFIT = re.compile(
    r"\d|\bviews?\b|on lateral|frontal film|pericardial|correlat|to exclude|cannot|\bCT\b|\bgiven\b|\bas before\b|"
    r"as well|residual|clearing|the most suggestive|"
    r"^(?:this|these|those|which|may|could|associated|considerations|differential|findings|otherwise|there may|as|"
    r"however|the demonstrates|the additional|superimposed)\b",
    re.IGNORECASE,
)
"""Sentences with a size, and those that rest on another view, another examination or the sentence before them."""

_MAX_NORMAL_SENTENCES = 3
_MAX_WORDS = 24


@dataclass(frozen=True)
class PooledSentence:
    """One sentence, the observations it asserts and those it denies."""

    text: str
    present: frozenset[str]
    absent: frozenset[str]

    def contradicts(self, observations: frozenset[str]) -> bool:
        """Whether it denies one of the observations, or calls lungs clear that hold an airspace finding."""
        if self.absent & observations:
            return True
        return bool(observations & AIRSPACE) and bool(self.absent & {"Lung Opacity", "Consolidation", "Pneumonia"})


class SentencePool:
    """Sentences of many reports by what they assert, and the normal reports whole.

    Parameters
    ----------
    reports : iterable of OpenIReport
        Of the training split only. A sentence is taken when the report's own labels agree with what it asserts.
    """

    def __init__(self, reports: Iterable[OpenIReport]) -> None:
        self._asserting: dict[Section, dict[str, list[PooledSentence]]] = {
            "findings": defaultdict(list),
            "impression": defaultdict(list),
        }
        self._normal: list[tuple[list[PooledSentence], list[PooledSentence]]] = []
        for report in reports:
            findings, impression = (_pooled(section) for section in (report.findings, report.impression))
            if report.observations == {"No Finding"}:
                if findings and impression and not any(s.present for s in [*findings, *impression]):
                    self._normal.append((findings, impression))
                continue
            for section, sentences in (("findings", findings), ("impression", impression)):
                for sentence in sentences:
                    if sentence.present and sentence.present <= report.observations:
                        self._add(section, sentence)  # type: ignore[arg-type]

    def _add(self, section: Section, sentence: PooledSentence) -> None:
        text = without_place(sentence.text)
        if text is None or _UNFIT.search(text) or len(text.split()) > _MAX_WORDS:
            return
        for name in sentence.present:
            self._asserting[section][name].append(PooledSentence(text, sentence.present, sentence.absent))

    def counts(self) -> dict[str, tuple[int, int]]:
        """Asserting sentences of each observation, in findings and in impressions."""
        return {
            name: (len(self._asserting["findings"][name]), len(self._asserting["impression"][name]))
            for name in CHEXPERT_OBSERVATIONS
        }

    @property
    def known(self) -> frozenset[str]:
        """Observations that at least one sentence asserts."""
        return frozenset(name for name, (f, i) in self.counts().items() if f + i) | {"No Finding"}

    def compose(self, study_id: str, observations: frozenset[str], rng: np.random.Generator) -> LabelledReport:
        """Put a report together that asserts these observations and nothing else.

        Observations that no sentence asserts are left out of the report and of its labels.
        """
        wanted = (observations & self.known) - {"No Finding"}
        normal_findings, normal_impression = self._normal[int(rng.integers(len(self._normal)))]
        if not wanted:
            texts = [" ".join(s.text for s in part) for part in (normal_findings, normal_impression)]
            return LabelledReport(study_id, texts[0], texts[1], frozenset({"No Finding"}))
        findings = self._assert("findings", wanted, rng)
        rest = [s.text for s in normal_findings if s.absent and not s.contradicts(wanted)]
        impression = self._assert("impression", wanted, rng)
        return LabelledReport(
            study_id, " ".join([*findings, *rest[:_MAX_NORMAL_SENTENCES]]), " ".join(impression), wanted
        )

    def _assert(self, section: Section, wanted: frozenset[str], rng: np.random.Generator) -> list[str]:
        """Choose sentences that assert all of ``wanted`` between them, in the order in which a prompt names them.

        One order in prompt and text is what a small language model learns to follow first.
        """
        other: Section = "impression" if section == "findings" else "findings"
        uncovered, chosen = set(wanted), []
        for name in CHEXPERT_OBSERVATIONS:
            if name not in uncovered:
                continue
            pools = (self._asserting[section][name], self._asserting[other][name])
            fitting = next(
                (fit for pool in pools if (fit := [s for s in pool if s.present <= wanted and not s.absent & wanted])),
                [],
            )
            if fitting:
                sentence = fitting[int(rng.integers(len(fitting)))]
                chosen.append(sentence.text)
                uncovered -= sentence.present
        return chosen


def without_place(sentence: str) -> str | None:
    """Take the words of side and zone out of a sentence; None when what is left says something else or nothing.

    Examples
    --------
    >>> without_place("There is right upper lobe airspace disease.")
    'There is airspace disease.'
    >>> without_place("Small bilateral pleural effusions, left greater than right.")
    'Small pleural effusions.'
    """
    text = _COMPARISON_OF_SIDES.sub("", sentence)
    text = _PLACE_PHRASE.sub("", text)
    text = _PLACE_ADJECTIVE.sub("", text)
    text = re.sub(r"\s+([.,])", r"\1", " ".join(text.split())).strip(" ,")
    text = _mended_articles(text)
    if len(text) < 2 or _LOCATED.search(text) or _LOOSE_END.search(text) or assertions(text) != assertions(sentence):
        return None
    return text[0].upper() + text[1:]


_MASS_NOUN = re.compile(
    r"\ban? ((?:(?:small|mild|minimal|focal|patchy|probable|possible|subtle|developing|early) )*"
    r"(?:pneumonia|atelectasis|edema|consolidation|air ?space disease|scarring|vascular congestion))\b",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"\b([Aa])(n?) (?=([a-zA-Z]))")


def _mended_articles(text: str) -> str:
    """Mend articles whose noun or next word went with a place.

    Examples
    --------
    >>> _mended_articles("There is a atelectasis and an small opacity.")
    'There is atelectasis and a small opacity.'
    """
    text = _MASS_NOUN.sub(r"\1", text)
    return _ARTICLE.sub(lambda m: f"{m[1]}{'n' if m[3].lower() in 'aeio' else ''} ", text)


def _pooled(section: str) -> list[PooledSentence]:
    sentences = []
    for text in split_sentences(clean_section(section)):
        spoken = assertions(text)
        present = frozenset(name for name, is_present in spoken.items() if is_present)
        sentences.append(PooledSentence(text, present, frozenset(spoken) - present))
    return sentences
