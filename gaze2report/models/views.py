"""Several films of one study (frontal and lateral) in one prompt.

Notation used for tensor shapes: B batch, V views, P films of the batch in the order of the studies, N patches,
M nodes of a study, O observations, D feature width.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Fusion = Literal["mean", "concatenate"]
FUSIONS: tuple[Fusion, ...] = ("mean", "concatenate")
MAX_VIEWS = 4


def mean_over_views(values: Tensor, view_mask: Tensor) -> Tensor:
    """Mean of what each film of a study gives: (P, ...) and mask (B, V) to (B, ...)."""
    if view_mask.shape[1] == 1:
        return values  # a study of one film is that film, bit for bit
    padded = pad_views(values, view_mask)  # (B, V, ...)
    counts = view_mask.sum(1).to(values).view(-1, *[1] * (values.dim() - 1))
    return padded.sum(1) / counts


def pad_views(values: Tensor, view_mask: Tensor) -> Tensor:
    """Sort films (P, ...) into studies (B, V, ...), zero where a study has no such view."""
    padded = values.new_zeros(*view_mask.shape, *values.shape[1:])
    padded[view_mask] = values
    return padded


class StudyFusion(nn.Module):
    """Makes the nodes of a study of the nodes of its films.

    ``mean`` averages the same patch over the films, as R2GenGPT does; ``concatenate`` keeps every node and adds what
    marks its view, so that the prompt can attend to either film.

    Parameters
    ----------
    width : int
        D.
    fusion : str
        ``mean`` or ``concatenate``.
    """

    def __init__(self, width: int, fusion: Fusion = "mean") -> None:
        super().__init__()
        self.fusion = fusion
        if fusion == "concatenate":
            self.view_embedding = nn.Parameter(torch.randn(MAX_VIEWS, width) * 0.02)

    def forward(self, nodes: Tensor, view_mask: Tensor) -> tuple[Tensor, Tensor | None]:
        """Map nodes of films (P, N, D) and the views that studies have (B, V) to nodes of studies.

        Returns
        -------
        Tensor (B, M, D)
            M is N for ``mean`` and V * N for ``concatenate``.
        Tensor (B, M), bool, or None
            True where there is a node; None where all are.
        """
        if self.fusion == "mean":
            return mean_over_views(nodes, view_mask), None
        batch, views = view_mask.shape
        _, n_patches, width = nodes.shape
        marked = pad_views(nodes, view_mask) + self.view_embedding[:views, None]  # (B, V, N, D)
        node_mask = view_mask.unsqueeze(-1).expand(-1, -1, n_patches).reshape(batch, -1)
        return marked.reshape(batch, views * n_patches, width), None if views == 1 else node_mask
