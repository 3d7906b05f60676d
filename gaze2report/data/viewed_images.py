"""Images of a training set with the scanpaths of their readers in one form: fractions and seconds.

Nothing else of an example is taken: no report, no label, no region, so that none can reach a predictor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.splits import N_SPLIT_FOLDS, VAL_FOLD, Split, fold_of
from gaze2report.data.training_example import RecordedScanpath, TrainingExample, TrainingImage
from gaze2report.data.training_set import TrainingSet
from gaze2report.errors import TrainingSetUnusable
from gaze2report.types import Fixation

_JUST_BELOW_1 = float(np.nextafter(np.float32(1.0), np.float32(0.0)))


@dataclass(frozen=True, eq=False)
class ReaderPath:
    """One reader's fixations on one image.

    Attributes
    ----------
    xy : ndarray, shape (F, 2)
        Fractions of the image, in [0, 1).
    duration_s : ndarray, shape (F,)
    """

    reader: str
    task: str
    xy: NDArray[np.float64]
    duration_s: NDArray[np.float64]

    def on_image(self, width_px: float, height_px: float) -> list[Fixation]:
        """The fixations in pixels of the image."""
        return [
            Fixation(x * width_px, y * height_px, seconds)
            for (x, y), seconds in zip(self.xy.tolist(), self.duration_s.tolist(), strict=True)
        ]


@dataclass(frozen=True, eq=False)
class ViewedImage:
    """An image with all scanpaths on it.

    Attributes
    ----------
    file : Path, optional
        None where the image is not part of the set.
    width_px, height_px : float
        Size of the image; where it is not known, of the frame that the gaze was given in.
    """

    image_id: str
    patient_id: str
    file: Path | None
    width_px: float
    height_px: float
    paths: tuple[ReaderPath, ...]

    def of_readers(self, readers: Collection[str], *, keep: bool) -> ViewedImage:
        """Keep only the scanpaths of some readers, or all but theirs."""
        return replace(self, paths=tuple(path for path in self.paths if (path.reader in readers) == keep))


@dataclass(frozen=True)
class SplitImages:
    """Images to train on and to choose on, and how they were parted."""

    train: tuple[ViewedImage, ...]
    val: tuple[ViewedImage, ...]
    val_rule: str


def viewed_images(training_set: TrainingSet, split: Split | None = None) -> Iterator[ViewedImage]:
    """Images of a split on which somebody looked, in the order of the set.

    Fixations outside the image are left out, and scanpaths whose durations are not seconds.
    """
    for example in training_set.examples(split):
        for image in example.images:
            paths = tuple(path for recorded in example.scanpaths if (path := _to_path(recorded, image)) is not None)
            if paths:
                width_px, height_px = _size(image, example)
                file = training_set.image_path(image)
                yield ViewedImage(image.image_id, example.patient_id, file, width_px, height_px, paths)


def train_and_val(training_set: TrainingSet, held_out_readers: Collection[str] = ()) -> SplitImages:
    """Images to train on and to choose on; of a set without a validation split, a tenth of the training patients.

    Raises
    ------
    TrainingSetUnusable
        If there is no image with a scanpath to train or to choose on, or a held-out reader is not in the set.
    """
    train, val = (tuple(viewed_images(training_set, part)) for part in ("train", "val"))
    known = {path.reader for image in (*train, *val) for path in image.paths}
    if missing := sorted(set(held_out_readers) - known):
        raise TrainingSetUnusable(f"{training_set.folder}: no reader of the set is named {missing[0]!r}")
    rule = "the validation split of the set"
    if not val:
        rule = "the set has no validation split: a tenth of its training patients by hash"
        is_val = [fold_of(image.patient_id, N_SPLIT_FOLDS) == VAL_FOLD for image in train]
        val = tuple(image for image, held in zip(train, is_val, strict=True) if held)
        train = tuple(image for image, held in zip(train, is_val, strict=True) if not held)
    if held_out_readers:
        train, val = (
            tuple(kept for image in part if (kept := image.of_readers(held_out_readers, keep=False)).paths)
            for part in (train, val)
        )
    for part, images in (("train", train), ("choose", val)):
        if not any(image.file for image in images):
            why = "no image with a scanpath in seconds" if not images else "scanpaths, but the images are not in it"
            raise TrainingSetUnusable(
                f"{training_set.folder}: nothing to {part} on: it holds {why}; a predictor that sees the image needs "
                "both (convert with --image-root)"
            )
    return SplitImages(tuple(i for i in train if i.file), tuple(i for i in val if i.file), rule)


def _to_path(recorded: RecordedScanpath, image: TrainingImage) -> ReaderPath | None:
    if recorded.image_id != image.image_id or recorded.duration_unit != "s":
        return None
    duration_s = np.asarray(recorded.durations, dtype=np.float64)
    kept = recorded.is_inside & (duration_s > 0)
    if not kept.any():
        return None
    xy = recorded.to_fractions()[kept].clip(0.0, _JUST_BELOW_1)
    return ReaderPath(recorded.reader, recorded.task, xy, duration_s[kept])


def _size(image: TrainingImage, example: TrainingExample) -> tuple[float, float]:
    if image.width_px is not None and image.height_px is not None:
        return float(image.width_px), float(image.height_px)
    frame = next(recorded.frame for recorded in example.scanpaths if recorded.image_id == image.image_id)
    return frame.width, frame.height
