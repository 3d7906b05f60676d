"""What every comparator is: fitted on the same cases, asked for a report of a film that it has not seen.

All of them get the features of one frozen encoder, so that a table compares how reports are written and not how films
are seen. What writes a report gets an `EncodedFilm`, which holds no text: a reference cannot reach it.

Notation used for tensor shapes: N patches, D feature width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from gaze2report.config import ModelConfig
from gaze2report.gaze.time_aggregation import PatchGaze
from gaze2report.types import Report


@dataclass(frozen=True, eq=False)
class EncodedFilm:
    """What a comparator may know of a film when it writes.

    Attributes
    ----------
    features : Tensor (N, D)
        Patch features of the shared encoder.
    gaze : PatchGaze
        Of the gaze source that the comparison names; all 0 without gaze.
    """

    features: Tensor
    gaze: PatchGaze


@dataclass(frozen=True, eq=False)
class ReportCase:
    """A film with the report that was written of it.

    Attributes
    ----------
    observations : frozenset of str
        CheXpert-14 observations that the report asserts.
    """

    example_id: str
    patient_id: str
    film: EncodedFilm
    report: Report
    observations: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FitSummary:
    """How a fit went.

    Attributes
    ----------
    steps : int
        Updates of the weights; 0 for what has none.
    best_validation_loss : float, optional
        Mean cross-entropy of a report token on the validation set, of the weights that were kept.
    """

    steps: int = 0
    best_validation_loss: float | None = None


@dataclass(frozen=True)
class ParameterCount:
    """Parameters that the fit changed, and all that writing a report needs beside the shared encoder."""

    trained: int
    whole: int


class Comparator(Protocol):
    """One way to write reports."""

    def fit(
        self, training: Sequence[ReportCase], validation: Sequence[ReportCase], on_log: Callable[[str], None]
    ) -> FitSummary:
        """Learn from the training cases; the validation cases only say when to stop."""
        ...

    def generate(self, film: EncodedFilm) -> Report:
        """Write the report of a film."""
        ...

    def parameters(self) -> ParameterCount:
        """Count the parameters; valid after the fit."""
        ...


@dataclass(frozen=True, eq=False)
class Ingredients:
    """What comparators are built from, the same for all.

    Attributes
    ----------
    config : ModelConfig
        Of the method's model; its encoder is the one whose features the cases hold.
    tokenizer
        Of the language model; decoders trained from scratch use those of its tokens that training reports hold.
    load_language_model : callable
        Gives a fresh base language model, without an adapter, each time it is called.
    max_report_tokens : int
        Longest report that is learnt or written.
    """

    config: ModelConfig
    tokenizer: Any
    load_language_model: Callable[[], nn.Module]
    max_report_tokens: int = 96

    @property
    def feature_width(self) -> int:
        """D."""
        return self.config.encoder.width


class BuildComparator(Protocol):
    """How a comparator is made: of the ingredients, its own settings in the recipe, and a seed."""

    def __call__(self, ingredients: Ingredients, settings: dict[str, Any], seed: int) -> Comparator:
        """Build a comparator that was not fitted."""
        ...


def count_parameters(*modules: nn.Module) -> ParameterCount:
    """Count the parameters of modules; those that take gradients were trained."""
    parameters = {id(p): p for module in modules for p in module.parameters()}.values()
    return ParameterCount(sum(p.numel() for p in parameters if p.requires_grad), sum(p.numel() for p in parameters))
