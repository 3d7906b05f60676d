"""Whether a drawn sentence agrees with the observations that a draft is to report."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gaze2report.report_text import AIRSPACE, IMPRESSION_MARK, assertions

NO_FINDING = "No Finding"

_CALLS_NORMAL = re.compile(
    r"\bno (?:evidence (?:of|for) )?(?:acute|active|significant|radiographic)\b|"
    r"\bnormal (?:chest|exam|study|radiograph)|\bnegative (?:chest|exam)|\bunremarkable (?:chest|exam)|"
    r"^\s*(?:normal|negative)\s*\.",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"\b(?:prior|previous(?:ly)?|compared|comparison|interval|unchanged|stable|again|since|new(?:ly)?|persist\w*|"
    r"improv\w*|worsen\w*|increas\w*|decreas\w*|resol\w*|progress\w*|change[ds]?)\b",
    re.IGNORECASE,
)
_LOOSE_END = re.compile(
    r"(?:\b(?:be|to|may|might|represents?|representing|suggesting|suggestive|with|of|and|or|which|that|for|the|an?|in|on|"
    r"at|is|are|appears?|seen|consistent|compatible|mostly|possibly|likely|mild|small|patchy)|,)\s*[.!?]\s*$",
    re.IGNORECASE,
)
_READS_BADLY = re.compile(
    r"\ba (?:small |mild |minimal |large |focal )?(?:pneumonia|atelectasis|edema|consolidation|airspace disease)\b|"
    r"\ba [aeio]|\ban [^aeiouh\s]|\bthere (?:is|are)\s*[.,]|\b(\w+) \1\b",
    re.IGNORECASE,
)


class SentenceAgreement:
    """Asked about each sentence of one draft, in order.

    A sentence agrees when it asserts nothing but what is to be reported, denies none of it, calls no film normal that
    is not, compares with no earlier film (none is loaded when a draft is written), reads as English, and was not said
    before in its section.

    Parameters
    ----------
    observed : sequence of str, optional
        Observations to report; ``No Finding`` or nothing for a normal film. None where they are not known: then a
        sentence may assert anything.
    begun : str
        Text that the draft goes on behind.
    """

    def __init__(self, observed: Sequence[str] | None, begun: str = "") -> None:
        self._is_known = observed is not None
        self._observed = frozenset(observed or ()) - {NO_FINDING}
        self._said: set[str] = set()
        self._is_impression = IMPRESSION_MARK in begun

    def __call__(self, sentence: str) -> bool:
        """Answer for the next sentence; one that agrees counts as said."""
        before, mark, behind = sentence.partition(IMPRESSION_MARK)
        if mark and not before.strip() and not self._is_impression:
            self._is_impression, self._said = True, set()
        body = (behind if mark else sentence).strip()
        if not body:
            return True
        agrees = not before.strip() if mark else True
        agrees = agrees and body not in self._said and self._is_sound(body)
        if agrees:
            self._said.add(body)
        return agrees

    def _is_sound(self, body: str) -> bool:
        spoken = assertions(body)
        asserted = {name for name, is_present in spoken.items() if is_present}
        denied = set(spoken) - asserted
        if self._is_known and (asserted - self._observed or denied & self._observed):
            return False
        if self._observed & AIRSPACE and denied & AIRSPACE - {"Edema", "Atelectasis"}:
            return False
        if self._observed and _CALLS_NORMAL.search(body):
            return False
        return not (_COMPARES.search(body) or _READS_BADLY.search(body) or _LOOSE_END.search(body))
