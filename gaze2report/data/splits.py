"""Who is trained on, chosen on and tested on: always by patient, the same everywhere, and never leaking."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from gaze2report.errors import SplitLeaks

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
N_SPLIT_FOLDS = 10
TEST_FOLD, VAL_FOLD = 0, 1

PUBLISHED_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validate": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
"""How published splits spell their parts."""


def fold_of(group: str, n_folds: int) -> int:
    """Return the fold of a patient, 0 to ``n_folds - 1``, from a hash: the same everywhere and for every subset."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") % n_folds


def drawn_split(patient: str) -> Split:
    """Draw a patient's split from the hash of the patient's name: 8 of 10 train, 1 val, 1 test."""
    fold = fold_of(patient, N_SPLIT_FOLDS)
    return "test" if fold == TEST_FOLD else "val" if fold == VAL_FOLD else "train"


def leaking(published: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Patients (or images) that a published split puts into more than one part, and into which."""
    parts: dict[str, set[str]] = {}
    for patient, part in published:
        parts.setdefault(patient, set()).add(part)
    return {patient: found for patient, found in parts.items() if len(found) > 1}


def published_split(published: Iterable[tuple[str, str]], unit: str = "patient") -> dict[str, Split]:
    """Take over a published split after checking that it does not leak.

    Parameters
    ----------
    published : iterable of (patient, part)
        As often as the source says it; the part in any of the usual spellings.

    Raises
    ------
    SplitLeaks
        If a patient stands in more than one part, or a part has a name that is none.
    """
    rows = list(published)
    unknown = sorted({part for _, part in rows if part not in PUBLISHED_NAMES})
    if unknown:
        raise SplitLeaks(f"the published split names a part {unknown[0]!r}; known are {sorted(PUBLISHED_NAMES)}")
    twice = leaking((name, PUBLISHED_NAMES[part]) for name, part in rows)
    if twice:
        first = min(twice)
        raise SplitLeaks(
            f"the published split leaks: {len(twice)} {unit}s stand in more than one part, first {first!r} in "
            f"{' and '.join(sorted(twice[first]))}; convert with --split patient to draw it anew by patient"
        )
    return {name: PUBLISHED_NAMES[part] for name, part in rows}


@dataclass(frozen=True)
class Leak:
    """A patient, image or picture that stands in two splits."""

    kind: str
    name: str
    splits: tuple[str, str]

    def __str__(self) -> str:
        return f"the split leaks: {self.kind} {self.name} is in {self.splits[0]} and in {self.splits[1]}"


class LeakGuard:
    """Finds the examples whose patient, image or picture was seen in another split.

    A picture is known by the hash of its file, so that two names of one picture count as one.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], str] = {}

    def leak_of(self, split: str, names: Mapping[str, Iterable[str]]) -> Leak | None:
        """Return the first of the named patients, images or pictures that would leak; None where none does."""
        for kind, found in names.items():
            for name in found:
                other = self._seen.get((kind, name), split)
                if other != split:
                    return Leak(kind, name, (other, split))
        return None

    def add(self, split: str, names: Mapping[str, Iterable[str]]) -> None:
        """Remember in which split the names stand.

        Raises
        ------
        SplitLeaks
            If one stands in another split already.
        """
        leak = self.leak_of(split, names)
        if leak:
            raise SplitLeaks(str(leak))
        for kind, found in names.items():
            for name in found:
                self._seen[kind, name] = split
