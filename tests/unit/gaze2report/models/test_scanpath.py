from __future__ import annotations

import inspect
import json
import math

import pytest
import torch
from safetensors.torch import load_file

from gaze2report.config import SCANPATH_DECODERS, ModelConfig, ScanpathConfig, from_plain
from gaze2report.models.adapter import embedded_adapter
from gaze2report.models.autoregressive_scanpath import AutoregressiveScanpath
from gaze2report.models.parallel_scanpath import ParallelScanpath
from gaze2report.models.scanpath import MAX_DURATION_S, MIN_DURATION_S, FixationTargets, ScanpathPredictor
from gaze2report.models.scanpath_decoders import build_scanpath_predictor

GRID, WIDTH = 4, 12


def make_predictor(decoder: str = "autoregressive", *, duration_spread: bool = False) -> ScanpathPredictor:
    torch.manual_seed(0)
    config = ScanpathConfig(
        width=16, depth=1, n_heads=2, max_fixations=6, decoder=decoder, duration_spread=duration_spread
    )
    return build_scanpath_predictor(config, WIDTH, GRID).eval()


def test_fixations_lie_on_the_image_with_plausible_durations() -> None:
    path = make_predictor().predict(torch.randn(1, GRID**2, WIDTH), seed=3)
    assert 3 <= len(path) <= 6
    for fixation in path:
        assert 0 <= fixation.x <= 1
        assert 0 <= fixation.y <= 1
        assert MIN_DURATION_S - 1e-6 <= fixation.duration_s <= MAX_DURATION_S


def test_a_seed_gives_the_same_sample_and_another_seed_another() -> None:
    predictor, features = make_predictor(), torch.randn(1, GRID**2, WIDTH)
    assert predictor.predict(features, seed=1) == predictor.predict(features, seed=1)
    assert predictor.predict(features, seed=1) != predictor.predict(features, seed=2)
    assert predictor.predict(features) == predictor.predict(features)


def test_no_text_can_reach_the_predictor() -> None:
    allowed = {"self", "features", "targets", "target_map", "sigma_patches", "seed", "temperature", "min_fixations"}
    for kind in (AutoregressiveScanpath, ParallelScanpath):
        for call in (kind.forward, kind.predict, kind.sample, kind.duration_map, kind.loss):
            names = set(inspect.signature(call).parameters)
            assert names <= allowed | {"n_samples", "input"}, call  # nn.Module.forward, which raises, has "input"


def test_the_duration_map_is_a_distribution_over_patches() -> None:
    shares = make_predictor().duration_map(torch.randn(2, GRID**2, WIDTH))
    assert shares.shape == (2, GRID**2)
    assert torch.allclose(shares.sum(1), torch.ones(2), atol=1e-5)


def targets_of(xy: list[tuple[float, float]], seconds: list[float]) -> tuple[FixationTargets, torch.Tensor]:
    target_map = torch.full((1, GRID**2), 1.0 / GRID**2)
    return (
        FixationTargets(torch.tensor([xy]), torch.tensor([seconds]), torch.tensor([len(xy)])),
        target_map,
    )


@torch.no_grad()
def test_the_first_loss_of_an_untrained_predictor_is_that_of_guessing() -> None:
    targets, target_map = targets_of([(0.1, 0.1), (0.6, 0.6)], [0.2, 0.4])
    losses = make_predictor().loss(torch.randn(1, GRID**2, WIDTH) * 0.01, targets, target_map)
    assert float(losses["patch"]) == pytest.approx(math.log(GRID**2), rel=0.15)


def test_it_learns_a_scanpath_its_durations_and_where_to_stop() -> None:
    predictor, features = make_predictor(), torch.randn(1, GRID**2, WIDTH)
    xy, seconds = [(0.1, 0.1), (0.9, 0.1), (0.6, 0.9), (0.1, 0.6)], [0.2, 0.5, 0.3, 0.8]
    targets, target_map = targets_of(xy, seconds)
    optimizer = torch.optim.Adam(predictor.parameters(), lr=1e-2)
    predictor.train()
    for _ in range(80):
        optimizer.zero_grad()
        sum(predictor.loss(features, targets, target_map).values(), torch.zeros(())).backward()
        optimizer.step()
    path = predictor.eval().predict(features)
    assert len(path) == len(xy)
    for fixation, (x, y), duration_s in zip(path, xy, seconds, strict=True):
        assert abs(fixation.x - x) < 0.13
        assert abs(fixation.y - y) < 0.13
        assert fixation.duration_s == pytest.approx(duration_s, rel=0.35)


@torch.no_grad()
def test_teacher_forcing_and_decoding_see_the_same_state() -> None:
    predictor, features = make_predictor(), torch.randn(1, GRID**2, WIDTH)
    path = predictor.predict(features)
    targets, target_map = targets_of([(f.x, f.y) for f in path], [f.duration_s for f in path])
    losses = predictor.loss(features, targets, target_map)
    assert float(losses["offset"]) < 1e-4
    assert float(losses["duration"]) < 1e-4


def test_the_embedded_predictor_still_draws_what_it_drew_before_there_was_a_choice_of_decoders() -> None:
    folder = embedded_adapter()
    config = from_plain(ModelConfig, json.loads((folder / "config.json").read_text()))
    assert config.scanpath.decoder == "autoregressive"
    state = {
        name.removeprefix("scanpath."): value.float()
        for name, value in load_file(folder / "model.safetensors").items()
        if name.startswith("scanpath.")
    }
    predictor = build_scanpath_predictor(config.scanpath, 128, 14)
    predictor.load_state_dict(state)
    features = torch.randn(1, 196, 128, generator=torch.Generator().manual_seed(0))
    first, second = predictor.eval().predict(features, seed=0)[:2]
    assert (first.x, first.y, first.duration_s) == pytest.approx((0.751071, 0.598876, 0.359383), abs=1e-4)
    assert (second.x, second.y, second.duration_s) == pytest.approx((0.752882, 0.599041, 0.344742), abs=1e-4)


@pytest.mark.parametrize("decoder", SCANPATH_DECODERS)
def test_samples_follow_their_seed_differ_from_each_other_and_end_in_time(decoder: str) -> None:
    predictor, features = make_predictor(decoder, duration_spread=True), torch.randn(1, GRID**2, WIDTH)
    samples = predictor.sample(features, 8, seed=1)
    assert samples == predictor.sample(features, 8, seed=1)
    assert samples != predictor.sample(features, 8, seed=2)
    assert len({tuple(path) for path in samples}) == 8
    assert {len(path) for path in samples} <= {3, 4, 5, 6}


@torch.no_grad()
@pytest.mark.parametrize("decoder", SCANPATH_DECODERS)
def test_several_scanpaths_of_an_image_cost_the_same_as_one_after_the_other(decoder: str) -> None:
    predictor, features = make_predictor(decoder, duration_spread=True), torch.randn(2, GRID**2, WIDTH)
    target_map = torch.full((2, GRID**2), 1.0 / GRID**2)
    rng = torch.Generator().manual_seed(0)
    xy, seconds = torch.rand(2, 3, 4, 2, generator=rng), torch.rand(2, 3, 4, generator=rng)
    length = torch.full((2, 3), 4)
    together = predictor.loss(features, FixationTargets(xy, seconds, length), target_map, sigma_patches=0.7)
    apart = [
        predictor.loss(features, FixationTargets(xy[:, v], seconds[:, v], length[:, v]), target_map, sigma_patches=0.7)
        for v in range(3)
    ]
    for name, value in together.items():
        assert float(value) == pytest.approx(sum(float(one[name]) for one in apart) / 3, abs=1e-5), name


def test_the_parallel_decoder_learns_a_scanpath_its_durations_and_its_length() -> None:
    predictor, features = make_predictor("parallel", duration_spread=True), torch.randn(1, GRID**2, WIDTH)
    xy, seconds = [(0.1, 0.1), (0.9, 0.1), (0.6, 0.9), (0.1, 0.6)], [0.2, 0.5, 0.3, 0.8]
    targets, target_map = targets_of(xy, seconds)
    optimizer = torch.optim.Adam(predictor.parameters(), lr=1e-2)
    predictor.train()
    for _ in range(80):
        optimizer.zero_grad()
        sum(predictor.loss(features, targets, target_map).values(), torch.zeros(())).backward()
        optimizer.step()
    path = predictor.eval().predict(features)
    assert len(path) == len(xy)
    for fixation, (x, y), duration_s in zip(path, xy, seconds, strict=True):
        assert abs(fixation.x - x) < 0.13
        assert abs(fixation.y - y) < 0.13
        assert fixation.duration_s == pytest.approx(duration_s, rel=0.35)


def test_a_soft_target_is_right_beside_the_fixated_patch_too() -> None:
    predictor = make_predictor()
    xy = torch.tensor([[0.49, 0.13]])  # at the border of the second and the third patch
    beside, far = torch.zeros(1, GRID**2), torch.zeros(1, GRID**2)
    beside[0, 2], far[0, 15] = 5.0, 5.0
    losses = [float(predictor._patch_loss(logits, xy, 0.7)) for logits in (beside, far)]
    assert losses[0] < losses[1] - 1.0
