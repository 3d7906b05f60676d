"""Patch features and gaze in one graph.

Nodes are patches with gaze attributes. Edges are the k nearest neighbours in feature space with a gaze term, the
transitions of the scanpath (directed, in its order, weighted by how long the two fixations lasted), and the four grid
neighbours. Layers are the max-relative convolution of Vision GNN (Han et al., NeurIPS 2022), or GATv2 (Brody et al.,
ICLR 2022), which also sees of what kind an edge is. Every layer is residual and scaled by whether there is gaze at
all, so that with gaze ``none`` the output equals the input, bit for bit: the image-only twin has the same parameters.

Notation used for tensor shapes: B batch, N patches, D feature width, A gaze attributes, E edges, C edge attributes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data
from torch_geometric.nn import GATv2Conv, MessagePassing

from gaze2report.gaze.time_aggregation import PatchGaze

N_GAZE_ATTRIBUTES = 3
N_EDGE_ATTRIBUTES = 4
"""Whether the edge is of the nearest neighbours, the grid, or the scanpath; and the share of time of a transition."""


def gaze_attributes(gaze: Sequence[PatchGaze]) -> Tensor:
    """Stack patch gaze as node attributes (B, N, A): duration times N, first visit, log visit count."""
    rows = []
    for one in gaze:
        duration = torch.from_numpy(one.duration) * len(one.duration)
        counts = torch.from_numpy(one.visit_count).log1p()
        rows.append(torch.stack([duration, torch.from_numpy(one.first_visit), counts], dim=-1))
    return torch.stack(rows)


def grid_edges(grid_side: int) -> Tensor:
    """Edges (2, E) between each patch and its neighbours above, below, left and right."""
    index = torch.arange(grid_side**2).view(grid_side, grid_side)
    right = torch.stack([index[:, :-1].flatten(), index[:, 1:].flatten()])
    down = torch.stack([index[:-1].flatten(), index[1:].flatten()])
    one_way = torch.cat([right, down], dim=1)
    return torch.cat([one_way, one_way.flip(0)], dim=1)


def neighbour_edges(features: Tensor, duration: Tensor, n_neighbours: int, gaze_weight: float) -> Tensor:
    """Edges (2, E) from the k nearest patches to each patch, for one image.

    The distance is ``|x_i - x_j|^2 + gaze_weight (g_i - g_j)^2 g_i`` with features x normalised to unit length and
    durations g scaled to [0, 1] (after GD-ViG, MICCAI 2024): a patch that was looked at prefers others that were.

    Parameters
    ----------
    features : Tensor (N, D)
    duration : Tensor (N,)
    """
    unit = nn.functional.normalize(features, dim=-1)
    looked = duration / duration.max().clamp(min=1e-6)
    distance = (
        torch.cdist(unit, unit).square() + gaze_weight * (looked[:, None] - looked[None]).square() * looked[:, None]
    )
    distance.fill_diagonal_(float("inf"))
    nearest = distance.topk(n_neighbours, largest=False).indices  # (N, k)
    target = torch.arange(len(features), device=features.device).repeat_interleave(n_neighbours)
    return torch.stack([nearest.flatten(), target])


def transition_edges(visited: Tensor) -> Tensor:
    """Edges (2, E) along the scanpath: from each fixated patch to the next one, when they differ."""
    if len(visited) < 2:
        return torch.zeros(2, 0, dtype=torch.long)
    edges = torch.stack([visited[:-1], visited[1:]])
    return edges[:, edges[0] != edges[1]]


def transition_shares(visited: Tensor, visit_share: Tensor) -> Tensor:
    """Share of the looking time (E,) that the two fixations of each edge of `transition_edges` took together."""
    if len(visited) < 2:
        return torch.zeros(0)
    return (visit_share[:-1] + visit_share[1:])[visited[:-1] != visited[1:]]


def edge_attributes(n_near: int, n_grid: int, shares: Tensor) -> Tensor:
    """Attributes (E, C) of the edges of one image, in the order near, grid, path."""
    attributes = torch.zeros(n_near + n_grid + len(shares), N_EDGE_ATTRIBUTES)
    attributes[:n_near, 0] = 1.0
    attributes[n_near : n_near + n_grid, 1] = 1.0
    attributes[n_near + n_grid :, 2] = 1.0
    attributes[n_near + n_grid :, 3] = shares
    return attributes


class MaxRelativeConv(MessagePassing):  # type: ignore[misc]
    """Vision GNN's max-relative graph convolution: ``W [x_i, max_j s_ij (x_j - x_i)]``.

    The strength s of an edge is 1, and ``1 + transition_weight * share of time`` along the scanpath.
    """

    def __init__(self, width: int, transition_weight: float = 0.0) -> None:
        super().__init__(aggr="max")
        self.transition_weight = transition_weight
        self.update_nodes = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """Map nodes (N, D), edges (2, E) and their attributes (E, C) to updates (N, D)."""
        strength = 1.0 + self.transition_weight * edge_attr[:, 3:]
        relative = self.propagate(edge_index, x=x, strength=strength)
        return torch.as_tensor(self.update_nodes(torch.cat([x, relative], dim=-1)))

    def message(self, x_i: Tensor, x_j: Tensor, strength: Tensor) -> Tensor:
        """Difference of a neighbour to the node, times the strength of the edge."""
        return strength * (x_j - x_i)


class AttentiveConv(nn.Module):
    """GATv2 over the same edges, then a linear layer; attention sees the attributes of the edges.

    A transition's share of time reaches it as an attribute, scaled by ``1 + transition_weight``.
    """

    attribute_scale: Tensor

    def __init__(self, width: int, n_heads: int, transition_weight: float = 0.0) -> None:
        super().__init__()
        if width % n_heads:
            raise ValueError(f"the width {width} of the graph must be a multiple of its {n_heads} heads")
        self.attend = GATv2Conv(width, width // n_heads, n_heads, edge_dim=N_EDGE_ATTRIBUTES, add_self_loops=False)
        self.update_nodes = nn.Sequential(nn.GELU(), nn.Linear(width, width))
        self.register_buffer(
            "attribute_scale", torch.tensor([1.0, 1.0, 1.0, 1.0 + transition_weight]), persistent=False
        )

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """Map nodes (N, D), edges (2, E) and their attributes (E, C) to updates (N, D)."""
        return torch.as_tensor(self.update_nodes(self.attend(x, edge_index, edge_attr * self.attribute_scale)))


class GazeGraph(nn.Module):
    """Message passing over patches, guided by gaze.

    Parameters
    ----------
    width : int
        D.
    grid_side : int
        R; N = R * R.
    depth : int
        Number of layers.
    n_neighbours : int
        k of the nearest-neighbour edges.
    gaze_weight : float
        Weight of the gaze term of their distance.
    layer : str
        ``max_relative`` or ``gatv2``.
    n_heads : int
        Heads of ``gatv2``.
    transition_weight : float
        How much more an edge along the scanpath counts for each share of the looking time that it stands for.
    """

    def __init__(
        self,
        width: int,
        grid_side: int,
        depth: int = 2,
        n_neighbours: int = 9,
        gaze_weight: float = 1.0,
        *,
        layer: str = "max_relative",
        n_heads: int = 4,
        transition_weight: float = 0.0,
    ) -> None:
        super().__init__()
        self.embed_gaze = nn.Linear(N_GAZE_ATTRIBUTES, width, bias=False)
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(depth)])
        self.layers = nn.ModuleList(
            AttentiveConv(width, n_heads, transition_weight)
            if layer == "gatv2"
            else MaxRelativeConv(width, transition_weight)
            for _ in range(depth)
        )
        self.n_neighbours = n_neighbours
        self.gaze_weight = gaze_weight
        self.grid_edges: Tensor
        self.register_buffer("grid_edges", grid_edges(grid_side), persistent=False)

    def build(self, features: Tensor, gaze: Sequence[PatchGaze]) -> Batch:
        """Make one graph an image: nodes, their gaze attributes, all edges and their attributes."""
        attributes = gaze_attributes(gaze).to(features)
        graphs = []
        for row, one in enumerate(gaze):
            duration = torch.from_numpy(one.duration).to(features)
            with torch.no_grad():
                near = neighbour_edges(features[row], duration, self.n_neighbours, self.gaze_weight)
            visited = torch.from_numpy(one.visited)
            shares = transition_shares(visited, torch.from_numpy(one.visit_share))
            edges = torch.cat([near, self.grid_edges, transition_edges(visited).to(near)], dim=1)
            kinds = edge_attributes(near.shape[1], self.grid_edges.shape[1], shares).to(features)
            graphs.append(Data(x=features[row], gaze=attributes[row], edge_index=edges, edge_attr=kinds))
        return Batch.from_data_list(graphs)

    def forward(self, features: Tensor, gaze: Sequence[PatchGaze]) -> Tensor:
        """Map patch features (B, N, D) and B gaze maps to node features (B, N, D)."""
        batch, n_patches, width = features.shape
        graph = self.build(features, gaze)
        has_gaze = torch.tensor([bool(one.duration.sum() > 0) for one in gaze], device=features.device)
        weight = has_gaze.to(features).repeat_interleave(n_patches).unsqueeze(-1)  # (B * N, 1)
        nodes, looked = graph.x, self.embed_gaze(graph.gaze)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            nodes = nodes + weight * layer(norm(nodes) + looked, graph.edge_index, graph.edge_attr)
        return torch.as_tensor(nodes.view(batch, n_patches, width))
