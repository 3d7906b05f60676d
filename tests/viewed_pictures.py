"""A made set of pictures with the gaze of several viewers, who all look at the bright square, from left to right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import PIL.Image

from gaze2report.data.conversion import ConversionOptions, convert
from gaze2report.data.source_registry import open_source
from gaze2report.data.training_set import TrainingSet

WIDTH_PX, HEIGHT_PX = 64, 48


def make_viewed_set(folder: Path, n_pictures: int = 24, n_viewers: int = 4) -> TrainingSet:
    """Convert a made copy of OSIE's layout."""
    rng = np.random.default_rng(7)
    rows = []
    source = folder / "osie"
    (source / "stimuli").mkdir(parents=True)
    for number in range(n_pictures):
        centre = rng.uniform(0.2, 0.8, 2)
        pixels = rng.integers(0, 60, (HEIGHT_PX, WIDTH_PX)).astype(np.uint8)
        x, y = (centre * (WIDTH_PX, HEIGHT_PX)).astype(int)
        pixels[y - 6 : y + 6, x - 6 : x + 6] = 250
        PIL.Image.fromarray(pixels).save(source / "stimuli" / f"{number:03}.png")
        viewers = []
        for _ in range(n_viewers):
            n = int(rng.integers(4, 7))
            places = (centre + [[0.08 * (i - 2), 0] for i in range(n)] + rng.normal(0, 0.02, (n, 2))).clip(0.01, 0.99)
            times_ms = rng.integers(150, 400, n)
            viewers.append({"x": places[:, 0].tolist(), "y": places[:, 1].tolist(), "t": times_ms.tolist()})
        rows.append({"image": f"stimuli/{number:03}.png", "w": WIDTH_PX, "h": HEIGHT_PX, "subjects": viewers})
    (source / "fixations.json").write_text(json.dumps(rows))
    options = ConversionOptions()
    convert(open_source("osie", source, options), folder / "set", options)
    return TrainingSet.open(folder / "set")
