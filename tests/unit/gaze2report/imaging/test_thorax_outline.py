"""Lines of the cardiothoracic ratio as they are proposed, on made films whose borders are known."""

import dataclasses

import numpy as np
import pytest
from factories import chest_phantom

from gaze2report.imaging.measure import cardiothoracic_ratio
from gaze2report.imaging.measurements import Measurement
from gaze2report.imaging.thorax_outline import lung_outline, propose_ctr
from gaze2report.types import Image, InstanceHeader

ROWS, COLUMNS = 560, 500
THORAX = (0.14, 0.86)  # outer edges of the phantom's lungs, parts of its width
HEART = (0.42, 0.70)


def film(codes, **fields):
    return Image(np.asarray(codes, dtype=np.uint16), np.arange(4096.0), InstanceHeader("1", "2", "3"), "x", **fields)


def ratio_of(image):
    proposal = propose_ctr(image)
    assert proposal.points is not None, proposal.reason
    return cardiothoracic_ratio(Measurement("ctr", proposal.points))


@pytest.fixture(scope="module")
def phantom():
    return film(chest_phantom(ROWS, COLUMNS))


def test_the_borders_of_a_made_chest_are_found(phantom):
    proposal = propose_ctr(phantom)
    heart_a, heart_b, thorax_a, thorax_b = (x / COLUMNS for x, _ in proposal.points)
    assert (thorax_a, thorax_b) == pytest.approx(THORAX, abs=0.03)
    assert (heart_a, heart_b) == pytest.approx(HEART, abs=0.07)
    assert all(0.35 * ROWS < y < 0.9 * ROWS for _, y in proposal.points)


def test_the_outline_covers_the_lungs_and_not_what_lies_between(phantom):
    outline = lung_outline(phantom)
    rows, columns = outline.left.shape
    assert columns == 256
    y, x = np.mgrid[:rows, :columns] / [[[rows]], [[columns]]]
    lungs = np.minimum(np.hypot((x - 0.3) / 0.16, (y - 0.5) / 0.32), np.hypot((x - 0.7) / 0.16, (y - 0.5) / 0.32)) < 1
    heart = np.hypot((x - 0.56) / 0.14, (y - 0.62) / 0.16) < 1
    seen = lungs & ~heart
    found = outline.left | outline.right
    assert 2 * (found & seen).sum() / (found.sum() + seen.sum()) > 0.85
    assert not (outline.left & outline.right).any()


def test_the_proposal_follows_the_film_when_it_is_mirrored_reduced_or_stored_inverted(phantom):
    usual = ratio_of(phantom)
    mirrored = dataclasses.replace(phantom, codes=np.ascontiguousarray(phantom.codes[:, ::-1]))
    assert ratio_of(mirrored) == pytest.approx(usual, abs=0.05)
    assert ratio_of(dataclasses.replace(phantom, codes=4095 - phantom.codes, is_inverted=True)) == pytest.approx(
        usual, abs=0.01
    )
    assert ratio_of(film(np.kron(chest_phantom(ROWS // 2, COLUMNS // 2), np.ones((4, 4))))) == pytest.approx(
        usual, abs=0.03
    )


@pytest.mark.parametrize("scale", [1, 3])
def test_points_are_in_pixels_of_the_film(phantom, scale):
    codes = np.kron(phantom.codes, np.ones((scale, scale), dtype=np.uint16))
    points = propose_ctr(film(codes)).points
    assert points[3][0] - points[2][0] == pytest.approx(0.72 * COLUMNS * scale, rel=0.06)


@pytest.mark.parametrize(
    "codes",
    [
        np.full((300, 300), 500),
        np.zeros((300, 300)),
        np.random.default_rng(0).integers(0, 4096, (300, 300)),
        np.tile(np.arange(300) * 10, (300, 1)),
        chest_phantom(300, 300)[:, :150],
        np.rot90(chest_phantom(300, 300)),
        np.full((1, 1), 7),
        np.full((2, 900), 7),
        np.full((900, 2), 7),
    ],
    ids=["grey", "black", "noise", "ramp", "half a chest", "on its side", "a pixel", "a line", "a column"],
)
def test_where_there_are_no_two_lungs_the_reason_is_given(codes):
    proposal = propose_ctr(film(codes))
    assert proposal.points is None
    assert proposal.reason.endswith(".")
