"""Overlay planes and display shutters, through files of each byte order."""

from __future__ import annotations

import numpy as np
import pytest
from factories import NATIVE_TRANSFER_SYNTAXES, make_dataset, write_dataset
from pydicom.pixels.utils import pack_bits
from pydicom.uid import ExplicitVRBigEndian

from gaze2report.imaging.intake import Intake
from gaze2report.imaging.read import read_image
from gaze2report.types import Shutter


def with_overlay(dataset, mask, group=0x6000, origin=(1, 1), kind="G", label="", is_little_endian=True):
    dataset.add_new((group, 0x0010), "US", mask.shape[0])
    dataset.add_new((group, 0x0011), "US", mask.shape[1])
    dataset.add_new((group, 0x0040), "CS", kind)
    dataset.add_new((group, 0x0050), "SS", list(origin))
    dataset.add_new((group, 0x0100), "US", 1)
    dataset.add_new((group, 0x0102), "US", 0)
    if label:
        dataset.add_new((group, 0x1500), "LO", label)
    packed = pack_bits(mask.astype(np.uint8).ravel(), pad=True)
    if not is_little_endian:
        packed = np.frombuffer(packed, "<u2").astype(">u2").tobytes()
    dataset.add_new((group, 0x3000), "OW", packed)
    return dataset


MASK = np.random.default_rng(5).random((33, 27)) < 0.3


@pytest.mark.parametrize("syntax", NATIVE_TRANSFER_SYNTAXES)
def test_overlays_are_read_bit_for_bit_from_files_of_every_byte_order(tmp_path, syntax):
    little = syntax != ExplicitVRBigEndian
    dataset = make_dataset(is_little_endian=little)
    with_overlay(dataset, MASK, origin=(11, -4), label="marker", is_little_endian=little)
    with_overlay(dataset, ~MASK, group=0x6004, kind="R", is_little_endian=little)
    first, second = read_image(write_dataset(tmp_path / "film.dcm", dataset, syntax)).overlays
    np.testing.assert_array_equal(first.mask, MASK)
    np.testing.assert_array_equal(second.mask, ~MASK)
    assert (first.top_px, first.left_px, first.label, first.is_region) == (10, -5, "marker", False)
    assert (second.top_px, second.left_px, second.label, second.is_region) == (0, 0, "overlay 6004", True)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        pytest.param(lambda d: d.__delitem__((0x6000, 0x3000)), "unused bits", id="in_the_pixels"),
        pytest.param(lambda d: d.__delitem__((0x6000, 0x0011)), "unusable", id="no_columns"),
        pytest.param(lambda d: setattr(d[0x6000, 0x0010], "value", 65535), "unusable", id="too_short"),
        pytest.param(lambda d: setattr(d[0x6000, 0x3000], "value", b""), "unusable", id="empty"),
        pytest.param(lambda d: d.add_new((0x6000, 0x0015), "IS", "3"), "unusable", id="three_frames"),
    ],
)
def test_a_broken_overlay_costs_itself_and_a_note_never_the_film(tmp_path, change, note):
    dataset = with_overlay(with_overlay(make_dataset(), MASK), MASK, group=0x6002)
    change(dataset)
    image = read_image(write_dataset(tmp_path / "film.dcm", dataset))
    assert [overlay.label for overlay in image.overlays] == ["overlay 6002"]
    assert any("6000" in text and note in text for text in image.notes)


RECTANGLE = {
    "ShutterLeftVerticalEdge": 11, "ShutterRightVerticalEdge": 100,
    "ShutterUpperHorizontalEdge": 21, "ShutterLowerHorizontalEdge": 140,
}  # fmt: skip


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"ShutterShape": "RECTANGULAR", **RECTANGLE}, Shutter((10.0, 20.0, 100.0, 140.0))),
        (
            {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [81, 73], "RadiusOfCircularShutter": 60},
            Shutter(circle_px=(72.5, 80.5, 60.0)),
        ),
        (
            {
                "ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [10, 20, 10, 120, 150, 70],
                "ShutterPresentationValue": 65535,
            },
            Shutter(polygon_px=((19.5, 9.5), (119.5, 9.5), (69.5, 149.5)), grey=1.0),
        ),
        (
            {
                "ShutterShape": ["RECTANGULAR", "CIRCULAR"], **RECTANGLE,
                "CenterOfCircularShutter": [81, 73], "RadiusOfCircularShutter": 60,
            },
            Shutter((10.0, 20.0, 100.0, 140.0), (72.5, 80.5, 60.0)),
        ),
        ({}, None),
    ],
)  # fmt: skip
def test_each_shape_of_shutter_is_read_in_image_coordinates(tmp_path, elements, expected):
    image = read_image(write_dataset(tmp_path / "film.dcm", make_dataset(**elements)))
    assert image.shutter == expected
    assert not any("shutter" in note for note in image.notes)


@pytest.mark.parametrize(
    "elements",
    [
        {"ShutterShape": "RECTANGULAR"},
        {"ShutterShape": "RECTANGULAR", **RECTANGLE, "ShutterRightVerticalEdge": 3},
        {"ShutterShape": "RECTANGULAR", **RECTANGLE, "ShutterLeftVerticalEdge": 4000, "ShutterRightVerticalEdge": 5000},
        {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [81, 73]},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [10, 20, 10]},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [10, 20, 20, 30, 30, 40]},
        {"ShutterShape": "BITMAP"},
    ],
)
def test_a_shutter_that_is_broken_or_would_hide_everything_is_ignored_and_said(tmp_path, elements):
    image = read_image(write_dataset(tmp_path / "film.dcm", make_dataset(**elements)))
    assert image.shutter is None
    assert any("shutter" in note and "ignored" in note for note in image.notes)


def test_overlays_shutter_and_orientation_come_through_the_worker(tmp_path):
    dataset = with_overlay(make_dataset(ShutterShape="RECTANGULAR", **RECTANGLE, PatientOrientation=["L", "F"]), MASK)
    path = write_dataset(tmp_path / "film.dcm", dataset)
    with Intake() as intake:
        image = intake.read(path)
    np.testing.assert_array_equal(image.overlays[0].mask, MASK)
    assert image.shutter == Shutter((10.0, 20.0, 100.0, 140.0))
    assert image.header.patient_orientation == ("L", "F")


def test_a_patient_orientation_without_meaning_is_noted_and_one_left_empty_is_not(tmp_path):
    wrong = read_image(write_dataset(tmp_path / "wrong.dcm", make_dataset(PatientOrientation=["L", "R"])))
    assert wrong.header.patient_orientation is None
    assert any("Patient Orientation" in note for note in wrong.notes)
    empty = read_image(write_dataset(tmp_path / "empty.dcm", make_dataset(PatientOrientation="")))
    assert empty.header.patient_orientation is None
    assert empty.notes == ()
