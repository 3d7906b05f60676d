"""What a model is made of, and recipes in YAML. Settings are unpacked by builders and never enter a module."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from gaze2report.errors import UnreadableInput

SCANPATH_DECODERS = ("autoregressive", "parallel")


@dataclass(frozen=True)
class EncoderConfig:
    """``trunk`` set: transformer blocks over a convolutional trunk; empty: the plain timm ViT named ``vit``.

    ``trunk_taps`` names earlier stages of the trunk whose maps join the last one's.
    """

    trunk: str = "tf_efficientnet_lite0"
    trunk_stages: int = 5
    trunk_taps: tuple[int, ...] = ()
    vit: str = ""
    width: int = 128
    depth: int = 1
    n_heads: int = 4
    image_side_px: int = 224
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if bool(self.trunk) == bool(self.vit):
            raise ValueError(
                f"an encoder is a trunk or a vit, not both or neither: trunk={self.trunk!r}, vit={self.vit!r}"
            )
        if self.width % self.n_heads:
            raise ValueError(f"width={self.width} must be a multiple of n_heads={self.n_heads}")


@dataclass(frozen=True)
class ScanpathConfig:
    """Kind and sizes of the scanpath decoder.

    ``decoder``: ``autoregressive`` or ``parallel``. ``duration_spread``: durations are drawn from a learned
    distribution instead of being its median. The defaults are those of adapter versions made before there was a choice.
    """

    width: int = 128
    depth: int = 2
    n_heads: int = 4
    max_fixations: int = 12
    decoder: str = "autoregressive"
    duration_spread: bool = False

    def __post_init__(self) -> None:
        if self.decoder not in SCANPATH_DECODERS:
            raise ValueError(f"decoder={self.decoder!r} is none of {', '.join(SCANPATH_DECODERS)}")


@dataclass(frozen=True)
class GraphConfig:
    """Layers of the gaze graph: ``max_relative`` (Vision GNN) or ``gatv2``.

    ``transition_weight`` is how much more an edge along the scanpath counts, for each share of the looking time that
    its two fixations took; 0: as much as any other edge.
    """

    depth: int = 2
    n_neighbours: int = 9
    gaze_weight: float = 1.0
    sigma_patches: float = 1.0
    layer: str = "max_relative"
    n_heads: int = 4
    transition_weight: float = 0.0

    def __post_init__(self) -> None:
        if self.layer not in ("max_relative", "gatv2"):
            raise ValueError(f"layer={self.layer!r} is no layer of the gaze graph; it is max_relative or gatv2")


@dataclass(frozen=True)
class ViewsConfig:
    """How many films of a study the model is given, frontal first, and how they become one: mean or concatenate."""

    max_views: int = 1
    fusion: str = "mean"

    def __post_init__(self) -> None:
        if self.fusion not in ("mean", "concatenate"):
            raise ValueError(f"fusion={self.fusion!r} is no fusion of views; it is mean or concatenate")
        if not 1 <= self.max_views <= 4:
            raise ValueError(f"max_views={self.max_views} must lie between 1 and 4")


@dataclass(frozen=True)
class PromptConfig:
    """What the language model is given before the report.

    ``n_tokens`` visual-gaze tokens; with ``observations``, also a soft token an observation and their names in the
    instruction; with ``begin_of_text``, the token that the language model expects at the beginning.
    """

    n_tokens: int = 8
    observations: bool = True
    begin_of_text: bool = False

    def __post_init__(self) -> None:
        if self.n_tokens < 1:
            raise ValueError(f"n_tokens={self.n_tokens} must be at least 1")


@dataclass(frozen=True)
class LoraSettings:
    """Rank, scale, dropout and target modules of the language model's LoRA adapter; ``all-linear`` means every one."""

    rank: int = 16
    alpha: int = 32
    targets: tuple[str, ...] = ("q_proj", "v_proj")
    dropout: float = 0.0


@dataclass(frozen=True)
class DecodingConfig:
    """How the report's words are drawn; see `gaze2report.models.generator.Decoding`."""

    max_new_tokens: int = 110
    repetition_penalty: float = 1.05
    temperature: float = 0.0
    top_p: float = 0.95
    max_tries: int = 4


@dataclass(frozen=True)
class FilmConfig:
    """Whether the whole film is described beside its patches: for the findings probe, refusal by pixels, and regions.

    Needs a convolutional trunk.
    """

    is_described: bool = False


@dataclass(frozen=True)
class ModelConfig:
    """The whole model: the five parts of the method, the findings head, and what is read off the whole film."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    scanpath: ScanpathConfig = field(default_factory=ScanpathConfig)
    graph: GraphConfig = field(default_factory=GraphConfig)
    views: ViewsConfig = field(default_factory=ViewsConfig)
    prompt: PromptConfig = field(default_factory=PromptConfig)
    lora: LoraSettings = field(default_factory=LoraSettings)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)
    film: FilmConfig = field(default_factory=FilmConfig)

    def __post_init__(self) -> None:
        if self.film.is_described and not self.encoder.trunk:
            raise ValueError("film: is_described needs the stages of a convolutional trunk; this encoder has none")


def to_plain(config: Any) -> dict[str, Any]:
    """Return a config dataclass as plain dicts and lists, ready for JSON or YAML."""
    plain: dict[str, Any] = asdict(config)
    return plain


def from_plain(kind: type[Any], content: dict[str, Any], where: str = "") -> Any:
    """Build a config dataclass from plain dicts; an unknown key is an error, a missing one takes the default.

    Raises
    ------
    ValueError
        With the name of the offending key or value.
    """
    known = {item.name: item for item in fields(kind)}
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise ValueError(f"{where or kind.__name__} has no setting {unknown[0]!r}; it has {sorted(known)}")
    values: dict[str, Any] = {}
    for name, value in content.items():
        factory = known[name].default_factory
        if isinstance(value, dict) and factory is not MISSING:
            values[name] = from_plain(type(factory()), value, f"{where}.{name}".strip("."))
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def read_recipe(path: Path) -> dict[str, Any]:
    """Read a recipe.

    Raises
    ------
    UnreadableInput
        If the file is missing, not YAML, or not a mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnreadableInput(path, f"cannot be read as a recipe: {error}") from error
    if not isinstance(content, dict):
        raise UnreadableInput(path, "is not a recipe: the top level must be a mapping of settings")
    return content
