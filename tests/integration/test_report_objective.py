"""What a training step takes from a study: gaze under every source, labels, weights, and what is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import report_sets
import tiny_model
import torch
import train_tiny

from gaze2report.data.dataset import StudyBatch, StudyDataset, collate
from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.gaze_sources import GAZE_SOURCES, GazeMissing
from gaze2report.training.loop import fit
from gaze2report.training.objective import LoopSettings, Moment
from gaze2report.training.report_losses import ReportLosses
from gaze2report.training.report_objective import Computed, ReportObjective

PLAIN = ReportLosses(no_gaze_share=0.0, no_words_share=0.0, head_share=1.0, max_report_tokens=32)
NOW = Moment(seed=0, step=4, is_training=True)


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudyDataset]:
    folder = tmp_path_factory.mktemp("sets") / "set"
    report_sets.write_report_set(folder, 4, 1, n_views=2, weights=(3.0,))
    pair = train_tiny.datasets(folder, max_views=2)
    yield pair[0]
    for dataset in pair:
        dataset.close()


@pytest.fixture(scope="module")
def batch(studies: StudyDataset) -> StudyBatch:
    return collate([studies[0], replace(studies[1], films=studies[1].films[:1])])


def objective(
    studies: StudyDataset, source: Any = "recorded", losses: ReportLosses = PLAIN, **more: Any
) -> ReportObjective:
    made = ReportObjective(tiny_model.tiny_model(), losses, source, others=studies.films, **more)
    return made.eval()


def moved_by(one: ReportObjective, batch: StudyBatch) -> set[str]:
    """Parts that get a gradient."""
    one.train()
    torch.stack(list(one(batch, NOW).values())).sum().backward()
    named = one.model.named_parameters()
    return {n.split(".")[0] for n, p in named if p.grad is not None and p.grad.any()}


@torch.no_grad()
def test_every_gaze_source_trains_and_each_says_something_else(studies: StudyDataset, batch: StudyBatch) -> None:
    frontal = StudyBatch(
        batch.pixels[:, :1], batch.view_mask[:, :1], batch.labels, batch.weights,
        tuple(replace(example, films=example.films[:1]) for example in batch.examples),
    )  # fmt: skip
    sums = {source: float(objective(studies, source)(frontal, NOW)["report"]) for source in GAZE_SOURCES}
    assert len(set(sums.values())) >= len(GAZE_SOURCES) - 1  # shuffled may have drawn the medoid


@torch.no_grad()
def test_a_film_without_a_recording_gets_what_the_recipe_says(studies: StudyDataset, batch: StudyBatch) -> None:
    with pytest.raises(GazeMissing, match="no gaze was recorded on film film-0-1"):
        objective(studies)(batch, NOW)
    films = {
        choice: objective(studies, losses=replace(PLAIN, when_not_recorded=choice)) for choice in ("none", "predicted")
    }
    assert films["none"](batch, NOW)["report"] != films["predicted"](batch, NOW)["report"]


@torch.no_grad()
def test_sums_and_counts_go_by_weight_and_known_labels(studies: StudyDataset) -> None:
    one = objective(studies)
    single = [collate([replace(studies[row], films=studies[row].films[:1])]) for row in (0, 1)]
    both = collate([replace(studies[row], films=studies[row].films[:1]) for row in (0, 1)])
    counts = [one.counts(batch) for batch in single]
    assert counts[0]["findings"] == 3 * 3.0
    assert counts[1]["findings"] == 3.0
    assert one.counts(both)["report"] == counts[0]["report"] + counts[1]["report"]
    sums = [one(batch, NOW) for batch in single]
    together = one(both, NOW)
    for name in ("report", "findings"):
        assert float(together[name]) == pytest.approx(sum(float(each[name]) for each in sums), rel=1e-4)


@pytest.mark.parametrize(
    ("losses", "source", "parts"),
    [
        (
            replace(PLAIN, when_not_recorded="none"),
            "recorded",
            {"encoder", "findings", "gaze_graph", "prompt", "observation_tokens", "generator"},
        ),
        (replace(PLAIN, encoder_lr=0.0, findings_weight=0.0), "none", {"prompt", "observation_tokens", "generator"}),
        (replace(PLAIN, encoder_lr=0.0, prompt_lr=0.0, lora_lr=0.0), "none", {"findings"}),
        (
            replace(PLAIN, encoder_lr=0.0, findings_weight=0.0, prompt_lr=0.0, lora_lr=0.0, scanpath_weight=1.0),
            "none",
            {"scanpath"},
        ),
        (
            replace(
                PLAIN,
                findings_weight=0.0,
                prompt_lr=0.0,
                lora_lr=0.0,
                scanpath_weight=1.0,
                scanpath_shapes_encoder=True,
            ),
            "none",
            {"scanpath", "encoder"},
        ),
    ],
    ids=["end_to_end", "image_only_with_frozen_encoder", "findings_alone", "scanpath_alone", "gaze_shapes_encoder"],
)
def test_what_has_a_rate_is_trained_and_nothing_else(
    studies: StudyDataset, batch: StudyBatch, losses: ReportLosses, source: str, parts: set[str]
) -> None:
    one = objective(studies, source, losses)
    assert moved_by(one, batch) == parts
    trained = {id(p) for group in one.groups() for p in group.parameters}
    assert trained == {id(p) for p in one.parameters() if p.requires_grad}
    assert all("lora_" in name for name, p in one.model.generator.named_parameters() if p.requires_grad)


def test_the_gaze_that_the_predictor_learns_from_leaves_the_encoder_as_it_is(
    studies: StudyDataset, batch: StudyBatch
) -> None:
    gradients = []
    for weight in (0.0, 1.0):
        one = objective(studies, "none", replace(PLAIN, scanpath_weight=weight))
        moved_by(one, batch)
        gradients.append([p.grad for p in one.model.encoder.parameters()])
    for without, with_gaze in zip(*gradients, strict=True):
        assert (without is None) == (with_gaze is None)
        assert without is None or torch.equal(without, with_gaze)


def test_batch_normalisation_stays_as_at_drafting(studies: StudyDataset, batch: StudyBatch) -> None:
    one = objective(studies, losses=replace(PLAIN, when_not_recorded="none"))
    before = {name: value.clone() for name, value in one.model.encoder.named_buffers()}
    moved_by(one, batch)
    assert all(torch.equal(value, before[name]) for name, value in one.model.encoder.named_buffers())


def test_checkpointed_activations_give_the_same_gradients(studies: StudyDataset, batch: StudyBatch) -> None:
    gradients = []
    for is_checkpointed in (False, True):
        losses = replace(PLAIN, when_not_recorded="none", gradient_checkpointing=is_checkpointed)
        one = objective(studies, losses=losses)
        moved_by(one, batch)
        gradients.append([p.grad for p in one.model.parameters() if p.grad is not None])
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*gradients, strict=True))


class PullToZero:
    """A loss that a recipe adds."""

    name, weight, lr = "pull", 0.5, 0.0

    def count(self, batch: StudyBatch) -> float:
        return float(len(batch))

    def __call__(self, model: Any, computed: Computed) -> torch.Tensor:
        return computed.features.square().mean() * len(computed.batch)


def test_a_recipe_can_add_a_loss(studies: StudyDataset, batch: StudyBatch) -> None:
    one = objective(studies, "none", replace(PLAIN, findings_weight=0.0), added=[PullToZero()])
    assert one.loss_weights == {"report": 1.0, "pull": 0.5}
    assert one.counts(batch)["pull"] == 2.0
    assert one(batch, NOW)["pull"] > 0


def test_a_run_stops_when_validation_gets_no_better_and_keeps_the_best(studies: StudyDataset, tmp_path: Path) -> None:
    losses = replace(PLAIN, lora_lr=0.0, prompt_lr=0.0, encoder_lr=0.0, findings_lr=3.0)
    one = objective(studies, "none", losses)
    settings = LoopSettings(steps=40, batch_size=4, evaluate_every=1, patience=3, precision="float32")
    result = fit(one, studies, studies, settings, tmp_path)
    assert result.steps == result.best_step + 3 < 40
    kept = [
        value for step, split, name, value in result.curve if (step, split, name) == (result.best_step, "val", "loss")
    ]
    assert kept == [result.best_loss]
    again = fit(objective(studies, "none", losses), studies, studies, replace(settings, workers=0), tmp_path)
    assert again.steps == result.steps  # a run that is over stays over


def test_a_loss_that_is_no_number_stops_the_run(studies: StudyDataset, tmp_path: Path) -> None:
    one = objective(studies, "none")
    with torch.no_grad():
        one.model.prompt.project.weight.fill_(float("nan"))
    with pytest.raises(Gaze2ReportError, match="the loss of step 1 is not a number"):
        fit(one, studies, studies, LoopSettings(steps=2, precision="float32"), tmp_path)


def test_nothing_to_train_on_is_a_sentence(studies: StudyDataset, tmp_path: Path) -> None:
    with pytest.raises(Gaze2ReportError, match="nothing to train on"):
        fit(objective(studies, "none"), [], studies, LoopSettings(), tmp_path)  # type: ignore[arg-type]
