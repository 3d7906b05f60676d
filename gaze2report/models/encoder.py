"""Image to patch features.

Notation used for tensor shapes: B batch, N patches (row-major grid of R rows and R columns), C channels, D feature
width, S image side in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models.vision_transformer import Block, checkpoint_filter_fn
from torch import Tensor, nn

from gaze2report.errors import UnreadableInput

IMAGENET_GREY_MEAN = 0.449
IMAGENET_GREY_STD = 0.226


class HybridEncoder(nn.Module):
    """Transformer blocks over the stride-16 map of a convolutional trunk from timm.

    The default of the embedded model: ImageNet weights of ``tf_efficientnet_lite0`` can be installed by pip, those of
    a plain ViT cannot. Any timm model of the EfficientNet family (``conv_stem``, ``bn1``, ``blocks``) will do.

    Parameters
    ----------
    trunk : str
        timm name of the convolutional model.
    trunk_stages : int
        How many of its block stages to keep; 5 stages of EfficientNet-lite0 end at stride 16 with 112 channels.
    width, depth, n_heads : int
        D, number of transformer blocks, attention heads.
    image_side_px : int
        S; the grid has S / 16 rows and columns, S / 32 from the sixth stage on.
    taps : sequence of int
        Earlier stages, counted from 1, whose maps are averaged to the same grid and join the last one's channels.
    """

    def __init__(
        self,
        trunk: str,
        trunk_stages: int,
        width: int,
        depth: int,
        n_heads: int,
        image_side_px: int,
        dropout: float = 0.0,
        taps: Sequence[int] = (),
    ) -> None:
        super().__init__()
        whole = timm.create_model(trunk, pretrained=False)
        self.trunk = nn.Sequential()
        self.trunk.add_module("conv_stem", whole.conv_stem)
        self.trunk.add_module("bn1", whole.bn1)
        self.trunk.add_module("blocks", nn.Sequential(*list(whole.blocks)[:trunk_stages]))
        self.image_side_px, self.taps = image_side_px, frozenset(taps)
        self.trunk.eval()
        with torch.no_grad():
            shape = self._maps(torch.zeros(1, 3, image_side_px, image_side_px)).shape
        self.trunk_channels, self.grid_side = int(shape[1]), int(shape[2])
        self.width = width
        self.project = nn.Linear(self.trunk_channels, width)
        self.position = nn.Parameter(torch.randn(1, self.grid_side**2, width) * 0.02)
        self.blocks = nn.Sequential(
            *[
                Block(width, n_heads, mlp_ratio=2.0, qkv_bias=True, proj_drop=dropout, attn_drop=dropout)
                for _ in range(depth)
            ]
        )
        self.norm = nn.LayerNorm(width)

    def trunk_map(self, image: Tensor) -> Tensor:
        """Map images (B, 1, S, S), or (B, 3, S, S) in colour, in [0, 1] to the trunk's features (B, N, C)."""
        grey = (image - IMAGENET_GREY_MEAN) / IMAGENET_GREY_STD
        return self._maps(grey.expand(-1, 3, -1, -1)).flatten(2).transpose(1, 2)

    def _maps(self, colours: Tensor) -> Tensor:
        """Map standardised images (B, 3, S, S) to the maps of the last stage and of the taps (B, C, R, R)."""
        if not self.taps:
            return torch.as_tensor(self.trunk(colours))
        stem, norm, stages = self.trunk.children()
        value = norm(stem(colours))
        tapped = []
        for number, stage in enumerate(stages.children(), start=1):
            value = stage(value)
            if number in self.taps:
                tapped.append(value)
        return torch.cat([value, *(F.adaptive_avg_pool2d(one, value.shape[-2:]) for one in tapped)], dim=1)

    def from_trunk_map(self, trunk_map: Tensor) -> Tensor:
        """Map the trunk's features (B, N, C) to patch features (B, N, D)."""
        patches = self.project(trunk_map) + self.position
        return torch.as_tensor(self.norm(self.blocks(patches)))

    def forward(self, image: Tensor) -> Tensor:
        """Map images (B, 1, S, S) in [0, 1] to patch features (B, N, D)."""
        return self.from_trunk_map(self.trunk_map(image))


class ViTEncoder(nn.Module):
    """A plain timm ViT by name; class and register tokens are dropped.

    Parameters
    ----------
    name : str
        timm name, e.g. ``vit_base_patch16_224``.
    image_side_px : int
        S.
    """

    def __init__(self, name: str, image_side_px: int, *, pretrained: bool = False) -> None:
        super().__init__()
        self.vit = timm.create_model(name, pretrained=pretrained, num_classes=0, img_size=image_side_px)
        self.image_side_px = image_side_px
        self.grid_side = int(self.vit.patch_embed.grid_size[0])
        self.width = int(self.vit.num_features)

    def forward(self, image: Tensor) -> Tensor:
        """Map images (B, 1, S, S) in [0, 1] to patch features (B, N, D)."""
        grey = (image - IMAGENET_GREY_MEAN) / IMAGENET_GREY_STD
        tokens = self.vit.forward_features(grey.expand(-1, 3, -1, -1))
        return torch.as_tensor(tokens[:, self.vit.num_prefix_tokens :])

    def take_weights(self, path: Path) -> None:
        """Take over weights of this timm ViT from a safetensors file, as timm publishes them; its classifier is left.

        Raises
        ------
        UnreadableInput
            If the file cannot be read, or is of another model.
        """
        try:
            state = load_file(path)
        except (OSError, SafetensorError) as error:
            raise UnreadableInput(path, f"cannot be read as weights of an encoder: {error}") from error
        if "pos_embed" in state:
            state = checkpoint_filter_fn(state, self.vit)  # another image side has another number of positions
        wanted = self.vit.state_dict()
        unfit = sorted(name for name in wanted if name not in state or state[name].shape != wanted[name].shape)
        if unfit:
            raise UnreadableInput(path, f"is of another encoder than the recipe names: {unfit[0]} is missing or unfit")
        self.vit.load_state_dict({name: state[name] for name in wanted})
