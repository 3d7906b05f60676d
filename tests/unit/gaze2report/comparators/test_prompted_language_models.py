"""R2GenGPT, Gaze2Report and the image-blind baseline around a tiny language model."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_cases import (
    EFFUSION,
    NORMAL,
    different_reports,
    made_film,
    made_ingredients,
    normal_and_effusion,
    word_language_model,
    word_tokenizer,
)

from gaze2report.comparators.comparator import EncodedFilm, Ingredients, ReportCase
from gaze2report.comparators.film_findings import FindingsTraining, f1_threshold, train_findings_head
from gaze2report.comparators.prompted_language_model import PromptedLanguageModel
from gaze2report.comparators.registry import build_comparator
from gaze2report.config import DecodingConfig, LoraSettings
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.findings import FindingsHead
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation

ALL_PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
QUICK = {"steps": 4, "batch_size": 4, "validate_every": 2, "patience": 9}


def ingredients_for(cases: list[ReportCase]) -> Ingredients:
    """A Llama of 64 channels whose LoRA is wide enough to learn eight reports by heart."""
    made = made_ingredients(word_language_model, word_tokenizer(cases))
    decoding = DecodingConfig(max_new_tokens=96, repetition_penalty=1.0)
    lora = LoraSettings(rank=16, alpha=32, targets=ALL_PROJECTIONS)
    return replace(made, config=replace(made.config, lora=lora, decoding=decoding))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On tensors this small, threads cost more than they give."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@functools.cache
def quickly_fitted(name: str, n: int, number: int = 0) -> PromptedLanguageModel:
    """Fitted for four steps; ``number`` tells fits of the same kind apart."""
    return fitted(name, normal_and_effusion(n))


def fitted(name: str, cases: list[ReportCase], **settings) -> PromptedLanguageModel:
    comparator = build_comparator(name, ingredients_for(cases), {**QUICK, **settings}, seed=0)
    comparator.fit(cases, cases, lambda _: None)
    assert isinstance(comparator, PromptedLanguageModel)
    return comparator


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["r2gengpt", pytest.param("gaze2report", marks=pytest.mark.soak)])
def test_eight_reports_are_learnt_by_heart_from_films_alone(name: str) -> None:
    cases = different_reports(8)
    settings = {"steps": 80, "batch_size": 8, "lora_lr": 5e-3, "prompt_lr": 1e-2, "validate_every": 80}
    comparator = fitted(name, cases, observation_words=False, **settings)
    assert [comparator.generate(case.film) for case in cases] == [case.report for case in cases]


def test_the_image_blind_model_writes_one_report_for_all_films() -> None:
    cases = normal_and_effusion(12)
    comparator = fitted("image-blind", cases, steps=40, batch_size=8, lora_lr=5e-3, prompt_lr=1e-2, validate_every=40)
    written = {comparator.generate(made_film(seed, shift)) for seed in range(3) for shift in (0.0, 4.0)}
    assert len(written) == 1
    assert written <= {NORMAL, EFFUSION}


def test_the_twin_does_not_see_gaze_and_the_method_does() -> None:
    film = made_film(40)
    other = EncodedFilm(film.features, aggregate([Fixation(0.9, 0.1, 0.5)], 1, 1, 8))
    none = torch.zeros(1, 14)
    for name, differs in (("r2gengpt", False), ("gaze2report", True)):
        comparator = quickly_fitted(name, 8)
        tokens = [comparator.model.prompt_tokens(f[None], [g], none) for f, g in map(comparator._seen, (film, other))]
        assert torch.equal(*tokens) is not differs, name


def test_the_twin_has_the_parameters_of_the_method_without_the_graph() -> None:
    twin, method = (quickly_fitted(name, 8) for name in ("r2gengpt", "gaze2report"))
    graph = sum(parameter.numel() for parameter in method.model.gaze_graph.parameters())
    assert method.parameters().trained - twin.parameters().trained == graph
    assert method.parameters().whole - twin.parameters().whole == graph


def test_observations_found_in_the_film_are_named_to_the_language_model() -> None:
    comparator = quickly_fitted("r2gengpt", 24)
    effusion = CHEXPERT_OBSERVATIONS.index("Pleural Effusion")
    for case in normal_and_effusion(8, first_seed=200):
        decided = comparator._decisions(case.film.features[None])[0, effusion] >= 0.5
        assert bool(decided) == ("Pleural Effusion" in case.observations)


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second = (quickly_fitted("gaze2report", 8, number).model.prompt.state_dict() for number in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_threshold_is_where_f1_is_largest() -> None:
    probability = np.array([0.1, 0.2, 0.3, 0.6, 0.9], dtype=np.float32)
    assert f1_threshold(probability, np.array([False, False, True, False, True])) == pytest.approx(0.25)
    assert f1_threshold(probability, np.ones(5, dtype=bool)) < 0.1
    assert f1_threshold(probability, np.zeros(5, dtype=bool)) == 0.5


def test_an_observation_of_few_cases_is_not_supported() -> None:
    cases = normal_and_effusion(20)
    cases[0] = replace(cases[0], observations=frozenset({"Fracture"}))
    head = FindingsHead(16)
    train_findings_head(head, cases, cases, FindingsTraining(epochs=2, min_positive_cases=2), seed=0)
    supported = {name for name, known in zip(CHEXPERT_OBSERVATIONS, head.is_supported, strict=True) if known}
    assert supported == {"No Finding", "Pleural Effusion"}
