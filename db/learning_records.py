"""What the workspace gives out of learning from use: frozen dataclasses, never rows. Times as in :mod:`db.records`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Activation:
    """Who made which adapter version live, and which one it took the place of; '' is the one of the program."""

    name: str
    replaced: str
    actor: str
    at_utc: str
    reason: str


@dataclass(frozen=True)
class AdapterJudgement:
    """What the gate found of a candidate.

    Attributes
    ----------
    reasons : tuple of str
        A sentence for each bar, failed ones first.
    content : dict
        What was measured.
    """

    adapter: str
    is_passed: bool
    reasons: tuple[str, ...]
    content: dict[str, Any]
    at_utc: str


@dataclass(frozen=True)
class StoredEdit:
    """What became of one sentence; see :class:`gaze2report.learning.edit_alignment.SentenceEdit`.

    Attributes
    ----------
    draft_text, report_text : str
        The sentence before and after; empty where there is none.
    """

    study_uid: str
    reader: str
    adapter_sha256: str
    section: str
    kind: str
    draft_text: str
    report_text: str
    similarity: float
    observations: tuple[str, ...]
    signed_at_utc: str


@dataclass(frozen=True)
class LearningConsent:
    """Whether a reader agrees that their signed reports teach the model."""

    reader: str
    is_given: bool
    text_version: str
    at_utc: str
