"""Positions from one frame to another: fractions, resized copies, padded screens and zoomed views to image pixels.

Every frame of this module is a rectangle with its origin at the top left, x to the right and y down. A frame that
covers the whole image, whatever its aspect, maps to it by one factor a side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
FrameUnit = Literal["px", "fraction"]


@dataclass(frozen=True)
class Frame:
    """The rectangle in which positions are given; it covers the whole image.

    Attributes
    ----------
    width, height : float
        Size of the rectangle in its own unit: the image's pixels, those of a resized copy, or 1 x 1 for fractions.
    """

    width: float
    height: float
    unit: FrameUnit = "px"


FRACTIONS = Frame(1.0, 1.0, "fraction")


@dataclass(frozen=True)
class Padding:
    """Pixels between the edges of a screen and the film that is fitted into it."""

    top_px: float
    bottom_px: float
    left_px: float
    right_px: float


def frame_to_frame(positions: FloatArray, source: Frame, target: Frame) -> FloatArray:
    """Carry positions, shape (F, 2) as (x, y), from one frame over the image to another."""
    return np.asarray(positions * np.array([target.width / source.width, target.height / source.height]))


def screen_fraction_to_image_px(
    positions: FloatArray, screen_px: tuple[float, float], padding: Padding, image_px: tuple[float, float]
) -> FloatArray:
    """Undo the padding of a film that fills a screen: ``x = (fraction * screen - left) * W / (screen - left - right)``.

    Parameters
    ----------
    positions : ndarray, shape (F, 2)
        (x, y) as fractions of the screen, not of the film.
    screen_px, image_px : (float, float)
        Width and height.

    Returns
    -------
    ndarray, shape (F, 2)
        Image pixels; outside [0, W] x [0, H] where the gaze was on the padding.

    Raises
    ------
    ValueError
        If the padding leaves no room for the film.
    """
    offset, shown = _shown_rectangle(screen_px, padding)
    return np.asarray((positions * np.array(screen_px) - offset) * (np.array(image_px) / shown))


def image_px_to_screen_fraction(
    positions: FloatArray, screen_px: tuple[float, float], padding: Padding, image_px: tuple[float, float]
) -> FloatArray:
    """Inverse of ``screen_fraction_to_image_px``."""
    offset, shown = _shown_rectangle(screen_px, padding)
    return np.asarray((positions * (shown / np.array(image_px)) + offset) / np.array(screen_px))


def image_px_to_screen_px(positions: FloatArray, shown_image_px: FloatArray, shown_screen_px: FloatArray) -> FloatArray:
    """Where on the screen image positions stood while a part of the image was shown.

    Parameters
    ----------
    positions : ndarray, shape (F, 2)
    shown_image_px, shown_screen_px : ndarray, shape (F, 4)
        (x0, y0, x1, y1) of the part of the image that was shown, and of where it was shown.
    """
    return _between_rectangles(positions, shown_image_px, shown_screen_px)


def screen_px_to_image_px(positions: FloatArray, shown_screen_px: FloatArray, shown_image_px: FloatArray) -> FloatArray:
    """Inverse of ``image_px_to_screen_px``."""
    return _between_rectangles(positions, shown_screen_px, shown_image_px)


def _between_rectangles(positions: FloatArray, source: FloatArray, target: FloatArray) -> FloatArray:
    scale = (target[:, 2:] - target[:, :2]) / (source[:, 2:] - source[:, :2])
    return (positions - source[:, :2]) * scale + target[:, :2]


def _shown_rectangle(screen_px: tuple[float, float], padding: Padding) -> tuple[FloatArray, FloatArray]:
    offset = np.array([padding.left_px, padding.top_px], dtype=np.float64)
    shown = np.array(screen_px) - offset - np.array([padding.right_px, padding.bottom_px])
    if not np.all(shown > 0):
        raise ValueError(f"the padding {padding} leaves no room on a screen of {screen_px[0]:g} x {screen_px[1]:g} px")
    return offset, shown
