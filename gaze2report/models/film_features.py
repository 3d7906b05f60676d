"""What the frozen trunk says of a whole film: the mean of every stage, and where on the film.

Notation used for tensor shapes: B batch, N patches (row-major grid of R rows and R columns), C channels of the
encoder's last trunk stage, P channels of all pooled stages together.
"""

from __future__ import annotations

from dataclasses import dataclass

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gaze2report.models.encoder import IMAGENET_GREY_MEAN, IMAGENET_GREY_STD, HybridEncoder

FIRST_POOLED_STAGE = 2
"""Earlier stages tell grey levels and noise of the detector, not anatomy."""


@dataclass(frozen=True, eq=False)
class FilmFeatures:
    """Features of films.

    Attributes
    ----------
    maps : Tensor (B, N, C)
        The encoder's trunk map.
    stages : Tensor (B, P)
        Mean over the film of every pooled stage, shallow to deep, the 1280 channels before ImageNet's classifier last.
    """

    maps: Tensor
    stages: Tensor

    def __len__(self) -> int:
        return len(self.stages)

    def grid(self, side: int) -> Tensor:
        """Mean of the trunk map in ``side`` x ``side`` cells: (B, C * side * side)."""
        rows = round(self.maps.shape[1] ** 0.5)
        image = self.maps.float().transpose(1, 2).reshape(len(self.maps), -1, rows, rows)
        return F.adaptive_avg_pool2d(image, side).flatten(1)

    def rows(self, chosen: Tensor) -> FilmFeatures:
        """Features of the chosen films: a mask or indices."""
        return FilmFeatures(self.maps[chosen], self.stages[chosen])


class FilmDescriptor(nn.Module):
    """The stages of a timm EfficientNet behind the encoder's trunk, and the means of all stages.

    One pass through the network gives the encoder's trunk map and all means.

    Parameters
    ----------
    trunk, trunk_stages
        As of `HybridEncoder`.
    """

    def __init__(self, trunk: str, trunk_stages: int) -> None:
        super().__init__()
        whole = timm.create_model(trunk, pretrained=False)
        self.blocks = nn.Sequential(*list(whole.blocks)[trunk_stages:])
        self.conv_head, self.bn2 = whole.conv_head, whole.bn2
        with torch.no_grad():
            self.stage_channels = _channels(whole)
        self.n_trunk_channels = sum(self.stage_channels[: trunk_stages - FIRST_POOLED_STAGE])

    @property
    def n_channels(self) -> int:
        """P."""
        return sum(self.stage_channels)

    def forward(self, encoder: HybridEncoder, image: Tensor) -> FilmFeatures:
        """Map images (B, 1, S, S) in [0, 1] to features."""
        grey = (image - IMAGENET_GREY_MEAN) / IMAGENET_GREY_STD
        trunk = encoder.trunk
        x = trunk.bn1(trunk.conv_stem(grey.expand(-1, 3, -1, -1)))  # type: ignore[operator]
        means = []
        for stage, block in enumerate(trunk.blocks):  # type: ignore[arg-type, var-annotated]
            x = block(x)
            if stage >= FIRST_POOLED_STAGE:
                means.append(x.mean((2, 3)))
        maps = x.flatten(2).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
            means.append(x.mean((2, 3)))
        means.append(self.bn2(self.conv_head(x)).mean((2, 3)))
        return FilmFeatures(maps, torch.cat(means, dim=1))


def _channels(whole: nn.Module) -> list[int]:
    """Channels of each pooled stage and of the head convolution."""
    was_training = whole.training
    whole.eval()
    x, found = whole.bn1(whole.conv_stem(torch.zeros(1, 3, 32, 32))), []  # type: ignore[operator]
    for stage, block in enumerate(whole.blocks):  # type: ignore[arg-type, var-annotated]
        x = block(x)
        if stage >= FIRST_POOLED_STAGE:
            found.append(int(x.shape[1]))
    whole.train(was_training)
    return [*found, int(whole.conv_head.out_channels)]  # type: ignore[union-attr, arg-type]
