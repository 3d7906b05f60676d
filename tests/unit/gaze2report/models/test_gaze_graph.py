from __future__ import annotations

import torch

from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.gaze_graph import GazeGraph, grid_edges, neighbour_edges, transition_edges
from gaze2report.types import Fixation

GRID = 4
PATH = [Fixation(0.1, 0.1, 0.3), Fixation(0.9, 0.1, 0.2), Fixation(0.9, 0.9, 0.5)]


def make_graph() -> GazeGraph:
    torch.manual_seed(0)
    return GazeGraph(width=8, grid_side=GRID, depth=2, n_neighbours=3).eval()


def looked(*fixations: Fixation):
    return aggregate(fixations, 1.0, 1.0, GRID)


def test_without_gaze_the_graph_gives_back_its_input_bit_for_bit() -> None:
    features = torch.randn(2, GRID**2, 8)
    assert torch.equal(make_graph()(features, [looked(), looked()]), features)


def test_gaze_changes_the_nodes() -> None:
    features = torch.randn(1, GRID**2, 8)
    assert not torch.allclose(make_graph()(features, [looked(*PATH)]), features)


def test_one_image_in_a_batch_does_not_change_another() -> None:
    graph, features = make_graph(), torch.randn(2, GRID**2, 8)
    alone = graph(features[:1], [looked(*PATH)])
    together = graph(features, [looked(*PATH), looked(PATH[0])])
    assert torch.allclose(alone[0], together[0], atol=1e-6)


def test_order_of_the_fixations_matters() -> None:
    graph, features = make_graph(), torch.randn(1, GRID**2, 8)
    forward, backward = graph(features, [looked(*PATH)]), graph(features, [looked(*PATH[::-1])])
    assert not torch.allclose(forward, backward)


def test_gradients_reach_features_and_every_parameter() -> None:
    graph, features = make_graph(), torch.randn(1, GRID**2, 8, requires_grad=True)
    graph(features, [looked(*PATH)]).square().sum().backward()
    assert features.grad is not None
    assert features.grad.abs().sum() > 0
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in graph.parameters())


def test_a_grid_of_four_has_each_neighbour_in_both_directions() -> None:
    edges = {tuple(edge) for edge in grid_edges(2).T.tolist()}
    assert edges == {(0, 1), (1, 0), (2, 3), (3, 2), (0, 2), (2, 0), (1, 3), (3, 1)}


def test_transitions_follow_the_scanpath_and_skip_refixations_in_place() -> None:
    edges = transition_edges(torch.tensor([5, 5, 7, 2]))
    assert edges.T.tolist() == [[5, 7], [7, 2]]
    assert transition_edges(torch.tensor([3])).shape == (2, 0)


def test_a_fixated_patch_prefers_fixated_neighbours() -> None:
    features = torch.nn.functional.normalize(torch.ones(4, 8) + 0.01 * torch.eye(4, 8), dim=-1)
    duration = torch.tensor([1.0, 0.0, 0.0, 1.0])
    nearest = neighbour_edges(features, duration, n_neighbours=1, gaze_weight=10.0)
    assert nearest[0, 0] == 3
    assert nearest[0, 3] == 0
