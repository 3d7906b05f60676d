"""Reports with observation labels, cleaned for first drafts and split by study: what the language model learns from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.sources.open_i import clean_section, read_reports
from gaze2report.data.splits import Split
from gaze2report.errors import UnreadableInput
from gaze2report.report_text import assertions, split_sentences
from gaze2report.types import CHEXPERT_OBSERVATIONS


@dataclass(frozen=True)
class LabelledReport:
    """One cleaned report and the observations it asserts."""

    study_id: str
    findings: str
    impression: str
    observations: frozenset[str]

    @property
    def labels(self) -> NDArray[np.float32]:
        """Observations as 0 or 1 in the order of CheXpert, shape (14,)."""
        return np.array([name in self.observations for name in CHEXPERT_OBSERVATIONS], dtype=np.float32)

    @property
    def is_normal(self) -> bool:
        """True when no observation but ``No Finding`` is asserted."""
        return self.observations == {"No Finding"}


def read_split(path: Path) -> dict[str, Split]:
    """Read a study-to-split file: a JSON list of ``{"study_id", "split"}``.

    Raises
    ------
    UnreadableInput
        If the file is missing or of another form.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(row["study_id"], str) and isinstance(row["split"], str) for row in rows):
            raise TypeError("study_id and split must be text")
        return {row["study_id"]: row["split"] for row in rows}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableInput(path, f"cannot be read as a study split: {error}") from error


def labelled_reports(split_file: Path, split: Split, archive: Path | None = None) -> list[LabelledReport]:
    """Return the Open-i reports of one split that still state their labels after cleaning, in archive order.

    Studies that the split file does not name go to ``train`` by default, as they stand in no test set.
    """
    split_of = read_split(split_file)
    kept = []
    for report in read_reports(archive):
        if split_of.get(report.study_id, "train") != split:
            continue
        findings, impression = clean_section(report.findings), clean_section(report.impression)
        stated = stated_observations(f"{findings} {impression}", report.observations)
        if findings and impression and stated and stated_observations(findings, stated):
            kept.append(LabelledReport(report.study_id, pertinent_first(findings), pertinent_first(impression), stated))
    return kept


def stated_observations(text: str, labels: frozenset[str]) -> frozenset[str]:
    """Observations that the labels and the words of a cleaned text agree on; empty when the two contradict.

    Cleaning drops sentences with a de-identified word or a comparison, and those often are the ones that hold the
    finding. Kept with its label, the normal rest would teach a language model to ignore what it is told.
    """
    said = {
        name for sentence in split_sentences(text) for name, is_present in assertions(sentence).items() if is_present
    }
    if labels == {"No Finding"}:
        return frozenset() if said else labels
    return labels & said


def pertinent_first(section: str) -> str:
    """Put the sentences that assert a finding before those that do not, each in their order.

    A small language model that has begun with the normal heart goes on with the normal report.
    """
    sentences = split_sentences(section)
    return " ".join(sorted(sentences, key=lambda sentence: not any(assertions(sentence).values())))
