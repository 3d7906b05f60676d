"""The film with the scanpath drawn over it, as a picture file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from gaze2report.imaging.windowing import to_display
from gaze2report.types import Fixation, Image

INK = (255, 196, 64)
LONG_SIDE_PX = 1200


def draw_overlay(image: Image, scanpath: Sequence[Fixation], caption: str) -> PillowImage.Image:
    """Draw numbered fixations, sized by duration, over the film under its default VOI.

    Returns
    -------
    PIL.Image.Image
        RGB, long side ``LONG_SIDE_PX``, with the caption below the film.
    """
    film = PillowImage.fromarray(to_display(image))
    scale = LONG_SIDE_PX / max(film.size)
    film = film.resize((round(film.width * scale), round(film.height * scale)), PillowImage.Resampling.BOX).convert(
        "RGB"
    )
    picture = PillowImage.new("RGB", (film.width, film.height + 36), (16, 17, 19))
    picture.paste(film, (0, 0))
    draw = ImageDraw.Draw(picture)
    places = [(f.x_px * scale, f.y_px * scale) for f in scanpath]
    if len(places) > 1:
        draw.line(places, fill=INK, width=2)
    font = ImageFont.load_default(size=18)
    for number, ((x, y), fixation) in enumerate(zip(places, scanpath, strict=True), start=1):
        radius = 10.0 + 26.0 * float(np.sqrt(min(fixation.duration_s, 1.0)))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=INK, width=3)
        draw.text((x, y), str(number), fill=INK, font=font, anchor="mm", stroke_width=2, stroke_fill=(0, 0, 0))
    draw.text((10, film.height + 18), caption, fill=(200, 200, 200), font=font, anchor="lm")
    return picture


def write_overlay(path: Path, image: Image, scanpath: Sequence[Fixation], caption: str) -> None:
    """Write the overlay as PNG; raises OSError when the disk refuses."""
    draw_overlay(image, scanpath, caption).save(path, format="PNG")
