"""The recipe of a comparison: what all comparators share, and the settings of each."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from gaze2report.comparators.registry import KINDS
from gaze2report.config import (
    DecodingConfig,
    GraphConfig,
    LoraSettings,
    ModelConfig,
    PromptConfig,
    from_plain,
    read_recipe,
    to_plain,
)
from gaze2report.data.training_example import ReportKind
from gaze2report.errors import Gaze2ReportError
from gaze2report.evaluation.report_metrics.protocol import PROTOCOLS
from gaze2report.types import GazeSource

EMBEDDED = "embedded"


@dataclass(frozen=True)
class SharedParts:
    """Parts of the method's model that the recipe sets; its encoder and scanpath predictor are the adapter's."""

    graph: GraphConfig = field(default_factory=GraphConfig)
    prompt: PromptConfig = field(default_factory=PromptConfig)
    lora: LoraSettings = field(default_factory=LoraSettings)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    def in_config(self, config: ModelConfig) -> ModelConfig:
        """The adapter's config with these parts in place of its own."""
        return replace(config, graph=self.graph, prompt=self.prompt, lora=self.lora, decoding=self.decoding)


@dataclass(frozen=True)
class ComparisonRecipe:
    """A recipe file's content.

    Attributes
    ----------
    adapter : str
        Adapter version whose frozen encoder all comparators see through and whose scanpath predictor gives predicted
        gaze: ``embedded`` or a folder.
    gaze : str
        Gaze source of the method, in training and in testing.
    report_kind : str
        Which report of a study is the reference: ``written`` or ``dictated``.
    max_report_tokens : int
        Longest report that is learnt or written.
    max_training, max_validation, max_test : int
        Studies that are used at most; 0 is all of them.
    protocol : str
        How texts become words: ``coco`` or ``r2gen``.
    models : dict
        Name of a comparator to its settings, in the order of the table.
    """

    name: str = "comparators"
    adapter: str = EMBEDDED
    gaze: GazeSource = "predicted"
    report_kind: ReportKind = "written"
    max_report_tokens: int = 96
    max_training: int = 0
    max_validation: int = 0
    max_test: int = 0
    protocol: str = "coco"
    parts: SharedParts = field(default_factory=SharedParts)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, allowed in (("gaze", get_args(GazeSource)), ("report_kind", get_args(ReportKind))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}={getattr(self, name)!r} is none of {', '.join(allowed)}")
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol={self.protocol!r} is none of {', '.join(PROTOCOLS)}")
        if self.max_report_tokens < 2:
            raise ValueError(f"max_report_tokens={self.max_report_tokens} must be at least 2")
        unknown = sorted(set(self.models) - set(KINDS))
        if unknown:
            raise ValueError(f"models has no comparator {unknown[0]!r}; there are {', '.join(KINDS)}")

    def sha256_for(self, name: str) -> str:
        """Hash of all that decides what one comparator writes, the training set and the adapter aside."""
        content = to_plain(self) | {"models": {name: self.models.get(name, {})}, "protocol": ""}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load_comparison_recipe(path: Path) -> ComparisonRecipe:
    """Read a recipe and check its settings; those of the comparators are checked when they are built.

    Raises
    ------
    UnreadableInput, Gaze2ReportError
        With the setting that is unknown or nonsense.
    """
    content = read_recipe(path)
    models = content.pop("models", None) or {name: {} for name in KINDS}
    if not isinstance(models, dict) or not all(isinstance(one or {}, dict) for one in models.values()):
        raise Gaze2ReportError(f"{path}: models must map the name of a comparator to its settings")
    try:
        recipe: ComparisonRecipe = from_plain(ComparisonRecipe, content)
        return replace(recipe, models={str(name): dict(settings or {}) for name, settings in models.items()})
    except (ValueError, TypeError) as error:
        raise Gaze2ReportError(f"{path}: {error}") from error
