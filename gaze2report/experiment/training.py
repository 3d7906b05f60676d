"""Training the small model: an encoder once a seed, from labels alone; then fusion, prompt and head once a condition.

The encoder never sees gaze and is shared by all conditions of a seed, so that they differ in gaze and in nothing else.

Notation used for tensor shapes: N films, P patches, D feature width, O observations.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_geometric.data import Batch, Data

from gaze2report.experiment.film_set import FilmSet
from gaze2report.experiment.recipe import ExperimentRecipe, TrainingSettings
from gaze2report.experiment.small_model import PatchEncoder, ReportDecider
from gaze2report.gaze.time_aggregation import PatchGaze
from gaze2report.models.findings import FindingsHead
from gaze2report.models.gaze_graph import GazeGraph, gaze_attributes

_WEIGHT_DECAY = 0.03
_MOST_SHIFT_PX = 3


class FixedFilmsGraph(GazeGraph):
    """A gaze graph over films whose features do not change: the edges of a film are found once.

    `build` is asked for the same `PatchGaze` objects again and again; what is computed is what `GazeGraph` computes.
    """

    def __init__(self, width: int, grid_side: int, depth: int, n_neighbours: int) -> None:
        super().__init__(width, grid_side, depth, n_neighbours)
        self._graphs: dict[PatchGaze, Batch] = {}  # holds them, so that no other takes their place

    def build(self, features: Tensor, gaze: Sequence[PatchGaze]) -> Data:
        """Make one graph of all films of a batch."""
        n_patches = features.shape[1]
        for row, one in enumerate(gaze):
            if one not in self._graphs:
                self._graphs[one] = super().build(features[row : row + 1], [one])
        known = [self._graphs[one] for one in gaze]
        edges = torch.cat([graph.edge_index + row * n_patches for row, graph in enumerate(known)], dim=1)
        kinds = torch.cat([graph.edge_attr for graph in known])
        attributes = gaze_attributes(gaze).to(features)
        return Data(x=features.flatten(0, 1), gaze=attributes.flatten(0, 1), edge_index=edges, edge_attr=kinds)

    def forward(self, features: Tensor, gaze: Sequence[PatchGaze]) -> Tensor:
        """As `GazeGraph`; without any gaze the output is the input, and nothing needs to be computed."""
        if not any(one.duration.any() for one in gaze):
            return features
        return super().forward(features, gaze)


def train_encoder(films: FilmSet, recipe: ExperimentRecipe, seed: int) -> Tensor:
    """Train an encoder to tell the labels of the films to train on, and encode every film: (N, P, D)."""
    torch.manual_seed(seed)
    random = np.random.default_rng([seed, 1])
    encoder = PatchEncoder(recipe.side_px, recipe.width)
    head = FindingsHead(recipe.width, len(films.observations))
    steps = _Steps(films.train, recipe.batch_size, recipe.encoder, random)
    optimiser = _Optimiser(nn.ModuleList([encoder, head]), recipe.encoder, len(steps))
    for rows in steps:
        shift = [int(number) for number in random.integers(-_MOST_SHIFT_PX, _MOST_SHIFT_PX + 1, 2)]
        pixels = torch.roll(films.pixels[rows], shift, (2, 3))
        optimiser.step(_masked_loss(head(encoder(pixels)), films.labels[rows]))
    encoder.eval()
    with torch.no_grad():
        return torch.cat([encoder(part) for part in torch.split(films.pixels, 64)])


def new_decider(films: FilmSet, recipe: ExperimentRecipe, fusion: str, seed: int) -> ReportDecider:
    """Make a decider whose first weights depend on the seed alone."""
    grid_side = PatchEncoder(recipe.side_px, recipe.width).grid_side
    torch.manual_seed(seed)
    decider = ReportDecider(recipe.width, grid_side, len(films.observations), fusion)
    if isinstance(decider.fusion, GazeGraph):
        graph = FixedFilmsGraph(recipe.width, grid_side, len(decider.fusion.layers), decider.fusion.n_neighbours)
        graph.load_state_dict(decider.fusion.state_dict())
        decider.fusion = graph
    return decider


def train_decider(
    decider: ReportDecider,
    films: FilmSet,
    features: Tensor,
    gaze: Sequence[PatchGaze],
    recipe: ExperimentRecipe,
    seed: int,
) -> ReportDecider:
    """Train fusion, prompt and head on the encoded films to train on under one condition."""
    torch.manual_seed(seed)
    steps = _Steps(films.train, recipe.batch_size, recipe.fusion_training, np.random.default_rng([seed, 2]))
    optimiser = _Optimiser(decider, recipe.fusion_training, len(steps))
    decider.train()
    for rows in steps:
        logits = decider(features[rows], [gaze[int(row)] for row in rows])
        optimiser.step(_masked_loss(logits, films.labels[rows]))
    return decider.eval()


@torch.no_grad()
def probabilities(
    decider: ReportDecider, features: Tensor, gaze: Sequence[PatchGaze], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Probability of each observation on some films, (rows, O)."""
    parts = [rows[start : start + 64] for start in range(0, len(rows), 64)]
    logits = torch.cat([decider(features[part], [gaze[int(row)] for row in part]) for part in parts])
    return np.asarray(logits.sigmoid().double().numpy())


def thresholds(of_training: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thresholds (O,) at which as many films to train on are called positive as are: one rule for every condition."""
    found = np.full(of_training.shape[1], 0.5)
    for column, (scores, truth) in enumerate(zip(of_training.T, labels.T, strict=True)):
        known = ~np.isnan(truth)
        if known.any():
            found[column] = np.quantile(scores[known], 1.0 - float((truth[known] == 1).mean()))
    return found


def _masked_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy over the known labels."""
    known = ~labels.isnan()
    losses = F.binary_cross_entropy_with_logits(logits, labels.nan_to_num(), reduction="none")
    return (losses * known).sum() / known.sum().clamp(min=1)


class _Steps:
    """Rows of each step: every epoch a new order of the films."""

    def __init__(
        self, rows: NDArray[np.int64], batch_size: int, settings: TrainingSettings, random: np.random.Generator
    ) -> None:
        self._rows, self._size, self._random, self._epochs = rows, batch_size, random, settings.epochs
        self._per_epoch = max(1, len(rows) // batch_size)

    def __len__(self) -> int:
        return self._epochs * self._per_epoch

    def __iter__(self) -> _Steps:
        self._left: list[NDArray[np.int64]] = []
        self._done = 0
        return self

    def __next__(self) -> NDArray[np.int64]:
        if self._done == len(self):
            raise StopIteration
        if not self._left:
            order = self._random.permutation(self._rows)
            self._left = [order[k * self._size : (k + 1) * self._size] for k in range(self._per_epoch)]
        self._done += 1
        return self._left.pop()


class _Optimiser:
    """AdamW with one warm-up and fall."""

    def __init__(self, module: nn.Module, settings: TrainingSettings, n_steps: int) -> None:
        self._parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self._adam = torch.optim.AdamW(self._parameters, lr=settings.lr, weight_decay=_WEIGHT_DECAY)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(self._adam, settings.lr, total_steps=n_steps)

    def step(self, loss: Tensor) -> None:
        self._adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._adam.step()
        self._schedule.step()
