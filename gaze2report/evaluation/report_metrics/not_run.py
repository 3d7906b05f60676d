"""A metric that could not be computed, with the reason; never a number that stands for one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotRun:
    """Stands where a score would.

    Attributes
    ----------
    why : str
        What is missing and how to supply it, as part of a sentence.
    """

    why: str

    def __str__(self) -> str:
        return f"not run: {self.why}"
