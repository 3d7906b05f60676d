"""What only a GPU can show: no wait in the decode loop, training in bfloat16, drafts as on the CPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import report_sets
import tiny_model
import torch
import train_tiny

from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.decoding import decode
from gaze2report.models.generator import Decoding
from gaze2report.training.report_training import train
from gaze2report.types import Fixation

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


def test_the_decode_loop_never_waits_for_the_device() -> None:
    model = tiny_model.tiny_model().cuda()
    inputs = torch.randn(1, 8, model.generator.width, device="cuda")
    words: list[int] = []
    settings = {"end_id": -1, "max_new_tokens": 32, "repetition_penalty": 1.05, "temperature": 0.0, "seed": 0}
    decode(model.generator.language_model, inputs, on_token=words.append, should_stop=lambda: False, **settings)
    torch.cuda.set_sync_debug_mode("error")  # any operation that waits raises from here on
    try:
        decode(model.generator.language_model, inputs, on_token=words.append, should_stop=lambda: False, **settings)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len(words) == 64
    assert words[:32] == words[32:]


@torch.no_grad()
def test_the_prompt_is_that_of_the_cpu() -> None:
    on_cpu, on_gpu = tiny_model.tiny_model(), tiny_model.tiny_model().cuda()
    image, decisions = torch.rand(1, 1, 64, 64), torch.rand(1, 14)
    gaze = [aggregate([Fixation(0.2, 0.3, 0.4), Fixation(0.7, 0.6, 0.3)], 1, 1, 8)]
    expected = on_cpu.prompt_tokens(on_cpu.encoder(image), gaze, decisions)
    found = on_gpu.prompt_tokens(on_gpu.encoder(image.cuda()), gaze, decisions.cuda())
    assert torch.allclose(found.cpu(), expected, atol=1e-2)
    assert on_gpu.generator.generate(found, decoding=Decoding(max_new_tokens=8))


@pytest.mark.timeout(600)
def test_training_in_bfloat16_lowers_the_loss(tmp_path: Path) -> None:
    report_sets.write_report_set(tmp_path / "set", 6, 3)
    train_set, val_set = train_tiny.datasets(tmp_path / "set")
    settings = replace(train_tiny.LOOP, steps=30, precision="bfloat16")
    result = train(
        tiny_model.tiny_model(), tiny_model.TINY, train_set, val_set, work=tmp_path / "work",
        losses=train_tiny.LOSSES, settings=settings, calibration=train_tiny.NO_DRAFTS, gaze="predicted",
    )  # fmt: skip
    losses = [value for _, split, name, value in result.fit.curve if (split, name) == ("train", "loss")]
    assert losses[-1] < 0.8 * losses[0]
