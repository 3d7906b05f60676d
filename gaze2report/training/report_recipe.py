"""Recipes of ``train-report``: what a YAML file may say, every setting checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gaze2report.base_models import EMBEDDED
from gaze2report.config import ModelConfig, from_plain, read_recipe
from gaze2report.data.splits import SPLITS
from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.gaze_sources import GAZE_SOURCES
from gaze2report.training.made_language_model import MadeLanguageModel
from gaze2report.training.objective import LoopSettings
from gaze2report.training.report_losses import ReportLosses

MADE = "made"


@dataclass(frozen=True)
class LanguageModelSettings:
    """Which base language model: ``embedded``, ``made`` of the set's own words, or a folder.

    A folder is usually given on the command line, since recipes hold no paths of a machine.
    """

    source: str = EMBEDDED
    made: MadeLanguageModel = field(default_factory=MadeLanguageModel)


@dataclass(frozen=True)
class DataSettings:
    """What of a training set is trained on.

    Attributes
    ----------
    gaze : str
        One of `gaze_sources.GAZE_SOURCES`.
    report_kind : str
        ``written`` or ``dictated``.
    max_train, max_val : int
        Take the first so many studies; 0: all.
    validate_on : str
        Split that stops and calibrates; ``train`` only to show that a model can learn a few cases by heart.
    """

    gaze: str = "predicted"
    report_kind: str = "written"
    max_train: int = 0
    max_val: int = 0
    validate_on: str = "val"

    def __post_init__(self) -> None:
        if self.gaze not in GAZE_SOURCES:
            raise ValueError(f"gaze={self.gaze!r} is no gaze source; it is one of {', '.join(GAZE_SOURCES)}")
        if self.validate_on not in SPLITS:
            raise ValueError(f"validate_on={self.validate_on!r} is no split; it is one of {', '.join(SPLITS)}")
        if self.report_kind not in ("written", "dictated"):
            raise ValueError(f"report_kind={self.report_kind!r} is not written or dictated")


@dataclass(frozen=True)
class CalibrationSettings:
    """Positive and negative validation films that an observation needs to be supported, and its lowest AUROC.

    ``n_drafts`` validation studies are drafted at the end, and how many of the drafts are the very report is told.
    """

    min_films: int = 20
    min_auroc: float = 0.6
    n_drafts: int = 8


@dataclass(frozen=True)
class ReportRecipe:
    """A recipe file's content."""

    name: str
    model: ModelConfig
    language_model: LanguageModelSettings
    data: DataSettings
    losses: ReportLosses
    training: LoopSettings
    calibration: CalibrationSettings
    added: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Losses beside those of report and findings, by name: ``added_losses.py``."""

    def with_choices(self, *, gaze: str | None, seed: int | None, language_model: str | None) -> ReportRecipe:
        """The recipe with what the command line says instead.

        Raises
        ------
        Gaze2ReportError
            If the gaze source is not known.
        """
        try:
            changed = replace(self, data=replace(self.data, gaze=gaze)) if gaze else self
        except ValueError as error:
            raise Gaze2ReportError(str(error)) from error
        if seed is not None:
            changed = replace(changed, training=replace(changed.training, seed=seed))
        if language_model:
            changed = replace(changed, language_model=replace(changed.language_model, source=language_model))
        return changed


def load_report_recipe(path: Path) -> ReportRecipe:
    """Read a recipe and check every setting; a name without a folder is one of the recipes that come along.

    Raises
    ------
    Gaze2ReportError
        With the setting that is unknown or nonsense.
    """
    shipped = Path(__file__).resolve().parent.parent / "recipes" / path.name
    if not path.exists() and shipped.is_file() and path.parent.name in ("", "recipes"):
        path = shipped
    content = read_recipe(path)
    kinds: dict[str, type[Any]] = {
        "model": ModelConfig,
        "language_model": LanguageModelSettings,
        "data": DataSettings,
        "losses": ReportLosses,
        "training": LoopSettings,
        "calibration": CalibrationSettings,
    }
    unknown = sorted(set(content) - {*kinds, "name", "added"})
    if unknown:
        raise Gaze2ReportError(
            f"{path}: a recipe of train-report has no part {unknown[0]!r}; it has {sorted(kinds)}, 'added' and 'name'"
        )
    added = content.get("added") or {}
    if not isinstance(added, dict) or not all(isinstance(one or {}, dict) for one in added.values()):
        raise Gaze2ReportError(f"{path}: added must map the name of a loss to its settings")
    try:
        parts: dict[str, Any] = {key: from_plain(kind, content.get(key) or {}, key) for key, kind in kinds.items()}
    except (ValueError, TypeError) as error:
        raise Gaze2ReportError(f"{path}: {error}") from error
    added = {str(name): dict(settings or {}) for name, settings in added.items()}
    return ReportRecipe(name=str(content.get("name", path.stem)), added=added, **parts)
