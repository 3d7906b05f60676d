"""The display table against pydicom's own chain, and the properties of windows."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pydicom
import pytest
from factories import make_dataset, make_lut, write_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_presentation_lut, apply_voi_lut, apply_windowing

from gaze2report.imaging.dicom import read_dicom
from gaze2report.imaging.windowing import (
    automatic_window,
    default_voi,
    display_table,
    equivalent_window,
    to_display,
    voi_output,
)
from gaze2report.types import Image, InstanceHeader, VoiLut, VoiWindow

WINDOWS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
LUT_BITS = (8, 10, 12, 14, 16)


def reference_display(dataset: Dataset) -> np.ndarray:
    """8-bit display by pydicom: Modality LUT, VOI, inversion, then scaled over the output range of the VOI stage."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a VOI LUT on rescaled, so floating-point, values
        stored = dataset.pixel_array
        output = apply_voi_lut(apply_modality_lut(stored, dataset), dataset).astype(np.float64)
    if dataset.get("VOILUTSequence"):
        low, high = 0.0, 2.0 ** dataset.VOILUTSequence[0].LUTDescriptor[2] - 1
    else:
        bits = dataset.BitsStored
        low, high = (
            (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if dataset.PixelRepresentation else (0.0, 2.0**bits - 1)
        )
        slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
        low, high = low * slope + intercept, high * slope + intercept
    level = output - low
    if "PresentationLUTShape" in dataset:
        level = apply_presentation_lut(level, dataset)
    elif dataset.PhotometricInterpretation == "MONOCHROME1":
        level = (high - low) - level
    display = 255.0 * level / (high - low)
    if "PixelPaddingValue" in dataset:
        ends = sorted((int(dataset.PixelPaddingValue), int(dataset.PixelPaddingRangeLimit)))
        display[(stored >= ends[0]) & (stored <= ends[1])] = 0.0
    return display


def ramp_film(voi: str | int, photometric: str, is_signed: bool, is_rescaled: bool, is_inverse: bool, is_padded: bool):
    """Data set that holds every stored value once, under a window function or a VOI LUT of so many bits."""
    bits = voi if isinstance(voi, int) else 12
    first = -(2 ** (bits - 1)) if is_signed else 0
    values = np.arange(first, first + 2**bits).reshape(16, -1)
    elements: dict[str, object] = {}
    slope, intercept = (0.5, -100.0) if isinstance(voi, str) else (1.0, 10.0)
    if is_rescaled:
        elements |= {"RescaleSlope": slope, "RescaleIntercept": intercept}
    if is_inverse:
        elements["PresentationLUTShape"] = "INVERSE"
    if is_padded:
        elements |= {"PixelPaddingValue": first + 7, "PixelPaddingRangeLimit": first + 2}
    if isinstance(voi, int):
        curve = np.rint((2**bits - 1) * np.linspace(0, 1, 2**bits) ** 1.8)
        first_mapped = first + (int(intercept) if is_rescaled else 0)
        lut = make_lut(curve, max(first_mapped, -(2**15)), bits, is_signed=is_signed)
        elements["VOILUTSequence"] = [lut]
    else:
        middle = (first + 2 ** (bits - 1)) * (slope if is_rescaled else 1.0) + (intercept if is_rescaled else 0.0)
        elements |= {"WindowCenter": middle + 50.3, "WindowWidth": 611.7, "VOILUTFunction": voi}
    return make_dataset(
        values,
        photometric=photometric,
        bits_stored=bits,
        bits_allocated=8 if bits == 8 else 16,
        is_signed=is_signed,
        **elements,
    )


@pytest.mark.parametrize("is_signed", [False, True])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("voi", [*WINDOWS, *LUT_BITS])
def test_the_display_is_within_one_grey_level_of_pydicoms_chain(tmp_path, voi, photometric, is_signed):
    for case in itertools.product((False, True), repeat=3):  # rescaled, INVERSE, padded
        path = write_dataset(tmp_path / "film.dcm", ramp_film(voi, photometric, is_signed, *case))
        image = read_dicom(path)
        display = to_display(image)
        assert not image.notes
        assert np.abs(display - reference_display(pydicom.dcmread(path))).max() <= 1.0, case
        assert len(np.unique(display)) > 200  # a comparison of two black images would prove nothing


@pytest.mark.parametrize("name", ["RG1_UNCR", "RG1_UNCI", "RG1_J2KR", "RG1_J2KI", "RG3_UNCR", "RG3_J2KR", "vlut_04"])
def test_real_films_are_shown_as_pydicom_shows_them(name):
    path = get_testdata_file(f"{name}.dcm")
    assert np.abs(to_display(read_dicom(path)) - reference_display(pydicom.dcmread(path))).max() <= 1.0


def test_a_modality_lut_gives_the_values_of_pydicom():
    path = get_testdata_file("mlut_18.dcm")
    image, dataset = read_dicom(path), pydicom.dcmread(path)
    expected = apply_modality_lut(dataset.pixel_array, dataset)
    assert np.array_equal(image.modality_values[image.codes], expected)


def test_monochrome1_with_shape_inverse_is_inverted_once(tmp_path):
    both = write_dataset(tmp_path / "a.dcm", make_dataset(photometric="MONOCHROME1", PresentationLUTShape="INVERSE"))
    one = write_dataset(tmp_path / "b.dcm", make_dataset(photometric="MONOCHROME1"))
    assert np.array_equal(to_display(read_dicom(both)), to_display(read_dicom(one)))


def made_image(values: np.ndarray, codes: np.ndarray | None = None, **fields) -> Image:
    if codes is None:
        codes = np.arange(len(values), dtype=np.uint16).reshape(1, -1)
    header = InstanceHeader("1", "2", "3")
    return Image(codes=codes, modality_values=values.astype(np.float64), header=header, pixel_sha256="", **fields)


RAMP = np.arange(4096, dtype=np.float64) - 1000.0
window_values = st.tuples(
    st.floats(-3000, 6000, allow_nan=False), st.floats(1.001, 9000, allow_nan=False), st.sampled_from(WINDOWS)
)


def as_dataset(center: float, width: float, function: str) -> Dataset:
    dataset = Dataset()
    dataset.PhotometricInterpretation, dataset.BitsStored, dataset.PixelRepresentation = "MONOCHROME2", 12, 0
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.VOILUTFunction = 1, -1000, function
    dataset.add_new("WindowCenter", "FD", center)
    dataset.add_new("WindowWidth", "FD", width)
    return dataset


@given(window_values)
def test_any_window_agrees_with_pydicom_before_rounding(window):
    center, width, function = window
    with np.errstate(over="ignore"):  # pydicom's sigmoid of a narrow window
        expected = (apply_windowing(RAMP, as_dataset(*window)) - RAMP[0]) / (RAMP[-1] - RAMP[0])
    assert np.allclose(voi_output(RAMP, VoiWindow(center, width, function)), expected, atol=1e-9)


@given(window_values, st.booleans())
def test_a_window_never_swaps_two_grey_levels(window, invert):
    table = display_table(made_image(RAMP), VoiWindow(*window), invert=invert).astype(int)
    steps = np.diff(table)
    assert (steps <= 0).all() if invert else (steps >= 0).all()


@given(window_values)
def test_inverting_an_inverted_image_gives_the_image_back(window):
    voi = VoiWindow(*window)
    plain = display_table(made_image(RAMP), voi)
    assert np.array_equal(display_table(made_image(RAMP, is_inverted=True), voi, invert=True), plain)


@given(st.integers(-500, 2000), st.integers(30, 4000))
def test_the_window_from_a_straight_lut_shows_what_the_lut_shows(first_mapped, count):
    lut = VoiLut(float(first_mapped), np.rint(np.linspace(0, 65535, count)).astype(np.uint16), 16)
    image = made_image(RAMP, voi_luts=(lut,))
    window = equivalent_window(image, lut)
    difference = voi_output(RAMP, window) - voi_output(RAMP, lut)
    assert np.abs(difference).max() < 2.0 / count + 0.002


def test_a_window_is_its_own_start_of_a_drag():
    window = VoiWindow(1.0, 2.0, "SIGMOID", "lung")
    assert equivalent_window(made_image(RAMP), window) is window


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3000), st.integers(1, 1000))
def test_the_automatic_window_runs_from_the_1st_to_the_99th_percentile(seed, low, spread):
    codes = np.random.default_rng(seed).integers(low, low + spread + 1, (64, 64)).astype(np.uint16)
    window = automatic_window(made_image(RAMP, codes))
    expected = np.percentile(RAMP[codes], [1, 99], method="inverted_cdf")
    assert window.explanation == "automatic"
    assert (window.center - window.width / 2, window.center + window.width / 2) == pytest.approx(
        (expected[0], max(expected[1], expected[0] + 1.0 if expected[0] == expected[1] else expected[1])), abs=0.51
    )


def test_padding_is_left_out_of_the_automatic_window_and_stays_black():
    codes = np.full((50, 50), 4095, np.uint16)
    codes[:10] = np.arange(500).reshape(10, 50)
    image = made_image(RAMP, codes, padding_codes=(4095, 4095), is_inverted=True)
    window = automatic_window(image)
    assert window.center + window.width / 2 < RAMP[500]
    for invert in (False, True):
        assert (to_display(image, invert=invert)[10:] == 0).all()


def test_an_image_of_one_value_or_of_padding_alone_still_gets_a_window():
    flat = made_image(RAMP, np.full((8, 8), 7, np.uint16))
    assert automatic_window(flat).width == 1.0
    padded = made_image(RAMP, np.full((8, 8), 7, np.uint16), padding_codes=(7, 7))
    assert to_display(padded).max() == 0


def test_the_image_opens_with_lut_before_window_before_automatic():
    lut = VoiLut(0.0, np.arange(256, dtype=np.uint16), 8)
    window = VoiWindow(40.0, 80.0)
    assert default_voi(made_image(RAMP, voi_luts=(lut,), windows=(window,))) is lut
    assert default_voi(made_image(RAMP, windows=(window,))) is window
    assert default_voi(made_image(RAMP)).explanation == "automatic"


def test_a_linear_window_of_width_one_is_a_threshold():
    output = voi_output(np.array([9.0, 9.5, 10.0, 11.0]), VoiWindow(10.0, 1.0))
    assert output.tolist() == [0.0, 0.0, 1.0, 1.0]
