"""Causal language models of several families, each tiny and random: train, merge, write, save and load."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_model
import torch
import transformers as hf

from gaze2report import base_models
from gaze2report.config import LoraSettings, ModelConfig, PromptConfig
from gaze2report.errors import Gaze2ReportError, LanguageModelMissing
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.adapter import load_adapter, save_adapter
from gaze2report.models.gaze2report import Gaze2Report, build_model
from gaze2report.models.generator import Decoding, Generator, load_language_model
from gaze2report.training.report_run import with_lora

SIZES: dict[str, Any] = {
    "vocab_size": 257, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "eos_token_id": 0, "pad_token_id": 0,
    "initializer_range": 0.2,
}  # fmt: skip
GEMMA: dict[str, Any] = {**SIZES, "head_dim": 8, "bos_token_id": 0}
FAMILIES: dict[str, Any] = {
    "llama": hf.LlamaConfig(**SIZES, bos_token_id=0),
    "qwen2": hf.Qwen2Config(**SIZES),
    "qwen3": hf.Qwen3Config(**SIZES, head_dim=8),
    "gemma": hf.GemmaConfig(**GEMMA),
    "gemma2": hf.Gemma2Config(**GEMMA, sliding_window=64, query_pre_attn_scalar=8),
    "gemma3": hf.Gemma3TextConfig(**GEMMA, sliding_window=64, query_pre_attn_scalar=8),
}
CONFIG = replace(tiny_model.TINY, lora=LoraSettings(2, 4, ("all-linear",)), prompt=PromptConfig(3))
GREEDY = Decoding(max_new_tokens=12, repetition_penalty=1.0)


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / request.param
    torch.manual_seed(0)
    hf.AutoModelForCausalLM.from_config(FAMILIES[request.param]).save_pretrained(folder)
    tiny_model.tiny_tokenizer().save_pretrained(folder)
    return folder


def built(folder: Path, config: ModelConfig = CONFIG) -> Gaze2Report:
    language_model, tokenizer = load_language_model(folder)
    torch.manual_seed(1)
    return build_model(config, with_lora(language_model, config), tokenizer)


def test_it_is_trained_merged_saved_and_loaded(folder: Path, tmp_path: Path) -> None:
    model = built(folder)
    features, gaze = model.encoder.eval()(torch.rand(2, 1, 64, 64)).detach(), [aggregate((), 1, 1, 8)] * 2
    decisions = torch.rand(2, 14)
    reports = [model.generator.report_ids("Clear lungs.", "Normal.", 40)] * 2
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-2)
    losses = []
    for _ in range(4):
        loss = model.generator.loss(model.prompt_tokens(features, gaze, decisions), reports)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < losses[0]

    base = base_models.of_folder(folder, is_noted=False)
    manifest = replace(tiny_model.tiny_manifest(), base_model=base.name, base_model_sha256=base.sha256)
    saved = save_adapter(tmp_path / "adapter", model, CONFIG, manifest, "")
    loaded, _, _ = load_adapter(saved, *load_language_model(folder), base.sha256)
    tokens = loaded.prompt_tokens(features, gaze, decisions)[:1].detach()
    before = loaded.generator.loss(tokens, reports[:1]).item()
    assert before == pytest.approx(model.eval().generator.loss(tokens, reports[:1]).item(), rel=2e-2)  # halves
    text = loaded.generator.generate(tokens, decoding=GREEDY)
    loaded.generator.language_model.merge_adapter()
    assert loaded.generator.loss(tokens, reports[:1]).item() == pytest.approx(before, rel=1e-3)
    assert loaded.generator.generate(tokens, decoding=GREEDY) == text


@torch.no_grad()
def test_word_embeddings_as_prompt_give_what_the_words_give(folder: Path) -> None:
    """A prompt of looked-up embeddings is the same as the words themselves: no family scales them once more."""
    generator = Generator(*load_language_model(folder))
    ids = torch.tensor([generator.tokenizer("Heart size normal.").input_ids])
    embed = generator.language_model.get_input_embeddings()
    by_words = generator.language_model(ids).logits
    by_prompt = generator.language_model(inputs_embeds=embed(ids)).logits
    assert torch.allclose(by_words, by_prompt, atol=1e-5)
    norms = embed(torch.arange(257)).norm(dim=1).mean().item()
    assert generator.embedding_norm == pytest.approx(norms)
    is_scaled = folder.name.startswith("gemma")
    table = float(embed.weight.norm(dim=1).mean())
    assert generator.embedding_norm == pytest.approx(table * (32**0.5 if is_scaled else 1.0), rel=1e-3)


@torch.no_grad()
def test_a_model_that_wants_its_beginning_gets_it_first(folder: Path) -> None:
    language_model, tokenizer = load_language_model(folder)
    if folder.name != "llama":
        with pytest.raises(ValueError, match="no token for the beginning"):
            Generator(language_model, tokenizer, begin_of_text=True)
        return
    tokenizer.bos_token = "<|end|>"
    prompt = torch.randn(1, 3, 32)
    with_beginning = Generator(language_model, tokenizer, begin_of_text=True)
    begin = language_model.get_input_embeddings()(torch.tensor([[0]]))
    report = [with_beginning.report_ids("Clear.", "Normal.", 32)]
    expected = Generator(language_model, tokenizer).loss(torch.cat([begin, prompt], dim=1), report)
    assert with_beginning.loss(prompt, report).item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_base_model_is_found_again_by_its_hash(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAZE2REPORT_CACHE", str(tmp_path))
    base = base_models.of_folder(folder)
    assert base_models.find(base.sha256, base.name) == base
    with pytest.raises(LanguageModelMissing, match="use-language-model FOLDER"):
        base_models.find("0" * 64, "llama-of-nobody")


def test_targets_that_the_model_does_not_have_are_a_sentence() -> None:
    config = replace(CONFIG, lora=LoraSettings(2, 4, ("c_attn",)))
    with pytest.raises(Gaze2ReportError, match=r"LoRA targets \['c_attn'\] do not fit"):
        with_lora(tiny_model.tiny_language_model(), config)
