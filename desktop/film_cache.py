"""Films that are decoded already: those looked at last and those likely to be opened next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaze2report.types import Image

MOST_BYTES = 320 * 2**20
"""About eight films of 15 megapixels."""

_PYRAMID_SHARE = 4 / 3  # what halved levels add to the codes of a film


class FilmCache:
    """Keeps decoded films, and what was prepared from them, within a bound; the longest unused go first.

    A film's file is stored under the hash of its content and never changes, so its path is a safe key. May be used from
    several threads.

    Parameters
    ----------
    read : callable
        Decodes a film that is not kept.
    most_bytes : int
        What all kept films may take together.
    """

    def __init__(self, read: Callable[[Path], Image], most_bytes: int = MOST_BYTES) -> None:
        self._read, self._most_bytes = read, most_bytes
        self._lock = threading.Lock()
        self._films: OrderedDict[Path, tuple[Image, Any]] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        """What the kept films take."""
        with self._lock:
            return sum(_size_bytes(image) for image, _ in self._films.values())

    def __contains__(self, path: Path) -> bool:
        with self._lock:
            return path in self._films

    def read(self, path: Path) -> Image:
        """Give a film, decoded now if need be; raises what decoding raises."""
        with self._lock:
            kept = self._films.get(path)
            if kept is not None:
                self._films.move_to_end(path)
                return kept[0]
        image = self._read(path)
        self.put(path, image)
        return image

    def put(self, path: Path, image: Image, prepared: Any = None) -> None:
        """Keep a film and what was prepared from it. One that is larger than the bound is not kept."""
        with self._lock:
            self._films[path] = image, prepared
            self._films.move_to_end(path)
            size_bytes = sum(_size_bytes(one) for one, _ in self._films.values())
            while self._films and size_bytes > self._most_bytes:
                _, (dropped, _) = self._films.popitem(last=False)
                size_bytes -= _size_bytes(dropped)

    def touch(self, path: Path) -> None:
        """Note that a kept film is wanted, so that others go first."""
        with self._lock:
            if path in self._films:
                self._films.move_to_end(path)

    def prepared(self, image: Image) -> Any:
        """Give what was prepared from this very image; None when nothing was."""
        with self._lock:
            return next((prepared for kept, prepared in self._films.values() if kept is image), None)

    def forget(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._films.clear()


def _size_bytes(image: Image) -> int:
    return int(image.codes.nbytes * _PYRAMID_SHARE) + image.modality_values.nbytes
