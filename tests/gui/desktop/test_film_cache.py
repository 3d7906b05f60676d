from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from desktop.film_cache import FilmCache
from gaze2report.errors import NotAnImage
from gaze2report.types import Image, InstanceHeader

MEBIBYTE = 2**20


def image(mebibytes: float = 0.75) -> Image:
    """A film that takes so much, its pyramid included."""
    pixels = int(mebibytes * MEBIBYTE * 3 / 4 / 2)
    header = InstanceHeader(study_uid="1", series_uid="2", instance_uid="3")
    return Image(np.zeros((1, pixels), np.uint16), np.zeros(0), header, "")


class Counted:
    """Decodes, and counts how often."""

    def __init__(self, mebibytes: float = 0.75) -> None:
        self.asked: list[str] = []
        self._mebibytes = mebibytes

    def __call__(self, path: Path) -> Image:
        self.asked.append(path.name)
        if path.name == "broken":
            raise NotAnImage(path, "it is none")
        return image(self._mebibytes)


def test_a_kept_film_is_not_decoded_again():
    decode = Counted()
    films = FilmCache(decode)
    first = films.read(Path("a"))
    assert films.read(Path("a")) is first
    assert decode.asked == ["a"]


def test_a_film_made_ready_ahead_comes_with_what_was_prepared_from_it():
    decode = Counted()
    films = FilmCache(decode)
    ready = image()
    films.put(Path("a"), ready, "pyramid")
    assert films.read(Path("a")) is ready
    assert films.prepared(ready) == "pyramid"
    assert films.prepared(image()) is None
    assert decode.asked == []


def test_the_films_stay_within_their_bound_and_the_longest_unused_go_first():
    films = FilmCache(Counted(1.0), most_bytes=3 * MEBIBYTE + 100)
    for name in "abc":
        films.read(Path(name))
    films.read(Path("a"))
    films.touch(Path("b"))
    films.read(Path("d"))
    assert [name for name in "abcd" if Path(name) in films] == ["a", "b", "d"]
    assert films.size_bytes <= 3 * MEBIBYTE + 100


def test_a_film_beyond_the_bound_is_shown_but_not_kept():
    films = FilmCache(Counted(5.0), most_bytes=MEBIBYTE)
    assert films.read(Path("huge")).codes.size
    assert Path("huge") not in films
    assert films.size_bytes == 0


def test_a_film_that_cannot_be_read_is_asked_for_each_time():
    decode = Counted()
    films = FilmCache(decode)
    for _ in range(2):
        with pytest.raises(NotAnImage):
            films.read(Path("broken"))
    assert decode.asked == ["broken", "broken"]


def test_many_threads_read_at_once_within_the_bound():
    films = FilmCache(Counted(0.2), most_bytes=MEBIBYTE)
    faults: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for step in range(60):
                films.read(Path(str((seed * 7 + step) % 11)))
                assert films.size_bytes <= MEBIBYTE
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            faults.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
