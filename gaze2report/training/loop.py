"""The training loop: any objective over studies, on the CPU, one GPU, or several processes by ``accelerate launch``.

The loss of a step is the mean over everything that the step counts (report tokens, known labels) in all its parts and
on all processes, so that accumulation and the number of processes change nothing but rounding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from gaze2report.data.dataset import StudyBatch, StudyExample, collate
from gaze2report.errors import Gaze2ReportError
from gaze2report.training.checkpoint import CheckpointFolder, RunState, save_weights
from gaze2report.training.example_order import ExampleOrder, MicroBatches
from gaze2report.training.objective import LoopSettings, Moment, Objective
from gaze2report.training.training_log import NO_TENSORBOARD, TrainingLog, read_curve

BEST = "best.safetensors"


@dataclass(frozen=True)
class FitResult:
    """How a run ended.

    Attributes
    ----------
    curve : list of (step, split, name, value)
    is_main : bool
        Whether this is the process that writes; the others have trained along.
    """

    steps: int
    best_step: int
    best_loss: float
    curve: list[tuple[int, str, str, float]] = field(repr=False)
    is_main: bool = True


Progress = Callable[[int, int, Mapping[str, float]], None]
"""Told of each step: done, total, values."""


def make_accelerator(settings: LoopSettings) -> Accelerator:
    """Accelerator for this process, as ``accelerate launch`` or nobody has set it up."""
    on_gpu = torch.cuda.is_available()
    wants_half = settings.precision == "bfloat16" or (settings.precision == "automatic" and on_gpu)
    # A batch may have no known label, or no gaze: its parameters then have no gradient on one process.
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(mixed_precision="bf16" if wants_half else "no", cpu=not on_gpu, kwargs_handlers=[unused])


def fit(
    objective: Objective,
    train: Dataset[StudyExample],
    val: Dataset[StudyExample],
    settings: LoopSettings,
    work: Path,
    *,
    identity: Mapping[str, Any] | None = None,
    resume: bool = True,
    accelerator: Accelerator | None = None,
    on_progress: Progress = lambda *_: None,
    on_log: Callable[[str], None] = lambda _: None,
) -> FitResult:
    """Train an objective, in place; at the end it holds the weights of the lowest validation loss.

    Parameters
    ----------
    train, val : datasets with a length
    work : Path
        Gets checkpoints, the curves, and the best weights.
    identity : dict, optional
        What else must be equal for a run to go on: data, recipe, language model.
    resume : bool
        Go on where a run in ``work`` was stopped; otherwise begin anew.

    Raises
    ------
    OtherRun
        If ``work`` holds a run with other settings.
    StorageFailed
        If the disk refuses.
    """
    return _Run(objective, train, val, settings, work, accelerator or make_accelerator(settings)).fit(
        dict(identity or {}), resume=resume, on_progress=on_progress, on_log=on_log
    )


class _Run:
    def __init__(
        self,
        objective: Objective,
        train: Dataset[StudyExample],
        val: Dataset[StudyExample],
        settings: LoopSettings,
        work: Path,
        accelerator: Accelerator,
    ) -> None:
        self.objective, self.train, self.val = objective, train, val
        self.settings, self.work, self.accelerator = settings, work, accelerator
        n_train = len(train)  # type: ignore[arg-type]
        if not n_train or not len(val):  # type: ignore[arg-type]
            raise Gaze2ReportError("there is nothing to train on, or nothing to validate on")
        self.order = ExampleOrder(
            n_train, settings.batch_size, settings.accumulation, accelerator.num_processes, settings.seed
        )
        self.n_steps = settings.steps or self.order.steps_of(settings.epochs)
        objective.to(accelerator.device)
        groups = objective.groups()
        self.optimizer = torch.optim.AdamW(
            [{"params": list(g.parameters), "lr": g.lr} for g in groups], weight_decay=settings.weight_decay
        )
        self.rates = [group.lr for group in groups]
        self.trained = [parameter for group in groups for parameter in group.parameters]

    def fit(
        self, identity: dict[str, Any], *, resume: bool, on_progress: Progress, on_log: Callable[[str], None]
    ) -> FitResult:
        accelerator, is_main = self.accelerator, self.accelerator.is_main_process
        identity |= {"steps": self.n_steps, "step_size": self.order.step_size, "examples": self.order.n_examples}
        identity |= {name: value for name, value in vars(self.settings).items() if name not in _FREE_TO_CHANGE}
        checkpoints = CheckpointFolder(self.work / "checkpoints", identity)
        state = RunState()
        if not resume and is_main:
            checkpoints.clear()
        accelerator.wait_for_everyone()
        loaded = checkpoints.load(self.optimizer)
        if loaded is not None:
            state, weights = loaded
            self.objective.restore_state(weights)
            on_log(f"going on at step {state.step} of {self.n_steps}")
        wrapped = accelerator.prepare_model(self.objective)
        log = TrainingLog(self.work, state.step) if is_main else None
        if log is not None and not log.has_tensorboard:
            on_log(NO_TENSORBOARD)
        try:
            self._steps(wrapped, state, checkpoints, log, on_progress)
        finally:
            if log is not None:
                log.__exit__(None, None, None)
        accelerator.wait_for_everyone()
        if (self.work / BEST).is_file():
            self.objective.restore_state(load_file(self.work / BEST))
        self.objective.eval()
        return FitResult(state.step, state.best_step, state.best_loss, read_curve(self.work), is_main)

    def _steps(
        self,
        wrapped: nn.Module,
        state: RunState,
        checkpoints: CheckpointFolder,
        log: TrainingLog | None,
        on_progress: Progress,
    ) -> None:
        s = self.settings
        batches = self._batches(state.step)
        bar = tqdm(
            total=self.n_steps, initial=state.step, desc="train", unit="step", disable=log is None, dynamic_ncols=True
        )
        with bar:
            while state.step < self.n_steps and not state.is_over:
                began_s = time.monotonic()
                values = self._step(wrapped, state.step, [next(batches) for _ in range(s.accumulation)])
                state.step += 1
                is_last = state.step == self.n_steps
                seconds = time.monotonic() - began_s
                if log is not None:
                    log.add(state.step, "train", {**values, "epoch": self.order.epoch_of(state.step)})
                    log.add_timing(state.step, "train", {"examples_per_s": self.order.step_size / seconds})
                bar.update()
                bar.set_postfix(loss=f"{values['loss']:.4f}", best=f"{state.best_loss:.4f}")
                on_progress(state.step, self.n_steps, values)
                if is_last or (s.evaluate_every and state.step % s.evaluate_every == 0):
                    self._evaluate_and_keep(wrapped, state, log)
                if log is not None and (is_last or state.is_over or _is_due(state.step, s.checkpoint_every)):
                    checkpoints.save(state, self.objective.kept_state(), self.optimizer)

    def _step(self, wrapped: nn.Module, step: int, batches: Sequence[StudyBatch]) -> dict[str, float]:
        """One optimizer step; returns its losses and the norm of its gradient."""
        accelerator = self.accelerator
        counts = self._sum_over_processes([self.objective.counts(batch) for batch in batches])
        factor = self._rate_factor(step)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        self.objective.train()
        totals: dict[str, Tensor] = {}
        for part, batch in enumerate(batches):
            # Dropout draws from the global generator; everything else from the moment.
            torch.manual_seed(_mixed(self.settings.seed, step, part, accelerator.process_index))
            is_last = part == len(batches) - 1
            with accelerator.no_sync(wrapped) if not is_last else nullcontext():
                with accelerator.autocast():
                    sums = wrapped(batch.to(accelerator.device), Moment(self.settings.seed, step, True))
                loss = self._weighted(sums, counts)
                accelerator.backward(loss * accelerator.num_processes)  # gradients are averaged over processes
            for name, value in sums.items():
                totals[name] = totals.get(name, torch.zeros_like(value)) + value.detach()
        norm = accelerator.clip_grad_norm_(self.trained, self.settings.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        values = self._means(totals, counts)
        if not math.isfinite(values["loss"]):
            raise Gaze2ReportError(
                f"the loss of step {step + 1} is not a number: lower the rates, or train with precision float32"
            )
        return {**values, "gradient_norm": float(norm), "rate_factor": factor}

    @torch.no_grad()
    def evaluate(self, wrapped: nn.Module) -> dict[str, float]:
        """Losses over the whole validation split; everything random in them is the same every time."""
        self.objective.eval()
        accelerator, n_val = self.accelerator, len(self.val)  # type: ignore[arg-type]
        rows = range(accelerator.process_index, n_val, accelerator.num_processes)
        size = self.settings.batch_size
        totals: dict[str, Tensor] = {}
        counts: list[dict[str, float]] = []
        for start in range(0, len(rows), size):
            batch = collate([self.val[row] for row in rows[start : start + size]])
            counts.append(self.objective.counts(batch))
            with accelerator.autocast():
                sums = self.objective(batch.to(accelerator.device), Moment(self.settings.seed, 0, False))
            for name, value in sums.items():
                totals[name] = totals.get(name, torch.zeros_like(value)) + value
        zero = torch.zeros((), device=accelerator.device)
        return self._means(
            {name: totals.get(name, zero) for name in self.objective.loss_weights}, self._sum_over_processes(counts)
        )

    def _evaluate_and_keep(self, wrapped: nn.Module, state: RunState, log: TrainingLog | None) -> None:
        values = self.evaluate(wrapped)
        if log is not None:
            log.add(state.step, "val", values)
        if values["loss"] < state.best_loss:
            state.best_loss, state.best_step, state.since_best = values["loss"], state.step, 0
            if log is not None:
                save_weights(self.work / BEST, self.objective.kept_state())
        else:
            state.since_best += 1
            state.is_over = 0 < self.settings.patience <= state.since_best

    def _batches(self, first_step: int) -> Iterator[StudyBatch]:
        loader = DataLoader(
            self.train,
            batch_sampler=MicroBatches(self.order, self.accelerator.process_index, first_step, self.n_steps),
            collate_fn=collate,
            num_workers=self.settings.workers,
            # A forked worker would share the pipe to this process's intake.
            multiprocessing_context="spawn" if self.settings.workers else None,
        )
        return iter(loader)

    def _weighted(self, sums: Mapping[str, Tensor], counts: Mapping[str, float]) -> Tensor:
        parts = [w * sums[name] / max(counts[name], 1e-9) for name, w in self.objective.loss_weights.items()]
        return torch.stack(parts).sum()

    def _means(self, totals: Mapping[str, Tensor], counts: Mapping[str, float]) -> dict[str, float]:
        names = list(self.objective.loss_weights)
        summed = self.accelerator.reduce(torch.stack([totals[name].detach().double() for name in names]), "sum")
        means = {n: float(v) / max(counts[n], 1e-9) for n, v in zip(names, summed.tolist(), strict=True)}
        loss = sum(weight * means[name] for name, weight in self.objective.loss_weights.items())
        return {"loss": loss, **means}

    def _sum_over_processes(self, counts: Sequence[Mapping[str, float]]) -> dict[str, float]:
        names = list(self.objective.loss_weights)
        own = [sum(one[name] for one in counts) for name in names]
        summed = self.accelerator.reduce(torch.tensor(own, dtype=torch.float64, device=self.accelerator.device), "sum")
        return dict(zip(names, summed.tolist(), strict=True))

    def _rate_factor(self, step: int) -> float:
        """Linear rise, then a cosine down to ``final_lr_share``."""
        s = self.settings
        warmup = s.warmup_share * self.n_steps
        if step < warmup:
            return (step + 1) / (warmup + 1)
        done = (step - warmup) / max(self.n_steps - warmup, 1)
        return s.final_lr_share + (1 - s.final_lr_share) * 0.5 * (1 + math.cos(math.pi * done))


_FREE_TO_CHANGE = frozenset({"checkpoint_every", "workers", "batch_size", "accumulation"})
"""Settings that do not change what is learnt; of batch size and accumulation only the examples of a step count."""


def _is_due(step: int, every: int) -> bool:
    return bool(every) and step % every == 0


def _mixed(*numbers: int) -> int:
    """One seed of several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, dtype=np.uint64)[0] >> 1)
