from __future__ import annotations

import inspect
import math

import pytest
import torch

from gaze2report.models.scanpath import MAX_DURATION_S, MIN_DURATION_S, FixationTargets, ScanpathPredictor

GRID, WIDTH = 4, 12


def make_predictor(max_fixations: int = 6) -> ScanpathPredictor:
    torch.manual_seed(0)
    return ScanpathPredictor(WIDTH, GRID, width=16, depth=1, n_heads=2, max_fixations=max_fixations).eval()


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
    for call in (ScanpathPredictor.predict, ScanpathPredictor.duration_map, ScanpathPredictor.loss):
        names = set(inspect.signature(call).parameters)
        assert names <= {"self", "features", "targets", "target_map", "seed", "temperature", "min_fixations"}


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
