"""What a training run writes down as it goes: a plain CSV, and the same curves for TensorBoard.

The CSV holds only what does not depend on how fast the machine is, so that a run that was killed and resumed leaves
the very file of one that was not.
"""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from gaze2report.errors import StorageFailed

CURVE = "curve.csv"
TENSORBOARD = "tensorboard"
COLUMNS = ("step", "split", "name", "value")
NO_TENSORBOARD = (
    "tensorboardX is not installed: no TensorBoard logs are written (pip install tensorboardX); see curve.csv"
)


class TrainingLog:
    """The curves of one run; use as a context manager.

    Parameters
    ----------
    folder : Path
        Gets ``curve.csv`` and ``tensorboard/``.
    from_step : int
        Step at which the run begins or goes on; rows of later steps, of a run that was killed, are taken out.
    """

    def __init__(self, folder: Path, from_step: int = 0) -> None:
        self._path = folder / CURVE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            kept = [row for row in read_curve(folder) if row[0] <= from_step] if from_step else []
            self._stream = self._path.open("w", newline="", encoding="utf-8")
            self._writer = csv.writer(self._stream, lineterminator="\n")
            self._writer.writerow(COLUMNS)
            self._writer.writerows((step, split, name, repr(value)) for step, split, name, value in kept)
            self._stream.flush()
        except OSError as error:
            raise StorageFailed(f"cannot write {self._path}: {error}") from error
        self._board = _board(folder / TENSORBOARD, from_step)

    @property
    def has_tensorboard(self) -> bool:
        """Whether TensorBoard's files are written."""
        return self._board is not None

    def add(self, step: int, split: str, values: Mapping[str, float]) -> None:
        """Write the values of one step down."""
        self._writer.writerows((step, split, name, repr(float(value))) for name, value in values.items())
        self._stream.flush()
        self.add_timing(step, split, values)

    def add_timing(self, step: int, split: str, values: Mapping[str, float]) -> None:
        """Write values down for TensorBoard alone: those that depend on the machine."""
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(f"{split}/{name}", value, step)

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.close()
        if self._board is not None:
            self._board.close()


def read_curve(folder: Path) -> list[tuple[int, str, str, float]]:
    """Rows of a run's CSV: step, split, name of the value, value; a last line that was cut by a kill is left out."""
    path = folder / CURVE
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        rows: Iterable[list[str]] = list(csv.reader(stream))[1:]
    whole = [row for row in rows if len(row) == len(COLUMNS) and row[3]]
    return [(int(step), split, name, float(value)) for step, split, name, value in whole]


def _board(folder: Path, from_step: int) -> Any:
    if importlib.util.find_spec("tensorboardX") is None:
        return None
    from tensorboardX import SummaryWriter

    # TensorBoard hides what an earlier writer logged from this step on.
    return SummaryWriter(str(folder), purge_step=from_step + 1 if from_step else None)
