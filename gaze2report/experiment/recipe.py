"""What an experiment runs: the conditions, the seeds, the sizes of the small model, and how it is judged."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gaze2report.config import from_plain, read_recipe
from gaze2report.data.splits import SPLITS
from gaze2report.errors import Gaze2ReportError, UnreadableInput
from gaze2report.evaluation.statistics.seeds import FEWEST_SEEDS
from gaze2report.experiment.small_model import FUSIONS
from gaze2report.gaze.gaze_sources import GAZE_SOURCES
from gaze2report.types import GazeSource

REFERENCES: tuple[GazeSource, ...] = ("none", "shuffled")
"""What every source of gaze is compared with: no gaze, and real gaze of another patient."""


@dataclass(frozen=True)
class TrainingSettings:
    """Epochs and step size of one part."""

    epochs: int = 15
    lr: float = 3e-3


@dataclass(frozen=True)
class ControlledSettings:
    """The made data of the controlled benchmark, and its conditions.

    Attributes
    ----------
    n_films : int
        Of each repeat.
    null_share, planted_share : float
        Share of readers whose gaze tells what is reported: the effect that is to be missed, and the one to be found.
    """

    n_films: int = 500
    null_share: float = 0.0
    planted_share: float = 1.0
    normal_share: float = 0.2
    look_alike_share: float = 0.8
    conspicuity: tuple[float, float] = (0.6, 1.0)
    findings: tuple[str, ...] = ("Pneumonia", "Atelectasis", "Lung Lesion")
    sources: tuple[GazeSource, ...] = ("none", "shuffled", "recorded")


@dataclass(frozen=True)
class ExperimentRecipe:
    """A whole experiment.

    Attributes
    ----------
    seeds : tuple of int
        Three or more: of the training of encoder and fusion, and of the controls' chance.
    sources : tuple of str
        Conditions; ``none`` and ``shuffled`` are always needed.
    fusions : tuple of str
        How gaze is joined to the film; the first is the one that sources are compared under.
    side_px, width : int
        Films are made so large; D of the small model.
    held_out : tuple of str
        Splits that nothing is trained on and that are scored.
    min_positive : int
        An observation is scored when so many films to train on have it.
    sigma_patches : float
        Spread of a fixation.
    degradations : tuple of float
        Shares of fixations that are exchanged for another patient's, to see what a worse scanpath costs.
    draws : int
        Of every bootstrap.
    """

    name: str = "experiment"
    seeds: tuple[int, ...] = (0, 1, 2)
    sources: tuple[GazeSource, ...] = GAZE_SOURCES
    fusions: tuple[str, ...] = FUSIONS
    side_px: int = 64
    width: int = 32
    held_out: tuple[str, ...] = ("val", "test")
    min_positive: int = 10
    sigma_patches: float = 0.6
    batch_size: int = 32
    encoder: TrainingSettings = field(default_factory=lambda: TrainingSettings(epochs=20))
    fusion_training: TrainingSettings = field(default_factory=TrainingSettings)
    predictor: TrainingSettings = field(default_factory=lambda: TrainingSettings(epochs=10, lr=2e-3))
    degradations: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    draws: int = 2000
    controlled: ControlledSettings = field(default_factory=ControlledSettings)

    def __post_init__(self) -> None:
        if len(set(self.seeds)) < FEWEST_SEEDS:
            raise ValueError(f"an experiment needs {FEWEST_SEEDS} different seeds or more, not {list(self.seeds)}")
        for sources in (self.sources, self.controlled.sources):
            unknown = sorted(set(sources) - set(GAZE_SOURCES))
            if unknown:
                raise ValueError(f"{unknown[0]!r} is no source of gaze; they are {', '.join(GAZE_SOURCES)}")
            if not set(REFERENCES) <= set(sources):
                raise ValueError(f"every experiment needs the sources {' and '.join(REFERENCES)} to compare with")
        if not self.fusions or not set(self.fusions) <= set(FUSIONS):
            raise ValueError(f"fusions are {', '.join(FUSIONS)}, not {', '.join(self.fusions)}")
        if not self.held_out or not set(self.held_out) < set(SPLITS):
            raise ValueError(f"held_out must leave a split to train on; splits are {', '.join(SPLITS)}")

    def sha256(self) -> str:
        """Hash of everything that decides the results."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def load_recipe(path: Path) -> ExperimentRecipe:
    """Read an experiment's recipe.

    Raises
    ------
    UnreadableInput
        If it cannot be read, or a setting is unknown or impossible.
    """
    content: dict[str, Any] = read_recipe(path)
    try:
        recipe = from_plain(ExperimentRecipe, content)
    except (ValueError, TypeError, Gaze2ReportError) as error:
        raise UnreadableInput(path, str(error)) from error
    if not isinstance(recipe, ExperimentRecipe):
        raise UnreadableInput(path, "is not the recipe of an experiment")
    return recipe
