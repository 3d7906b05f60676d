"""Values of measurements: known answers, numpy's own on a mask, and what turning a film may never change."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaze2report.imaging import measure
from gaze2report.imaging.calibration import Calibration, calibration_of
from gaze2report.imaging.ctr_view import ctr_view
from gaze2report.imaging.measurement_text import exact_text, report_sentence, screen_lines
from gaze2report.imaging.measurements import (
    MEASUREMENT_KINDS,
    POINT_COUNTS,
    Measurement,
    MeasurementKind,
    measurement_from_json,
    measurement_to_json,
)
from gaze2report.types import Image, InstanceHeader

PIXELS = calibration_of(InstanceHeader("1", "2", "3"))
TALL = Calibration(0.2, 0.1, "unknown", "mm (uncalibrated?)", "")  # a row is twice as high as a column is wide


def drawn(kind, *points, **more):
    return Measurement(kind, tuple((float(x), float(y)) for x, y in points), **more)


def film(codes, modality_values=None, padding_codes=None):
    codes = np.asarray(codes, dtype=np.uint16)
    values = np.arange(65536.0) if modality_values is None else modality_values
    return Image(codes, values, InstanceHeader("1", "2", "3"), "", padding_codes=padding_codes)


# --- known answers ----------------------------------------------------------------------------------------------


def test_a_length_counts_rows_and_columns_by_their_own_spacing():
    line = drawn("length", (10, 10), (40, 50))
    assert measure.length(line, PIXELS) == 50.0
    assert measure.length(line, TALL) == pytest.approx(math.hypot(3.0, 8.0))


def test_an_angle_is_that_of_the_patient_not_of_the_pixels():
    corner = drawn("angle", (10, 0), (0, 0), (10, 10))
    assert measure.angle_deg(corner, PIXELS) == pytest.approx(45.0)
    assert measure.angle_deg(corner, TALL) == pytest.approx(math.degrees(math.atan2(2.0, 1.0)))
    assert measure.angle_deg(drawn("angle", (-5, 0), (0, 0), (5, 0)), TALL) == pytest.approx(180.0)
    assert math.isnan(measure.angle_deg(drawn("angle", (0, 0), (0, 0), (5, 0)), PIXELS))


def test_a_cobb_angle_does_not_depend_on_which_way_a_line_was_drawn():
    a, b, c, d = (0, 0), (10, 3), (0, 50), (10, 45)
    expected = math.degrees(math.atan(0.3) + math.atan(0.5))
    for points in ((a, b, c, d), (b, a, c, d), (a, b, d, c), (c, d, a, b)):
        assert measure.cobb_angle_deg(drawn("cobb", *points), PIXELS) == pytest.approx(expected)
    assert measure.cobb_angle_deg(drawn("cobb", (0, 0), (5, 0), (9, 9), (9, 1)), PIXELS) == pytest.approx(90.0)


def test_a_cardiothoracic_ratio_takes_horizontal_distances_only():
    lines = drawn("ctr", (300, 700), (560, 640), (100, 900), (620, 400))
    assert measure.cardiothoracic_ratio(lines) == 0.5
    lying = drawn("ctr", (700, 300), (640, 560), (900, 100), (400, 620), axis="y")
    assert measure.cardiothoracic_ratio(lying) == 0.5
    assert math.isnan(measure.cardiothoracic_ratio(drawn("ctr", (1, 1), (2, 2), (5, 5), (5, 9))))
    assert screen_lines(lines, PIXELS) == ("CTR 0.50",)


def test_areas_of_ellipse_and_rectangle():
    assert measure.area(drawn("rectangle", (50, 10), (10, 30)), TALL) == pytest.approx(4.0 * 4.0)
    assert measure.area(drawn("ellipse", (10, 10), (50, 30)), TALL) == pytest.approx(math.pi * 2.0 * 2.0)


# --- grey values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ellipse", "rectangle"])
@pytest.mark.parametrize(
    "corners",
    [((5.2, 7.9), (40.6, 30.1)), ((40.6, 30.1), (5.2, 7.9)), ((-30, -20), (12, 900)), ((8.5, 8.5), (8.5, 8.5))],
)
def test_statistics_are_numpys_over_the_pixels_whose_middle_is_inside(kind, corners):
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 4096, (60, 80))
    modality_values = np.arange(4096) * 0.5 - 300.0
    found = measure.region_statistics(drawn(kind, *corners), film(codes, modality_values))

    (x0, x1), (y0, y1) = sorted(p[0] for p in corners), sorted(p[1] for p in corners)
    y, x = np.mgrid[:60, :80] + 0.5
    if kind == "rectangle":
        inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    else:
        a, b = max((x1 - x0) / 2, 1e-12), max((y1 - y0) / 2, 1e-12)
        inside = ((x - (x0 + x1) / 2) / a) ** 2 + ((y - (y0 + y1) / 2) / b) ** 2 <= 1.0
    values = modality_values[codes[inside]]
    assert found.pixels == inside.sum() > 0
    assert (found.minimum, found.maximum) == (values.min(), values.max())
    assert found.mean == pytest.approx(values.mean(), rel=1e-12)
    assert found.standard_deviation == pytest.approx(values.std(), rel=1e-9, abs=1e-12)


def test_padding_does_not_count_and_a_region_off_the_film_has_no_values():
    codes = np.full((20, 20), 100)
    codes[:, :10] = 7
    found = measure.region_statistics(drawn("rectangle", (0, 0), (20, 20)), film(codes, padding_codes=(7, 7)))
    assert (found.pixels, found.minimum, found.mean) == (200, 100.0, 100.0)
    for corners in (((100, 100), (120, 120)), ((-9, -9), (-1, -1)), ((3.6, 3.6), (4.4, 4.4))):
        nothing = measure.region_statistics(drawn("ellipse", *corners), film(codes))
        assert nothing.pixels == 0
        assert math.isnan(nothing.mean)


@given(st.integers(0, 30), st.integers(1, 30), st.sampled_from(["ellipse", "rectangle"]))
def test_the_histogram_of_a_region_counts_the_pixels_that_its_statistics_count(
    left: int, width: int, kind: MeasurementKind
) -> None:
    codes = np.random.default_rng(left * 31 + width).integers(0, 50, (40, 60)).astype(np.uint16)
    region = drawn(kind, (left, 3), (left + width, 33))
    statistics = measure.region_statistics(region, film(codes))
    histogram = measure.region_histogram(region, film(codes), bins=16)
    assert histogram.counts.sum() == statistics.pixels
    if statistics.pixels:
        assert histogram.edges[[0, -1]].tolist() == [statistics.minimum, statistics.maximum]


def test_the_histogram_of_known_values_and_of_one_value() -> None:
    found = measure.region_histogram(drawn("rectangle", (0, 0), (4, 1)), film([[0, 1, 3, 3], [9, 9, 9, 9]]), bins=3)
    assert found.counts.tolist() == [1, 1, 2]
    assert found.edges.tolist() == [0.0, 1.0, 2.0, 3.0]
    flat = measure.region_histogram(drawn("rectangle", (0, 0), (2, 2)), film(np.full((4, 4), 7)), bins=3)
    assert flat.counts.sum() == 4
    assert set(flat.edges) == {7.0}


def test_area_and_pixel_count_agree_for_a_large_ellipse():
    ellipse = drawn("ellipse", (10, 20), (910, 620))
    found = measure.region_statistics(ellipse, film(np.zeros((700, 1000))))
    assert found.pixels == pytest.approx(measure.area(ellipse, PIXELS), rel=1e-3)


# --- turning the film -------------------------------------------------------------------------------------------

ROWS, COLUMNS = 90, 130
TURNS = {
    "flipped": (lambda x, y: (COLUMNS - x, y), lambda a: a[:, ::-1], False),
    "upside down": (lambda x, y: (x, ROWS - y), lambda a: a[::-1], False),
    "half turn": (lambda x, y: (COLUMNS - x, ROWS - y), lambda a: a[::-1, ::-1], False),
    "quarter turn": (lambda x, y: (ROWS - y, x), lambda a: np.rot90(a, -1), True),
    "transposed": (lambda x, y: (y, x), lambda a: a.T, True),
}
# quarters are exact in binary, so a turned point is the same point; and none lies in the middle of a pixel
coordinates = st.tuples(st.integers(0, 4 * COLUMNS), st.integers(0, 4 * ROWS)).map(lambda p: (p[0] / 4, p[1] / 4))


@pytest.mark.parametrize("turn", TURNS)
@settings(max_examples=40)
@given(data=st.data())
def test_turning_film_and_drawing_together_changes_no_value(turn, data):
    place, turn_pixels, is_quarter = TURNS[turn]
    kind = data.draw(st.sampled_from(["length", "angle", "cobb", "ellipse", "rectangle", "ctr"]))
    points = data.draw(st.lists(coordinates, min_size=POINT_COUNTS[kind], max_size=POINT_COUNTS[kind]))
    one = drawn(kind, *points)
    other = drawn(kind, *(place(*point) for point in points), axis="y" if is_quarter else "x")
    turned_spacing = dataclasses.replace(TALL, row_mm=TALL.column_mm, column_mm=TALL.row_mm) if is_quarter else TALL
    values = {
        "length": measure.length, "angle": measure.angle_deg, "cobb": measure.cobb_angle_deg, "ellipse": measure.area,
        "rectangle": measure.area, "ctr": lambda m, _: measure.cardiothoracic_ratio(m),
    }  # fmt: skip
    assert values[kind](other, turned_spacing) == pytest.approx(values[kind](one, TALL), nan_ok=True, abs=1e-5)
    if kind in ("ellipse", "rectangle"):
        codes = np.random.default_rng(1).integers(0, 4096, (ROWS, COLUMNS))
        before = measure.region_statistics(one, film(codes))
        after = measure.region_statistics(other, film(turn_pixels(codes)))
        # an ellipse's edge may pass exactly through the middle of a pixel, where the last bit decides
        assert abs(after.pixels - before.pixels) <= (4 if kind == "ellipse" else 0)
        if after.pixels == before.pixels:
            assert dataclasses.astuple(after) == pytest.approx(dataclasses.astuple(before), nan_ok=True)


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.floats(0.01, 100))
def test_angles_and_ratios_do_not_depend_on_where_and_how_large(dx, dy, factor):
    corner = ((10.0, 0.0), (0.0, 0.0), (7.0, 9.0))
    lines = ((30.0, 3.0), (56.0, 7.0), (10.0, 1.0), (62.0, 2.0))
    place = lambda points: [(factor * x + dx, factor * y + dy) for x, y in points]  # noqa: E731
    assert measure.angle_deg(drawn("angle", *place(corner)), TALL) == pytest.approx(
        measure.angle_deg(drawn("angle", *corner), TALL), abs=1e-3
    )
    assert measure.cardiothoracic_ratio(drawn("ctr", *place(lines))) == pytest.approx(0.5, rel=1e-4)


# --- drawings ---------------------------------------------------------------------------------------------------

floats = st.floats(-1e5, 1e5)


@given(st.data())
def test_a_drawing_survives_json_with_every_digit(data):
    kind = data.draw(st.sampled_from(MEASUREMENT_KINDS))
    count = POINT_COUNTS[kind]
    points = data.draw(st.lists(st.tuples(floats, floats), min_size=count, max_size=count))
    text = data.draw(st.text(st.characters(codec="utf-8"), max_size=50))
    measurement = Measurement(
        kind, tuple(points), text, is_proposed=kind == "ctr", axis=data.draw(st.sampled_from("xy"))
    )
    assert measurement_from_json(json.loads(json.dumps(measurement_to_json(measurement)))) == measurement


@pytest.mark.parametrize(
    ("kind", "points", "more"),
    [
        ("circle", ((0, 0), (1, 1)), {}),
        ("length", ((0, 0),), {}),
        ("length", ((0, 0), (math.nan, 1)), {}),
        ("length", ((0, 0), (1, math.inf)), {}),
        ("length", ((0, 0), (1, 1)), {"is_proposed": True}),
        ("ctr", ((0, 0),) * 4, {"axis": "z"}),
        ("text", ((0, 0),), {"text": "x" * 501}),
    ],
)
def test_what_is_no_drawing_is_refused(kind, points, more):
    with pytest.raises(ValueError, match=r"measurement|has|axis|cardiothoracic"):
        Measurement(kind, points, **more)


def test_a_proposal_a_reader_touches_is_the_readers():
    proposed = drawn("ctr", (1, 1), (2, 2), (0, 0), (4, 4), is_proposed=True)
    for touched in (proposed.confirmed(), proposed.moved(1, 1), proposed.with_point(2, (0.5, 0.0))):
        assert not touched.is_proposed
        assert touched.key == proposed.key


# --- words ------------------------------------------------------------------------------------------------------


def test_what_stands_beside_a_drawing_and_what_goes_into_the_report():
    line = drawn("length", (0, 0), (30, 40))
    assert screen_lines(line, TALL) == ("8.5 mm (uncalibrated?)",)
    assert report_sentence(line, TALL) == "Length: 8.5 mm (uncalibrated?)."
    assert (
        report_sentence(dataclasses.replace(line, text="tube tip to carina"), PIXELS) == "Tube tip to carina: 50.0 px."
    )
    assert exact_text(line, TALL).split("\t") == ["Length", repr(math.hypot(3.0, 8.0)), "mm (uncalibrated?)"]
    assert report_sentence(drawn("angle", (10, 0), (0, 0), (10, 10)), PIXELS) == "Angle: 45.0°."

    region = drawn("rectangle", (0, 0), (2, 2))
    statistics = measure.region_statistics(region, film([[1, 2], [3, 6]]))
    assert screen_lines(region, TALL, statistics) == (
        "mean 3.0 SD 1.9", "min 1.0 max 6.0", "area 0.1 mm² (uncalibrated?)",
    )  # fmt: skip
    assert report_sentence(drawn("arrow", (0, 0), (5, 5), text="here"), PIXELS) == ""


def test_nothing_unconfirmed_and_nothing_without_a_value_goes_into_the_report():
    lines = drawn("ctr", (30, 0), (56, 0), (10, 0), (62, 0), is_proposed=True)
    assert report_sentence(lines, PIXELS) == ""
    assert screen_lines(lines, PIXELS, caveat="AP film, heart magnified") == (
        "CTR 0.50", "(proposed, not confirmed)", "(AP film, heart magnified)",
    )  # fmt: skip
    confirmed = lines.confirmed()
    assert report_sentence(confirmed, PIXELS) == "Cardiothoracic ratio: 0.50."
    assert report_sentence(confirmed, PIXELS, caveat="AP film") == "Cardiothoracic ratio: 0.50 (AP film)."
    assert report_sentence(drawn("angle", (0, 0), (0, 0), (1, 1)), PIXELS) == ""


@pytest.mark.parametrize(
    ("fields", "caveat"),
    [
        ({"view_position": "PA"}, ""),
        ({"view_position": "AP"}, "AP film, heart magnified"),
        ({"view_position": "AP SUPINE"}, "AP film, heart magnified, patient lying, heart wider"),
        ({"view_position": "AP", "patient_position": "RECUMBENT SUPINE"}, "AP film, heart magnified, patient lying"),
        ({"view_position": "PA", "series_description": "Chest portable"}, "bedside film"),
        ({"view_position": ""}, "view not stated"),
    ],
)
def test_off_upright_pa_the_ratio_carries_a_caveat(fields, caveat):
    view = ctr_view(InstanceHeader("1", "2", "3", **fields))
    assert view.refusal == ""
    assert view.caveat.startswith(caveat) if caveat else view.caveat == ""


@pytest.mark.parametrize("position", ["LL", "RL", "LATERAL", "RAO", "LEFT LATERAL"])
def test_on_a_lateral_film_there_is_no_ratio(position):
    assert "frontal" in ctr_view(InstanceHeader("1", "2", "3", view_position=position)).refusal
