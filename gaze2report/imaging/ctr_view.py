"""On which films a cardiothoracic ratio means something."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gaze2report.types import InstanceHeader

_LATERAL = frozenset({"LL", "RL", "LLD", "RLD", "LATERAL", "LAT", "LLO", "RLO", "LAO", "RAO", "LPO", "RPO"})
_LYING = re.compile(r"\b(SUPINE|RECUMBENT|LYING|DECUBITUS|LIEGEND|HFS|FFS|HFDR|HFDL|FFDR|FFDL|HFP|FFP)\b")
_BEDSIDE = re.compile(r"\b(PORTABLE|MOBILE|BEDSIDE)\b")


@dataclass(frozen=True)
class CtrView:
    """What the view of a film lets a cardiothoracic ratio say.

    Attributes
    ----------
    refusal : str
        Why none can be measured; empty where one can.
    caveat : str
        A few words that belong to the value wherever it is shown; empty on an upright PA film.
    """

    refusal: str = ""
    caveat: str = ""


def ctr_view(header: InstanceHeader) -> CtrView:
    """Whether the header lets a cardiothoracic ratio be measured, and what must be said with it.

    The ratio holds for an upright PA film. AP the heart is magnified, and lying it is wider.
    """
    view = header.view_position.upper().strip()
    if view in _LATERAL or "LATERAL" in view or "OBLIQUE" in view:
        return CtrView(refusal=f"A cardiothoracic ratio needs a frontal film; the view of this one is {view}.")
    words = " ".join((header.patient_position, view, header.series_description, header.study_description)).upper()
    caveats = []
    if re.search(r"\bAP\b", view):
        caveats.append("AP film, heart magnified")
    elif not re.search(r"\bPA\b", view):
        caveats.append("view not stated, valid on PA only")
    if _LYING.search(words):
        caveats.append("patient lying, heart wider")
    elif _BEDSIDE.search(words):
        caveats.append("bedside film")
    return CtrView(caveat=", ".join(caveats))
