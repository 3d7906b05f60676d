"""Batches of trunk maps and scanpaths to learn from. Notation as in `gaze2report.models.scanpath`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gaze2report.data.viewed_images import ReaderPath, ViewedImage
from gaze2report.gaze.time_aggregation import aggregate
from gaze2report.models.scanpath import FixationTargets
from gaze2report.training.scanpath_recipe import ScanpathTraining
from gaze2report.training.trunk_cache import Maps


@dataclass(frozen=True, eq=False)
class ScanpathBatch:
    """Trunk maps (B, N, C), the scanpaths on them and their duration maps (B, N)."""

    trunk_maps: Tensor
    targets: FixationTargets
    target_map: Tensor


class ScanpathBank:
    """Images with cached trunk maps.

    Parameters
    ----------
    images : sequence of ViewedImage
    maps : ndarray, shape (images, V, N, C)
    grid_side, max_fixations : int
        Scanpaths are cut to the longest that can be emitted.
    """

    def __init__(self, images: Sequence[ViewedImage], maps: Maps, grid_side: int, max_fixations: int) -> None:
        self.images, self._maps, self._longest = images, maps, max_fixations
        self._duration_maps = np.stack(
            [
                aggregate([f for path in image.paths for f in path.on_image(1.0, 1.0)], 1.0, 1.0, grid_side).duration
                for image in images
            ]
        )
        self._grid_side = grid_side

    def epoch(self, settings: ScanpathTraining, rng: np.random.Generator) -> Iterator[ScanpathBatch]:
        """Every image once, in another order, with other scanpaths of it, mirrored at will."""
        order = rng.permutation(len(self.images))
        for start in range(0, len(order), settings.batch_images):
            rows = order[start : start + settings.batch_images]
            mirrored = rng.random(len(rows)) < 0.5 if settings.mirror else np.zeros(len(rows), dtype=bool)
            paths = [self._draw(int(row), settings.paths_per_image, rng) for row in rows]
            yield self._batch(rows.tolist(), paths, mirrored.tolist())

    def in_order(self, settings: ScanpathTraining) -> Iterator[ScanpathBatch]:
        """Every image once as it is, with the same scanpaths every time."""
        rng = np.random.default_rng(12345)
        for start in range(0, len(self.images), settings.batch_images):
            rows = list(range(start, min(start + settings.batch_images, len(self.images))))
            paths = [self._draw(row, settings.paths_per_image, rng) for row in rows]
            yield self._batch(rows, paths, [False] * len(rows))

    def trunk_map(self, row: int) -> Tensor:
        """Trunk map (1, N, C) of one image as it is."""
        return torch.from_numpy(np.array(self._maps[row, 0])).float()[None]

    def _draw(self, row: int, wanted: int, rng: np.random.Generator) -> list[ReaderPath]:
        """Scanpaths of an image; where it has fewer than are wanted, some twice."""
        paths = self.images[row].paths
        numbers = np.concatenate([rng.permutation(len(paths)) for _ in range(-(-wanted // len(paths)))])
        return [paths[number] for number in numbers[:wanted]]

    def _batch(self, rows: list[int], paths: list[list[ReaderPath]], mirrored: list[bool]) -> ScanpathBatch:
        longest = min(self._longest, max(len(path.xy) for of_image in paths for path in of_image))
        shape = (len(rows), len(paths[0]), longest)
        xy, duration_s = np.full((*shape, 2), 0.5, dtype=np.float32), np.full(shape, 0.2, dtype=np.float32)
        length = np.zeros(shape[:2], dtype=np.int64)
        for i, (of_image, is_mirrored) in enumerate(zip(paths, mirrored, strict=True)):
            for j, path in enumerate(of_image):
                n = min(len(path.xy), longest)
                xy[i, j, :n], duration_s[i, j, :n], length[i, j] = path.xy[:n], path.duration_s[:n], n
            if is_mirrored:
                xy[i, ..., 0] = np.clip(1.0 - xy[i, ..., 0], 0.0, np.nextafter(np.float32(1.0), np.float32(0.0)))
        side = self._grid_side
        target_map = self._duration_maps[rows].reshape(-1, side, side)
        target_map = np.where(np.array(mirrored)[:, None, None], target_map[:, :, ::-1], target_map)
        trunk_maps = np.stack([self._maps[row, int(m)] for row, m in zip(rows, mirrored, strict=True)])
        return ScanpathBatch(
            torch.from_numpy(trunk_maps).float(),
            FixationTargets(torch.from_numpy(xy), torch.from_numpy(duration_s), torch.from_numpy(length)),
            torch.from_numpy(target_map.reshape(len(rows), -1).copy()),
        )
