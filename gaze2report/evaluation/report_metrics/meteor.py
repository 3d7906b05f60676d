"""METEOR 1.5 through the authors' Java program, where Java and the program are at hand."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO

import numpy as np
from numpy.typing import NDArray

from gaze2report.evaluation.report_metrics.not_run import NotRun

JAR_NAME = "meteor-1.5.jar"
TIME_LIMIT_S = 600.0
AHEAD = 32
"""Lines sent before the answer of the first is read. An answer has some 100 bytes and a pipe holds 64 kB."""


@dataclass(frozen=True, eq=False)
class MeteorScores:
    """What METEOR says.

    Attributes
    ----------
    per_report : ndarray, shape (N,)
        0 to 1.
    of_groups : tuple of float
        Score of each group asked for, from its summed counts; it is not the mean of its reports. NaN if it is empty.
    """

    per_report: NDArray[np.float64]
    of_groups: tuple[float, ...]


def find_meteor() -> Path | None:
    """Where pip has put the program: the package pycocoevalcap ships it; None when it is not installed."""
    spec = importlib.util.find_spec("pycocoevalcap")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        jar = Path(folder) / "meteor" / JAR_NAME
        if jar.is_file():
            return jar
    return None


def meteor(
    hypotheses: Sequence[Sequence[str]],
    references: Sequence[Sequence[str]],
    groups: Sequence[Sequence[int]],
    *,
    jar: Path | None = None,
    java: str | None = None,
    time_limit_s: float = TIME_LIMIT_S,
) -> MeteorScores | NotRun:
    """METEOR (Denkowski & Lavie 2014), English, normalized, as coco-caption calls it.

    Parameters
    ----------
    hypotheses, references : sequence of sequence of str
        Words of N generated reports and of the one reference of each.
    groups : sequence of sequence of int
        Numbers of the reports to score together.
    jar : Path or None
        ``meteor-1.5.jar`` with its folder ``data``; None looks for the package pycocoevalcap.
    java : str or None
        The Java program; None looks on the search path.
    time_limit_s : float
        After which the program is ended. It takes about 7 s to start on an idle machine.

    Returns
    -------
    MeteorScores or NotRun
        The scores, or why there are none.
    """
    java = java or shutil.which("java")
    if java is None:
        return NotRun("METEOR is a Java program, and no Java was found")
    jar = jar or find_meteor()
    if jar is None:
        return NotRun("METEOR's program was not found (python -m pip install --no-deps pycocoevalcap==1.2 brings it)")
    lines = [
        f"SCORE ||| {_line(reference)} ||| {_line(hypothesis)}"
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    ]
    command = [java, "-Xmx2G", "-jar", jar.name, "-", "-", "-stdio", "-l", "en", "-norm"]
    try:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
            return _talk(command, jar.parent, lines, groups, time_limit_s, told)
    except OSError as error:
        return NotRun(f"METEOR's program could not be started ({error.strerror or error})")


def _line(words: Sequence[str]) -> str:
    """One line without the mark that parts fields."""
    return " ".join(" ".join(words).replace("|||", " ").split())


def _talk(
    command: list[str],
    folder: Path,
    lines: list[str],
    groups: Sequence[Sequence[int]],
    time_limit_s: float,
    told: IO[str],
) -> MeteorScores | NotRun:
    """Ask line by line, few of them ahead: it answers each before it reads the next, and full pipes would stop both."""
    with subprocess.Popen(
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told, encoding="utf-8"
    ) as process:
        limit = Timer(time_limit_s, process.kill)
        limit.start()
        try:
            counts = _ask_each(process, lines)
            # EVAL answers with a score for each set of counts, then with the score of their sum.
            answers = [
                [float(answer) for answer in _ask(process, f"EVAL ||| {' ||| '.join(chosen)}", len(chosen) + 1)]
                for group in [range(len(lines)), *groups]
                if (chosen := [counts[number] for number in group])
            ]
        except (_Silent, ValueError, OSError) as error:
            process.kill()
            process.wait()
            told.seek(0)
            last = told.read().strip().splitlines()
            return NotRun(f"METEOR's program failed ({last[-1] if last else error})")
        finally:
            limit.cancel()
    per_report = np.array(answers.pop(0)[:-1] if lines else [], dtype=np.float64)
    sums = iter(answers)
    return MeteorScores(per_report, tuple(next(sums)[-1] if len(group) else float("nan") for group in groups))


class _Silent(Exception):
    """The program ended, or was ended, before it answered."""


def _ask_each(process: subprocess.Popen[str], lines: list[str]) -> list[str]:
    """One answer of each line, so that neither program waits for the other at every line."""
    answers: list[str] = []
    for number, line in enumerate(lines):
        _send(process, line)
        if number >= AHEAD:
            answers += _answers(process, 1)
    return answers + _answers(process, len(lines) - len(answers))


def _ask(process: subprocess.Popen[str], line: str, answers: int) -> list[str]:
    _send(process, line)
    return _answers(process, answers)


def _send(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _answers(process: subprocess.Popen[str], answers: int) -> list[str]:
    assert process.stdout is not None
    found = [process.stdout.readline() for _ in range(answers)]
    if not all(found):
        raise _Silent("it ended before it answered; it may have run out of time or memory")
    for number in " ".join(found).split():
        float(number)  # every answer is numbers; ValueError here rather than waiting for what will not come
    return [answer.strip() for answer in found]
