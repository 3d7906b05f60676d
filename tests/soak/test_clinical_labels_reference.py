"""The rule labeler beside the labels of radlabels 0.2.0, where that package is installed (``pip install --no-deps``).

Its 1,000 reports carry labels made by RadGraph-XL, not by people. Its 49 findings are mapped to CheXpert's here; what
is present or uncertain counts as positive. The rules were tuned on the first, third, fifth ... report only. They differ
most in "Lung Opacity": CheXpert counts every opacity, radlabels none that is only "retrocardiac" or "basilar".
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from gaze2report.evaluation.clinical_labels import label_matrix
from gaze2report.evaluation.clinical_phrases import MENTIONS
from gaze2report.evaluation.label_scores import score_labels
from gaze2report.types import CHEXPERT_OBSERVATIONS

pytestmark = pytest.mark.soak

RADLABELS: dict[str, tuple[str, ...]] = {
    "Enlarged Cardiomediastinum": ("enlarged_cardiomediastinum",),
    "Cardiomegaly": ("cardiomegaly",),
    "Lung Opacity": ("lung_opacity", "air_space_opacity", "ground_glass_opacity", "infiltration"),
    "Lung Lesion": ("lung_nodule_or_mass", "lung_lesion"),
    "Edema": ("pulmonary_edema", "pulmonary_congestion_pulmonary_venous_congestion"),
    "Consolidation": ("consolidation",),
    "Pneumonia": ("pneumonia",),
    "Atelectasis": ("atelectasis", "lobar_segmental_collapse", "whole_lung_or_majority_collapse"),
    "Pneumothorax": ("pneumothorax",),
    "Pleural Effusion": ("pleural_effusion",),
    "Pleural Other": ("pleural_thickening", "pleural_other"),
    "Fracture": ("acute_rib_fracture", "non_acute_rib_fracture", "fracture_generic"),
    "Support Devices": (
        "central_venous_catheter", "endotracheal_tube", "enteric_tube", "implantable_electronic_device",
        "intercostal_drain", "pacemaker_electronic_cardiac_device_or_wires", "support_devices_generic",
        "tracheostomy_tube",
    ),
}  # fmt: skip


def half(first):
    """Texts and reference labels of every second report."""
    spec = importlib.util.find_spec("radlabels")
    if spec is None:
        pytest.skip("radlabels is not installed")
    samples = Path(next(iter(spec.submodule_search_locations))) / "samples"
    matches = json.loads((samples / "synthetic_matches.json").read_text())
    names = sorted(matches)[first::2]
    labels = np.full((len(names), len(CHEXPERT_OBSERVATIONS)), np.nan)
    texts = [(samples / "synthetic_reports" / f"{name}.txt").read_text() for name in names]
    for row, name in enumerate(names):
        found = [match for match in matches[name]["matches"] if match["label"] != "definitely absent"]
        for observation, findings in RADLABELS.items():
            # Pneumonia and consolidation are an "air space opacity" there, and observations of their own here.
            if any(
                match["disease"] in findings
                and not (
                    match["disease"] == "air_space_opacity"
                    and ("pneumon" in match["alias"] or "consolid" in match["alias"])
                )
                for match in found
            ):
                labels[row, CHEXPERT_OBSERVATIONS.index(observation)] = 1
    return texts, labels


def test_on_the_half_not_tuned_on_micro_f1_is_at_least_095():
    texts, reference = half(1)
    assert len(texts) == 500
    scores = score_labels(label_matrix(texts), reference, tuple(MENTIONS))
    print(f"micro {scores.micro:.4f}, macro {scores.macro:.4f}", scores.per_observation)
    assert scores.micro >= 0.95
