"""What the model wrote for one section, and how much of it stands in the section itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from desktop.text_spans import sentence_start

DRAFT_SECTIONS: tuple[str, ...] = ("findings", "impression")


@dataclass
class SectionDraft:
    """The draft of one section.

    Attributes
    ----------
    place : str
        "editor" while it streams into the section; "pane" when the reader has written there, before or meanwhile.
    placed : int
        How many of its characters went into the section.
    is_complete : bool
        Whether the last piece has come.
    """

    text: str = ""
    place: Literal["undecided", "editor", "pane"] = "undecided"
    placed: int = 0
    is_complete: bool = False
    is_dismissed: bool = False

    @property
    def aside(self) -> str:
        """What is shown beside the section and can be inserted: whole sentences, not the rest of a broken one."""
        if self.is_dismissed or self.place != "pane" or not self.text[self.placed :].strip():
            return ""
        return self.text[sentence_start(self.text, self.placed) :].strip()


def joint(before: str, after: str) -> str:
    """White space between two pieces of text."""
    return " " if before and after and not before[-1].isspace() and not after[0].isspace() else ""
