"""Recipes of scanpath predictors that stand alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from gaze2report.config import from_plain, read_recipe
from gaze2report.errors import Gaze2ReportError
from gaze2report.scanpath_prediction import ScanpathModelConfig


@dataclass(frozen=True)
class ScanpathTraining:
    """Settings of the training.

    Attributes
    ----------
    paths_per_image : int
        Scanpaths of an image, drawn anew each time it is shown.
    sigma_patches : float
        Neighbours of the fixated patch count as right, too; 0: none does.
    mirror : bool
        Show each image mirrored half of the time. Never of chest films: the heart has a side.
    trunk_dropout : float
        Share of the channels of the trunk's map that are left out each time, all patches of one image alike.
    patience_epochs : int
        Stop after so many epochs without a lower validation loss.
    temperatures : tuple of float
        Temperatures of sampling, of which the one whose one path agrees best with validation readers is kept; none:
        that of the recipe's choice.
    imagenet : bool
        Start from a trunk that knows ImageNet; False leaves it as chance made it.
    """

    epochs: int = 40
    batch_images: int = 16
    paths_per_image: int = 6
    lr: float = 1e-3
    weight_decay: float = 0.05
    warmup_share: float = 0.1
    sigma_patches: float = 0.7
    mirror: bool = False
    trunk_dropout: float = 0.0
    patience_epochs: int = 8
    temperatures: tuple[float, ...] = ()
    imagenet: bool = True

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_images, self.paths_per_image, self.patience_epochs) < 1:
            raise ValueError("epochs, batch_images, paths_per_image and patience_epochs must be at least 1")


@dataclass(frozen=True)
class ScanpathRecipe:
    """A recipe file's content.

    Attributes
    ----------
    seeds : tuple of int
        A predictor is trained for each.
    held_out_readers : tuple of str
        Readers whose scanpaths are kept back for the measurement.
    """

    name: str
    model: ScanpathModelConfig = field(default_factory=ScanpathModelConfig)
    training: ScanpathTraining = field(default_factory=ScanpathTraining)
    seeds: tuple[int, ...] = (0,)
    held_out_readers: tuple[str, ...] = ()

    def with_decoder(self, decoder: str | None) -> ScanpathRecipe:
        """The same recipe for another decoder; None changes nothing."""
        if decoder is None:
            return self
        scanpath = replace(self.model.scanpath, decoder=decoder)
        return replace(self, model=replace(self.model, scanpath=scanpath))


def load_scanpath_recipe(path: Path) -> ScanpathRecipe:
    """Read a recipe and check every setting.

    Raises
    ------
    UnreadableInput
        If the file cannot be read.
    Gaze2ReportError
        With the setting that is unknown or nonsense.
    """
    content = {"name": path.stem, **read_recipe(path)}
    try:
        recipe: ScanpathRecipe = from_plain(ScanpathRecipe, content, "the recipe")
    except (ValueError, TypeError, AttributeError) as error:
        raise Gaze2ReportError(f"{path}: {error}") from error
    return recipe
