from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import tiny_model
import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

from gaze2report.errors import Gaze2ReportError, UnreadableInput
from gaze2report.models.encoder import ViTEncoder
from gaze2report.models.gaze2report import build_model
from gaze2report.training.report_recipe import load_report_recipe
from gaze2report.training.report_run import with_lora

PAPER, TWIN = load_report_recipe(Path("paper.yaml")), load_report_recipe(Path("r2gengpt.yaml"))


def test_the_twin_differs_from_the_paper_in_its_gaze_alone() -> None:
    assert TWIN.data.gaze == "none"
    assert replace(TWIN, name="paper", data=replace(TWIN.data, gaze="predicted")) == PAPER


def test_the_paper_tunes_lora_layers_of_llama_2_7b_alone() -> None:
    with torch.device("meta"):
        language_model = LlamaForCausalLM(LlamaConfig(vocab_size=32000))  # its defaults are those of the 7B model
        language_model.requires_grad_(False)
        tuned = with_lora(language_model, PAPER.model)
    assert sum(p.numel() for p in tuned.parameters()) > 6.7e9
    trained = sum(p.numel() for p in tuned.parameters() if p.requires_grad)
    assert trained == 32 * 2 * 2 * 4096 * PAPER.model.lora.rank


@torch.no_grad()
def test_the_papers_model_runs_shrunken() -> None:
    encoder = replace(PAPER.model.encoder, vit="vit_tiny_patch16_224", image_side_px=64)
    tokenizer = tiny_model.tiny_tokenizer()
    tokenizer.bos_token = "<|end|>"
    config = replace(PAPER.model, encoder=encoder)
    model = build_model(config, with_lora(tiny_model.tiny_language_model(), config), tokenizer).eval()
    features = model.encoder(torch.rand(2, 1, 64, 64))
    mask = torch.ones(1, 2, dtype=torch.bool)
    from gaze2report.gaze.time_aggregation import aggregate

    tokens = model.prompt_tokens(features, [aggregate((), 1, 1, 4)] * 2, torch.zeros(1, 14), mask)
    assert tokens.shape == (1, 49, 32)
    assert model.generator.loss(tokens, [model.generator.report_ids("Clear.", "Normal.", 40)]).isfinite()


def test_weights_of_a_vit_are_taken_over_at_another_side_and_those_of_another_refused(tmp_path: Path) -> None:
    source, target = ViTEncoder("vit_tiny_patch16_224", 224), ViTEncoder("vit_tiny_patch16_224", 64)
    save_file(source.vit.state_dict(), tmp_path / "vit.safetensors")
    target.take_weights(tmp_path / "vit.safetensors")
    assert torch.equal(target.vit.blocks[3].mlp.fc1.weight, source.vit.blocks[3].mlp.fc1.weight)
    assert target.vit.pos_embed.shape[1] == 17
    with pytest.raises(UnreadableInput, match="another encoder"):
        ViTEncoder("vit_small_patch16_224", 64).take_weights(tmp_path / "vit.safetensors")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("losses: {encoder_rate: 1}", "losses has no setting 'encoder_rate'"),
        ("data: {gaze: guessed}", "is no gaze source"),
        ("training: {precision: half}", "is not automatic, float32 or bfloat16"),
        ("training: {batch_size: 0}", "batch_size=0 must be at least 1"),
        ("findings: {epochs: 3}", "has no part 'findings'"),
    ],
)
def test_a_setting_that_is_none_is_named(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(content)
    with pytest.raises(Gaze2ReportError, match=says):
        load_report_recipe(path)
