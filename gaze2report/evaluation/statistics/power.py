"""What a set of this size can show at all."""

from __future__ import annotations

import math
from statistics import NormalDist

ENOUGH_PATIENTS = 100


def detectable_effect(patients: int, *, level: float = 0.05, power: float = 0.8) -> float:
    """Smallest standardized difference (Cohen's dz) that a paired two-sided test would find.

    Normal approximation, (z_{1-level/2} + z_power) / sqrt(n) (Cohen 1988, ch. 2); a little too small under about 20.

    Parameters
    ----------
    patients : int
        Independent pairs; 0 gives infinity.
    level, power : float
        Chance of a false alarm, and of finding a difference that is there.
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - level / 2) + normal.inv_cdf(power)) / math.sqrt(patients) if patients else math.inf


def patients_needed(effect: float, *, level: float = 0.05, power: float = 0.8) -> int:
    """Patients at which a standardized difference would be found; see `detectable_effect`.

    Raises
    ------
    ValueError
        The effect is 0.
    """
    if effect == 0:
        raise ValueError("no number of patients shows a difference of 0")
    return math.ceil((detectable_effect(1, level=level, power=power) / abs(effect)) ** 2 - 1e-9)


def power_note(patients: int, *, level: float = 0.05, power: float = 0.8) -> str | None:
    """A sentence for a table of few patients; None when there are a hundred or more."""
    if patients >= ENOUGH_PATIENTS:
        return None
    effect = detectable_effect(patients, level=level, power=power)
    return (
        f"With {patients} patients only a difference of {effect:.2f} standard deviations or more would be found "
        f"{power:.0%} of the time; a smaller one that was not found may still be there."
    )
