"""What a pixel measures, row by row of the calibration table, from real headers."""

import math

import pytest
from factories import make_dicom
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.imaging.calibration import LineCalibration, calibration_of
from gaze2report.imaging.dicom import read_dicom
from gaze2report.types import InstanceHeader

LINE = LineCalibration(10.0, 10.0, 40.0, 50.0, 25.0, "Dr A", "2024-03-01T10:00:00.000000Z")

ROWS = [
    ("nothing", {}, None, "px", "none"),
    ("pixel spacing alone", {"PixelSpacing": [0.2, 0.1]}, (0.2, 0.1), "mm (uncalibrated?)", "unknown"),
    (
        "equal spacings",
        {"PixelSpacing": ["0.143", "0.1430"], "ImagerPixelSpacing": [0.143, 0.143]},
        (0.143, 0.143),
        "mm @detector",
        "detector",
    ),
    (
        "corrected by a fiducial",
        {"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.25, 0.125], "PixelSpacingCalibrationType": "FIDUCIAL"},
        (0.2, 0.1),
        "mm (calibrated: FIDUCIAL)",
        "calibrated",
    ),
    (
        "corrected by geometry",
        {"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.25, 0.125], "PixelSpacingCalibrationType": "GEOMETRY"},
        (0.2, 0.1),
        "mm (calibrated: GEOMETRY)",
        "calibrated",
    ),
    (
        "corrected, nobody says how",
        {"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.25, 0.125]},
        (0.2, 0.1),
        "mm (calibrated: unknown)",
        "calibrated",
    ),
    (
        "imager spacing and magnification",
        {"ImagerPixelSpacing": [0.2, 0.1], "EstimatedRadiographicMagnificationFactor": "1.25"},
        (0.16, 0.08),
        "mm (ERMF)",
        "magnification",
    ),
    (
        "imager spacing and distances",
        {"ImagerPixelSpacing": [0.2, 0.1], "DistanceSourceToDetector": 1800, "DistanceSourceToPatient": 1500},
        (0.2 / 1.2, 0.1 / 1.2),
        "mm (geometry est.)",
        "geometry",
    ),
    ("imager spacing alone", {"ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1), "mm @detector", "detector"),
]


@pytest.mark.parametrize(("name", "elements", "spacing", "suffix", "kind"), ROWS, ids=[row[0] for row in ROWS])
def test_each_row_of_the_table_gives_its_value_and_its_unit(tmp_path, name, elements, spacing, suffix, kind):
    calibration = calibration_of(read_dicom(make_dicom(tmp_path / "a.dcm", **elements)).header)
    assert (calibration.unit_suffix, calibration.kind) == (suffix, kind)
    if spacing is None:
        assert (calibration.row_mm, calibration.column_mm, calibration.is_metric) == (None, None, False)
        assert calibration.length(3, 4) == 5.0
    else:
        assert (calibration.row_mm, calibration.column_mm) == pytest.approx(spacing, rel=1e-3)
        # the first of DICOM's two numbers is the distance between rows: downwards
        assert calibration.length(0, 100) == pytest.approx(100 * spacing[0], rel=1e-3)
        assert calibration.length(100, 0) == pytest.approx(100 * spacing[1], rel=1e-3)
    assert calibration.explanation.endswith(".")


def test_a_readers_line_goes_before_the_header_and_keeps_the_shape_of_the_pixels(tmp_path):
    header = read_dicom(make_dicom(tmp_path / "a.dcm", ImagerPixelSpacing=[0.2, 0.1])).header
    calibration = calibration_of(header, LINE)
    assert (calibration.unit_suffix, calibration.kind) == ("mm (user cal.)", "user")
    assert calibration.length(30, 40) == pytest.approx(25.0, rel=1e-12)
    assert calibration.row_mm / calibration.column_mm == pytest.approx(2.0)
    assert "Dr A" in calibration.explanation
    assert "2024-03-01" in calibration.explanation


def test_a_readers_line_gives_millimetres_where_the_header_gives_none():
    calibration = calibration_of(InstanceHeader("1", "2", "3"), LINE)
    assert calibration.row_mm == calibration.column_mm == pytest.approx(0.5)


@pytest.mark.parametrize(
    "elements",
    [
        {"EstimatedRadiographicMagnificationFactor": 1},  # what devices write that do not know it
        {"EstimatedRadiographicMagnificationFactor": 0},
        {"EstimatedRadiographicMagnificationFactor": -1.2},
        {"EstimatedRadiographicMagnificationFactor": 1000},
        {"DistanceSourceToDetector": 1800},
        {"DistanceSourceToDetector": 1800, "DistanceSourceToPatient": 0},
        {"DistanceSourceToDetector": 1500, "DistanceSourceToPatient": 1800},
        {"DistanceSourceToDetector": 1800, "DistanceSourceToPatient": 1},
    ],
)
def test_a_magnification_that_cannot_be_is_not_used(tmp_path, elements):
    header = read_dicom(make_dicom(tmp_path / "a.dcm", ImagerPixelSpacing=[0.2, 0.2], **elements)).header
    assert calibration_of(header).unit_suffix == "mm @detector"


@pytest.mark.parametrize("value", ["abc", "1,25", "1e999", "\x00\x01"])
def test_a_broken_element_is_left_out_and_the_film_is_still_read(tmp_path, value):
    path = make_dicom(tmp_path / "a.dcm", ImagerPixelSpacing=[0.2, 0.2])
    from pydicom import dcmread
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    dataset = dcmread(path)
    tag = Tag("EstimatedRadiographicMagnificationFactor")
    raw = value.encode().ljust(6)
    dataset[tag] = RawDataElement(tag, "DS", len(raw), raw, 0, False, True)
    dataset.save_as(path)
    assert calibration_of(read_dicom(path).header).unit_suffix == "mm @detector"


def test_equal_spacings_are_compared_by_value_and_magnified_ones_never_pass_as_equal():
    def suffix(pixel, imager, **more):
        header = InstanceHeader("1", "2", "3", pixel_spacing_mm=pixel, imager_pixel_spacing_mm=imager, **more)
        return calibration_of(header).unit_suffix

    assert suffix((0.1, 0.1), (0.10000001, 0.1)) == "mm @detector"
    assert suffix((0.1, 0.1), (0.101, 0.101)) == "mm (calibrated: unknown)"
    assert suffix((0.1, 0.1), (0.1, 0.2)) == "mm (calibrated: unknown)"
    # detector spacing written twice is still corrected where the file says how
    assert suffix((0.1, 0.1), (0.1, 0.1), estimated_magnification=1.1) == "mm (ERMF)"


def test_plain_millimetres_are_said_of_cross_sections_only():
    def suffix(modality, **spacing):
        return calibration_of(InstanceHeader("1", "2", "3", modality=modality, **spacing)).unit_suffix

    assert suffix("CT", pixel_spacing_mm=(0.5, 0.5)) == "mm"
    for modality in ("CR", "DX", "RG", "XA", "RF", "OT", ""):
        assert suffix(modality, pixel_spacing_mm=(0.5, 0.5)) == "mm (uncalibrated?)"


spacings = st.none() | st.tuples(st.floats(0.01, 2.0), st.floats(0.01, 2.0))
numbers = st.none() | st.floats(0.001, 5000.0)


@given(
    pixel=spacings, imager=spacings, magnification=numbers, detector=numbers, patient=numbers,
    modality=st.sampled_from(["CR", "DX", "RG", ""]),
)  # fmt: skip
def test_no_projection_is_ever_in_plain_millimetres(pixel, imager, magnification, detector, patient, modality):
    header = InstanceHeader(
        "1", "2", "3", modality=modality, pixel_spacing_mm=pixel, imager_pixel_spacing_mm=imager,
        estimated_magnification=magnification, source_to_detector_mm=detector, source_to_patient_mm=patient,
    )  # fmt: skip
    calibration = calibration_of(header)
    assert calibration.unit_suffix != "mm"
    assert calibration.is_metric == (calibration.unit_suffix != "px")
    assert math.isfinite(calibration.length(1, 1))
    assert calibration.area_suffix.startswith(("mm² ", "px²"))


@pytest.mark.parametrize(
    "change", [{"x1_px": 10.0, "y1_px": 10.2}, {"length_mm": 0.0}, {"length_mm": -3.0}, {"length_mm": math.nan}]
)
def test_a_line_that_measures_nothing_is_refused(change):
    import dataclasses

    with pytest.raises(ValueError, match="calibration line"):
        dataclasses.replace(LINE, **change)


def test_how_the_patient_lay_is_taken_over(tmp_path):
    from pydicom.dataset import Dataset

    lying, modifier = Dataset(), Dataset()
    modifier.CodeMeaning = "supine"
    lying.CodeMeaning = "recumbent"
    lying.PatientOrientationModifierCodeSequence = [modifier]
    path = make_dicom(tmp_path / "a.dcm", PatientOrientationCodeSequence=[lying])
    assert read_dicom(path).header.patient_position == "RECUMBENT SUPINE"
    assert read_dicom(make_dicom(tmp_path / "b.dcm", PatientPosition="HFS")).header.patient_position == "HFS"
