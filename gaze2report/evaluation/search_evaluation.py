"""Predicted searches of GazeSearch against the readers', beside paths that know the finding but not the film.

The published split is used as it is, because the released predictions belong to it, although it leaks: the same films
stand in its training part under other findings. Every row can therefore know the film's other searches, and the last
row of the table shows what that is worth. There is one reader a film and finding, so there is no ceiling of agreement.

Notation: N records, M metrics.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.sources.gazesearch import FILE, SIDE_PX, SearchRecord, read_records
from gaze2report.errors import UnreadableInput
from gaze2report.evaluation.scanpath_metrics.grid_strings import string_edit_distance
from gaze2report.evaluation.scanpath_metrics.multimatch import multimatch
from gaze2report.evaluation.scanpath_metrics.time_delay_embedding import scaled_time_delay_embedding
from gaze2report.evaluation.scanpath_scores import mean_known
from gaze2report.evaluation.statistics.bootstrap import Interval, bootstrap_interval, mean_of
from gaze2report.gaze.pairwise_scanmatch import ScanMatchSettings, consensus_number, scanmatch_of_all
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation

PREDICTIONS = "chestsearch_predicted.json"
FINE = ScanMatchSettings(columns=14, rows=14, temporal_bin_ms=None)
COARSE = ScanMatchSettings(columns=8, rows=6, temporal_bin_ms=None)
METRICS = ("ScanMatch 14 x 14", "ScanMatch 8 x 6", "SED", "STDE", "MultiMatch mean of 4")
RELEASED, MEDOID = "released predictions", "medoid of the finding"
SAME_FINDING, ANY_FINDING = "random path, same finding", "random path, any finding"
UNIFORM, SAME_FILM = "uniform places", "another finding's path on the same film (leak)"
DRAWS_OF_RANDOM = 10
_UNTIMED_S = 0.2
_CENTRE = Fixation(SIDE_PX / 2, SIDE_PX / 2, _UNTIMED_S)

Scanpath = list[Fixation]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SearchScores:
    """Scores of all systems on the test records that have a prediction.

    Attributes
    ----------
    films : tuple of str
        The film of each record.
    scores : dict
        System to scores (N, M) in the order of ``METRICS``; NaN where a system has no answer.
    leaking : int
        Records whose film stands in the training or validation part, too.
    """

    films: tuple[str, ...]
    scores: dict[str, Floats]
    leaking: int


def evaluate_search(
    folder: Path, predictions: Path | None = None, *, with_centre: bool = True, seed: int = 0
) -> SearchScores:
    """Score the released predictions and paths that do not see the film.

    Parameters
    ----------
    folder : Path
        With ``scanpaths.json``.
    predictions : Path, optional
        ``{"name", "task", "X", "Y"}`` a record, in the 224 x 224 space, the centre first; as released by default.
    with_centre : bool
        Whether the first fixation at the centre, where every trial began, counts. It is a gift to all.

    Raises
    ------
    UnreadableInput
        If a file is missing or of another form, or no test record has a prediction.
    """
    records = [record for record in read_records(folder / FILE) if record.fixations]
    predicted = read_predictions(predictions or folder / PREDICTIONS)
    training = [record for record in records if record.published_split == "train"]
    test = [r for r in records if r.published_split == "test" and (r.image_name, r.observation) in predicted]
    if not test or not training:
        raise UnreadableInput(folder, "no test record has a prediction, or there is no training record")
    begin = [_CENTRE] if with_centre else []
    paths = [begin + _path(record) for record in training]
    rng = np.random.default_rng(seed)
    chooser = _Chooser(training, paths, rng)
    scores: dict[str, list[Floats]] = {}
    for record in test:
        truth = begin + _path(record)
        released = predicted[record.image_name, record.observation]
        candidates = {RELEASED: [released if with_centre else released[1:]], **chooser.candidates(record, begin)}
        for name, found in candidates.items():
            rows = [_scores(path, truth) for path in found]
            scores.setdefault(name, []).append(mean_known(np.stack(rows), 0) if rows else np.full(len(METRICS), np.nan))
    films = tuple(record.image_name for record in test)
    known = {record.image_name for record in records if record.published_split != "test"}
    leaking = sum(film in known for film in films)
    return SearchScores(films, {name: np.stack(rows) for name, rows in scores.items()}, leaking)


def read_predictions(path: Path) -> dict[tuple[str, str], Scanpath]:
    """Predicted scanpaths by film and observation, without durations, which the release does not hold.

    Raises
    ------
    UnreadableInput
        If the file is missing or of another form.
    """
    observations = {name.lower(): name for name in CHEXPERT_OBSERVATIONS}
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return {
            (str(row["name"]), observations[row["task"]]): [
                Fixation(float(x), float(y), _UNTIMED_S) for x, y in zip(row["X"], row["Y"], strict=True)
            ]
            for row in rows
        }
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableInput(path, f"cannot be read as predicted searches: {error}") from error


def search_json(found: SearchScores, intervals: dict[str, tuple[list[Interval], Interval]]) -> dict[str, Any]:
    """The table with all its intervals as a JSON object."""
    systems = {
        name: {**{m: asdict(one) for m, one in zip(METRICS, values, strict=True)}, "over_medoid": asdict(over)}
        for name, (values, over) in intervals.items()
    }
    return {"records": len(found.films), "films": len(set(found.films)), "leaking": found.leaking, "systems": systems}


def search_csv(found: SearchScores) -> str:
    """Every score: system, film, metric by metric."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["system", "film", *METRICS])
    for name, scores in found.scores.items():
        for film, row in zip(found.films, scores.tolist(), strict=True):
            writer.writerow([name, film, *(round(value, 6) for value in row)])
    return text.getvalue()


class _Chooser:
    """Training paths for a test record: the finding's medoid, drawn ones, those of the same film."""

    def __init__(self, training: Sequence[SearchRecord], paths: list[Scanpath], rng: np.random.Generator) -> None:
        self._training, self._paths, self._rng = training, paths, rng
        self._of_finding: dict[str, list[int]] = {}
        self._of_film: dict[str, list[int]] = {}
        for number, record in enumerate(training):
            self._of_finding.setdefault(record.observation, []).append(number)
            self._of_film.setdefault(record.image_name, []).append(number)
        self._medoid = {finding: self._find_medoid(numbers) for finding, numbers in self._of_finding.items()}

    def candidates(self, record: SearchRecord, begin: Scanpath) -> dict[str, list[Scanpath]]:
        same = self._of_finding[record.observation]
        drawn = [self._paths[same[i]] for i in self._rng.integers(len(same), size=DRAWS_OF_RANDOM)]
        uniform = [
            begin + [Fixation(x, y, _UNTIMED_S) for x, y in (self._rng.random((n, 2)) * SIDE_PX).tolist()]
            for n in (len(path) - len(begin) for path in drawn)
        ]
        anyone = [self._paths[i] for i in self._rng.integers(len(self._paths), size=DRAWS_OF_RANDOM)]
        return {
            MEDOID: [self._paths[self._medoid[record.observation]]],
            SAME_FINDING: drawn,
            ANY_FINDING: anyone,
            UNIFORM: uniform,
            SAME_FILM: [self._paths[i] for i in self._of_film.get(record.image_name, [])],
        }

    def _find_medoid(self, numbers: list[int]) -> int:
        paths = [self._paths[i] for i in numbers]
        return numbers[consensus_number(scanmatch_of_all(paths, paths, SIDE_PX, SIDE_PX, FINE))]


def _path(record: SearchRecord) -> Scanpath:
    return [Fixation(x, y, _UNTIMED_S) for x, y, _ in record.fixations]


def _scores(path: Scanpath, truth: Scanpath) -> Floats:
    size = SIDE_PX, SIDE_PX
    match = multimatch(path, truth, *size)
    return np.array(
        [
            scanmatch_of_all([path], [truth], *size, FINE)[0, 0],
            scanmatch_of_all([path], [truth], *size, COARSE)[0, 0],
            string_edit_distance(path, truth, *size),
            scaled_time_delay_embedding(truth, path, *size),
            (match.vector + match.direction + match.length + match.position) / 4,
        ]
    )


def search_intervals(
    found: SearchScores, *, draws: int = 2000, seed: int = 0
) -> dict[str, tuple[list[Interval], Interval]]:
    """Intervals of every metric by film, and of ScanMatch less that of the finding's medoid, system by system."""
    rng = np.random.default_rng(seed)
    medoid = found.scores[MEDOID][:, 0]
    return {
        name: (
            [bootstrap_interval(mean_of(column), found.films, rng, draws=draws) for column in values.T],
            bootstrap_interval(mean_of(values[:, 0] - medoid), found.films, rng, draws=draws),
        )
        for name, values in found.scores.items()
    }


def search_table(found: SearchScores, intervals: dict[str, tuple[list[Interval], Interval]]) -> str:
    """The table in Markdown, with what must be known to read it."""
    lines = [f"| | {' | '.join(METRICS)} | over medoid |", "|---" * (len(METRICS) + 2) + "|"]
    for name, (values, over) in intervals.items():
        cells = [f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]" for one in values]
        last = "–" if name == MEDOID else f"{over.value:+.3f} [{over.low:+.3f}, {over.high:+.3f}]"
        lines.append(f"| {name} | {' | '.join(cells)} | {last} |")
    n, films = len(found.films), len(set(found.films))
    return "\n".join(
        [
            *lines,
            "",
            f"- {n} test records of {films} films. {found.leaking} of them leak: their film stands in the training "
            "or validation part of the published split, too, under another finding.",
            "- 95 % intervals by bootstrap over films. SED: lower is better. No durations: the release has none.",
            "- One reader a film and finding: there is no ceiling of agreement between people.",
        ]
    )
