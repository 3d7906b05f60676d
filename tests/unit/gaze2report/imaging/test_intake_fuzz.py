"""Damaged files through one intake: each is an image or a sentence, and the caller never notices more than that."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from factories import NATIVE_TRANSFER_SYNTAXES, chest_phantom, make_dicom, make_jpeg, make_lut, make_png
from pydicom.data import get_testdata_file
from pydicom.uid import JPEG2000Lossless, RLELossless

from gaze2report.errors import UnreadableInput
from gaze2report.imaging.intake import Intake, IntakeLimits
from gaze2report.imaging.windowing import to_display
from gaze2report.types import Image

OF_OTHER_WRITERS = ("MR_small_jpeg_ls_lossless", "JPGExtended", "JPEGLSNearLossless_16", "JPEG2000", "image_dfl")


def seeds(folder: Path) -> list[bytes]:
    """Small intact files of every kind."""
    pixels = chest_phantom(48, 40)
    paths = [
        make_dicom(
            folder / f"{index}.dcm",
            pixels,
            transfer_syntax=syntax,
            VOILUTSequence=[make_lut(np.arange(256) * 16, 0, 12)],
            WindowCenter=[2000, 1000],
            WindowWidth=[4000, 500],
            PixelSpacing=[0.1, 0.1],
        )
        for index, syntax in enumerate((*NATIVE_TRANSFER_SYNTAXES, RLELossless, JPEG2000Lossless))
    ]
    paths += [make_png(folder / "a.png", pixels >> 4), make_png(folder / "b.png", pixels, bits=16)]
    paths += [make_jpeg(folder / "a.jpg", pixels >> 4)]
    paths += [Path(get_testdata_file(f"{name}.dcm")) for name in OF_OTHER_WRITERS]
    return [path.read_bytes() for path in paths]


def mutate(content: bytes, rng: np.random.Generator) -> bytes:
    """One to eight changes, a third of them in the first 2 KiB, where the header is."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        reach = min(len(data), 2048) if rng.random() < 0.33 else len(data)
        at, length = int(rng.integers(0, reach)), int(rng.integers(1, 64))
        kind = rng.choice(6, p=[0.3, 0.2, 0.15, 0.12, 0.2, 0.03])
        if kind == 0:
            data[at] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            data[at : at + length] = rng.bytes(length)
        elif kind == 2:
            data[at:at] = data[at : at + length]
        elif kind == 3:
            del data[at : at + length]
        elif kind == 4:
            data[at : at + 4] = [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"][int(rng.integers(0, 3))]
        else:
            del data[max(at, 140) :]
        if not data:
            return b"\0"
    return bytes(data)


def run_mutants(folder: Path, count: int, max_time_s: float) -> tuple[int, int, int]:
    """Numbers of files read, images among them, and workers used."""
    intact, rng = seeds(folder), np.random.default_rng(20240301)
    path, workers, images, done = folder / "mutant.dcm", set(), 0, 0
    reasons: list[str] = []
    start = time.monotonic()
    with Intake(IntakeLimits(read_timeout_s=10.0)) as intake:
        while done < count and time.monotonic() - start < max_time_s:
            path.write_bytes(mutate(intact[done % len(intact)], rng))
            try:
                image = intake.read(path)
                assert isinstance(image, Image)
                assert to_display(image).shape == (image.header.rows, image.header.columns)
                images += 1
            except UnreadableInput as error:
                reasons.append(error.reason)
            if intake._worker is not None:
                workers.add(intake._worker._process.pid)
            done += 1
        intake.read(make_dicom(folder / "good.dcm"))
    assert all(len(reason.split()) >= 4 and reason.isprintable() for reason in reasons)
    return done, images, len(workers)


def test_300_damaged_files_are_each_an_image_or_a_sentence(tmp_path):
    done, images, workers = run_mutants(tmp_path, 350, max_time_s=60.0)
    assert done >= 300
    assert images > 20  # most damage to pixels still leaves a film
    assert workers < 20  # the worker is reused, and replaced only where a codec crashed


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_10000_damaged_files_are_each_an_image_or_a_sentence(tmp_path):
    done, _, _ = run_mutants(tmp_path, 10_000, max_time_s=800.0)
    assert done >= 2_000
