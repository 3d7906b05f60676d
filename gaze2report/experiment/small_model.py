"""A model of the method small enough to be trained a hundred times: patch encoder, fusion with gaze, prompt, findings.

The parts between encoder and head are those of the product (`GazeGraph`, `VisualGazePrompt`). In place of the language
model stands a head that decides which observations the report asserts; from these the draft is put together.

Notation used for tensor shapes: B batch, N patches, D feature width, K prompt tokens, O observations, S film side.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.time_aggregation import PatchGaze
from gaze2report.models.gaze_graph import N_GAZE_ATTRIBUTES, GazeGraph, gaze_attributes
from gaze2report.models.prompt import VisualGazePrompt

N_STAGES = 3
FUSIONS = ("graph", "concatenation")


class PatchEncoder(nn.Module):
    """Three strided convolutions, each halving the film, and a place for every patch: (B, 1, S, S) to (B, N, D)."""

    def __init__(self, side_px: int, width: int) -> None:
        super().__init__()
        if side_px % 2**N_STAGES:
            raise Gaze2ReportError(f"films of {side_px} px cannot be halved {N_STAGES} times; use a multiple of 8")
        self.grid_side, self.width = side_px // 2**N_STAGES, width
        channels = (1, width // 2, width, width)
        self.stages = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(given, made, 5 if given == 1 else 3, stride=2, padding=2 if given == 1 else 1),
                    nn.BatchNorm2d(made),
                    nn.GELU(),
                )
                for given, made in pairwise(channels)
            )
        )
        self.mix = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.GELU())
        self.position = nn.Parameter(torch.randn(1, self.grid_side**2, width) * 0.02)

    def forward(self, film: Tensor) -> Tensor:
        """Map films (B, 1, S, S) in [0, 1] to patch features (B, N, D)."""
        grid = self.mix(self.stages((film - 0.5) / 0.25))
        return torch.as_tensor(grid.flatten(2).transpose(1, 2) + self.position)


class GazeConcatenation(nn.Module):
    """The plain alternative to the graph: each patch's features and gaze, side by side, through the same layers.

    Exactly the parameters of a `GazeGraph` of the same width and depth; no patch learns of another.
    """

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.embed_gaze = nn.Linear(N_GAZE_ATTRIBUTES, width, bias=False)
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(depth)])
        self.layers = nn.ModuleList(
            [nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, width)) for _ in range(depth)]
        )

    def forward(self, features: Tensor, gaze: Sequence[PatchGaze]) -> Tensor:
        """Map patch features (B, N, D) and B gaze maps to node features (B, N, D)."""
        looked = self.embed_gaze(gaze_attributes(gaze).to(features))
        has_gaze = torch.tensor([one.duration.sum() > 0 for one in gaze], device=features.device)
        weight = has_gaze.to(features).view(-1, 1, 1)
        nodes = features
        for norm, layer in zip(self.norms, self.layers, strict=True):
            nodes = nodes + weight * layer(torch.cat([norm(nodes), looked], dim=-1))
        return torch.as_tensor(nodes)


class ReportDecider(nn.Module):
    """Patch features and gaze to what the report asserts: fusion, prompt tokens, one logit an observation.

    Parameters
    ----------
    width, grid_side : int
        D, and R with N = R * R.
    n_observations : int
        O.
    fusion : str
        ``graph`` or ``concatenation``.
    """

    def __init__(
        self,
        width: int,
        grid_side: int,
        n_observations: int,
        fusion: str = "graph",
        *,
        depth: int = 1,
        n_neighbours: int = 4,
        n_tokens: int = 4,
    ) -> None:
        super().__init__()
        if fusion not in FUSIONS:
            raise Gaze2ReportError(f"fusion {fusion!r} is not known; it is one of {', '.join(FUSIONS)}")
        self.fusion: GazeGraph | GazeConcatenation = (
            GazeGraph(width, grid_side, depth, n_neighbours) if fusion == "graph" else GazeConcatenation(width, depth)
        )
        self.prompt = VisualGazePrompt(width, width, n_tokens, scale=width**0.5)
        self.decide = nn.Linear(n_tokens * width, n_observations)

    def forward(self, features: Tensor, gaze: Sequence[PatchGaze]) -> Tensor:
        """Map patch features (B, N, D) and B gaze maps to logits (B, O)."""
        return torch.as_tensor(self.decide(self.prompt(self.fusion(features, gaze)).flatten(1)))


def n_parameters(module: nn.Module) -> int:
    """Number of trainable parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
