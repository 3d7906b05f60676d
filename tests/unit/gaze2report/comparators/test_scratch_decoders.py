"""Show-Attend-Tell and R2Gen: known answers of their parts, and that each can learn reports by heart."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from made_cases import GRID_SIDE, WIDTH, different_reports, made_film, made_ingredients, word_tokenizer
from torch import nn

from gaze2report.comparators.r2gen import R2Gen
from gaze2report.comparators.registry import build_comparator
from gaze2report.comparators.relational_memory import MemoryDrivenNorm, RelationalMemory
from gaze2report.comparators.show_attend_tell import ShowAttendTell

SMALL = {"epochs": 60, "batch_size": 8, "lr": 1e-2, "patience": 60}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On tensors this small, threads cost more than they give."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def show_attend_tell() -> ShowAttendTell:
    torch.manual_seed(0)
    return ShowAttendTell(WIDTH, 11, 8, 0.0, 1.0).eval()


def r2gen() -> R2Gen:
    torch.manual_seed(0)
    return R2Gen(WIDTH, 11, 16, 2, 2, 3, 0.0, 12).eval()


def test_attention_weights_sum_to_one_for_every_word() -> None:
    features = made_film(0).features[None]
    _, attended = show_attend_tell()(features, torch.tensor([[0, 4, 5]]))
    assert attended.shape == (1, 3, GRID_SIDE**2)
    assert (attended >= 0).all()
    torch.testing.assert_close(attended.sum(-1), torch.ones(1, 3))


def test_attention_is_the_softmax_of_the_scores_by_hand() -> None:
    decoder = ShowAttendTell(1, 5, 1, 0.0, 0.0)
    with torch.no_grad():
        decoder.attend_hidden.weight.fill_(0.5)
        decoder.attend_score.weight.fill_(2.0)
    weights = decoder.attention(torch.tensor([[[0.0], [1.0]]]), torch.tensor([[0.4]]))
    scores = [2 * math.tanh(0.2), 2 * math.tanh(1.2)]
    whole = sum(map(math.exp, scores))
    torch.testing.assert_close(weights, torch.tensor([[math.exp(score) / whole for score in scores]]))


def test_the_penalty_is_zero_when_every_patch_gets_one_word_of_attention() -> None:
    decoder = show_attend_tell()
    with torch.no_grad():
        decoder.attend_score.weight.zero_()  # the same weight for every patch
    features = made_film(0).features[None]
    row = torch.full((1, GRID_SIDE**2), 4)  # as many words as patches
    torch.testing.assert_close(decoder.loss(features, row, row), decoder.cross_entropy(features, row, row))
    half = row[:, : GRID_SIDE**2 // 2]  # half as many: each patch lacks half a word
    penalty = decoder.loss(features, half, half) - decoder.cross_entropy(features, half, half)
    torch.testing.assert_close(penalty, torch.tensor(0.25))


def test_relational_memory_step_by_hand() -> None:
    memory = RelationalMemory(width=1, n_slots=1, n_heads=1)
    with torch.no_grad():
        for parameter in memory.parameters():
            parameter.fill_(0.0)
        memory.attention.in_proj_weight.fill_(1.0)  # query, key and value are what they are made of
        memory.attention.out_proj.weight.fill_(1.0)
        memory.mlp[0].weight.fill_(1.0)
        memory.mlp[2].weight.fill_(0.5)
        memory.input_from_word.weight.fill_(0.7)
        memory.input_from_memory.weight.fill_(-0.3)
        memory.forget_from_word.weight.fill_(0.2)
        memory.forget_from_memory.weight.fill_(1.1)
        memory.forget_from_word.bias.fill_(0.1)
    m, word = 0.8, 0.5
    to_slot, to_word = math.exp(m * m), math.exp(m * word)
    attended = (to_slot * m + to_word * word) / (to_slot + to_word)
    proposed = (m + attended) + 0.5 * (m + attended)  # ReLU of something positive
    takes = 1 / (1 + math.exp(-(0.7 * word - 0.3 * math.tanh(m))))
    keeps = 1 / (1 + math.exp(-(0.2 * word + 0.1 + 1.1 * math.tanh(m))))
    expected = keeps * m + takes * math.tanh(proposed)
    found = memory.step(torch.tensor([[word]]), torch.tensor([[[m]]]))
    torch.testing.assert_close(found, torch.tensor([[[expected]]]))


def test_memory_of_a_row_is_the_steps_one_after_the_other() -> None:
    torch.manual_seed(0)
    memory = RelationalMemory(8, 3, 2)
    words = torch.randn(2, 4, 8)
    state = memory.start(2)
    for position in range(4):
        state = memory.step(words[:, position], state)
    torch.testing.assert_close(memory(words)[:, -1], state.flatten(1))


def test_memory_driven_norm_adds_to_scale_and_shift() -> None:
    norm = MemoryDrivenNorm(2, 3)
    x, memory = torch.tensor([[[1.0, 3.0]]]), torch.ones(1, 1, 3)
    with torch.no_grad():
        for mlp, value in ((norm.to_gamma, 0.5), (norm.to_beta, -0.25)):
            nn.init.zeros_(mlp[-1].weight)
            nn.init.constant_(mlp[-1].bias, value)
    torch.testing.assert_close(norm(x, memory), torch.tensor([[[-1.75, 1.25]]]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("make", [show_attend_tell, r2gen])
def test_later_words_do_not_reach_earlier_predictions(make) -> None:
    decoder = make()
    features = made_film(0).features[None]

    def logits(row: list[int]) -> torch.Tensor:
        found = decoder(features, torch.tensor([row]))
        return found[0] if isinstance(found, tuple) else found

    torch.testing.assert_close(logits([0, 4, 5, 6])[:, :2], logits([0, 4, 9, 9])[:, :2])


@pytest.mark.parametrize("make", [show_attend_tell, r2gen])
def test_writing_word_by_word_takes_the_most_likely_words_of_a_whole_pass(make) -> None:
    decoder = make()
    features = made_film(1).features[None]
    with torch.no_grad():
        written = decoder.write(features, 6)
        found = decoder(features, torch.tensor([[0, *written]]))
    logits = found[0] if isinstance(found, tuple) else found
    assert logits[0].argmax(-1).tolist()[: len(written)] == written


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "sizes"),
    [("show-attend-tell", {"width": 48, "dropout": 0.0}), ("r2gen", {"width": 32, "depth": 1, "n_heads": 4})],
)
def test_a_decoder_learns_eight_reports_by_heart(name: str, sizes: dict) -> None:
    cases = different_reports(8)
    sizes = sizes | ({"dropout": 0.0} if name == "r2gen" else {"attention_penalty": 0.0})
    comparator = build_comparator(
        name, made_ingredients(tokenizer=word_tokenizer(cases)), {**sizes, "training": SMALL}, seed=0
    )
    summary = comparator.fit(cases, cases, lambda _: None)
    assert summary.best_validation_loss is not None
    assert [comparator.generate(case.film) for case in cases] == [case.report for case in cases]
    assert comparator.parameters().trained == comparator.parameters().whole > 1000


def test_the_weights_of_the_best_epoch_are_kept_and_training_stops() -> None:
    cases = different_reports(8)
    lines: list[str] = []
    settings = {"width": 16, "training": {"epochs": 60, "batch_size": 4, "lr": 5e-2, "patience": 2}}
    comparator = build_comparator(
        "show-attend-tell", made_ingredients(tokenizer=word_tokenizer(cases)), settings, seed=0
    )
    summary = comparator.fit(cases[:4], cases[4:], lines.append)
    losses = [float(line.split("loss ")[1].split()[0]) for line in lines]
    assert len(losses) < 60
    assert summary.best_validation_loss == pytest.approx(min(losses), abs=1e-4)
