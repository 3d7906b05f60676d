"""GD-ViG's map loss and the alignment of sentences with their gaze: known answers, and what they teach."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import report_sets
import tiny_model
import torch
import train_tiny

from gaze2report.data.dataset import StudyBatch, StudyDataset, collate
from gaze2report.data.sentence_gaze import SentenceGaze
from gaze2report.errors import Gaze2ReportError
from gaze2report.training.added_losses import make_added_losses
from gaze2report.training.gaze_losses import (
    GazeMapLoss,
    SentenceGazeLoss,
    gaze_map_error,
    jensen_shannon,
    scaled_to_one,
    strongest,
)
from gaze2report.training.objective import Moment
from gaze2report.training.report_losses import ReportLosses
from gaze2report.training.report_objective import ReportObjective
from gaze2report.training.report_recipe import load_report_recipe
from gaze2report.types import Fixation

NOW = Moment(seed=0, step=1, is_training=True)
RATES = ReportLosses(encoder_lr=1e-3, no_gaze_share=0.0, no_words_share=0.0, max_report_tokens=24)


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudyDataset]:
    folder = tmp_path_factory.mktemp("sets") / "set"
    report_sets.write_report_set(folder, 2, 1)
    pair = train_tiny.datasets(folder)
    yield pair[0]
    for dataset in pair:
        dataset.close()


def with_sentences(studies: StudyDataset) -> StudyBatch:
    """Two films, each with a sentence that was looked at in another corner."""
    told = [
        SentenceGaze("Upper opacity.", (Fixation(0.1, 0.1, 0.5),)),
        SentenceGaze("Low effusion.", (Fixation(0.9, 0.9, 0.5),)),
    ]
    examples = [studies[row] for row in range(2)]
    return collate(
        [replace(one, films=(replace(one.films[0], sentences=(told[row],)),)) for row, one in enumerate(examples)]
    )


def test_a_map_is_stretched_to_0_and_1_and_a_flat_one_is_0() -> None:
    maps = torch.tensor([[0.1, 0.3, 0.2], [0.5, 0.5, 0.5]])
    torch.testing.assert_close(scaled_to_one(maps), torch.tensor([[0.0, 1.0, 0.5], [0.0, 0.0, 0.0]]))


def test_the_map_error_is_the_mean_square_by_hand() -> None:
    error = gaze_map_error(torch.tensor([[0.5, 0.5]]), torch.tensor([[0.2, 0.6]]))
    torch.testing.assert_close(error, torch.tensor([0.25]))
    torch.testing.assert_close(gaze_map_error(torch.tensor([[0.0, 1.0]]), torch.tensor([[3.0, 9.0]])), torch.zeros(1))


def test_the_strongest_quarter_is_kept_and_sums_to_one() -> None:
    kept = strongest(torch.tensor([[1.0, 3.0, 0.0, 1.5, 0.5, 0.0, 0.2, 0.1]]), 0.25)
    torch.testing.assert_close(kept, torch.tensor([[0.0, 2 / 3, 0.0, 1 / 3, 0.0, 0.0, 0.0, 0.0]]))


def test_the_divergence_of_equal_disjoint_and_half_equal_distributions() -> None:
    first = torch.tensor([[0.5, 0.5], [1.0, 0.0], [1.0, 0.0]])
    second = torch.tensor([[0.5, 0.5], [0.0, 1.0], [0.5, 0.5]])
    half = 0.5 * math.log(4 / 3) + 0.5 * (0.5 * math.log(2 / 3) + 0.5 * math.log(2))
    torch.testing.assert_close(jensen_shannon(first, second), torch.tensor([0.0, math.log(2), half]))


def test_sentences_with_their_own_gaze_cost_less_than_with_anothers() -> None:
    loss = SentenceGazeLoss(4, 4, 2, 1.0, 1e-3)
    patches = torch.eye(4).expand(2, -1, -1)
    sentences, gaze = torch.eye(4)[:2], torch.eye(4)[:2]
    right = loss.aligned(patches, sentences, gaze)
    wrong = loss.aligned(patches, sentences, gaze.flip(0))
    similar = 1 / (1 + 3 * math.exp(-10.0))  # softmax of one cosine of 1 and three of 0, divided by 0.1
    contrast = -math.log(1 / (1 + math.exp(-10.0)))
    middle = (1 + similar) / 2
    divergence = 0.5 * (math.log(1 / middle) + similar * math.log(similar / middle) + (1 - similar) * math.log(2))
    torch.testing.assert_close(right, torch.full((2,), divergence + 0.5 * contrast), atol=1e-5, rtol=1e-3)
    assert (wrong > right + 5).all()


def test_the_map_loss_teaches_the_features_where_readers_look(studies: StudyDataset) -> None:
    model = tiny_model.tiny_model()
    loss = GazeMapLoss(model.encoder.width, model.encoder.grid_side, 1.0, 1e-2)
    objective = ReportObjective(model, RATES, "recorded", others=studies.films, added=[loss])
    batch = collate([studies[0], studies[1]])
    assert objective.counts(batch)["gaze_map"] == 2.0
    assert objective.loss_weights["gaze_map"] == 1.0
    trained = [parameter for group in objective.groups() for parameter in group.parameters]
    assert {id(p) for p in loss.parameters()} <= {id(p) for p in trained}
    optimizer = torch.optim.Adam([*model.encoder.parameters(), *loss.parameters()], lr=1e-2)
    losses = []
    for _ in range(25):
        computed = objective(batch, NOW)["gaze_map"]
        optimizer.zero_grad()
        computed.backward()
        optimizer.step()
        losses.append(computed.item())
    assert losses[-1] < 0.6 * losses[0]


def test_the_sentence_loss_reaches_the_encoder_and_counts_sentences(studies: StudyDataset) -> None:
    model = tiny_model.tiny_model()
    loss = SentenceGazeLoss(model.encoder.width, model.generator.width, model.encoder.grid_side, 0.2, 1e-3)
    objective = ReportObjective(model, RATES, "recorded", others=studies.films, added=[loss])
    batch = with_sentences(studies)
    assert objective.counts(batch)["sentence_gaze"] == 2.0
    objective(batch, NOW)["sentence_gaze"].backward()
    moved = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    assert moved == {"encoder"}
    without = objective(collate([studies[0]]), NOW)["sentence_gaze"]
    assert float(without.detach()) == 0.0


def test_an_added_loss_that_could_do_nothing_is_told(studies: StudyDataset) -> None:
    model = tiny_model.tiny_model()
    one = make_added_losses({"gaze_map": {"weight": 0.5}}, model, studies.index, 1e-3)
    assert [(loss.name, loss.weight) for loss in one] == [("gaze_map", 0.5)]
    for added, rate, told in (
        ({"surprise": {}}, 1e-3, "there is no loss 'surprise'"),
        ({"gaze_map": {}}, 0.0, "encoder_lr is 0"),
        ({"gaze_map": {"strength": 2}}, 1e-3, "settings of the added loss 'gaze_map'"),
        ({"sentence_gaze": {}}, 1e-3, "no study of the training split has any"),
    ):
        with pytest.raises(Gaze2ReportError, match=told):
            make_added_losses(added, model, studies.index, rate)


def test_a_recipe_names_the_losses_it_adds_and_none_by_default(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("added: {gaze_map: {weight: 0.5, lr: 0.001}}\n")
    assert load_report_recipe(path).added == {"gaze_map": {"weight": 0.5, "lr": 0.001}}
    assert load_report_recipe(Path("tiny.yaml")).added == {}
    path.write_text("added: [gaze_map]\n")
    with pytest.raises(Gaze2ReportError, match="added must map"):
        load_report_recipe(path)
