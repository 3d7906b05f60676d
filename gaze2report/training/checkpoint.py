"""Checkpoints of a training run: safetensors and JSON, each one whole or not there, so that a killed run goes on.

A checkpoint holds what is trained, the optimizer's moments, and the step. Everything else follows from the step: the
order of the examples, the learning rate, and every random draw, because each step draws from a generator that is
seeded by the run's seed and the number of the step.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gaze2report.errors import Gaze2ReportError, StorageFailed

WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"
KEPT_CHECKPOINTS = 2
_PREFIX = "step-"


class OtherRun(Gaze2ReportError):
    """The folder holds a training run with other settings."""

    code = "other_training_run"


@dataclass
class RunState:
    """Where a run is.

    Attributes
    ----------
    step : int
        Optimizer steps that are done.
    best_step, best_loss : int, float
        Evaluation with the lowest validation loss so far.
    since_best : int
        Evaluations since then.
    is_over : bool
        Whether the run stopped early or came to its end.
    """

    step: int = 0
    best_step: int = 0
    best_loss: float = float("inf")
    since_best: int = 0
    is_over: bool = False


@dataclass
class CheckpointFolder:
    """The checkpoints of one run.

    Parameters
    ----------
    folder : Path
    identity : dict
        Settings, data and sizes that must be equal for a run to go on; plain values.
    """

    folder: Path
    identity: dict[str, Any] = field(default_factory=dict)

    def save(self, state: RunState, weights: dict[str, Tensor], optimizer: torch.optim.Optimizer) -> Path:
        """Write a checkpoint aside, put it in place, and remove older ones.

        Raises
        ------
        StorageFailed
            If the disk refuses; the older checkpoints are then still there.
        """
        target = self.folder / f"{_PREFIX}{state.step:08d}"
        aside = self.folder / f".{target.name}.aside"
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            save_file(_on_cpu(weights), aside / WEIGHTS)
            save_file(_on_cpu(_moments(optimizer)), aside / OPTIMIZER)
            content = {"run": vars(state), "identity": self.identity}
            (aside / STATE).write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
            for path in aside.iterdir():
                _flush(path)
            if target.exists():  # of a run that was stopped after it, whose later steps were lost
                shutil.rmtree(target)
            os.replace(aside, target)
        except OSError as error:
            raise StorageFailed(f"cannot write a checkpoint into {self.folder}: {error}") from error
        for old in self._whole()[:-KEPT_CHECKPOINTS]:
            shutil.rmtree(old, ignore_errors=True)
        return target

    def load(self, optimizer: torch.optim.Optimizer) -> tuple[RunState, dict[str, Tensor]] | None:
        """Read the newest checkpoint and put the optimizer's moments back; None where there is none.

        Raises
        ------
        OtherRun
            If it belongs to a run with other settings, data or sizes.
        """
        whole = self._whole()
        if not whole:
            return None
        newest = whole[-1]
        try:
            content = json.loads((newest / STATE).read_text(encoding="utf-8"))
            weights, moments = load_file(newest / WEIGHTS), load_file(newest / OPTIMIZER)
            state = RunState(**content["run"])
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise Gaze2ReportError(f"{newest}: the checkpoint cannot be read ({error}); remove it to go on") from error
        other = difference(content.get("identity", {}), self.identity)
        if other:
            raise OtherRun(
                f"{self.folder} holds a training run that differs in {other}; name another work folder, or start anew "
                "with --resume never"
            )
        _set_moments(optimizer, moments)
        return state, weights

    def clear(self) -> None:
        """Remove all checkpoints."""
        for path in self._whole():
            shutil.rmtree(path)

    def _whole(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if path.name.startswith(_PREFIX))


def save_weights(path: Path, weights: dict[str, Tensor]) -> None:
    """Write tensors into one file, whole or not at all.

    Raises
    ------
    StorageFailed
        If the disk refuses.
    """
    aside = path.with_name(f".{path.name}.aside")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(_on_cpu(weights), aside)
        _flush(aside)
        os.replace(aside, path)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error}") from error


def difference(known: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Name and both values of the first entry in which two plain dicts differ; empty where they do not."""
    wanted = json.loads(json.dumps(wanted))
    for name in sorted({*known, *wanted}):
        if known.get(name) != wanted.get(name):
            return f"{name}: {known.get(name)!r} there, {wanted.get(name)!r} here"
    return ""


def _on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    # Cloned: safetensors refuses tensors that share memory.
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}


def _moments(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimizer remembers of each parameter, by the parameter's number."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": torch.as_tensor(value) for index, kept in state.items() for name, value in kept.items()}


def _set_moments(optimizer: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _flush(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
