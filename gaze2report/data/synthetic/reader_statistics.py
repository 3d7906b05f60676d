"""Statistics of radiologists' gaze that simulated readers follow, and how they are fitted.

Only these few numbers are part of the program, never a scanpath. They are fitted to GazeSearch (searches for one
finding, six fixations, in seconds) and to the SIIM gaze set (whole readings, with masks of what was found) by
``python -m gaze2report fit-reader-statistics``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.sources.gazesearch import SearchScanpath, read_scanpaths
from gaze2report.errors import UnreadableInput

FILE = "reader_statistics.json"
_FEWEST_SEARCHES = 20


@dataclass(frozen=True)
class LogNormal:
    """A log-normal distribution: median in its own unit, and standard deviation of the logarithm."""

    median: float
    log_sd: float

    def draw(self, random: np.random.Generator, n: int) -> NDArray[np.float64]:
        """Draw ``n`` values."""
        return np.asarray(self.median * np.exp(self.log_sd * random.normal(size=n)))


@dataclass(frozen=True)
class SearchStatistics:
    """A search for one finding.

    Attributes
    ----------
    duration_s : LogNormal
        Of a fixation.
    amplitude : LogNormal
        Of a saccade, in fractions of the film.
    mean_by_order, sd_by_order : tuple of (x, y)
        Where the first, second, ... fixation lies, as fractions of the film.
    """

    duration_s: LogNormal
    amplitude: LogNormal
    mean_by_order: tuple[tuple[float, float], ...]
    sd_by_order: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class ReaderStatistics:
    """What simulated readers follow.

    Attributes
    ----------
    searches : dict
        Finding to the statistics of a search for it.
    n_fixations : LogNormal
        Of a whole reading.
    reading_amplitude : LogNormal
        Of a saccade of a whole reading.
    share_on_finding : float
        Share of the looking time of a reading that lies on the finding when there is one.
    enrichment : float
        That share over the share of the film's area the finding takes.
    first_on_finding : float
        Median place, from 0 to 1 in the order of fixations, of the first one on the finding.
    return_rate : float
        Share of the fixations on the finding that follow another one on it.
    fitted_to : dict
        Name of a source to what of it was used.
    """

    searches: dict[str, SearchStatistics]
    n_fixations: LogNormal
    reading_amplitude: LogNormal
    share_on_finding: float
    enrichment: float
    first_on_finding: float
    return_rate: float
    fitted_to: dict[str, str]


def load_statistics() -> ReaderStatistics:
    """Read the fitted statistics that come with the program."""
    text = resources.files("gaze2report.data.synthetic").joinpath(FILE).read_text(encoding="utf-8")
    return _from_json(json.loads(text))


def statistics_to_json(statistics: ReaderStatistics) -> str:
    """Statistics as JSON text, numbers to four digits."""
    return json.dumps(_rounded(asdict(statistics)), indent=1, sort_keys=True) + "\n"


def fit_statistics(gazesearch: Path, siim_gaze: Path) -> ReaderStatistics:
    """Fit the statistics to the two data sets.

    Parameters
    ----------
    gazesearch, siim_gaze : Path
        ``scanpaths.json`` and ``gaze.json`` as published.

    Raises
    ------
    UnreadableInput
        If one cannot be read or holds too little.
    """
    by_finding: dict[str, list[SearchScanpath]] = defaultdict(list)
    searches = read_scanpaths(gazesearch)
    for one in searches:
        by_finding[one.observation].append(one)
    fitted = {name: _fit_search(found) for name, found in by_finding.items() if len(found) >= _FEWEST_SEARCHES}
    if not fitted:
        raise UnreadableInput(gazesearch, f"holds no finding with {_FEWEST_SEARCHES} searches to fit to")
    readings = _read_readings(siim_gaze)
    lengths = np.array([len(one["x"]) for one in readings], dtype=np.float64)
    amplitudes = np.concatenate([np.hypot(np.diff(one["x"]), np.diff(one["y"])) for one in readings])
    share, enrichment, first, back = _fit_dwell(siim_gaze, readings)
    return ReaderStatistics(
        searches=fitted,
        n_fixations=_fit_lognormal(lengths),
        reading_amplitude=_fit_lognormal(amplitudes),
        share_on_finding=share,
        enrichment=enrichment,
        first_on_finding=first,
        return_rate=back,
        fitted_to={
            "gazesearch": f"{len(searches)} searches (MIT)",
            "siim_gaze": f"{len(readings)} readings (Apache-2.0), "
            f"{sum(bool(one['masks']) for one in readings)} with masks",
        },
    )


def _fit_lognormal(values: NDArray[np.float64]) -> LogNormal:
    logs = np.log(values[values > 0])
    return LogNormal(float(np.exp(np.median(logs))), float(logs.std()))


def _fit_search(searches: list[SearchScanpath]) -> SearchStatistics:
    durations = np.array([f.duration_s for one in searches for f in one.fixations])
    paths = [np.array([(f.x_px, f.y_px) for f in one.fixations]) for one in searches]
    amplitudes = np.concatenate([np.linalg.norm(np.diff(path, axis=0), axis=1) for path in paths])
    longest = max(len(path) for path in paths)
    by_order = [np.array([path[k] for path in paths if len(path) > k]) for k in range(longest)]
    by_order = [places for places in by_order if len(places) >= _FEWEST_SEARCHES]
    return SearchStatistics(
        _fit_lognormal(durations),
        _fit_lognormal(amplitudes),
        tuple((float(m[0]), float(m[1])) for m in (places.mean(axis=0) for places in by_order)),
        tuple((float(s[0]), float(s[1])) for s in (places.std(axis=0) for places in by_order)),
    )


def _read_readings(path: Path) -> list[dict[str, Any]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        readings = [
            {
                "x": np.asarray(row["x"], dtype=np.float64),
                "y": np.asarray(row["y"], dtype=np.float64),
                "t": np.asarray(row["t"], dtype=np.float64),
                "masks": [mask for mask in row["mask_rle"] if mask.strip() not in ("", "-1")],
            }
            for row in rows
            if len(row["x"]) > 1
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableInput(path, f"cannot be read as SIIM gaze: {error}") from error
    if not readings:
        raise UnreadableInput(path, "holds no reading to fit to")
    return readings


def _fit_dwell(path: Path, readings: list[dict[str, Any]]) -> tuple[float, float, float, float]:
    """Share of time on the marked finding, over its area, when it is first looked at, and how often again."""
    shares, areas, firsts, follows, total = [], [], [], 0, 0
    for one in readings:
        if not one["masks"]:
            continue
        mask = _mask(path, one["masks"])
        rows = np.clip((one["y"] * len(mask)).astype(int), 0, len(mask) - 1)
        columns = np.clip((one["x"] * len(mask)).astype(int), 0, len(mask) - 1)
        on = mask[rows, columns]
        shares.append(float((on * one["t"]).sum() / one["t"].sum()))
        areas.append(float(mask.mean()))
        if on.any():
            firsts.append(float(np.argmax(on)) / len(on))
        follows += int((on[1:] & on[:-1]).sum())
        total += int(on.sum())
    if not total:
        raise UnreadableInput(path, "no fixation lies on a marked finding")
    return (
        float(np.mean(shares)),
        float(np.sum(shares) / np.sum(areas)),
        float(np.median(firsts)),
        follows / total,
    )


def _mask(path: Path, codes: list[str], side: int = 1024) -> NDArray[np.bool_]:
    """Decode the SIIM masks and grow them by 5 % of the film: gaze is no finer than a degree."""
    flat = np.zeros(side * side, dtype=bool)
    for code in codes:
        numbers = np.array(code.split(), dtype=np.int64)
        if len(numbers) % 2:
            raise UnreadableInput(path, "holds a mask of which half a pair is missing")
        at = 0
        for gap, length in numbers.reshape(-1, 2):
            at += int(gap)
            flat[at : at + int(length)] = True
            at += int(length)
    # Columns first; a cell of 16 x 16 pixels is marked when any of it is.
    small = flat.reshape(side // 16, 16, side // 16, 16).any(axis=(1, 3)).T
    grown = small.copy()
    for row in range(-3, 4):
        for column in range(-3, 4):
            grown |= np.roll(np.roll(small, row, axis=0), column, axis=1)
    return np.asarray(grown)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value


def _from_json(content: dict[str, Any]) -> ReaderStatistics:
    searches = {
        name: SearchStatistics(
            LogNormal(**one["duration_s"]),
            LogNormal(**one["amplitude"]),
            tuple((x, y) for x, y in one["mean_by_order"]),
            tuple((x, y) for x, y in one["sd_by_order"]),
        )
        for name, one in content["searches"].items()
    }
    rest = {key: value for key, value in content.items() if key not in ("searches", "n_fixations", "reading_amplitude")}
    return ReaderStatistics(
        searches=searches,
        n_fixations=LogNormal(**content["n_fixations"]),
        reading_amplitude=LogNormal(**content["reading_amplitude"]),
        **rest,
    )
