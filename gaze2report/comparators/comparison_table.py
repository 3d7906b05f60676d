"""The table of a comparison: for people, as CSV, and as JSON with everything behind it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gaze2report.comparators.comparison_scores import MACRO, MICRO, OF_FINDINGS, SHOWN, ScoredComparator
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.report_scores import ALL, Score
from gaze2report.evaluation.statistics.bootstrap import Interval

_NARROW = ("BLEU-1", "BLEU-4", "METEOR")
_WITH_INTERVAL = ("ROUGE-L", "CIDEr", MICRO, OF_FINDINGS)
_COMPARED = ("BLEU-4", "ROUGE-L", "CIDEr", MICRO, OF_FINDINGS)
_NAME_WIDTH = 20
_COLUMNS = (
    *("comparator", "seeds", "row", "reports", "metric", "value", "low", "high"),
    *("difference_to_template", "difference_low", "difference_high", "p", "p_holm"),
)


def table_as_text(scored: Sequence[ScoredComparator], notes: Sequence[str]) -> str:
    """One table: a line a comparator, its seen and unseen texts below it, then the differences to the template."""
    head = [f"{'':<{_NAME_WIDTH}}{'reports':>7}", *(f"{name:>8}" for name in _NARROW)]
    head += [f"{name + ' (95 %)':>22}" for name in _WITH_INTERVAL]
    head += [f"{MACRO:>15}{'distinct':>10}{'words':>7}{'trained':>9}{'all par.':>10}{'fit CPU s':>11}"]
    lines = ["".join(head)]
    for one in scored:
        lines += [_line(one, ALL)]
        parts = [row for row in one.rows if row != ALL]
        if len(parts) > 1:  # with one part only its line would be that of all
            lines += [_line(one, row) for row in parts]
    lines += ["", f"{'against the template':<{_NAME_WIDTH}}" + "".join(f"{name:>35}" for name in _COMPARED)]
    lines += [_difference_line(one) for one in scored if one.against_template]
    return "\n".join([*lines, "", *notes])


def _line(one: ScoredComparator, row: str) -> str:
    is_all, scores = row == ALL, one.rows[row]
    cells = [f"{one.name if is_all else '  ' + row:<{_NAME_WIDTH}}{one.reports[row]:>7}"]
    cells += [f"{_number(scores[name]):>8}" for name in _NARROW]
    for name in _WITH_INTERVAL:
        interval = f" ({_number(one.intervals[name].low)}-{_number(one.intervals[name].high)})" if is_all else " " * 14
        cells.append(f"{_number(scores[name]) + interval:>22}")
    cells.append(f"{_number(scores[MACRO]):>15}")
    if is_all:
        count, words = one.fits[0].parameters, scores["words"]
        seconds = sum(fit.fit_cpu_s for fit in one.fits) / len(one.fits)
        cells.append(
            f"{one.distinct:>10.2f}{'-' if isinstance(words, NotRun) else format(words, '.1f'):>7}"
            f"{_short(count.trained):>9}{_short(count.whole):>10}{seconds:>11.1f}"
        )
    return "".join(cells).rstrip()


def _difference_line(one: ScoredComparator) -> str:
    cells = [f"{one.name:<{_NAME_WIDTH}}"]
    for name in _COMPARED:
        found = one.against_template[name]
        d = found.difference
        cells.append(f"{f'{d.value:+.3f} ({d.low:+.3f} to {d.high:+.3f}) p {found.p_corrected:.3f}':>35}")
    return "".join(cells)


def _short(count: int) -> str:
    """A number of parameters: 0, 185 k, 135.1 M."""
    if count < 1000:
        return str(count)
    return f"{count / 1e3:.0f} k" if count < 1_000_000 else f"{count / 1e6:.1f} M"


def _number(score: Score) -> str:
    if isinstance(score, NotRun):
        return "not run"
    return "-" if math.isnan(score) else f"{score:.3f}"


def table_as_csv(scored: Sequence[ScoredComparator]) -> str:
    """Long form: a line for each comparator, row and metric."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in scored:
        for row, scores in one.rows.items():
            for metric in SHOWN:
                writer.writerow(
                    [one.name, len(one.fits), row, one.reports[row], metric, *_cells(one, row, metric, scores)]
                )
        for metric, value in _facts(one).items():
            writer.writerow([one.name, len(one.fits), ALL, one.reports[ALL], metric, value] + [""] * 7)
    return stream.getvalue()


def _cells(one: ScoredComparator, row: str, metric: str, scores: dict[str, Score]) -> list[Any]:
    interval = one.intervals.get(metric) if row == ALL else None
    found = one.against_template.get(metric) if row == ALL else None
    difference = found.difference if found else None
    tested = [found.p_value, found.p_corrected] if found else ["", ""]
    value = scores[metric]
    return [
        str(value) if isinstance(value, NotRun) else value,
        *_ends(interval),
        difference.value if difference else "",
        *_ends(difference),
        *tested,
    ]


def _ends(interval: Interval | None) -> list[Any]:
    return [interval.low, interval.high] if interval else ["", ""]


def _facts(one: ScoredComparator) -> dict[str, float]:
    """What is said of a comparator besides scores; seconds are means over seeds."""
    mean = 1.0 / len(one.fits)
    return {
        "distinct share": one.distinct,
        "parameters trained": one.fits[0].parameters.trained,
        "parameters": one.fits[0].parameters.whole,
        "fit s": mean * sum(fit.fit_s for fit in one.fits),
        "fit CPU s": mean * sum(fit.fit_cpu_s for fit in one.fits),
        "writing s": mean * sum(fit.write_s for fit in one.fits),
        "steps": mean * sum(fit.summary.steps for fit in one.fits),
    }


def table_as_json(scored: Sequence[ScoredComparator], about: dict[str, Any], notes: Sequence[str]) -> dict[str, Any]:
    """Everything: what was compared on what, scores, intervals, differences, and each fit without its texts."""
    systems = []
    for one in scored:
        fits = [{k: v for k, v in asdict(fit).items() if k not in ("reports", "fingerprint")} for fit in one.fits]
        systems.append(
            {
                "comparator": one.name,
                "rows": {
                    row: {name: _plain(score) for name, score in scores.items()} for row, scores in one.rows.items()
                },
                "reports": one.reports,
                "intervals": {name: _plain(asdict(interval)) for name, interval in one.intervals.items()},
                "difference_to_template": {n: _plain(asdict(found)) for n, found in one.against_template.items()},
                **_facts(one),
                "fits": fits,
            }
        )
    return {**about, "systems": systems, "notes": list(notes)}


def _plain(value: Any) -> Any:
    """NaN is not JSON, and what was not run is told."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, NotRun):
        return {"not_run": value.why}
    return None if isinstance(value, float) and not math.isfinite(value) else value
