"""Training sets of made films with reports and gaze, written through the real writer."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import PIL.Image
from training_sets import DESCRIPTION

from gaze2report.data.splits import Split
from gaze2report.data.training_example import RecordedScanpath, ReportText, TrainingExample, TrainingImage
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.training_set_writer import TrainingSetWriter, store_image
from gaze2report.gaze.frames import Frame

SIDE_PX = 96
SIDES, LEVELS = ("left", "right"), ("upper", "lower")
SIZES = ("Small", "Large")


def write_report_set(
    folder: Path,
    n_train: int = 16,
    n_val: int = 4,
    *,
    n_views: int = 1,
    with_gaze: bool = True,
    seed: int = 0,
    weights: tuple[float, ...] = (),
    n_test: int = 0,
    first: int = 0,
) -> TrainingSet:
    """Films with a bright disc, each with the report that says where it is and gaze that goes there."""
    splits: list[Split] = ["train"] * n_train + ["val"] * n_val + ["test"] * n_test
    with TrainingSetWriter(folder, DESCRIPTION) as writer:
        for number, split in enumerate(splits, first):
            rng = np.random.default_rng((seed, number))
            images = tuple(_store(writer.aside, rng, number, view) for view in range(n_views))
            extra = {"weight": weights[number]} if number < len(weights) else {}
            writer.add(_example(number, split, images, with_gaze=with_gaze, extra=extra))
        writer.finish()
    return TrainingSet.open(folder)


def disc_of(number: int) -> tuple[float, float, float]:
    """Where the disc of a case is, as fractions of the film, and its radius."""
    x = 0.7 if number % 2 == 0 else 0.3  # the patient's left is on the right of the film
    y = 0.3 if number // 2 % 2 == 0 else 0.7
    return x, y, 0.08 if number // 4 % 2 == 0 else 0.16


def report_of(number: int) -> tuple[str, str]:
    """Findings and impression of a case."""
    size, level, side = SIZES[number // 4 % 2], LEVELS[number // 2 % 2], SIDES[number % 2]
    heart = "The heart is normal in size." if number // 8 % 2 == 0 else "The heart is enlarged."
    return f"{size} opacity in the {level} zone of the {side} lung. {heart}", f"{size} {side} {level} opacity."


def _store(folder: Path, rng: np.random.Generator, number: int, view: int) -> TrainingImage:
    pixels = rng.integers(40, 70, (SIDE_PX, SIDE_PX)).astype(np.float64)
    x, y, radius = disc_of(number)
    rows, columns = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / SIDE_PX
    pixels[(columns - x) ** 2 + (rows - y) ** 2 < radius**2] = 220 - 40 * view
    if number // 8 % 2:
        pixels[int(0.45 * SIDE_PX) : int(0.6 * SIDE_PX), int(0.35 * SIDE_PX) : int(0.65 * SIDE_PX)] = 160
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "film.aside.png"
    PIL.Image.fromarray(pixels.astype(np.uint8)).save(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    file = store_image(path, sha256, "png", folder, "copy")
    path.unlink()
    return TrainingImage(f"film-{number}-{view}", SIDE_PX, SIDE_PX, ("PA", "LATERAL")[view], file, sha256)


def _example(
    number: int, split: Split, images: tuple[TrainingImage, ...], *, with_gaze: bool, extra: dict[str, float]
) -> TrainingExample:
    x, y, _ = disc_of(number)
    scanpath = RecordedScanpath(
        f"gaze-{number}",
        images[0].image_id,
        Frame(SIDE_PX, SIDE_PX),
        (48.0, x * SIDE_PX, x * SIDE_PX + 3),
        (48.0, y * SIDE_PX, y * SIDE_PX),
        (0.2, 0.6, 0.4),
    )
    findings, impression = report_of(number)
    made = TrainingExample(
        f"case-{number}",
        f"patient-{number}",
        split,
        f"study-{number}",
        images,
        (scanpath,) if with_gaze else (),
        (ReportText("written", {"findings": findings, "impression": impression}),),
        extra=extra,
    )
    made.labels.update({"Lung Opacity": 1.0, "No Finding": 0.0, "Cardiomegaly": float(number // 8 % 2)})
    return made
