"""Features of films by the frozen trunk, computed once and kept: the costly part of all phases that follow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file

from gaze2report.data.sources.nih_cxr14 import read_grey
from gaze2report.data.transforms import Preprocessing, augment, display_to_input
from gaze2report.errors import Gaze2ReportError
from gaze2report.models.encoder import HybridEncoder
from gaze2report.models.film_features import FilmDescriptor, FilmFeatures

Change = Literal["as_is", "mirrored", "rot90", "rot180", "rot270", "flipped", "inverted"]
_CHANGES: dict[Change, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "as_is": lambda film: film,
    "mirrored": lambda film: film[:, ::-1],
    "rot90": np.rot90,
    "rot180": lambda film: np.rot90(film, 2),
    "rot270": lambda film: np.rot90(film, 3),
    "flipped": lambda film: film[::-1],
    "inverted": lambda film: 255 - film,
}
_BATCH = 16


class FilmCache:
    """Features of named groups of films in a folder.

    Parameters
    ----------
    folder : Path
    encoder, descriptor
        With ImageNet weights.
    """

    def __init__(
        self,
        folder: Path,
        encoder: HybridEncoder,
        descriptor: FilmDescriptor,
        preprocessing: Preprocessing,
        on_log: Callable[[str], None] = print,
    ) -> None:
        self.folder = folder
        self.preprocessing = preprocessing
        self._encoder, self._descriptor = encoder.eval(), descriptor.eval()
        self._on_log = on_log
        folder.mkdir(parents=True, exist_ok=True)

    def of_paths(
        self, name: str, paths: Sequence[Path], change: Change = "as_is", augmentation: int = 0
    ) -> FilmFeatures:
        """Features of picture files, changed as a whole, or augmented with this seed where it is not 0."""
        return self.of_displays(
            f"{name}-{change}" if not augmentation else f"{name}-augmented-{augmentation}",
            [f"{path.parent.parent.name}/{path.name}" for path in paths],
            lambda row: read_grey(paths[row]),
            change,
            augmentation,
        )

    def of_displays(
        self,
        name: str,
        identities: Sequence[str],
        display: Callable[[int], NDArray[np.uint8]],
        change: Change = "as_is",
        augmentation: int = 0,
    ) -> FilmFeatures:
        """Features of display images that ``display`` gives by row; ``identities`` say which they are."""
        kept = self.folder / f"{name}.safetensors"
        stamp = hashlib.sha256("\n".join([self.preprocessing.sha256(), *identities]).encode()).hexdigest()
        if not kept.exists():
            rng = np.random.default_rng(augmentation) if augmentation else None
            self._on_log(f"  features of {len(identities)} films: {name}")
            made = self._compute(len(identities), display, change, rng)
            aside = kept.with_suffix(".aside")
            save_file({"maps": made.maps, "stages": made.stages}, aside, {"films": stamp})
            aside.replace(kept)
        with safe_open(kept, "pt") as opened:  # type: ignore[no-untyped-call]
            if (opened.metadata() or {}).get("films") != stamp:
                raise Gaze2ReportError(f"{kept} holds features of other films; name another work folder or delete it")
            return FilmFeatures(opened.get_tensor("maps"), opened.get_tensor("stages"))

    @torch.inference_mode()
    def _compute(
        self,
        n_films: int,
        display: Callable[[int], NDArray[np.uint8]],
        change: Change,
        rng: np.random.Generator | None,
    ) -> FilmFeatures:
        maps, stages = [], []
        for start in range(0, n_films, _BATCH):
            inputs = []
            for row in range(start, min(start + _BATCH, n_films)):
                film = np.ascontiguousarray(_CHANGES[change](display(row)))
                prepared = display_to_input(film, self.preprocessing)
                inputs.append(augment(prepared, rng) if rng is not None else prepared)
            features = self._descriptor(self._encoder, torch.from_numpy(np.stack(inputs)))
            maps.append(features.maps.half())
            stages.append(features.stages)
        return FilmFeatures(torch.cat(maps).contiguous(), torch.cat(stages).contiguous())


def joined(parts: Sequence[FilmFeatures]) -> FilmFeatures:
    """Films of several groups behind each other."""
    return FilmFeatures(torch.cat([part.maps for part in parts]), torch.cat([part.stages for part in parts]))
