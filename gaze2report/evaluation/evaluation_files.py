"""An evaluation as text for people, and as CSV and JSON for programs.

::

    evaluation.html   the page; metrics.csv, cases.csv, evaluation.json   the data behind it
    figures/*.svg     the figures of the page
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gaze2report.errors import StorageFailed
from gaze2report.evaluation.drafted_split import write_whole
from gaze2report.evaluation.evaluate import Evaluation
from gaze2report.evaluation.evaluated_case import EvaluatedCase
from gaze2report.evaluation.evaluation_page import figures_of, to_page
from gaze2report.evaluation.measured import HEAD, LABELS, QUALITY, SUPPLIED, TEXT, Measured
from gaze2report.evaluation.report_metrics.not_run import NotRun

PAGE, METRICS, CASES, RESULT, FIGURES = "evaluation.html", "metrics.csv", "cases.csv", "evaluation.json", "figures"
_TITLES = {TEXT: "text metrics", QUALITY: "texts by themselves", LABELS: "clinical labels", HEAD: "findings head",
           SUPPLIED: "metrics from files of the user"}  # fmt: skip


def write_files(evaluation: Evaluation, out: Path) -> None:
    """Write page, CSV, JSON and figures.

    Raises
    ------
    StorageFailed
        If the disk refuses.
    """
    try:
        (out / FIGURES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"cannot make the folder {out / FIGURES}: {error.strerror or error}") from error
    figures = figures_of(evaluation)
    for name, (svg, _) in figures.items():
        write_whole(out / FIGURES / f"{name}.svg", svg)
    write_whole(out / METRICS, _csv(_METRIC_COLUMNS, (_metric_row(row) for row in evaluation.measured)))
    write_whole(out / CASES, _csv(*_case_table(evaluation)))
    write_whole(out / RESULT, json.dumps(to_json(evaluation), ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    write_whole(out / PAGE, to_page(evaluation, figures))


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation as one JSON object; a score that was not run is null and says why."""
    return {
        "title": evaluation.title,
        "facts": dict(evaluation.facts),
        "protocols": {protocol.name: protocol.description for protocol in evaluation.protocols},
        "uncertain_labels_count_as": evaluation.uncertain,
        "cases": len(evaluation.cases),
        "patients": len({case.patient_id for case in evaluation.cases}),
        "not_drafted": [{"case": one.case_id, "reason": one.reason} for one in evaluation.not_drafted],
        "measured": [dict(zip(_METRIC_COLUMNS, _metric_row(row), strict=True)) for row in evaluation.measured],
        "notes": list(evaluation.notes),
    }


def as_text(evaluation: Evaluation) -> str:
    """Tables for people: what was compared how stands above each."""
    lines = [evaluation.title, *(f"  {name}: {value}" for name, value in evaluation.facts), ""]
    for part, title in _TITLES.items():
        of_part = [row for row in evaluation.measured if row.part == part]
        for of in dict.fromkeys(row.of for row in of_part):
            lines += [f"{title}: {_named(evaluation, part, of)}", *_text_table([r for r in of_part if r.of == of]), ""]
    lines += [f"{one.name}: {one.description}" for one in evaluation.protocols]
    lines += [f"not drafted: {len(evaluation.not_drafted)}"] if evaluation.not_drafted else []
    return "\n".join([*lines, *evaluation.notes])


def _named(evaluation: Evaluation, part: str, of: str) -> str:
    if part == TEXT:
        return f"protocol {of}"
    return f"{of}, uncertain labels count as {evaluation.uncertain}" if part == LABELS else of


def _text_table(rows: Sequence[Measured]) -> list[str]:
    lines = [f"  {'':<28}{'':<32}{'score':>9}   {'95 % interval':<20}{'cases':>7}{'patients':>10}"]
    for row in rows:
        if isinstance(row.score, NotRun):
            if row.part == TEXT and not row.cases:
                lines.append(f"  {row.row:<28}{row.score.why}")
                continue
            lines.append(f"  {row.row:<28}{row.metric:<32}{row.score}")
            continue
        interval = f"{row.low:.4f} to {row.high:.4f}" if math.isfinite(row.low) else "-"
        patients = str(row.patients) if row.patients else "-"
        lines.append(f"  {row.row:<28}{row.metric:<32}{row.score:>9.4f}   {interval:<20}{row.cases:>7}{patients:>10}")
    return lines


_METRIC_COLUMNS = ("part", "of", "row", "metric", "value", "low", "high", "cases", "patients", "not_run")


def _metric_row(row: Measured) -> list[Any]:
    why = row.score.why if isinstance(row.score, NotRun) else None
    numbers = [_finite(row.value), _finite(row.low), _finite(row.high)]
    return [row.part, row.of, row.row, row.metric, *numbers, row.cases, row.patients, why]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _case_table(evaluation: Evaluation) -> tuple[list[str], list[list[Any]]]:
    told = [number for number, case in enumerate(evaluation.cases) if case.reference is not None]
    place = {number: index for index, number in enumerate(told)}
    metrics = [(f"{one.protocol.name} {n}", one.per_report[n]) for one in evaluation.texts for n in _PER_CASE
               if n in one.per_report]  # fmt: skip
    head = ["case", "patient", "generated", "reference", "reported by head", *(name for name, _ in metrics)]
    rows = []
    for number, case in enumerate(evaluation.cases):
        values = [float(column[place[number]]) if number in place else None for _, column in metrics]
        rows.append([*_case_cells(case), *values])
    return head, rows


_PER_CASE = ("METEOR", "ROUGE-L", "CIDEr")


def _case_cells(case: EvaluatedCase) -> list[Any]:
    return [case.case_id, case.patient_id, case.generated, case.reference, "; ".join(sorted(case.reported))]


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return buffer.getvalue()
