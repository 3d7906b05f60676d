"""The embedded weights look at the pixels: a real film passes, the same film turned, inverted or mirrored does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import data_store
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from gaze2report.config import ModelConfig, from_plain
from gaze2report.data.transforms import Preprocessing, display_to_input
from gaze2report.errors import Refused
from gaze2report.imaging.read import read_image
from gaze2report.imaging.windowing import to_display
from gaze2report.models import adapter
from gaze2report.models.film_refusal import refuse_by_pixels
from gaze2report.models.gaze2report import Gaze2Report, build_model

RG1, RG3 = (Path(data_store.__path__[0]) / "data" / name for name in ("RG1_UNCI.dcm", "RG3_UNCI.dcm"))


@pytest.fixture(scope="module")
def model() -> Gaze2Report:
    """The embedded encoder and film reader; the language model is a tiny one, it is not asked."""
    import tiny_model

    folder = adapter.embedded_adapter()
    config: ModelConfig = from_plain(ModelConfig, adapter.read_json(folder / adapter.CONFIG))
    built = build_model(config, tiny_model.tiny_language_model(), tiny_model.tiny_tokenizer())
    state = {name: value.float() for name, value in load_file(folder / adapter.MODEL).items()}
    for part in ("encoder", "film_reader"):
        own = {n.removeprefix(f"{part}."): v for n, v in state.items() if n.startswith(f"{part}.")}
        getattr(built, part).load_state_dict(own)
    return built.eval()


def look(model: Gaze2Report, display: np.ndarray) -> None:
    image = torch.from_numpy(display_to_input(np.ascontiguousarray(display), Preprocessing()))[None]
    with torch.no_grad():
        refuse_by_pixels(model, image, model.see(image))


def test_a_real_film_passes(model: Gaze2Report) -> None:
    look(model, to_display(read_image(RG1)))


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (np.rot90, "turned", "quarter to the left"),
        (lambda film: np.rot90(film, 2), "turned", "upside down"),
        (lambda film: np.rot90(film, 3), "turned", "quarter to the right"),
        (lambda film: 255 - film, "inverted", "bone dark, air bright"),
        (
            lambda film: np.random.default_rng(0).integers(0, 256, film.shape, np.uint8),
            "not_chest",
            "does not look like",
        ),
    ],
)
def test_the_same_film_changed_is_refused_in_plain_words(
    model: Gaze2Report, change: Callable[[np.ndarray], np.ndarray], code: str, words: str
) -> None:
    with pytest.raises(Refused, match=words) as refusal:
        look(model, change(to_display(read_image(RG1))))
    assert refusal.value.code == code


def test_a_leg_is_refused_even_when_its_header_says_nothing(model: Gaze2Report) -> None:
    with pytest.raises(Refused, match="frontal chest radiograph"):
        look(model, to_display(read_image(RG3)))
