"""Encoder, findings head and prompt: shapes, ranges and what depends on what."""

from __future__ import annotations

import pytest
import torch

from gaze2report.models.encoder import HybridEncoder, ViTEncoder
from gaze2report.models.findings import FindingsHead
from gaze2report.models.gaze2report import reported_observations
from gaze2report.models.prompt import ObservationTokens, VisualGazePrompt
from gaze2report.types import CHEXPERT_OBSERVATIONS


@torch.no_grad()
def test_the_hybrid_encoder_gives_a_grid_at_its_trunks_stride() -> None:
    encoder = HybridEncoder("tf_efficientnet_lite0", 5, width=16, depth=1, n_heads=2, image_side_px=64).eval()
    features = encoder(torch.rand(2, 1, 64, 64))
    assert features.shape == (2, 16, 16)
    assert encoder.grid_side == 4


@torch.no_grad()
def test_any_vit_of_timm_serves_as_encoder_without_its_class_token() -> None:
    encoder = ViTEncoder("vit_tiny_patch16_224", image_side_px=64).eval()
    assert encoder(torch.rand(1, 1, 64, 64)).shape == (1, 16, encoder.width)
    assert encoder.grid_side == 4


@torch.no_grad()
def test_a_bright_corner_changes_the_corners_patch_most() -> None:
    encoder = HybridEncoder("tf_efficientnet_lite0", 3, width=16, depth=1, n_heads=2, image_side_px=64).eval()
    dark, bright = torch.full((1, 1, 64, 64), 0.4), torch.full((1, 1, 64, 64), 0.4)
    bright[..., :16, :16] = 1.0
    change = (encoder.trunk_map(dark) - encoder.trunk_map(bright)).norm(dim=-1).view(8, 8)
    assert change[:3, :3].mean() > 3 * change[5:, 5:].mean()


def make_head() -> FindingsHead:
    torch.manual_seed(0)
    head = FindingsHead(8)
    head.is_supported[[0, 10]] = True
    return head


@torch.no_grad()
def test_temperature_and_shift_move_probabilities_as_platt_scaling_does() -> None:
    head, features = make_head(), torch.randn(3, 9, 8)
    logits = head(features)
    head.log_temperature.fill_(0.7)
    head.prior_shift.fill_(-1.5)
    expected = torch.sigmoid(logits / torch.tensor(0.7).exp() - 1.5)
    assert torch.allclose(head.probabilities(features), expected)


@torch.no_grad()
def test_a_probability_at_its_threshold_is_an_even_decision_and_unsupported_ones_are_none() -> None:
    head = make_head()
    head.threshold[10] = 0.2
    decisions = head.decisions(torch.full((1, 14), 0.2))
    assert decisions[0, 10] == pytest.approx(0.5, abs=1e-4)
    assert head.decisions(torch.full((1, 14), 0.9))[0, 10] > 0.95
    assert decisions[0, 1] == 0.0


@torch.no_grad()
def test_prompt_tokens_have_the_norm_of_words() -> None:
    prompt = VisualGazePrompt(feature_width=8, language_width=32, n_tokens=4, scale=3.2)
    tokens = prompt(torch.randn(2, 9, 8))
    assert tokens.shape == (2, 4, 32)
    assert tokens.norm(dim=-1).mean() == pytest.approx(3.2, rel=0.01)


@torch.no_grad()
def test_an_observation_token_moves_from_absent_to_present_with_its_probability_alone() -> None:
    tokens = ObservationTokens(14, 32, scale=1.0)
    low, high = torch.zeros(1, 14), torch.zeros(1, 14)
    high[0, 4] = 1.0
    changed = (tokens(low) != tokens(high)).any(dim=-1)[0]
    assert changed.nonzero().flatten().tolist() == [4]
    half = torch.zeros(1, 14)
    half[0, 4] = 0.5
    assert torch.allclose(tokens(half), (tokens(low) + tokens(high)) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("decided", "expected"),
    [
        pytest.param({"Pneumonia": 0.9, "Edema": 0.5, "Fracture": 0.49}, ["Edema", "Pneumonia"], id="findings"),
        pytest.param({"No Finding": 0.5, "Pneumonia": 0.9}, ["No Finding"], id="a_normal_film_has_none"),
        pytest.param({"Pneumonia": 0.4}, [], id="nothing_firm"),
    ],
)
def test_a_report_names_what_is_decided_and_nothing_beside_no_finding(decided: dict[str, float], expected: list[str]):
    decisions = torch.zeros(len(CHEXPERT_OBSERVATIONS))
    for name, value in decided.items():
        decisions[CHEXPERT_OBSERVATIONS.index(name)] = value
    assert reported_observations(decisions) == expected
