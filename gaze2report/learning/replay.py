"""New readings with earlier data among them, so that what was learnt before stays known (rehearsal, Robins 1995)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from gaze2report.data.training_example import TrainingExample
from gaze2report.data.training_set import SetDescription, TrainingSet, TrainingSetManifest
from gaze2report.data.training_set_writer import TrainingSetWriter, store_image
from gaze2report.errors import Gaze2ReportError

REPLAYED = "replay-"


def with_replay(new: Path, earlier: Path, share: float, out: Path, *, seed: int = 0) -> TrainingSetManifest:
    """Write a set of the new readings and, among those that train, earlier examples; films are linked, not copied.

    Validation and hold-out are those of the new set alone. An earlier example whose patient is in the new set's
    validation or hold-out is left out.

    Parameters
    ----------
    share : float
        Of the training examples that shall be earlier ones, 0 up to below 1; fewer where there are not so many.
    seed : int
        Draws which earlier ones.

    Raises
    ------
    Gaze2ReportError
        If the share is none, or a set cannot be read or written.
    """
    if not 0.0 <= share < 1.0:
        raise Gaze2ReportError(f"a share of replay of {share} is not from 0 up to below 1")
    fresh, old = TrainingSet.open(new), TrainingSet.open(earlier)
    kept_apart = {one.patient_id for one in fresh.examples() if one.split != "train"}
    pool = [one for one in old.examples("train") if one.patient_id not in kept_apart and one.reports and one.images]
    pool.sort(key=lambda one: hashlib.sha256(f"{seed} {one.example_id}".encode()).digest())
    n_new = sum(1 for _ in fresh.examples("train"))
    wanted = round(n_new * share / (1.0 - share))
    with TrainingSetWriter(out, _description(fresh, old, share, seed)) as writer:
        for example in fresh.examples():
            writer.add(_taken(example, fresh, writer.aside))
        for example in pool[:wanted]:
            renamed = replace(example, example_id=f"{REPLAYED}{example.example_id}", split="train")
            writer.add(_taken(renamed, old, writer.aside))
        return writer.finish()


def _taken(example: TrainingExample, source: TrainingSet, folder: Path) -> TrainingExample:
    images = []
    for image in example.images:
        path = source.image_path(image)
        if path is not None and image.sha256 is not None:
            images.append(
                replace(image, file=store_image(path, image.sha256, path.suffix.lstrip("."), folder, "hardlink"))
            )
        else:
            images.append(image)
    return replace(example, images=tuple(images))


def _description(fresh: TrainingSet, old: TrainingSet, share: float, seed: int) -> SetDescription:
    one, other = fresh.manifest.description, old.manifest.description
    return replace(
        one,
        name=f"{one.name}, with replay of {other.name}",
        licence=f"{one.licence}; {other.licence}",
        may_be_shared=one.may_be_shared and other.may_be_shared,
        notes=(*one.notes, f"Earlier examples among those that train, wanted share {share}."),
        options={
            **one.options,
            "new_set": fresh.manifest.sha256,
            "replayed_set": old.manifest.sha256,
            "replay_share": share,
            "replay_seed": seed,
        },
    )
