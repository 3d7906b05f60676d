"""Maps of the frozen trunk for many images, computed once and kept on disk.

Notation: V views (as it is, and mirrored where asked), N patches, C channels.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gaze2report.data.viewed_images import ViewedImage
from gaze2report.errors import Gaze2ReportError
from gaze2report.imaging.intake import Intake
from gaze2report.scanpath_prediction import ScanpathModel, ScanpathModelConfig
from gaze2report.training.imagenet_trunk import TRUNK, load_imagenet_trunk

_IMAGES_AT_ONCE = 8

Maps = NDArray[np.float16]


def trunk_maps_of(
    images: Sequence[ViewedImage],
    config: ScanpathModelConfig,
    folder: Path,
    *,
    mirrored: bool,
    imagenet: bool = True,
    on_log: Callable[[str], None] = print,
) -> Maps:
    """Trunk maps of the images, shape (images, V, N, C), float16, read from disk as they are needed.

    A run that was stopped goes on where it was. The file's name is a hash of all that the maps depend on.

    Parameters
    ----------
    images : sequence of ViewedImage
        Each with a file.
    config : ScanpathModelConfig
        Trunk and preparation.
    folder : Path
        Where the maps are kept.
    mirrored : bool
        Also keep the maps of the mirrored image.
    imagenet : bool
        See `new_model`.
    """
    model = new_model(config, 0, imagenet=imagenet).eval()
    views, patches = 2 if mirrored else 1, model.encoder.grid_side**2
    shape = (len(images), views, patches, model.encoder.trunk_channels)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"trunk-{_key(images, config, mirrored, imagenet)}.npy"
    progress = path.with_suffix(".json")
    done = json.loads(progress.read_text(encoding="utf-8"))["done"] if progress.exists() and path.exists() else 0
    maps = np.lib.format.open_memmap(path, mode="r+" if done else "w+", dtype=np.float16, shape=None if done else shape)
    with Intake() as intake:
        for start in range(done, len(images), _IMAGES_AT_ONCE):
            part = images[start : start + _IMAGES_AT_ONCE]
            inputs = [model.read(image.file, intake) for image in part if image.file]
            batch = torch.from_numpy(np.stack(inputs))
            with torch.inference_mode():
                for view in range(views):
                    seen = batch.flip(-1) if view else batch
                    maps[start : start + len(part), view] = model.encoder.trunk_map(seen).half().numpy()
            maps.flush()
            aside = progress.with_suffix(".aside")
            aside.write_text(json.dumps({"done": start + len(part)}), encoding="utf-8")
            aside.replace(progress)
            if start % (8 * _IMAGES_AT_ONCE) == 0:
                on_log(f"  trunk maps {start + len(part)} of {len(images)}")
    return np.asarray(np.lib.format.open_memmap(path, mode="r"))


def new_model(config: ScanpathModelConfig, seed: int, *, imagenet: bool) -> ScanpathModel:
    """A predictor with fresh weights over a frozen trunk.

    Parameters
    ----------
    imagenet : bool
        Whether the trunk knows ImageNet. Without, all seeds share one random trunk, as they share its cached maps.

    Raises
    ------
    Gaze2ReportError
        If there are no ImageNet weights for the trunk.
    """
    if imagenet and config.encoder.trunk != TRUNK:
        raise Gaze2ReportError(
            f"there are ImageNet weights for the trunk {TRUNK} only, not for {config.encoder.trunk}; name that one, or "
            "set imagenet: false for a random trunk"
        )
    torch.manual_seed(0)
    trunk = ScanpathModel(config).encoder.trunk.state_dict()
    torch.manual_seed(seed)
    model = ScanpathModel(config)
    model.encoder.trunk.load_state_dict(trunk)
    if imagenet:
        load_imagenet_trunk(model.encoder)
    model.encoder.trunk.requires_grad_(False)
    return model


def _key(images: Sequence[ViewedImage], config: ScanpathModelConfig, mirrored: bool, imagenet: bool) -> str:
    e = config.encoder
    parts = [
        e.trunk,
        e.trunk_stages,
        sorted(e.trunk_taps),
        e.image_side_px,
        config.preprocessing.sha256(),
        config.in_colour,
        mirrored,
        imagenet,
    ]
    parts += [image.file.name if image.file else "" for image in images]  # a file is named by its hash
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
