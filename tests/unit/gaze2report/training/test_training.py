"""Training with the tiny model: what is to learn is learnt, what is frozen stays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tiny_model
import torch

from gaze2report.data.report_corpus import LabelledReport
from gaze2report.data.sentence_pool import SentencePool
from gaze2report.data.sources.nih_cxr14 import LabelledFilm, to_observations
from gaze2report.data.sources.open_i import OpenIReport
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.training import train_findings, train_language
from gaze2report.training.measure import gap_summary
from gaze2report.training.measure_drafts import asserted, micro_f1
from gaze2report.training.train_report import FilmBank, ReportPhase, draw_films, shuffled_image_gap, train_report
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation

NORMAL = ("The lungs are clear.", "Normal.")
EFFUSION = ("There is a pleural effusion.", "Effusion.")
OBSERVED = (frozenset({"No Finding"}), frozenset({"Pleural Effusion"}))


def pool() -> SentencePool:
    return SentencePool(
        OpenIReport("r", "", *text, (), observations)
        for text, observations in zip((NORMAL, EFFUSION), OBSERVED, strict=True)
    )


def reports(n: int) -> list[LabelledReport]:
    pairs = [(NORMAL, "No Finding"), (EFFUSION, "Pleural Effusion")]
    return [LabelledReport(f"r{i}", *pairs[i % 2][0], frozenset({pairs[i % 2][1]})) for i in range(n)]


def bank(model) -> FilmBank:
    films = [
        LabelledFilm(Path("x"), str(i), "PA", to_observations([["No Finding"], ["Effusion"]][i % 2])) for i in range(8)
    ]
    maps = torch.randn(
        8, 2, model.encoder.grid_side**2, model.encoder.trunk_channels, generator=torch.Generator().manual_seed(0)
    )
    decisions = torch.zeros(8, 14)
    for row, film in enumerate(films):
        for name in film.observations:
            decisions[row, CHEXPERT_OBSERVATIONS.index(name)] = 0.95
    gaze = aggregate([Fixation(0.3, 0.3, 0.3), Fixation(0.7, 0.7, 0.3)], 1, 1, model.encoder.grid_side)
    return FilmBank(films, maps, [gaze] * 8, decisions)


def test_report_training_makes_the_image_matter_and_leaves_frozen_parts_alone() -> None:
    model = tiny_model.tiny_model()
    frozen = {n: p.clone() for n, p in model.encoder.state_dict().items()}
    base = model.generator.language_model.get_input_embeddings().weight.clone()
    phase = ReportPhase(steps=48, batch_size=4, lora_lr=2e-2, prompt_lr=2e-2, normal_share=0.5, no_words_share=0.0)
    rows = list(range(8))
    before = np.mean(shuffled_image_gap(model, bank(model), reports(8), rows)[0])
    train_report(model, bank(model), pool(), phase, on_log=lambda _: None)
    right, wrong = shuffled_image_gap(model, bank(model), reports(8), rows)
    assert right.mean() < 0.75 * before
    assert wrong.mean() > right.mean() + 0.02
    assert all(torch.equal(p, frozen[n]) for n, p in model.encoder.state_dict().items())
    assert torch.equal(model.generator.language_model.get_input_embeddings().weight, base)


def test_language_training_lowers_the_loss_of_reports_it_was_not_given() -> None:
    model, logged = tiny_model.tiny_model(), []
    phase = train_language.LanguagePhase(
        epochs=8, n_reports=24, batch_size=6, lora_lr=2e-2, prompt_lr=2e-2, normal_share=0.5
    )
    train_language.train_language(
        model.generator, model.observation_tokens, pool(), reports(8), OBSERVED, phase, on_log=logged.append
    )
    lines = [line for line in logged if "validation loss" in line]
    losses = [float(line.split("validation loss ")[1].split(",")[0]) for line in lines]
    assert losses[-1] < 0.9 * losses[0]


def test_named_observations_are_in_the_order_that_drafting_names_them() -> None:
    report = LabelledReport("r", "x", "x", frozenset({"Pneumonia", "Edema", "Cardiomegaly"}))
    named = train_language.named_observations(report, 0.0, 0.0, np.random.default_rng(0))
    assert named == ["Cardiomegaly", "Edema", "Pneumonia"]
    assert train_language.named_observations(report, 1.0, 0.0, np.random.default_rng(0)) is None


def test_composed_reports_hold_the_wanted_share_of_normal_ones() -> None:
    composed = train_language.compose_reports(pool(), OBSERVED, 400, 0.4, np.random.default_rng(0))
    assert sum(r.is_normal for r in composed) == pytest.approx(160, abs=40)
    assert {r.observations for r in composed} == set(OBSERVED)


def test_films_are_drawn_in_the_wanted_share() -> None:
    films = draw_films(bank(tiny_model.tiny_model()), 400, 0.3, np.random.default_rng(0))
    assert np.mean(films % 2 == 0) == pytest.approx(0.3, abs=0.07)


def test_f1_counts_only_observations_with_support() -> None:
    said = [frozenset({"Edema", "Fracture"}), frozenset({"Edema"})]
    truth = [frozenset({"Edema"}), frozenset({"Pneumonia"})]
    assert micro_f1(said, truth, frozenset({"Edema", "Pneumonia"})) == pytest.approx(0.5)
    assert asserted(" The lungs are clear. There is mild edema.\nImpression: Mild edema.") == {"Edema"}


def test_softened_labels_stay_on_their_side() -> None:
    labels = torch.tensor([[0.0, 1.0]] * 100)
    softened = train_language.soften(labels, 0.3, np.random.default_rng(0))
    assert softened[:, 0].max() <= 0.3
    assert softened[:, 1].min() >= 0.7


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    score, truth = np.array([0.1, 0.4, 0.35, 0.8], np.float32), np.array([0, 0, 1, 1], np.float32)
    assert train_findings.auroc(score, truth) == pytest.approx(0.75)
    assert np.isnan(train_findings.auroc(score, np.ones(4, np.float32)))


def test_youden_threshold_separates_what_can_be_separated() -> None:
    probability = np.array([0.1, 0.2, 0.6, 0.7], np.float32)
    assert 0.2 < train_findings.youden_threshold(probability, np.array([0, 0, 1, 1], np.float32)) < 0.6


def test_calibration_finds_the_temperature_and_marks_what_was_not_measured() -> None:
    rng = np.random.default_rng(0)
    truth = torch.from_numpy((rng.random((4000, 14)) < 0.3).astype(np.float32))
    logits = (truth - 0.5) * 2 + torch.from_numpy(rng.normal(size=(4000, 14)).astype(np.float32))
    truth[:, 2] = float("nan")
    logits[:, 3] = torch.from_numpy(rng.normal(size=4000).astype(np.float32))  # tells nothing
    from gaze2report.models.findings import FindingsHead

    head = FindingsHead(4)
    train_findings.calibrate(head, logits * 5, truth, train_findings.FindingsPhase(min_positive_films=50))
    assert head.is_supported.tolist() == [column not in {2, 3} for column in range(14)]
    # Two normals of unit width at -1 and 1: the calibrated logit of x is 2 x + logit(prevalence).
    assert float(head.log_temperature[0].exp()) == pytest.approx(2.5, rel=0.1)
    probability = (logits[:, 0] * 5 / head.log_temperature[0].exp() + head.prior_shift[0]).sigmoid()
    assert float(probability.mean()) == pytest.approx(0.3, abs=0.02)


def test_a_findings_head_learns_to_tell_two_kinds_of_film_on_patients_it_has_not_seen() -> None:
    from gaze2report.models.findings import FindingsHead
    from gaze2report.models.gaze2report import build_encoder

    rng = np.random.default_rng(0)
    films = [
        LabelledFilm(Path("x"), str(i), "PA", to_observations([["No Finding"], ["Edema"]][i % 2])) for i in range(80)
    ]
    maps = torch.from_numpy(rng.normal(size=(80, 2, 64, 40)).astype(np.float32))
    maps[1::2, :, :, :5] += 1.0

    def make():
        encoder = build_encoder(tiny_model.TINY)
        return encoder, FindingsHead(encoder.width)

    phase = train_findings.FindingsPhase(epochs=20, batch_size=16, lr=5e-3, n_folds=2, min_positive_films=10)
    logits = train_findings.out_of_fold(make, maps, films, phase, lambda _: None)
    labels = np.stack([film.labels for film in films])
    column = CHEXPERT_OBSERVATIONS.index("Edema")
    assert train_findings.auroc(logits[:, column].numpy(), labels[:, column]) > 0.9


def test_the_gap_has_an_interval_that_holds_its_mean() -> None:
    rng = np.random.default_rng(0)
    right = rng.normal(1.5, 0.2, 60)
    summary = gap_summary(right, right + rng.normal(0.1, 0.05, 60))
    assert summary["low"] < summary["difference"] < summary["high"]
    assert summary["low"] > 0
    assert json.dumps(summary)
