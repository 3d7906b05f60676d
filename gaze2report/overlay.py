"""The film with scanpath and boxes drawn over it, as a picture file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from gaze2report.imaging.windowing import to_display
from gaze2report.types import Fixation, Image

INK = (255, 196, 64)
BOX_INK = (96, 200, 255)
LONG_SIDE_PX = 1200
THUMBNAIL_SIDE_PX = 560
MOST_NUMBERS = 20
"""In a thumbnail; the numbers of more fixations would cover each other and the film."""


NamedBox = tuple[str, tuple[float, float, float, float]]
"""What a box shows, and its corners x0, y0, x1, y1 in pixels of the film."""


def draw_overlay(image: Image, scanpath: Sequence[Fixation], caption: str) -> PillowImage.Image:
    """Draw numbered fixations, sized by duration, over the film under its default VOI.

    Returns
    -------
    PIL.Image.Image
        RGB, long side ``LONG_SIDE_PX``, with the caption below the film.
    """
    return draw_on_film(to_display(image), scanpath, caption)


def draw_on_film(
    display: NDArray[np.uint8],
    scanpath: Sequence[Fixation] = (),
    caption: str = "",
    boxes: Sequence[NamedBox] = (),
    long_side_px: int = LONG_SIDE_PX,
    most_numbers: int | None = None,
) -> PillowImage.Image:
    """Draw named boxes and numbered fixations, sized by duration, over display values.

    Parameters
    ----------
    display : ndarray of uint8, shape (rows, columns)
    scanpath : sequence of Fixation
        In pixels of ``display``.
    caption : str
        Below the film; no line where it is empty.
    boxes : sequence of (name, corners)
    long_side_px : int
        Of the film in the picture.
    most_numbers : int, optional
        Of a scanpath with more fixations only the first and the last are numbered.

    Returns
    -------
    PIL.Image.Image
        RGB.
    """
    film = PillowImage.fromarray(display)
    scale, mark = long_side_px / max(film.size), max(long_side_px / LONG_SIDE_PX, 0.55)
    size = round(film.width * scale), round(film.height * scale)
    film = film.resize(size, PillowImage.Resampling.BOX).convert("RGB")
    foot_px = round(36 * mark) if caption else 0
    picture = PillowImage.new("RGB", (film.width, film.height + foot_px), (16, 17, 19))
    picture.paste(film, (0, 0))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=max(14, round(18 * mark)))
    for name, (x0, y0, x1, y1) in boxes:
        corners = [round(value * scale) for value in (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))]
        draw.rectangle(corners, outline=BOX_INK, width=max(2, round(3 * mark)))
        draw.text(
            (corners[0], corners[1]), name, fill=BOX_INK, font=font, anchor="lb", stroke_width=2, stroke_fill=(0, 0, 0)
        )
    places = [(f.x_px * scale, f.y_px * scale) for f in scanpath]
    if len(places) > 1:
        draw.line(places, fill=INK, width=max(2, round(2 * mark)))
    for number, ((x, y), fixation) in enumerate(zip(places, scanpath, strict=True), start=1):
        radius = mark * (10.0 + 26.0 * float(np.sqrt(min(fixation.duration_s, 1.0))))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=INK, width=max(2, round(3 * mark)))
        if most_numbers is None or len(places) <= most_numbers or number in (1, len(places)):
            draw.text((x, y), str(number), fill=INK, font=font, anchor="mm", stroke_width=2, stroke_fill=(0, 0, 0))
    if caption:
        draw.text((10, film.height + foot_px / 2), caption, fill=(200, 200, 200), font=font, anchor="lm")
    return picture


def film_thumbnail(
    display: NDArray[np.uint8],
    scanpath: Sequence[Fixation] = (),
    boxes: Sequence[NamedBox] = (),
    caption: str = "",
    long_side_px: int = THUMBNAIL_SIDE_PX,
) -> bytes:
    """Make a small picture of a film with boxes and scanpath for a page: the bytes of a JPEG file."""
    buffer = io.BytesIO()
    draw_on_film(display, scanpath, caption, boxes, long_side_px, MOST_NUMBERS).save(
        buffer, format="JPEG", quality=82, subsampling=0
    )
    return buffer.getvalue()


def write_overlay(path: Path, image: Image, scanpath: Sequence[Fixation], caption: str) -> None:
    """Write the overlay as PNG; raises OSError when the disk refuses."""
    draw_overlay(image, scanpath, caption).save(path, format="PNG")
