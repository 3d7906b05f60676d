"""Which examples a step is given: a function of seed and step alone, whatever the number of processes.

The examples are shuffled anew every epoch and the epochs follow each other without a gap, so that no example is left
out at the end of one. All processes together take the next `batch_size * accumulation * n_processes` of the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler


@dataclass(frozen=True)
class ExampleOrder:
    """The row of examples of a run.

    Attributes
    ----------
    n_examples, batch_size, accumulation, n_processes : int
    """

    n_examples: int
    batch_size: int
    accumulation: int = 1
    n_processes: int = 1
    seed: int = 0

    @property
    def step_size(self) -> int:
        """Examples of one optimizer step."""
        return self.batch_size * self.accumulation * self.n_processes

    def steps_of(self, n_epochs: float) -> int:
        """Optimizer steps in which every example comes up ``n_epochs`` times; at least one."""
        return max(1, round(n_epochs * self.n_examples / self.step_size))

    def epoch_of(self, step: int) -> float:
        """Epochs that are done after so many steps."""
        return step * self.step_size / self.n_examples

    def micro_batch(self, step: int, part: int, process: int) -> list[int]:
        """Examples of one forward pass: part ``part`` of the accumulation, on one process."""
        start = step * self.step_size + (part * self.n_processes + process) * self.batch_size
        return [self._at(position) for position in range(start, start + self.batch_size)]

    def _at(self, position: int) -> int:
        epoch, index = divmod(position, self.n_examples)
        return int(_permutation(self.n_examples, self.seed, epoch)[index])


@lru_cache(maxsize=4)
def _permutation(n_examples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, 1, epoch)).permutation(n_examples)


class MicroBatches(Sampler[list[int]]):
    """The micro-batches of one process from one step on, for a DataLoader."""

    def __init__(self, order: ExampleOrder, process: int, first_step: int, n_steps: int) -> None:
        self._order, self._process, self._steps = order, process, range(first_step, n_steps)

    def __iter__(self) -> Iterator[list[int]]:
        """Give the examples of each forward pass."""
        for step in self._steps:
            for part in range(self._order.accumulation):
                yield self._order.micro_batch(step, part, self._process)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._steps) * self._order.accumulation
