from __future__ import annotations

import pytest
import torch

from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.gaze_graph import (
    GazeGraph,
    MaxRelativeConv,
    edge_attributes,
    grid_edges,
    neighbour_edges,
    transition_edges,
    transition_shares,
)
from gaze2report.types import Fixation

GRID = 4
LAYERS = ("max_relative", "gatv2")
PATH = [Fixation(0.1, 0.1, 0.3), Fixation(0.9, 0.1, 0.2), Fixation(0.9, 0.9, 0.5)]


def make_graph(layer: str = "max_relative", transition_weight: float = 0.0) -> GazeGraph:
    torch.manual_seed(0)
    graph = GazeGraph(8, GRID, 2, 3, layer=layer, n_heads=2, transition_weight=transition_weight)
    return graph.eval()


def looked(*fixations: Fixation):
    return aggregate(fixations, 1.0, 1.0, GRID)


@pytest.mark.parametrize("layer", LAYERS)
def test_without_gaze_the_graph_gives_back_its_input_bit_for_bit(layer: str) -> None:
    features = torch.randn(2, GRID**2, 8)
    assert torch.equal(make_graph(layer)(features, [looked(), looked()]), features)


@pytest.mark.parametrize("layer", LAYERS)
def test_gaze_changes_the_nodes_of_the_film_that_was_looked_at_only(layer: str) -> None:
    features = torch.randn(2, GRID**2, 8)
    nodes = make_graph(layer)(features, [looked(*PATH), looked()])
    assert not torch.allclose(nodes[0], features[0])
    assert torch.equal(nodes[1], features[1])


@pytest.mark.parametrize("layer", LAYERS)
def test_one_image_in_a_batch_does_not_change_another(layer: str) -> None:
    graph, features = make_graph(layer), torch.randn(2, GRID**2, 8)
    alone = graph(features[:1], [looked(*PATH)])
    together = graph(features, [looked(*PATH), looked(PATH[0])])
    assert torch.allclose(alone[0], together[0], atol=1e-6)


@pytest.mark.parametrize("layer", LAYERS)
def test_order_of_the_fixations_matters(layer: str) -> None:
    graph, features = make_graph(layer), torch.randn(1, GRID**2, 8)
    forward, backward = graph(features, [looked(*PATH)]), graph(features, [looked(*PATH[::-1])])
    assert not torch.allclose(forward, backward)


@pytest.mark.parametrize("layer", LAYERS)
def test_gradients_reach_features_and_every_parameter(layer: str) -> None:
    graph, features = make_graph(layer), torch.randn(1, GRID**2, 8, requires_grad=True)
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


def test_a_transition_stands_for_the_time_of_its_two_fixations() -> None:
    visited, shares = torch.tensor([5, 5, 7, 2]), torch.tensor([0.1, 0.2, 0.3, 0.4])
    assert transition_shares(visited, shares).tolist() == pytest.approx([0.5, 0.7])
    attributes = edge_attributes(2, 1, torch.tensor([0.5, 0.7]))
    assert attributes[:, :3].argmax(1).tolist() == [0, 0, 1, 2, 2]
    assert attributes[:, 3].tolist() == pytest.approx([0, 0, 0, 0.5, 0.7])


def test_shares_of_time_sum_to_one_and_count_only_what_lies_on_the_film() -> None:
    gaze = looked(*PATH, Fixation(1.4, 0.5, 9.0))
    assert gaze.visit_share.tolist() == pytest.approx([0.3, 0.2, 0.5])


def test_edges_are_exactly_neighbours_grid_and_directed_transitions() -> None:
    graph, features = make_graph(), torch.randn(1, GRID**2, 8)
    built = graph.build(features, [looked(*PATH)])
    kinds = built.edge_attr[:, :3].argmax(1)
    path = built.edge_index[:, kinds == 2].T.tolist()
    assert path == [[0, 3], [3, 15]]
    assert (kinds == 0).sum() == 3 * GRID**2
    assert torch.equal(built.edge_index[:, kinds == 1], grid_edges(GRID))


def test_max_relative_follows_its_formula_with_weighted_transitions() -> None:
    conv = MaxRelativeConv(2, transition_weight=2.0)
    nodes = torch.tensor([[0.0, 0.0], [1.0, -1.0], [3.0, 2.0]])
    edges = torch.tensor([[1, 2], [0, 0]])
    attributes = torch.tensor([[1.0, 0, 0, 0], [0, 0, 1.0, 0.5]])
    # Of node 0: max of 1 * (1, -1) and (1 + 2 * 0.5) * (3, 2); the others have no neighbour.
    relative = torch.tensor([[6.0, 4.0], [0.0, 0.0], [0.0, 0.0]])
    expected = conv.update_nodes(torch.cat([nodes, relative], dim=-1))
    assert torch.allclose(conv(nodes, edges, attributes), expected)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_weight_of_transitions_changes_the_nodes(layer: str) -> None:
    features = torch.randn(1, GRID**2, 8)
    one, other = (make_graph(layer, weight)(features, [looked(*PATH)]) for weight in (0.0, 5.0))
    assert not torch.allclose(one, other)


def test_a_fixated_patch_prefers_fixated_neighbours() -> None:
    features = torch.nn.functional.normalize(torch.ones(4, 8) + 0.01 * torch.eye(4, 8), dim=-1)
    duration = torch.tensor([1.0, 0.0, 0.0, 1.0])
    nearest = neighbour_edges(features, duration, n_neighbours=1, gaze_weight=10.0)
    assert nearest[0, 0] == 3
    assert nearest[0, 3] == 0
