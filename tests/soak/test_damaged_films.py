"""Thousands of damaged films: each is an image or a sentence, and nothing of the reader is used up."""

from __future__ import annotations

import random

import psutil
import pytest
from factories import make_dicom, make_jpeg, make_png

from gaze2report.errors import Gaze2ReportError
from gaze2report.imaging.intake import Intake
from gaze2report.types import Image

N_FILMS = 2000


def damage(content: bytes, rng: random.Random) -> bytes:
    """Cut, overwrite, double or insert a piece."""
    damaged = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(damaged))
        length = rng.choice((1, 2, 4, 64, 4096))
        kind = rng.randrange(4)
        if kind == 0:
            damaged[at : at + length] = rng.randbytes(length)
        elif kind == 1:
            del damaged[at : at + length]
        elif kind == 2:
            damaged[at:at] = damaged[at : at + length]
        else:
            damaged[at:at] = b"\xff" * length
    return bytes(damaged[: rng.randrange(1, len(damaged))] if rng.random() < 0.2 else damaged)


@pytest.mark.timeout(3600)
def test_every_damaged_film_is_an_image_or_a_sentence_and_memory_does_not_grow(tmp_path):
    rng = random.Random(0)
    whole = [
        make_dicom(tmp_path / "film.dcm").read_bytes(),
        make_png(tmp_path / "film.png").read_bytes(),
        make_jpeg(tmp_path / "film.jpg").read_bytes(),
    ]
    process = psutil.Process()
    path = tmp_path / "damaged"
    sentences = []
    after_warm_up = 0
    with Intake() as intake:
        for number in range(N_FILMS):
            path.write_bytes(damage(rng.choice(whole), rng))
            try:
                assert isinstance(intake.read(path), Image)
            except Gaze2ReportError as error:
                sentences.append(str(error))
            if number == N_FILMS // 10:
                after_warm_up = process.memory_info().rss
    assert 0 < len(sentences) < N_FILMS
    assert all(sentences)
    assert process.memory_info().rss - after_warm_up < 50_000_000
    assert process.children() == []
