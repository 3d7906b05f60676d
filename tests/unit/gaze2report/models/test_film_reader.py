"""What is read off the whole film: one pass gives the encoder's map; check and zones find what they were fitted to."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_model
import torch

from gaze2report.config import FilmConfig, ModelConfig
from gaze2report.models.film_check import DISPLACED, FilmCheck, FilmScores
from gaze2report.models.film_features import FilmFeatures
from gaze2report.models.film_refusal import refuse_by_pixels
from gaze2report.models.gaze2report import Gaze2Report, build_model
from gaze2report.models.lung_zones import LungZones, zone_weights
from gaze2report.training.train_film_check import AdultScores, CheckFilms, FilmCheckPhase, fit_film_check, set_limits

PHASE = FilmCheckPhase(false_refusals_child=0.01, false_refusals_mirrored=0.01)
DESCRIBED = replace(tiny_model.TINY, film=FilmConfig(is_described=True))


@pytest.fixture(scope="module")
def model() -> Gaze2Report:
    torch.manual_seed(0)
    return build_model(DESCRIBED, tiny_model.tiny_language_model(), tiny_model.tiny_tokenizer()).eval()


def check() -> FilmCheck:
    """A check of 10 channels, 6 of them of the trunk, and a map of 3."""
    return FilmCheck(SimpleNamespace(n_trunk_channels=6, n_channels=10), 3)


def made(n: int, seed: int, look: str = "as_is") -> tuple[FilmFeatures, FilmFeatures]:
    """Features of made films and of their mirror images: one pattern over 8 x 8 patches, and noise."""
    pattern = np.random.default_rng(0).normal(size=(8, 8, 3))
    rng = np.random.default_rng([seed, len(look)])
    changes = {
        "as_is": lambda m: m, "mirrored": lambda m: m[:, ::-1], "rot90": np.rot90, "rot180": lambda m: np.rot90(m, 2),
        "rot270": lambda m: np.rot90(m, 3), "flipped": lambda m: m[::-1], "inverted": lambda m: -m,
        "noise": lambda m: 4 * rng.normal(size=m.shape), "child": lambda m: m,
    }  # fmt: skip
    maps = [changes[look](pattern + 0.3 * rng.normal(size=pattern.shape)) for _ in range(n)]
    stages = torch.from_numpy(rng.normal(size=(n, 10)).astype(np.float32)) + (3.0 if look == "child" else 0.0)
    pairs = (np.stack(maps), np.stack([m[:, ::-1] for m in maps]))
    film, mirrored = (
        FilmFeatures(torch.from_numpy(np.ascontiguousarray(pair.reshape(n, 64, 3), np.float32)), stages)
        for pair in pairs
    )
    return film, mirrored


@pytest.fixture(scope="module")
def checked() -> FilmCheck:
    adults, mirrored = made(200, 1)
    displaced = {name: made(100, 2, name)[0] for name in DISPLACED}
    fitted = fit_film_check(check(), CheckFilms(adults, mirrored, displaced, made(100, 3, "child")[0]), PHASE)
    held_out = fitted(*made(400, 4))
    set_limits(fitted, [AdultScores(held_out, held_out)], PHASE)
    return fitted


def test_one_pass_gives_the_encoders_own_features(model: Gaze2Report) -> None:
    image = torch.rand(2, 1, tiny_model.SIDE_PX, tiny_model.SIDE_PX)
    with torch.no_grad():
        seen = model.see(image)
        assert torch.allclose(seen.patches, model.encoder(image), atol=1e-5)
        assert torch.allclose(seen.film.maps, model.encoder.trunk_map(image), atol=1e-5)
        assert torch.allclose(model.see(image.flip(-1)).film.stages, seen.mirrored.stages, atol=1e-4)
        refuse_by_pixels(model, image[:1], seen)  # without statistics nothing is refused
    assert seen.film.stages.shape == (2, model.film_reader.descriptor.n_channels)


@pytest.mark.parametrize(
    ("look", "code"),
    [*((name, "displaced") for name in DISPLACED), ("mirrored", None), ("noise", None), ("child", None)],
)
def test_what_is_no_upright_film_of_an_adult_is_refused(checked: FilmCheck, look: str, code: str | None) -> None:
    codes = checked.refusals(checked(*made(100, 11, look)))
    assert np.mean([found is not None if code is None else found == code for found in codes]) >= 0.95


def test_mirrored_films_and_children_have_a_score_of_their_own(checked: FilmCheck) -> None:
    assert float((checked(*made(100, 11, "mirrored")).mirrored > checked.max_mirrored).float().mean()) >= 0.95
    assert float((checked(*made(100, 11, "child")).child > checked.max_child).float().mean()) >= 0.95


def test_films_like_those_it_knows_pass(checked: FilmCheck) -> None:
    assert np.mean([code is not None for code in checked.refusals(checked(*made(400, 12)))]) <= 0.05


def test_the_distance_is_near_two_for_known_films_and_far_more_for_others(checked: FilmCheck) -> None:
    assert float(checked.distance(made(200, 13)[0]).median()) == pytest.approx(2.0, abs=0.7)
    assert float(checked.distance(made(200, 13, "noise")[0]).min()) > 5


def test_limits_hold_for_the_source_they_are_hardest_for() -> None:
    limited = check()
    easy, hard = torch.arange(1000.0), torch.arange(1000.0) + 500
    scores = [FilmScores(values, values[:, None].expand(-1, 5), values, values) for values in (easy, hard)]
    set_limits(limited, [AdultScores(*scores)], FilmCheckPhase(false_refusals_child=0.01))
    assert float((hard > limited.max_child).float().mean()) == pytest.approx(0.01, abs=0.002)
    assert float((easy > limited.max_child).float().mean()) == 0


def test_a_plain_vit_cannot_describe_a_film() -> None:
    from gaze2report.config import EncoderConfig

    with pytest.raises(ValueError, match="convolutional trunk"):
        ModelConfig(encoder=EncoderConfig(trunk="", vit="vit_tiny_patch16_224"), film=FilmConfig(is_described=True))


def two_lungs(side: int = 14) -> torch.Tensor:
    lung = torch.zeros(side, side)
    lung[2:11, 2:6] = 1.0
    lung[2:11, 8:12] = 1.0
    return lung.reshape(1, -1)


def test_zones_part_the_lungs_into_thirds_that_add_up() -> None:
    weights = zone_weights(two_lungs())[0].reshape(6, 14, 14)
    assert torch.allclose(weights.sum(0), two_lungs().reshape(14, 14))
    assert weights[0, 2:5, 2:6].sum() == 12  # the upper third of the lung on the film's left
    assert weights[5, 8:11, 8:12].sum() == 12
    assert zone_weights(torch.zeros(1, 196)).sum() == 0


def test_the_region_is_the_opaque_zone_of_one_lung_and_none_where_nothing_is_opaque() -> None:
    zones = LungZones(2)
    zones.lung_weight[0], zones.lung_bias = torch.tensor(20.0), torch.tensor(-10.0)
    zones.opacity_weight[1] = 3.0
    zones.is_fitted = torch.tensor(True)
    maps = torch.zeros(1, 14, 14, 2)
    maps[0, :, :, 0] = two_lungs().reshape(14, 14)
    assert zones.region(maps.reshape(1, 196, 2)) is None
    maps[0, 8:11, 8:12, 1] = 1.0
    assert zones.region(maps.reshape(1, 196, 2)) == pytest.approx((8 / 14, 8 / 14, 12 / 14, 11 / 14))
