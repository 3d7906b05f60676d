"""Named windows of a film."""

from __future__ import annotations

import numpy as np
import pytest
from factories import chest_phantom

from gaze2report.imaging.presets import lung_and_mediastinum, presets_of
from gaze2report.imaging.windowing import automatic_window, count_codes, default_voi, display_table
from gaze2report.types import Image, InstanceHeader, VoiLut, VoiWindow

HEADER = InstanceHeader("1", "2", "3")


def phantom(**fields) -> Image:
    codes = chest_phantom(480, 432).astype(np.uint16)
    return Image(codes, np.arange(4096, dtype=np.float64), HEADER, "", **fields)


def test_the_header_comes_first_under_its_own_names_and_each_has_its_key():
    lut = VoiLut(0.0, np.arange(4096, dtype=np.uint16), 12, "bone")
    image = phantom(windows=(VoiWindow(1, 2, explanation="WIDE"), VoiWindow(3, 4)), voi_luts=(lut,))
    named = [(preset.name, preset.key) for preset in presets_of(image)]
    assert named == [
        ("bone", "1"), ("WIDE", "2"), ("Window 2", "3"), ("Automatic (1 to 99 %)", "0"),
        ("Lung (from this film)", "7"), ("Mediastinum (from this film)", "8"),
    ]  # fmt: skip
    assert presets_of(image)[0].voi is lut is default_voi(image)


def test_a_header_with_many_windows_keeps_them_all_and_the_keys_of_the_others():
    image = phantom(windows=tuple(VoiWindow(i, i + 1) for i in range(1, 10)))
    keys = [preset.key for preset in presets_of(image)]
    assert keys == ["1", "2", "3", "4", "5", "6", "", "", "", "0", "7", "8"]


def test_a_film_without_windows_opens_with_the_automatic_one():
    image = phantom()
    assert presets_of(image)[0].voi == automatic_window(image) == default_voi(image)
    assert presets_of(image, count_codes(image))[0].voi == automatic_window(image)


def test_counting_the_codes_counts_every_pixel():
    image = phantom()
    np.testing.assert_array_equal(count_codes(image), np.bincount(image.codes.ravel(), minlength=4096))


def spread(image: Image, window: VoiWindow, low: float, high: float) -> float:
    """Display levels between two modality values, the higher the more contrast there."""
    table = display_table(image, window).astype(float)
    codes = np.searchsorted(image.modality_values, (low, high))
    return abs(table[codes[1]] - table[codes[0]])


@pytest.mark.parametrize("is_inverted", [False, True])
def test_lung_and_mediastinal_windows_have_their_contrast_where_their_name_says(is_inverted):
    codes = chest_phantom(480, 432).astype(np.uint16)
    air, tissue = float(np.median(codes[216:240, 108:150])), float(np.percentile(codes, 95))
    values = np.arange(4096, dtype=np.float64)
    image = Image(4095 - codes if is_inverted else codes, values, HEADER, "", is_inverted=is_inverted)
    if is_inverted:
        air, tissue = 4095 - air, 4095 - tissue
    lung, mediastinum = lung_and_mediastinum(image)
    assert spread(image, lung, *sorted((air - 60, air + 60))) > spread(
        image, mediastinum, *sorted((air - 60, air + 60))
    )
    assert spread(image, mediastinum, tissue - 60, tissue + 60) > spread(image, lung, tissue - 60, tissue + 60)
    table = display_table(image, lung)
    assert table[int(air)] < table[int(tissue)]  # air stays dark


def test_an_even_film_still_has_its_windows():
    image = Image(np.full((50, 50), 7, np.uint16), np.arange(16.0), HEADER, "")
    assert lung_and_mediastinum(image) == (automatic_window(image), automatic_window(image))


def test_padding_has_no_part_in_the_windows():
    image = phantom()
    codes = image.codes.copy()
    codes[:, 200:260] = 0
    padded = Image(codes, image.modality_values, HEADER, "", padding_codes=(0, 0))
    lung, _ = lung_and_mediastinum(padded)
    assert lung.center - lung.width / 2 > 100
