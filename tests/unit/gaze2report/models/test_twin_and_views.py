"""The image-only twin, and studies of several films, on whole models."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tiny_model
import torch

from gaze2report.config import GraphConfig, ModelConfig, PromptConfig, ViewsConfig
from gaze2report.gaze.time_aggregation import PatchGaze, aggregate
from gaze2report.models.gaze2report import Gaze2Report, build_model
from gaze2report.models.generator import Decoding
from gaze2report.models.views import StudyFusion, mean_over_views
from gaze2report.training.report_run import with_lora
from gaze2report.types import Fixation

DECODING = Decoding(max_new_tokens=16)


def model_of(config: ModelConfig) -> Gaze2Report:
    torch.manual_seed(0)
    return build_model(config, with_lora(tiny_model.tiny_language_model(), config), tiny_model.tiny_tokenizer()).eval()


def looked(*places: tuple[float, float]) -> PatchGaze:
    return aggregate([Fixation(x, y, 0.3) for x, y in places], 1.0, 1.0, 8)


@torch.no_grad()
@pytest.mark.parametrize("layer", ["max_relative", "gatv2"])
def test_with_gaze_none_the_model_is_its_image_only_twin_bit_for_bit(layer: str) -> None:
    config = replace(tiny_model.TINY, graph=GraphConfig(depth=2, n_neighbours=4, layer=layer, n_heads=2))
    model = model_of(config)
    twin = model_of(replace(config, graph=replace(config.graph, depth=0)))
    # The twin is the model without a graph at all: the same weights, no layer.
    own = {name: value for name, value in model.state_dict().items() if not name.startswith("gaze_graph.")}
    twin.load_state_dict({**twin.state_dict(), **own})
    images, decisions = torch.rand(2, 1, 64, 64), torch.rand(2, 14)
    features = model.encoder(images)
    none = [looked(), looked()]
    prompts = [one.prompt_tokens(features, none, decisions) for one in (model, twin)]
    assert torch.equal(prompts[0], prompts[1])
    reports = [model.generator.report_ids("Clear.", "Normal.", 32)] * 2
    assert torch.equal(model.generator.loss(prompts[0], reports), twin.generator.loss(prompts[1], reports))
    texts = [one.draft(features[:1], looked(), decisions[:1], decoding=DECODING) for one in (model, twin)]
    assert texts[0] == texts[1]
    assert not torch.equal(model.prompt_tokens(features, [looked((0.2, 0.8))] * 2, decisions), prompts[1])


def test_without_gaze_no_gradient_reaches_the_graph() -> None:
    model = model_of(tiny_model.TINY)
    features = model.encoder(torch.rand(1, 1, 64, 64))
    model.prompt_tokens(features, [looked()], torch.rand(1, 14)).square().sum().backward()
    assert all(p.grad is None or not p.grad.any() for p in model.gaze_graph.parameters())


def test_the_mean_of_views_is_that_of_the_films_a_study_has() -> None:
    films = torch.randn(3, 4, 2)
    mask = torch.tensor([[True, True], [True, False]])
    mean = mean_over_views(films, mask)
    assert torch.allclose(mean[0], (films[0] + films[1]) / 2)
    assert torch.allclose(mean[1], films[2])
    assert mean_over_views(films, mask.new_ones(3, 1)) is films


def test_concatenated_views_keep_every_node_and_mark_what_is_missing() -> None:
    torch.manual_seed(0)
    fusion, films = StudyFusion(2, "concatenate"), torch.randn(3, 4, 2)
    nodes, present = fusion(films, torch.tensor([[True, True], [True, False]]))
    assert nodes.shape == (2, 8, 2)
    assert present is not None
    assert present.tolist() == [[True] * 8, [True] * 4 + [False] * 4]
    assert torch.allclose(nodes[0, 4:], films[1] + fusion.view_embedding[1])


@torch.no_grad()
@pytest.mark.parametrize("fusion", ["mean", "concatenate"])
def test_a_study_in_a_batch_is_prompted_as_alone(fusion: str) -> None:
    model = model_of(replace(tiny_model.TINY, views=ViewsConfig(max_views=2, fusion=fusion)))
    features, decisions = model.encoder(torch.rand(3, 1, 64, 64)), torch.rand(2, 14)
    gaze = [looked((0.2, 0.3), (0.5, 0.5)), looked(), looked((0.9, 0.9))]
    mask = torch.tensor([[True, True], [True, False]])
    together = model.prompt_tokens(features, gaze, decisions, mask)
    two = model.prompt_tokens(features[:2], gaze[:2], decisions[:1], mask[:1])
    one = model.prompt_tokens(features[2:], gaze[2:], decisions[1:])
    assert torch.allclose(together, torch.cat([two, one]), atol=1e-5)
    swapped = model.prompt_tokens(features[[1, 0]], [gaze[1], gaze[0]], decisions[:1], mask[:1])
    if fusion == "mean":
        assert torch.allclose(swapped, two, atol=1e-5)
    else:
        assert not torch.allclose(swapped, two, atol=1e-5)
    assert model.draft(features[:2], gaze[:2], decisions[:1], decoding=DECODING)


@torch.no_grad()
def test_a_prompt_without_observations_is_the_visual_gaze_tokens_alone() -> None:
    model = model_of(replace(tiny_model.TINY, prompt=PromptConfig(n_tokens=3, observations=False)))
    features = model.encoder(torch.rand(1, 1, 64, 64))
    prompts = [
        model.prompt_tokens(features, [looked()], decisions) for decisions in (torch.zeros(1, 14), torch.ones(1, 14))
    ]
    assert prompts[0].shape[1] == 3
    assert torch.equal(*prompts)
    assert model.words_of(torch.ones(14)) is None


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        (GraphConfig, {"layer": "gcn"}, "max_relative or gatv2"),
        (ViewsConfig, {"fusion": "sum"}, "mean or concatenate"),
        (ViewsConfig, {"max_views": 9}, "between 1 and 4"),
    ],
)
def test_a_nonsensical_setting_is_refused(kind: type, values: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        kind(**values)
