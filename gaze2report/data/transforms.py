"""Display image to model input, and positions between the two.

The whole film is resized to a square (aspect not kept, as the gaze data of GazeSearch and the films of NIH
ChestX-ray14 were), so image pixels and input fractions differ by one factor a side.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage


@dataclass(frozen=True)
class Preprocessing:
    """How a display image becomes model input; its hash is part of every draft's provenance.

    Attributes
    ----------
    side_px : int
        Side of the square input.
    border_share : float
        Share of each side that is blanked: collimator bands and burned-in letters there tell the source of a film,
        not its findings.
    low_percentile, high_percentile : float
        Grey values stretched to 0 and 1.
    """

    side_px: int = 224
    border_share: float = 0.04
    low_percentile: float = 1.0
    high_percentile: float = 99.0
    version: int = 1

    def sha256(self) -> str:
        """Hash of all settings."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def display_to_input(display: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Make the model input of a display image.

    Parameters
    ----------
    display : ndarray of uint8, shape (rows, columns)
        The film under its default VOI, bright bone.

    Returns
    -------
    ndarray of float32, shape (1, side, side), range [0, 1]
    """
    return _stretched(display, preprocessing)[None]


def colours_to_input(colours: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Make the model input of an everyday picture in colour; the colours are stretched together.

    Parameters
    ----------
    colours : ndarray of uint8, shape (rows, columns, 3)

    Returns
    -------
    ndarray of float32, shape (3, side, side), range [0, 1]
    """
    return np.ascontiguousarray(_stretched(colours, preprocessing).transpose(2, 0, 1))


def _stretched(pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    side = preprocessing.side_px
    resized = PillowImage.fromarray(pixels).resize((side, side), PillowImage.Resampling.BOX, reducing_gap=None)
    values = np.asarray(resized, dtype=np.float32)
    border = round(side * preprocessing.border_share)
    inner = values[border : side - border, border : side - border]
    low, high = np.percentile(inner, [preprocessing.low_percentile, preprocessing.high_percentile])
    stretched = np.clip((inner - low) / max(float(high - low), 1.0), 0.0, 1.0)
    output = np.zeros_like(values)
    output[border : side - border, border : side - border] = stretched
    return output


def augment(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Shift, zoom and re-grade an input (1, S, S) a little: what differs between two films of one chest.

    Never mirrored: the heart has a side.
    """
    side = image.shape[1]
    zoom = rng.uniform(0.88, 1.05)
    crop = side * zoom
    left, top = rng.uniform(-0.04, 0.04, 2) * side + (side - crop) / 2
    film = PillowImage.fromarray(image[0], mode=None)
    film = film.resize((side, side), PillowImage.Resampling.BILINEAR, box=_inside(left, top, crop, side))
    grey = np.clip(np.asarray(film, dtype=np.float32), 0.0, 1.0)
    grey = np.clip((grey ** rng.uniform(0.75, 1.3) - 0.5) * rng.uniform(0.85, 1.15) + 0.5, 0.0, 1.0)
    output = np.zeros_like(image)
    border = round(side * 0.04)
    output[0, border:-border, border:-border] = grey[border:-border, border:-border]
    return output


def _inside(left: float, top: float, crop: float, side: int) -> tuple[float, float, float, float]:
    left, top = max(left, 0.0), max(top, 0.0)
    return left, top, min(left + crop, float(side)), min(top + crop, float(side))
