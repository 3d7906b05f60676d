"""Everyday pictures in their colours, for predictors trained on such; a radiograph is read by `read_image`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from gaze2report.errors import ImageTooLarge, NotAnImage
from gaze2report.imaging.input_file import open_input
from gaze2report.imaging.limits import IntakeLimits
from gaze2report.imaging.raster import FORMATS

_ERRORS = (OSError, ValueError, TypeError, LookupError, SyntaxError, ArithmeticError, EOFError)


def read_colours(path: Path) -> NDArray[np.uint8]:
    """Read a PNG or JPEG file as red, green and blue, shape (rows, columns, 3).

    Raises
    ------
    NotAnImage
        If it is no readable PNG or JPEG file.
    ImageTooLarge
        If its header announces more pixels than the limits allow.
    """
    limits = IntakeLimits()
    with open_input(path, limits) as stream:
        try:
            picture = PIL.Image.open(stream, formats=FORMATS)
            if picture.width * picture.height > limits.max_pixels:
                raise ImageTooLarge(path, "its header announces more pixels than the limit allows")
            return np.asarray(picture.convert("RGB"), dtype=np.uint8)
        except _ERRORS as error:
            raise NotAnImage(path, "it is not a readable PNG or JPEG file") from error
