"""What the training loop is given: settings, and an objective with its losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from gaze2report.data.dataset import StudyBatch


@dataclass(frozen=True)
class LoopSettings:
    """How an objective is trained.

    Attributes
    ----------
    epochs : float
        How often every example comes up; ``steps``, if above 0, says it in optimizer steps instead.
    batch_size : int
        Examples of one forward pass of one process.
    accumulation : int
        Forward passes of one optimizer step.
    warmup_share, final_lr_share : float
        Share of the steps in which the rate rises; what is left of it at the end of the cosine.
    precision : str
        ``automatic`` (bfloat16 on a GPU, float32 on the CPU), ``float32`` or ``bfloat16``; weights stay float32.
    evaluate_every, checkpoint_every : int
        Steps; 0: at the end only.
    patience : int
        Evaluations without a lower validation loss after which the run stops; 0: never.
    workers : int
        Processes that read films ahead; 0: none.
    """

    epochs: float = 10.0
    steps: int = 0
    batch_size: int = 8
    accumulation: int = 1
    weight_decay: float = 0.0
    warmup_share: float = 0.05
    final_lr_share: float = 0.01
    clip_norm: float = 1.0
    precision: str = "automatic"
    evaluate_every: int = 100
    checkpoint_every: int = 100
    patience: int = 0
    workers: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.precision not in ("automatic", "float32", "bfloat16"):
            raise ValueError(f"precision={self.precision!r} is not automatic, float32 or bfloat16")
        for name in ("batch_size", "accumulation"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        if self.steps < 0 or (not self.steps and self.epochs <= 0):
            raise ValueError("a run needs steps or epochs above 0")


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters that are trained at one rate."""

    name: str
    lr: float
    parameters: Sequence[nn.Parameter]


@dataclass(frozen=True)
class Moment:
    """Where in a run a forward pass stands; everything random in it is drawn from this alone.

    Attributes
    ----------
    step : int
        Optimizer steps done; that of the evaluation does not matter, whose draws are the same every time.
    is_training : bool
    """

    seed: int
    step: int
    is_training: bool


class Objective(nn.Module):
    """What is minimised: a model and the losses it has on a batch."""

    loss_weights: Mapping[str, float]
    """Name of each loss to its weight in the sum."""

    def groups(self) -> list[ParameterGroup]:
        """What is trained, and how fast."""
        raise NotImplementedError

    def counts(self, batch: StudyBatch) -> dict[str, float]:
        """How much of each loss there is in a batch (weighted tokens, known labels): what its sum is divided by."""
        raise NotImplementedError

    def forward(self, batch: StudyBatch, moment: Moment) -> dict[str, Tensor]:
        """Sum of each loss over a batch."""
        raise NotImplementedError

    def kept_state(self) -> dict[str, Tensor]:
        """What checkpoints keep: by default what is trained."""
        return {name: value for name, value in self.named_parameters() if value.requires_grad}

    def restore_state(self, state: Mapping[str, Tensor]) -> None:
        """Put back what `kept_state` gave."""
        self.load_state_dict(dict(state), strict=False)
