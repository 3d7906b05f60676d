"""What a conversion has done so far, on the disk: whole lines survive a kill, a torn one is cut and done again."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from gaze2report.data.example_json import example_to_line, line_to_example
from gaze2report.data.training_example import TrainingExample
from gaze2report.data.training_set import Dropped
from gaze2report.errors import Gaze2ReportError, StorageFailed

_SYNC_EVERY = 200


class Journal:
    """One line a record, after a line that names the conversion; held by one process at a time.

    Parameters
    ----------
    path : Path
        The journal; films of its examples lie in ``set/`` beside it.
    header : dict
        What names the conversion; a journal with another one is not gone on with.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self._path = path
        self._header = header
        self._since_sync = 0

    def __enter__(self) -> Journal:
        try:
            with contextlib.ExitStack() as on_failure:
                self._stream: IO[bytes] = on_failure.enter_context(self._path.open("a+b"))
                _lock(self._stream, self._path)
                self._cut_torn_line()
                self._check_header()
                on_failure.pop_all()
        except OSError as error:
            raise StorageFailed(f"cannot write {self._path}: {error.strerror}") from error
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stream.close()

    def n_done(self, records: Sequence[str]) -> int:
        """How many of the records, from the first on, stand in the journal."""
        done = 0
        for done, (record, examples, _) in enumerate(self.entries(), start=1):
            if done > len(records) or records[done - 1] != record:
                raise self._other_conversion()
            self._check_films(examples)
        return done

    def entries(self) -> Iterator[tuple[str, list[TrainingExample], list[Dropped]]]:
        """Read record, examples and losses of each line."""
        self._stream.flush()
        with self._path.open("rb") as stream:
            next(stream, None)
            for line in stream:
                row = json.loads(line)
                examples = [line_to_example(text, str(self._path)) for text in row["examples"]]
                yield row["record"], examples, [Dropped(row["record"], *loss) for loss in row["dropped"]]

    def add(self, record: str, examples: Iterable[TrainingExample], losses: Iterable[Dropped]) -> None:
        """Add one record; a kill leaves the line whole or torn, and a torn one is cut."""
        row = {
            "record": record,
            "examples": [example_to_line(example) for example in examples],
            "dropped": [[loss.what, loss.reason, loss.count, loss.detail] for loss in losses],
        }
        try:
            self._stream.write(json.dumps(row).encode() + b"\n")
            self._stream.flush()
            self._since_sync += 1
            if self._since_sync >= _SYNC_EVERY:
                os.fsync(self._stream.fileno())
                self._since_sync = 0
        except OSError as error:
            raise StorageFailed(f"cannot write {self._path}: {error.strerror}") from error

    def _cut_torn_line(self) -> None:
        whole = 0
        with self._path.open("rb") as stream:
            for line in stream:
                if line.endswith(b"\n"):
                    whole += len(line)
        self._stream.truncate(whole)

    def _check_header(self) -> None:
        self._stream.seek(0)
        line = self._stream.readline()
        if not line:
            self._stream.write(json.dumps(self._header).encode() + b"\n")
            self._stream.flush()
        elif json.loads(line) != self._header:
            raise self._other_conversion()
        self._stream.seek(0, os.SEEK_END)

    def _check_films(self, examples: Iterable[TrainingExample]) -> None:
        for example in examples:
            for image in example.images:
                if image.file is not None and not (self._path.parent / "set" / image.file).is_file():
                    raise Gaze2ReportError(
                        f"{self._path.parent} holds a conversion that was stopped and has lost the film {image.file}; "
                        "delete that folder and convert again"
                    )

    def _other_conversion(self) -> StorageFailed:
        return StorageFailed(
            f"{self._path.parent} holds a stopped conversion of another source, other options or another release; "
            "delete it, or name another folder to write"
        )


def _lock(stream: IO[bytes], path: Path) -> None:
    """Hold the journal; the system releases it by itself when the process dies."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise StorageFailed(f"another process is converting into {path.parent}; let it finish or stop it") from error
