"""Labels of REFLACX as CheXpert-14 observations.

The cell of a finding is how certain the reader was; in their own evaluation the authors take 3 ("possibly") and more as
present. ``Support devices`` and ``Quality issue`` are true or false, ``Other`` is text with "|" between. The first
phase names other findings than the later two, and MIMIC-Eye merges them, so a column that is not there leaves its
observation unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

from gaze2report.data.csv_rows import number, truth
from gaze2report.data.training_example import UNKNOWN_LABELS

FINDINGS_OF_OBSERVATION: dict[str, tuple[str, ...]] = {
    "Enlarged Cardiomediastinum": ("Wide mediastinum", "Abnormal mediastinal contour"),
    "Cardiomegaly": ("Enlarged cardiac silhouette",),
    "Lung Lesion": ("Mass", "Nodule", "Lung nodule or mass"),
    "Edema": ("Pulmonary edema",),
    "Consolidation": ("Consolidation",),
    "Atelectasis": ("Atelectasis",),
    "Pneumothorax": ("Pneumothorax",),
    "Pleural Effusion": ("Pleural effusion",),
    "Pleural Other": ("Pleural thickening",),
    "Fracture": ("Fracture", "Acute fracture"),
}
"""CheXpert-14 observation to the findings of REFLACX that say the same."""

OPACITIES = ("Groundglass opacity", "Consolidation", "Atelectasis", "Pulmonary edema")
"""One of these present makes Lung Opacity, their parent, present; without them it stays unknown."""

DEVICES = "support devices"

PLEURA = "Pleural abnormality"
"""Later phases do not tell effusion from thickening: absent says both are, present says neither which."""


def to_observations(cells: Mapping[str, str], positive_certainty: int) -> dict[str, float | None]:
    """Map the label cells of a reading to CheXpert-14: 1 present, 0 absent, None unknown or too uncertain."""
    by_name = {name.strip().lower(): value for name, value in cells.items()}

    def presence(finding: str) -> float | None:
        return _presence(by_name.get(finding.lower()), positive_certainty)

    labels = dict(UNKNOWN_LABELS)
    devices = truth(by_name.get(DEVICES))
    labels["Support Devices"] = None if devices is None else float(devices)
    for observation, findings in FINDINGS_OF_OBSERVATION.items():
        labels[observation] = _any([presence(finding) for finding in findings if finding.lower() in by_name])
    if any(presence(finding) == 1.0 for finding in OPACITIES):
        labels["Lung Opacity"] = 1.0
    if presence(PLEURA) == 0.0:
        for observation in ("Pleural Effusion", "Pleural Other"):
            labels[observation] = 0.0 if labels[observation] is None else labels[observation]
    return labels


def _presence(cell: str | None, positive_certainty: int) -> float | None:
    certainty = number(cell)
    if certainty is None:
        return None
    return 1.0 if certainty >= positive_certainty else 0.0 if certainty <= 0 else None


def _any(values: list[float | None]) -> float | None:
    """Present where one is; absent where all are; unknown otherwise."""
    if 1.0 in values:
        return 1.0
    return 0.0 if values and all(value == 0.0 for value in values) else None
