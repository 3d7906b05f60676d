"""Time and memory of training and drafting, as a table: on the CPU, and on a GPU where there is one.

Figures depend on the machine; what is asserted are ratios within one run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import psutil
import pytest
import tiny_model
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from gaze2report.config import EncoderConfig, LoraSettings, ModelConfig
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.decoding import decode
from gaze2report.models.gaze2report import Gaze2Report, build_model
from gaze2report.training.report_objective import checkpoint_activations
from gaze2report.training.report_run import with_lora
from gaze2report.types import Fixation

# The embedded model's sizes, with random weights.
CONFIG = replace(ModelConfig(), lora=LoraSettings(8, 16, ("all-linear",)))
PAPER_ENCODER = EncoderConfig(trunk="", vit="vit_base_patch16_224")
BATCH, REPORT_TOKENS, NEW_TOKENS = 4, 100, 48
GAZE = aggregate([Fixation(0.3, 0.3, 0.4), Fixation(0.6, 0.7, 0.5)], 1, 1, 14)


@dataclass(frozen=True)
class Measured:
    what: str
    device: str
    per_s: float
    unit: str
    peak_mb: float


def smollm_sized() -> LlamaForCausalLM:
    """Random weights in the sizes of SmolLM2-135M, with a small vocabulary's tokenizer."""
    config = LlamaConfig(
        vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
        num_key_value_heads=3, tie_word_embeddings=True, bos_token_id=None, eos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.requires_grad_(False)
    return model


def built(device: str, config: ModelConfig = CONFIG) -> Gaze2Report:
    torch.manual_seed(0)
    language_model = smollm_sized().to(torch.bfloat16 if device == "cuda" else torch.float32)
    return build_model(config, with_lora(language_model, config), tiny_model.tiny_tokenizer()).to(device)


def measured(what: str, device: str, unit: str, amount: float, work: Callable[[], object], runs: int = 3) -> Measured:
    work()  # what is made once
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    began_s = time.perf_counter()
    for _ in range(runs):
        work()
    if device == "cuda":
        torch.cuda.synchronize()
    seconds = (time.perf_counter() - began_s) / runs
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else psutil.Process().memory_info().rss
    return Measured(what, device, amount / seconds, unit, peak / 1e6)


def training_step(model: Gaze2Report, device: str, batch: int = BATCH) -> Callable[[], object]:
    images, decisions = torch.rand(batch, 1, 224, 224, device=device), torch.rand(batch, 14, device=device)
    reports = [list(range(1, REPORT_TOKENS))] * batch
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    model.train()

    def step() -> None:
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            prompt = model.prompt_tokens(model.encoder(images), [GAZE] * batch, decisions)
            loss = model.generator.loss(prompt, reports)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def decoding(model: Gaze2Report, device: str, *, by_library: bool) -> Callable[[], object]:
    language_model = model.eval().generator.language_model
    inputs = torch.randn(1, 40, model.generator.width, device=device).to(language_model.dtype)
    mask = torch.ones(1, 40, dtype=torch.long, device=device)
    settings = {"max_new_tokens": NEW_TOKENS, "repetition_penalty": 1.05}

    def by_generate() -> None:
        language_model.generate(
            inputs_embeds=inputs, attention_mask=mask, min_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=0,
            **settings,
        )  # fmt: skip

    def without_waiting() -> None:
        decode(
            language_model, inputs, end_id=-1, temperature=0.0, seed=0, on_token=lambda _: None,
            should_stop=lambda: False, **settings,
        )  # fmt: skip

    return by_generate if by_library else without_waiting


def table_of(device: str) -> list[Measured]:
    rows = []
    model = built(device)
    rows.append(measured("train, embedded sizes", device, "studies/s", BATCH, training_step(model, device)))
    checkpoint_activations(model)
    rows.append(measured("train, checkpointed", device, "studies/s", BATCH, training_step(model, device)))
    model.generator.language_model.gradient_checkpointing_disable()
    for name, by_library in (("write, library's loop", True), ("write, no waiting", False)):
        rows.append(measured(name, device, "tokens/s", NEW_TOKENS, decoding(model, device, by_library=by_library)))
    image = torch.rand(1, 1, 224, 224, device=device)
    for name, encoder in (
        ("encode, embedded", model.encoder),
        ("encode, ViT-B/16", built_encoder(device)),
    ):
        with torch.inference_mode():
            rows.append(measured(name, device, "films/s", 1, lambda encoder=encoder: encoder(image)))
    return rows


def built_encoder(device: str) -> torch.nn.Module:
    from gaze2report.models.gaze2report import build_encoder

    return build_encoder(replace(CONFIG, encoder=PAPER_ENCODER)).to(device).eval()


def printed(rows: list[Measured]) -> str:
    lines = [f"{'what':<24}{'device':<8}{'speed':>10} {'unit':<12}{'peak MB':>9}"]
    lines += [f"{r.what:<24}{r.device:<8}{r.per_s:>10.2f} {r.unit:<12}{r.peak_mb:>9.0f}" for r in rows]
    return "\n".join(lines)


@pytest.mark.timeout(1200)
def test_the_table_on_the_cpu(capsys: pytest.CaptureFixture[str]) -> None:
    rows = table_of("cpu")
    with capsys.disabled():
        print(f"\n{torch.get_num_threads()} threads; memory of the CPU is that of the whole process\n{printed(rows)}")
        if not torch.cuda.is_available():
            print("There is no GPU: its half of the table was not measured.")
    speed = {row.what: row.per_s for row in rows}
    assert speed["write, no waiting"] > 0.7 * speed["write, library's loop"]
    assert speed["train, checkpointed"] > 0.4 * speed["train, embedded sizes"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.timeout(1200)
def test_the_table_on_a_gpu(capsys: pytest.CaptureFixture[str]) -> None:
    rows = table_of("cuda")
    with capsys.disabled():
        print(f"\n{torch.cuda.get_device_name()}, bfloat16\n{printed(rows)}")
    speed = {row.what: row.per_s for row in rows}
    memory = {row.what: row.peak_mb for row in rows}
    assert speed["write, no waiting"] > speed["write, library's loop"]
    assert memory["train, checkpointed"] < memory["train, embedded sizes"]
