"""Cases for comparators: features in which the finding can be seen, and a report that states it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import tiny_model
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from gaze2report.comparators.comparator import EncodedFilm, Ingredients, ReportCase
from gaze2report.comparators.vocabulary import report_as_written
from gaze2report.config import LoraSettings
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.types import Fixation, Report

GRID_SIDE, WIDTH = 8, 16  # of the tiny model
NORMAL = Report("The lungs are clear. No pleural effusion.", "No acute disease.")
EFFUSION = Report("There is a pleural effusion.", "Pleural effusion.")


def made_film(seed: int, shift: float = 0.0) -> EncodedFilm:
    """Noise, shifted along one direction when there is a finding, with two fixations."""
    noise = torch.randn(GRID_SIDE**2, WIDTH, generator=torch.Generator().manual_seed(seed))
    noise[:, 0] += shift
    gaze = aggregate([Fixation(0.2, 0.2, 0.3), Fixation(0.8, 0.7, 0.2)], 1, 1, GRID_SIDE)
    return EncodedFilm(noise, gaze)


def normal_and_effusion(n: int, first_seed: int = 0) -> list[ReportCase]:
    """``n`` cases, every other one with an effusion."""
    cases = []
    for number in range(n):
        is_effusion = number % 2 == 1
        cases.append(
            ReportCase(
                f"e{first_seed + number}",
                f"p{first_seed + number}",
                made_film(first_seed + number, 4.0 if is_effusion else 0.0),
                EFFUSION if is_effusion else NORMAL,
                frozenset({"Pleural Effusion" if is_effusion else "No Finding"}),
            )
        )
    return cases


def different_reports(n: int) -> list[ReportCase]:
    """``n`` cases of which no two have the same report."""
    random = np.random.default_rng(0)
    sides, sizes, places = ("left", "right"), ("small", "large"), ("upper", "lower")
    names = [f"{size} {side} {place} opacity" for size in sizes for side in sides for place in places]
    return [
        ReportCase(f"e{i}", f"p{i}", made_film(int(i)), Report(f"There is a {names[i]}.", f"{names[i].capitalize()}."))
        for i in random.permutation(len(names))[:n]
    ]


def word_tokenizer(cases: list[ReportCase]) -> PreTrainedTokenizerFast:
    """A byte-level BPE learnt from these reports, so that a report has a dozen tokens instead of a hundred."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([report_as_written(case.report) for case in cases], trainer)
    tokenizer.add_special_tokens(["<|end|>"])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")


def word_language_model() -> LlamaForCausalLM:
    """A Llama of two layers and 64 random channels for `word_tokenizer`."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=640,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        bos_token_id=None,
        initializer_range=0.2,
    )
    model = LlamaForCausalLM(config)
    model.requires_grad_(False)
    return model.eval()


def made_ingredients(
    load: Callable[[], torch.nn.Module] = tiny_model.tiny_language_model,
    tokenizer: PreTrainedTokenizerFast | None = None,
) -> Ingredients:
    """Ingredients around the tiny language model, whose tokenizer has one token a byte."""
    return Ingredients(
        config=replace(tiny_model.TINY, lora=LoraSettings(rank=4, alpha=8, targets=("q_proj", "v_proj", "o_proj"))),
        tokenizer=tokenizer or tiny_model.tiny_tokenizer(),
        load_language_model=load,
        max_report_tokens=96,
    )
