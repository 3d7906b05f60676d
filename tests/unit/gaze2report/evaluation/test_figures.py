"""Figures: files of the kind asked for, the same bytes each time, with what they say written in them."""

from __future__ import annotations

import io
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.evaluation.figures import (
    Curve,
    IntervalRow,
    bar_plot,
    calibration_plot,
    interval_plot,
    line_plot,
    roc_plot,
    roc_points,
    scatter_plot,
)
from gaze2report.overlay import film_thumbnail
from gaze2report.types import Fixation

ROWS = [
    IntervalRow("BLEU-4", 0.12, 0.10, 0.14, "predicted"),
    IntervalRow("BLEU-4 without gaze", 0.11, 0.09, 0.13, "none"),
    IntervalRow("METEOR", float("nan"), group="none"),
]
CURVES = [Curve("Edema (0.81)", [0.0, 0.2, 1.0], [0.0, 0.7, 1.0], [3, 90, 10]), Curve("Fracture", [0, 1], [0, 1])]
FIGURES = {
    "intervals": lambda form: interval_plot(ROWS, title="Title", axis="score", null_value=0.0, file_format=form),
    "bars": lambda form: bar_plot(["A & B", "C"], {"F1": [0.5, float("nan")], "head": [0.2, 1]}, file_format=form),
    "roc": lambda form: roc_plot(CURVES, title="ROC", file_format=form),
    "calibration": lambda form: calibration_plot(CURVES, file_format=form),
    "scatter": lambda form: scatter_plot(
        {"a": ([1, 2], [3, 4]), "b": ([], [])}, x_axis="NSS", with_line=True, file_format=form
    ),
    "lines": lambda form: line_plot(CURVES, x_axis="step", y_axis="loss", file_format=form),
}


def words_of(svg: bytes) -> str:
    return " ".join("".join(node.itertext()) for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"))


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_is_a_file_of_its_kind_and_the_same_each_time(name):
    svg, png = FIGURES[name]("svg"), FIGURES[name]("png")
    assert ET.fromstring(svg).tag.endswith("svg")
    assert svg == FIGURES[name]("svg")
    picture = PIL.Image.open(io.BytesIO(png))
    assert picture.format == "PNG"
    assert np.asarray(picture.convert("L")).std() > 5  # something is drawn


def test_what_a_figure_says_stands_in_it_as_text():
    words = words_of(FIGURES["intervals"]("svg"))
    for said in ("Title", "BLEU-4 without gaze", "not run", "score", "predicted"):
        assert said in words
    assert "A & B" in words_of(FIGURES["bars"]("svg"))
    assert "Edema (0.81)" in words_of(FIGURES["roc"]("svg"))


def test_figures_of_nothing_are_drawn_too():
    for svg in (interval_plot([]), bar_plot([], {}), roc_plot([]), calibration_plot([]), scatter_plot({})):
        assert ET.fromstring(svg).tag.endswith("svg")


def test_an_interval_lies_where_its_numbers_say():
    """The picture of a row is as long as the interval: twice the interval, twice the ink."""
    rows = [
        IntervalRow("a", 0.5, 0.4, 0.6),
        IntervalRow("b", 0.5, 0.3, 0.7),
        IntervalRow("c", 0.0),
        IntervalRow("d", 1),
    ]
    pixels = np.asarray(PIL.Image.open(io.BytesIO(interval_plot(rows, file_format="png"))).convert("RGB"), np.int64)
    ink = (np.abs(pixels - (0x00, 0x72, 0xB2)).sum(axis=2) < 60).sum(axis=1)
    lines = [int(run.max()) for run in np.split(ink, np.flatnonzero(np.diff(ink > 0)) + 1) if run[0] > 0]
    assert len(lines) == 4
    assert lines[1] == pytest.approx(2 * lines[0], rel=0.05)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30))
def test_the_area_under_the_roc_is_the_share_of_pairs_in_order(cases):
    scores, labels = (np.array([case[i] for case in cases], dtype=np.float64) for i in (0, 1))
    x, y = roc_points(np.append(scores, 9.0), np.append(labels, np.nan))
    positive, negative = scores[labels == 1], scores[labels == 0]
    if not len(positive) or not len(negative):
        return
    pairs = positive[:, None] - negative[None, :]
    expected = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert np.trapezoid(y, x) == pytest.approx(expected, abs=1e-12)


def test_a_thumbnail_shows_boxes_and_scanpath_where_they_are():
    film = np.full((400, 200), 40, np.uint8)
    path = [Fixation(50.0, 100.0, 0.3), Fixation(150.0, 300.0, 0.3)]
    jpeg = film_thumbnail(film, path, [("Edema", (20.0, 240.0, 80.0, 360.0))], "predicted", long_side_px=400)
    picture = PIL.Image.open(io.BytesIO(jpeg))
    assert picture.format == "JPEG"
    assert picture.width == 200
    assert picture.height > 400
    pixels = np.asarray(picture.convert("RGB"), dtype=np.int64)
    assert pixels[300, 20, 2] > pixels[300, 20, 0] + 60  # the left edge of the box, bluish
    assert pixels[200, 100, 0] > pixels[200, 100, 2] + 60  # half way of the saccade, yellowish
    assert np.abs(pixels[20, 180] - 40).max() < 12  # and the film itself elsewhere


def test_naming_the_figures_loads_no_matplotlib():
    code = "import sys, gaze2report.evaluation.figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
