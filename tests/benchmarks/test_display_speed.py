"""Speed of a window drag step: the table of this project against pydicom's own windowing, as ratios in one run."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from factories import make_dataset
from pydicom.pixels import apply_modality_lut, apply_windowing

from gaze2report.imaging.windowing import display_table, to_display
from gaze2report.types import Image, InstanceHeader, VoiWindow

MEGAPIXELS_7_8 = (3072, 2560)
REPEATS = 5


def best_seconds(work: Callable[[], object]) -> float:
    """Shortest of some runs: what is left when nothing else takes the processor."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.fixture(scope="module")
def film() -> tuple[Image, object]:
    codes = np.random.default_rng(0).integers(0, 4096, MEGAPIXELS_7_8).astype(np.uint16)
    dataset = make_dataset(codes, RescaleSlope=1, RescaleIntercept=0, WindowCenter=2000, WindowWidth=3000)
    values = np.arange(4096, dtype=np.float64)
    return Image(codes, values, InstanceHeader("1", "2", "3"), ""), dataset


@pytest.mark.benchmark
def test_a_drag_step_by_table_is_several_times_faster_than_pydicoms_windowing(film):
    image, dataset = film
    window = VoiWindow(2000, 3000)

    def by_pydicom() -> np.ndarray:
        output = apply_windowing(apply_modality_lut(image.codes, dataset), dataset)
        return np.rint(output * (255.0 / 4095.0)).astype(np.uint8)

    ours, reference = best_seconds(lambda: to_display(image, window)), best_seconds(by_pydicom)
    assert np.abs(to_display(image, window).astype(int) - by_pydicom()).max() <= 1
    print(f"\n7.8 MP drag step: {ours * 1e3:.1f} ms by table, {reference * 1e3:.1f} ms by pydicom")
    assert reference / ours > 4.0


@pytest.mark.benchmark
@pytest.mark.parametrize("bits", [12, 16])
def test_the_table_is_a_small_part_of_a_drag_step(film, bits):
    image, _ = film
    values = np.arange(2**bits, dtype=np.float64)
    deep = Image(image.codes, values, image.header, "")
    for window in (VoiWindow(2000, 3000), VoiWindow(2000, 3000, "SIGMOID")):
        table, step = best_seconds(lambda: display_table(deep, window)), best_seconds(lambda: to_display(deep, window))  # noqa: B023
        print(f"\n{bits} bits, {window.function}: table {table * 1e3:.2f} ms of {step * 1e3:.1f} ms")
        assert table < 0.5 * step
