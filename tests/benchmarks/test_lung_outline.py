"""How well the outline behind a proposed cardiothoracic ratio fits lungs outlined by hand.

Needs a folder with ``index.json``: a list of objects with ``image`` and ``mask`` (paths in the folder), ``view`` and
``patient_id``. ``GAZE2REPORT_LUNG_MASKS`` names it; without it nothing is measured.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from scipy import ndimage

from gaze2report.imaging.thorax_outline import lung_outline, propose_ctr
from gaze2report.types import Image, InstanceHeader

FOLDER = os.environ.get("GAZE2REPORT_LUNG_MASKS", "")


def two_largest(mask: np.ndarray) -> list[np.ndarray]:
    labels, count = ndimage.label(mask)
    sizes = ndimage.sum(mask, labels, range(1, count + 1))
    lungs = [labels == number + 1 for number in np.argsort(sizes)[::-1][:2]]
    return sorted(lungs, key=lambda lung: ndimage.center_of_mass(lung)[1])


def widest(left: np.ndarray, right: np.ndarray) -> int:
    rows = np.flatnonzero(left.any(axis=1) & right.any(axis=1))
    return int((right.shape[1] - right[rows][:, ::-1].argmax(axis=1) - left[rows].argmax(axis=1)).max())


def measured(row: dict) -> tuple[str, float, float, bool] | None:
    """View, Dice with the hand's mask, error of the thoracic width, whether lines were proposed."""
    grey = np.asarray(PIL.Image.open(Path(FOLDER) / row["image"]).convert("L"))
    image = Image(grey.astype(np.uint16), np.arange(256.0), InstanceHeader("1", "2", "3"), "x")
    outline, proposal = lung_outline(image), propose_ctr(image)
    if outline is None:
        return row["view"], 0.0, 1.0, False
    shape = outline.left.shape
    mask = np.asarray(PIL.Image.open(Path(FOLDER) / row["mask"]).convert("L").resize(shape[::-1], 0)) > 127
    lungs = two_largest(mask)
    if len(lungs) < 2:
        return None
    found = outline.left | outline.right
    dice = 2 * (found & mask).sum() / (found.sum() + mask.sum())
    if proposal.points is None:
        return row["view"], dice, 1.0, False
    width = (proposal.points[3][0] - proposal.points[2][0]) * shape[1] / grey.shape[1]
    true_width = widest(*lungs)
    return row["view"], dice, abs(width - true_width) / true_width, True


@pytest.mark.skipif(not FOLDER, reason="GAZE2REPORT_LUNG_MASKS names no folder of films with lung masks")
@pytest.mark.timeout(600)
def test_proposed_thoracic_widths_fit_lungs_outlined_by_hand(capsys) -> None:
    rows = [row for row in json.loads((Path(FOLDER) / "index.json").read_text()) if row.get("mask")]
    results = [result for result in map(measured, rows) if result is not None]
    proposed = [result for result in results if result[3]]
    with capsys.disabled():
        print()
        for name, chosen in (
            ("all outlines", results),
            ("proposed", proposed),
            ("proposed, PA", [r for r in proposed if r[0] == "PA"]),
            ("proposed, AP", [r for r in proposed if r[0].startswith("AP")]),
        ):
            dice, error = np.array([r[1] for r in chosen]), np.array([r[2] for r in chosen if r[3]])
            print(f"{name}: n {len(chosen)}, Dice median {np.median(dice):.3f} mean {dice.mean():.3f}, thoracic width")
            print(f"  median error {np.median(error):.3f} p90 {np.percentile(error, 90):.3f}", end="")
            print(f" within 5 % {(error < 0.05).mean():.2f} within 10 % {(error < 0.1).mean():.2f}")
    assert np.median([r[2] for r in proposed]) < 0.06
