"""How a film is turned and mirrored on screen, and which letters of the patient then stand at its edges.

The eight ways to lay a rectangle on a screen without skewing it are the dihedral group D4; each is a mirror image or
not, turned by a number of quarter turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}
_AXIS = {"L": 0, "R": 0, "A": 1, "P": 1, "H": 2, "F": 2}
# device x and y of an image step, (a, b, c, d) for x' = a x + b y, y' = c x + d y, by clockwise quarter turns
_TURNS = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))


class EdgeLetters(NamedTuple):
    """Direction of the patient at each edge of the screen, for example ``R``; ``LF`` is left, towards the feet."""

    left: str
    right: str
    top: str
    bottom: str


@dataclass(frozen=True)
class Orientation:
    """One of the eight orientations: mirrored left to right or not, then turned.

    Attributes
    ----------
    quarter_turns : int
        Clockwise, 0 to 3.
    is_mirrored : bool
        Whether the film is shown as its mirror image. A film flipped twice is not mirrored but turned.
    """

    quarter_turns: int = 0
    is_mirrored: bool = False

    def __post_init__(self) -> None:
        if self.quarter_turns not in range(4):
            raise ValueError(f"{self.quarter_turns} is not 0 to 3 quarter turns")

    def turned(self, quarter_turns: int) -> Orientation:
        """As it looks after clockwise quarter turns of the screen (negative: counter-clockwise)."""
        return Orientation((self.quarter_turns + quarter_turns) % 4, self.is_mirrored)

    def flipped_horizontally(self) -> Orientation:
        """As it looks with left and right of the screen exchanged."""
        return Orientation(-self.quarter_turns % 4, not self.is_mirrored)

    def flipped_vertically(self) -> Orientation:
        """As it looks with top and bottom of the screen exchanged."""
        return Orientation((2 - self.quarter_turns) % 4, not self.is_mirrored)

    @property
    def matrix(self) -> tuple[int, int, int, int]:
        """(a, b, c, d) with screen step x' = a x + b y, y' = c x + d y of an image step (x, y); y goes down."""
        a, b, c, d = _TURNS[self.quarter_turns]
        return (-a, b, -c, d) if self.is_mirrored else (a, b, c, d)

    @property
    def swaps_axes(self) -> bool:
        """Whether rows of the image run along columns of the screen."""
        return self.quarter_turns % 2 == 1

    @property
    def badge(self) -> str:
        """What the reader must be told: ``FLIPPED``, ``ROTATED 90`` (degrees, clockwise), both, or nothing.

        A film turned by 180 degrees and mirrored is called what it looks like: flipped top to bottom.
        """
        if self.is_mirrored and self.quarter_turns == 2:
            return "FLIPPED top to bottom"
        parts = ["FLIPPED"] if self.is_mirrored else []
        if self.quarter_turns:
            parts.append(f"ROTATED {90 * self.quarter_turns}°")
        return "  ".join(parts)


STORED = Orientation()
"""As the file stores it."""

ALL_ORIENTATIONS = tuple(Orientation(turns, mirrored) for mirrored in (False, True) for turns in range(4))


def valid_patient_orientation(values: tuple[str, ...]) -> tuple[str, str] | None:
    """Patient Orientation (0020,0020), where it says something sound.

    Parameters
    ----------
    values : tuple of str
        Direction in which columns increase (along a row), and in which rows increase.

    Returns
    -------
    tuple of str, optional
        Both directions in capitals; None where they are missing, not made of A, P, L, R, H and F, not two, say
        opposite things at once, or run along the same axis of the body.

    Notes
    -----
    Source: PS3.3 C.7.6.1.1.1. A refinement follows in decreasing order, so the first letters must differ in axis.
    """
    cleaned = tuple(value.strip().upper() for value in values)
    if len(cleaned) != 2 or not all(_is_direction(value) for value in cleaned):
        return None
    along_row, along_column = cleaned
    return (along_row, along_column) if _AXIS[along_row[0]] != _AXIS[along_column[0]] else None


def edge_letters(patient_orientation: tuple[str, str], orientation: Orientation) -> EdgeLetters:
    """Letters at the edges of the screen.

    Parameters
    ----------
    patient_orientation
        As given by :func:`valid_patient_orientation`.
    orientation
        How the film lies on the screen.
    """
    along_row, along_column = patient_orientation
    a, b, c, d = orientation.matrix  # orthogonal: its inverse is its transpose
    towards = {(1, 0): along_row, (-1, 0): opposite(along_row), (0, 1): along_column, (0, -1): opposite(along_column)}
    return EdgeLetters(left=towards[-a, -b], right=towards[a, b], top=towards[-c, -d], bottom=towards[c, d])


def opposite(direction: str) -> str:
    """Opposite direction of the patient: ``LF`` gives ``RH``."""
    return "".join(_OPPOSITE[letter] for letter in direction)


def _is_direction(text: str) -> bool:
    axes = [_AXIS[letter] for letter in text if letter in _AXIS]
    return 1 <= len(text) <= 3 and len(axes) == len(text) == len(set(axes))
