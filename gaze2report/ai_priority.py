"""How urgent a film looks to the model: the order in which a worklist may offer studies, never a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

URGENCY_ORDER: tuple[tuple[str, ...], ...] = (
    ("Pneumothorax",),
    ("Pleural Effusion",),
    ("Consolidation", "Pneumonia"),  # "infiltrate" in the paper
    ("Edema",),  # "congestion"
    ("Atelectasis",),
    ("Cardiomegaly",),
    ("Lung Lesion",),  # "mass"
)
"""CheXpert observations, the most urgent first, in the order of Baltruschat et al., Eur Radiol 31:3837-3845 (2021).

The paper's last finding, a foreign object, has no observation of its own: support devices are mostly where they should
be. What is not listed raises nothing.
"""

RAISING_PROBABILITY = 0.5
"""More likely than not, by the calibrated probability."""


class AiPriority(NamedTuple):
    """How a study is ranked.

    Attributes
    ----------
    rank : int
        0 when nothing is raised, else 1 (least urgent) to ``len(URGENCY_ORDER)`` (most urgent).
    finding : str
        The observation that raises it; empty when none does.
    probability : float
        Of that observation, in [0, 1].
    """

    rank: int
    finding: str
    probability: float


def priority_of(observations: Mapping[str, float | None]) -> AiPriority | None:
    """Rank a film by its observations.

    Parameters
    ----------
    observations : mapping of str to float or None
        Calibrated probability of each CheXpert observation; None where the model has no measured support.

    Returns
    -------
    AiPriority or None
        None when no listed observation has a probability: such a film is not ranked at all. A null observation never
        raises the rank.
    """
    is_ranked = False
    for place, names in enumerate(URGENCY_ORDER):
        known = [(p, name) for name in names if (p := observations.get(name)) is not None]
        is_ranked = is_ranked or bool(known)
        probability, finding = max(known, default=(0.0, ""))
        if probability >= RAISING_PROBABILITY:
            return AiPriority(len(URGENCY_ORDER) - place, finding, probability)
    return AiPriority(0, "", 0.0) if is_ranked else None
