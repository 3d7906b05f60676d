"""The page of an evaluation: what was measured on what, every table with its protocol, figures, worst cases."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaze2report.errors import Gaze2ReportError
from gaze2report.evaluation.evaluate import Evaluation, WorstCase
from gaze2report.evaluation.figures import (
    Curve,
    IntervalRow,
    bar_plot,
    calibration_plot,
    interval_plot,
    roc_plot,
    roc_points,
)
from gaze2report.evaluation.findings_scores import FindingScores, calibration_bins
from gaze2report.evaluation.html_page import HtmlPage
from gaze2report.evaluation.measured import HEAD, LABELS, QUALITY, ROUGE_SCORE, SUPPLIED, TEXT, Measured
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.report_scores import ALL
from gaze2report.imaging.intake import Intake
from gaze2report.imaging.windowing import to_display
from gaze2report.overlay import film_thumbnail
from gaze2report.types import CHEXPERT_OBSERVATIONS

MOST_CURVES = 8
_TEXT_METRICS = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "METEOR mean", "ROUGE-L", "CIDEr")
Figures = dict[str, tuple[bytes, str]]


def figures_of(evaluation: Evaluation) -> Figures:
    """Draw every figure: name to SVG and description."""
    figures: Figures = {}
    rows = [row for row in evaluation.measured if row.part == TEXT and row.row == ALL and row.metric in _PLOTTED]
    if rows:
        figures["text-metrics"] = (
            interval_plot([IntervalRow(f"{r.metric}, {r.of}", r.value, r.low, r.high, r.of) for r in rows],
                          axis="score"),
            "Text metrics of all reports with 95 % intervals, patients resampled.",
        )  # fmt: skip
    if evaluation.labels:
        series = {
            compared.of: [compared.fourteen.per_observation[name] for name in CHEXPERT_OBSERVATIONS]
            for compared in evaluation.labels
        }
        figures["f1-by-finding"] = (
            bar_plot(CHEXPERT_OBSERVATIONS, series, axis="F1"),
            "F1 by observation. A dash: neither side has it.",
        )
    for of, scored in evaluation.head.items():
        name = of.replace(" ", "-")
        figures |= _head_figures(name, of, scored)
    return figures


_PLOTTED = ("BLEU-1", "BLEU-4", "METEOR mean", "ROUGE-L", "CIDEr")


def _head_figures(name: str, of: str, scored: Sequence[FindingScores]) -> Figures:
    shown = sorted((one for one in scored if not isinstance(one.auroc, NotRun)), key=lambda one: -one.positive)
    shown = shown[:MOST_CURVES]
    if not shown:
        return {}
    intervals, roc, calibration = [], [], []
    for one in shown:
        assert not isinstance(one.auroc, NotRun)
        intervals.append(IntervalRow(one.name, one.auroc.value, one.auroc.low, one.auroc.high))
        roc.append(Curve(f"{one.name} ({one.auroc.value:.2f})", *roc_points(one.probabilities, one.labels)))
        calibration.append(Curve(one.name, *calibration_bins(one.probabilities, one.labels)))
    most = f"the {len(shown)} observations with most positive cases" if len(shown) == MOST_CURVES else "each"
    return {
        f"{name}-auroc": (
            interval_plot(intervals, axis="AUROC", null_value=0.5),
            f"AUROC, {of}, with 95 % intervals, patients resampled; 0.5 is chance.",
        ),
        f"{name}-roc": (roc_plot(roc), f"ROC curves, {of}, of {most}; AUROC in brackets."),
        f"{name}-calibration": (
            calibration_plot(calibration),
            f"Calibration, {of}: marks grow with the cases of a bin; on the dashed line the probability is the "
            "frequency.",
        ),
    }


def to_page(evaluation: Evaluation, figures: Figures) -> str:
    """Write the page."""
    page = HtmlPage(evaluation.title)
    page.paragraph(
        "Research use only. Intervals are 95 % bootstrap intervals in which patients, not reports, were drawn anew."
    )
    page.facts([*evaluation.facts, *_counts(evaluation)])
    for note in evaluation.notes:
        page.note(note)
    _texts(page, evaluation, figures)
    _labels(page, evaluation, figures)
    _head(page, evaluation, figures)
    _plain(page, evaluation, QUALITY, "Texts by themselves")
    _plain(page, evaluation, SUPPLIED, "Metrics from files of the user")
    _worst(page, evaluation)
    _not_drafted(page, evaluation)
    return page.to_html()


def _counts(evaluation: Evaluation) -> list[tuple[str, str]]:
    patients = len({case.patient_id for case in evaluation.cases})
    reports = sum(case.reference is not None for case in evaluation.cases)
    return [("cases", f"{len(evaluation.cases)} of {patients} patients, {reports} with a report")]


def _texts(page: HtmlPage, evaluation: Evaluation, figures: Figures) -> None:
    page.heading("Text metrics")
    if not evaluation.texts:
        page.paragraph("Not run: there are no reports to compare with.")
        return
    for protocol in evaluation.protocols:
        rows = [row for row in evaluation.measured if row.part == TEXT and row.of == protocol.name]
        names = [name for name in _TEXT_METRICS if any(row.metric == name for row in rows)]
        page.table(
            ["", "reports", *names],
            [_row_of(row, rows, names) for row in dict.fromkeys(one.row for one in rows)],
            f"Protocol {protocol.name}. {protocol.description}",
        )
    of_rouge = [row for row in evaluation.measured if row.part == TEXT and row.of == ROUGE_SCORE]
    kinds = ("ROUGE-1", "ROUGE-2", "ROUGE-L")
    page.table(
        ["", "reports", *kinds],
        [_row_of(row, of_rouge, kinds) for row in dict.fromkeys(one.row for one in of_rouge)],
        "Protocol rouge_score. Google's package of that name, without stemming: F1, words of letters and figures.",
    )
    page.paragraph(
        "METEOR is the score of the corpus, METEOR mean that of single reports, which alone has an interval. CIDEr "
        "weighs words by the references evaluated, and compares only within one set."
    )
    _why_not(page, [row for row in evaluation.measured if row.part == TEXT])
    _figure(page, figures, "text-metrics")


def _row_of(name: str, rows: Sequence[Measured], metrics: Sequence[str]) -> list[str]:
    by_metric = {row.metric: row for row in rows if row.row == name}
    cases = max((row.cases for row in by_metric.values()), default=0)
    if not cases:
        return [name, "0", *("-" for _ in metrics)]
    return [name, str(cases), *(_shown(by_metric.get(metric)) for metric in metrics)]


def _labels(page: HtmlPage, evaluation: Evaluation, figures: Figures) -> None:
    page.heading("Clinical labels")
    if not evaluation.labels:
        page.paragraph("Not run: neither reports nor labels to compare with.")
        return
    page.paragraph(
        "F1 over CheXpert's 14 observations and over its 5 of competition. Labels of texts are found by our own rules; "
        f"uncertain ones count as {evaluation.uncertain}. Macro leaves out observations that neither side has."
    )
    names = [f"{kind} F1 ({size})" for size in (14, 5) for kind in ("micro", "macro", "example")]
    table = []
    for compared in evaluation.labels:
        for row in dict.fromkeys(one.row for one in compared.measured):
            table.append(_row_of(row, compared.measured, names))
            table[-1][0] = compared.of if row == ALL else f"{compared.of}, {row}"
    page.table(["", "cases", *names], table)
    by_finding = []
    for name in CHEXPERT_OBSERVATIONS:
        cells = []
        for compared in evaluation.labels:
            score = next(one for one in compared.measured if one.metric == f"F1 {name}")
            column = CHEXPERT_OBSERVATIONS.index(name)
            hits, added, missed = compared.fourteen.counts[:, column].sum(axis=0).tolist()
            cells += [_shown(score), f"{hits} / {added} / {missed}"]
        by_finding.append([name, *cells])
    head = [cell for compared in evaluation.labels for cell in (compared.of, "n")]
    page.table(
        ["F1 by observation", *head],
        by_finding,
        "n: cases in which both sides have it, only the first, only the second.",
    )
    _figure(page, figures, "f1-by-finding")


def _head(page: HtmlPage, evaluation: Evaluation, figures: Figures) -> None:
    page.heading("Findings head")
    if not evaluation.head:
        page.paragraph("Not run: no probabilities, or nothing to hold them against.")
    for of in evaluation.head:
        rows = [row for row in evaluation.measured if row.part == HEAD and row.of == of]
        names = ["AUROC", "ECE", "Brier", "positive"]
        shown = [name for name in CHEXPERT_OBSERVATIONS if any(r.row == name and r.cases for r in rows)]
        page.table(
            ["", "labels", *names],
            [_row_of(name, rows, names) for name in shown],
            f"{of.capitalize()}. ECE: expected calibration error over 10 bins, 0 is best.",
        )
        left_out = [name for name in CHEXPERT_OBSERVATIONS if name not in shown]
        if left_out:
            page.paragraph(
                f"Not measured, because the head gives no probability or no label is known: {', '.join(left_out)}."
            )
        for figure in figures:
            if figure.startswith(of.replace(" ", "-")):
                _figure(page, figures, figure)


def _plain(page: HtmlPage, evaluation: Evaluation, part: str, title: str) -> None:
    rows = [row for row in evaluation.measured if row.part == part]
    if rows:
        page.heading(title)
        names = list(dict.fromkeys(row.row for row in rows))
        metrics = list(dict.fromkeys(row.metric for row in rows))
        table = [
            [metric, *(_shown(next((r for r in rows if r.metric == metric and r.row == name), None)) for name in names)]
            for metric in metrics
        ]
        how = "; ".join(dict.fromkeys(row.of for row in rows if not isinstance(row.score, NotRun)))
        page.table(["", *names], table, f"{how}." if part == SUPPLIED and how else "")
        _why_not(page, rows)


def _why_not(page: HtmlPage, rows: Sequence[Measured]) -> None:
    missing = {row.score.why: row.metric for row in rows if isinstance(row.score, NotRun) and row.cases}
    for why, metric in missing.items():
        page.paragraph(f"{metric} not run: {why}.")


def _worst(page: HtmlPage, evaluation: Evaluation) -> None:
    if not evaluation.worst:
        return
    page.heading("Worst cases")
    page.paragraph(
        f"Those whose labels agree least with the {evaluation.worst[0].against}, the most wrong observations first. "
        "Boxes are the data set's, numbered circles what the draft was given to look at."
    )
    with Intake() as intake:
        for worst in evaluation.worst:
            picture, description = _picture(worst, intake)
            case = worst.case
            texts = [("Draft", case.generated or "(nothing written)")]
            texts += [("Report", case.reference)] if case.reference is not None else []
            present = [name for name, value in case.labels.items() if value == 1]
            texts += [("Labels of the set", ", ".join(present) or "none present")] if case.labels else []
            texts += [("Head reports", ", ".join(sorted(case.reported)) or "nothing")] if case.probabilities else []
            told = [f"missed: {', '.join(worst.missed)}"] if worst.missed else []
            told += [f"added: {', '.join(worst.added)}"] if worst.added else []
            page.case(f"{case.case_id}, F1 {worst.f1:.2f}", picture, description, texts, "; ".join(told))


def _picture(worst: WorstCase, intake: Intake) -> tuple[bytes | None, str]:
    case = worst.case
    if case.film is None:
        return None, ""
    try:
        display = _display(case.film, intake)
    except Gaze2ReportError as error:
        return None, str(error)
    marks = [_counted(len(case.boxes), "box", "boxes")] if case.boxes else []
    marks += [_counted(len(case.scanpath), "fixation", "fixations")] if case.scanpath else ["no gaze"]
    return film_thumbnail(display, case.scanpath, case.boxes), f"Film with {' and '.join(marks)}."


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _display(path: Path, intake: Intake) -> NDArray[np.uint8]:
    return to_display(intake.read(path))


def _not_drafted(page: HtmlPage, evaluation: Evaluation) -> None:
    if evaluation.not_drafted:
        page.heading("Not drafted")
        counted = Counter(one.reason for one in evaluation.not_drafted)
        page.table(["reason", "examples"], [[reason, str(count)] for reason, count in counted.most_common()])


def _shown(row: Measured | None) -> str:
    if row is None:
        return ""
    if isinstance(row.score, NotRun):
        return "not run" if row.part != LABELS else "-"
    if row.metric == "positive":
        return f"{row.score:.0f}"
    interval = f"\n{row.low:.3f} to {row.high:.3f}" if math.isfinite(row.low) else ""
    return f"{row.score:.3f}{interval}"


def _figure(page: HtmlPage, figures: Figures, name: str) -> None:
    if name in figures:
        page.figure(*figures[name])
