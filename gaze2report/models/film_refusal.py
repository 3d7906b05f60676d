"""Refusal by what the pixels show, in plain words."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gaze2report.errors import Refused
from gaze2report.models.encoder import HybridEncoder
from gaze2report.models.film_check import Displacement
from gaze2report.models.gaze2report import FilmReader, Gaze2Report, Seen

_PUT_RIGHT: dict[Displacement, Callable[[Tensor], Tensor]] = {
    "rot90": lambda film: film.rot90(-1, (2, 3)),
    "rot180": lambda film: film.rot90(2, (2, 3)),
    "rot270": lambda film: film.rot90(1, (2, 3)),
    "flipped": lambda film: film.flip(2),
    "inverted": lambda film: (1 - film) * (film.amax(3, keepdim=True) > 0) * (film.amax(2, keepdim=True) > 0),
}
"""The blank border of a model input stays blank when it is inverted."""

_WORDS: dict[str, tuple[str, str]] = {
    "rot90": ("turned", "The film seems to lie turned by a quarter to the left"),
    "rot180": ("turned", "The film seems to lie upside down"),
    "rot270": ("turned", "The film seems to lie turned by a quarter to the right"),
    "flipped": ("turned", "The film seems to lie upside down and mirrored"),
    "inverted": ("inverted", "The grey levels seem to be inverted (bone dark, air bright)"),
    "mirrored": ("mirrored", "The film seems to be mirrored: the heart seems to lie on the other side"),
    "child": ("child", "The film looks like one of a child"),
    "not_chest": ("not_chest", "The image does not look like a frontal chest radiograph"),
}
_MEANT_FOR = "drafts are written for upright frontal chest radiographs of adults only."


@torch.inference_mode()
def refuse_by_pixels(model: Gaze2Report, image: Tensor, seen: Seen) -> None:
    """Refuse an image (1, 1, S, S) that does not look like an upright frontal chest film of an adult.

    Raises
    ------
    Refused
        With one of the codes ``not_chest``, ``turned``, ``inverted``, ``mirrored`` and ``child``. Nothing is refused
        when the adapter version holds no statistics.
    """
    reader = model.film_reader
    if reader is None or not reader.check.is_fitted or seen.film is None or seen.mirrored is None:
        return
    found = reader.check.refusals(reader.check(seen.film, seen.mirrored))[0]
    if found in ("displaced", "not_chest") and isinstance(model.encoder, HybridEncoder):
        found = _displacement(reader, model.encoder, image) or "not_chest"
    if found is not None:
        code, words = _WORDS[found]
        raise Refused(code, f"{words}; {_MEANT_FOR}")


def _displacement(reader: FilmReader, encoder: HybridEncoder, image: Tensor) -> Displacement | None:
    """Find the displacement whose undoing makes a chest film of the image; None where none does."""
    candidates = torch.cat([put_right(image) for put_right in _PUT_RIGHT.values()])
    distances = reader.check.distance(reader.descriptor(encoder, candidates))
    nearest = int(distances.argmin())
    return list(_PUT_RIGHT)[nearest] if distances[nearest] <= reader.check.max_distance else None
