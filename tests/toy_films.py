"""Films of stripes: two patches hold stripes of different direction, and the report speaks of one of them.

Which one only gaze tells, when the reader is informed: the controlled benchmark in small, for tests in seconds.
"""

from __future__ import annotations

import numpy as np
import torch

from gaze2report.experiment.film_set import FilmRow, FilmSet
from gaze2report.types import Fixation

SIDE_PX = 32
CELL_PX = 8


def toy_films(n_films: int, gaze_share: float, seed: int = 0) -> FilmSet:
    random = np.random.default_rng(seed)
    stripes = np.tile([1.0, 0.0], CELL_PX // 2) * np.ones((CELL_PX, 1))
    patterns = (stripes, stripes.T)
    pixels = 0.5 + 0.05 * random.normal(size=(n_films, 1, SIDE_PX, SIDE_PX))
    labels = np.zeros((n_films, 2), dtype=np.float32)
    rows = []
    for film in range(n_films):
        cells = random.choice((SIDE_PX // CELL_PX) ** 2, 2, replace=False)
        for pattern, cell in zip(patterns, cells, strict=True):
            y, x = CELL_PX * (cell // 4), CELL_PX * (cell % 4)
            pixels[film, 0, y : y + CELL_PX, x : x + CELL_PX] += 0.4 * (pattern - 0.5)
        reported = int(random.integers(2))
        labels[film, reported] = 1.0
        looked = int(cells[reported]) if random.random() < gaze_share else int(random.integers(16))
        place = (looked % 4 + 0.5) / 4, (looked // 4 + 0.5) / 4
        fixations = tuple(
            Fixation(float(np.clip(place[0] + dx, 0, 0.99)), float(np.clip(place[1] + dy, 0, 0.99)), 0.3)
            for dx, dy in 0.03 * random.normal(size=(4, 2))
        )
        rows.append(FilmRow(f"film-{film}", f"patient-{film // 2}", "test" if film % 4 > 1 else "train", fixations))
    return FilmSet(
        "stripes",
        f"stripes {n_films} {gaze_share} {seed}",
        tuple(rows),
        torch.tensor(pixels, dtype=torch.float32).clamp(0, 1),
        torch.tensor(labels),
        ("Across", "Down"),
        np.array([row.split == "test" for row in rows]),
        {},
    )
