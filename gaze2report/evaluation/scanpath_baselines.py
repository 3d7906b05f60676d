"""Scanpaths without a look at the image, and people's own: what a predictor is measured beside.

``medoid``
    The one training scanpath that agrees most, by ScanMatch with duration, with other training scanpaths of other
    images. It has not seen the image and is the floor of every predictor.
``centre``
    As many fixations as the medoid, of its durations, all at the centre.
``random``
    Scanpaths of training images drawn by chance: real order and durations, of another image.
``uniform``
    The same, at places drawn evenly over the image.
``human``
    Each reader of the image against each other one (leave one out): the ceiling of agreement between people.
``consensus of readers``
    The scanpath of that reader, among those that are not measured against, who agrees most with the rest of them. It
    has seen the gaze on this very image, and so has no predictor: a bound for choosing one path well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaze2report.data.viewed_images import ViewedImage
from gaze2report.errors import TrainingSetUnusable
from gaze2report.gaze.pairwise_scanmatch import WITH_DURATION, consensus_number, scanmatch_of_all
from gaze2report.types import Fixation

Scanpath = list[Fixation]
MEDOID_PATHS = 400
DRAWN_PATHS = 5


@dataclass(frozen=True)
class Baselines:
    """Scanpaths in fractions of the image that depend on no image.

    Attributes
    ----------
    medoid : list of Fixation
    drawn : tuple of list of Fixation
        Training scanpaths by chance.
    """

    medoid: Scanpath
    drawn: tuple[Scanpath, ...]

    def paths(self, width_px: float, height_px: float, rng: np.random.Generator) -> dict[str, list[Scanpath]]:
        """Scanpaths by the name of the baseline, in pixels of an image."""
        chosen = [self.drawn[number] for number in rng.integers(len(self.drawn), size=DRAWN_PATHS)]
        uniform = [
            [Fixation(x, y, f.duration_s) for (x, y), f in zip(rng.random((len(path), 2)).tolist(), path, strict=True)]
            for path in chosen
        ]
        found = {
            "medoid": [self.medoid],
            "centre": [[Fixation(0.5, 0.5, f.duration_s) for f in self.medoid]],
            "random": chosen,
            "uniform": uniform,
        }
        return {name: [_scaled(path, width_px, height_px) for path in paths] for name, paths in found.items()}


def find_baselines(training: Sequence[ViewedImage], rng: np.random.Generator) -> Baselines:
    """Choose the medoid among training scanpaths, and draw some.

    Parameters
    ----------
    training : sequence of ViewedImage
        With the scanpaths of the readers that are trained on.
    rng : numpy.random.Generator
        At most 400 scanpaths are compared with one another, drawn by chance.

    Raises
    ------
    TrainingSetUnusable
        If there is no training scanpath.
    """
    if not training:
        raise TrainingSetUnusable("the set has no training scanpath, of which the baselines are made")
    places = [(i, j) for i, image in enumerate(training) for j in range(len(image.paths))]
    numbers = rng.permutation(len(places))[:MEDOID_PATHS]
    drawn = [training[places[n][0]].paths[places[n][1]].on_image(1.0, 1.0) for n in numbers]
    image_of = np.array([places[n][0] for n in numbers])
    # Cells of the grid are shares of the image, so the image's own size does not matter.
    agreement = scanmatch_of_all(drawn, drawn, 1.0, 1.0, WITH_DURATION)
    agreement[image_of[:, None] == image_of[None, :]] = np.nan
    return Baselines(drawn[consensus_number(agreement)], tuple(drawn))


def _scaled(path: Scanpath, width_px: float, height_px: float) -> Scanpath:
    return [Fixation(f.x_px * width_px, f.y_px * height_px, f.duration_s) for f in path]
