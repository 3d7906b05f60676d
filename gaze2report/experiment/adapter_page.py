"""The table of a finished adapter version under every gaze, as a page and as data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaze2report import __version__
from gaze2report.errors import StorageFailed
from gaze2report.evaluation.figures import IntervalRow, interval_plot
from gaze2report.evaluation.label_scores import micro_f1
from gaze2report.evaluation.statistics.bootstrap import Interval, bootstrap_interval, mean_of, paired_bootstrap
from gaze2report.evaluation.statistics.power import detectable_effect
from gaze2report.evaluation.statistics.significance import cohen_dz, holm, permutation_test
from gaze2report.experiment.adapter_gaze import AdapterRuns
from gaze2report.experiment.comparison import LEVEL
from gaze2report.experiment.page_parts import figure, number, p_text, page, paragraph, table
from gaze2report.experiment.recipe import REFERENCES

PAGE = "adapter.html"
_DRAWS = 2000


@dataclass(frozen=True)
class LossDifference:
    """Loss under one source less loss under another; below 0 the first makes the reports likelier."""

    source: str
    reference: str
    interval: Interval
    p_value: float
    p_corrected: float
    effect: float

    @property
    def is_shown(self) -> bool:
        """Whether the interval excludes zero and the corrected test agrees."""
        return self.interval.excludes_zero and self.p_corrected < LEVEL


@dataclass(frozen=True)
class AdapterTable:
    """Everything the page shows.

    Attributes
    ----------
    losses : dict
        Source to its mean loss with interval.
    differences : tuple of LossDifference
    f1 : dict
        Source to the micro F1 of its drafts against the set's labels.
    f1_differences : dict
        Source to its micro F1 less that without gaze.
    changed : dict
        Source to how many drafts differ from those without gaze.
    sentence : str
    """

    losses: dict[str, Interval]
    differences: tuple[LossDifference, ...]
    f1: dict[str, Interval]
    f1_differences: dict[str, Interval]
    changed: dict[str, int]
    sentence: str


def make_table(runs: AdapterRuns) -> AdapterTable:
    """Compare the sources."""
    random = np.random.default_rng(0)
    patients = runs.patients
    losses = {
        source: bootstrap_interval(mean_of(values), patients, random, draws=_DRAWS)
        for source, values in runs.losses.items()
    }
    pairs = [
        (source, reference)
        for source in runs.losses
        for reference in REFERENCES
        if reference in runs.losses and source not in (reference, "none")
    ]
    rows = [_difference(runs, source, reference, random) for source, reference in pairs]
    corrected = holm([row.p_value for row in rows])
    differences = tuple(
        LossDifference(row.source, row.reference, row.interval, row.p_value, float(p), row.effect)
        for row, p in zip(rows, corrected, strict=True)
    )
    f1, f1_differences, changed = {}, {}, {}
    for source, counts in runs.label_counts.items():
        drafted = patients[: len(counts)]
        f1[source] = bootstrap_interval(partial(_micro, counts), drafted, random, draws=_DRAWS)
        without = runs.label_counts["none"]
        f1_differences[source] = paired_bootstrap(
            partial(_micro, counts), partial(_micro, without), drafted, random, draws=_DRAWS
        )
        changed[source] = sum(a != b for a, b in zip(runs.drafts[source], runs.drafts["none"], strict=True))
    return AdapterTable(losses, differences, f1, f1_differences, changed, _sentence(differences))


def _difference(runs: AdapterRuns, source: str, reference: str, random: np.random.Generator) -> LossDifference:
    first, second = runs.losses[source], runs.losses[reference]
    interval = paired_bootstrap(mean_of(first), mean_of(second), runs.patients, random, draws=_DRAWS)
    tested = permutation_test(first, second, runs.patients, random)
    _, of_film = np.unique(np.asarray(runs.patients), return_inverse=True)
    means = [np.bincount(of_film, weights=one) / np.bincount(of_film) for one in (first, second)]
    return LossDifference(source, reference, interval, tested.p_value, float("nan"), cohen_dz(*means))


def _micro(counts: NDArray[np.int64], numbers: NDArray[np.intp]) -> float:
    return float(micro_f1(counts[numbers]))


def _sentence(differences: Iterable[LossDifference]) -> str:
    """Whether the adapter's own gaze, the predicted, helps it."""
    found = {one.reference: one for one in differences if one.source == "predicted"}
    if set(found) != set(REFERENCES):
        return "Predicted gaze could not be compared with no gaze and with another patient's gaze."
    said = " and ".join(
        f"{_told(found[name])} against {'no gaze' if name == 'none' else 'gaze of another patient'}"
        for name in REFERENCES
    )
    helps = all(one.is_shown and one.interval.high < 0 for one in found.values())
    harms = found["none"].is_shown and found["none"].interval.low > 0
    begun = (
        "Predicted gaze makes the reports likelier"
        if helps
        else "Predicted gaze makes the reports less likely"
        if harms
        else "Predicted gaze is not shown to help this adapter"
    )
    return f"{begun}: loss {said}, in nats a token (95 % intervals by patient)."


def write_table(runs: AdapterRuns, made: AdapterTable, folder: Path) -> Path:
    """Write the page, ``adapter.csv`` (each report) and ``adapter.json``; returns the page."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["example", "patient", *runs.losses])
    for row, (example, patient) in enumerate(zip(runs.examples, runs.patients, strict=True)):
        writer.writerow([example, patient, *(f"{values[row]:.6f}" for values in runs.losses.values())])
    summary: dict[str, Any] = {
        "code_version": __version__,
        "adapter": runs.adapter,
        "adapter_sha256": runs.adapter_sha256,
        "set_sha256": runs.set_sha256,
        "films": len(runs.examples),
        "patients": len(set(runs.patients)),
        **asdict(made),
        "not_run": runs.not_run,
        "notes": list(runs.notes),
        "drafts": {source: list(texts) for source, texts in runs.drafts.items()},
    }
    content = {
        PAGE: page(f"Adapter {runs.adapter} under every gaze", _body(runs, made)),
        "adapter.csv": buffer.getvalue(),
        "adapter.json": json.dumps(summary, indent=1, ensure_ascii=False) + "\n",
    }
    try:
        for name, text in content.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageFailed(f"cannot write the results into {folder}: {error.strerror}") from error
    return folder / PAGE


def as_text(runs: AdapterRuns, made: AdapterTable) -> str:
    """The table for people at a terminal."""
    lines = [f"adapter {runs.adapter} {runs.adapter_sha256[:12]}, {len(runs.examples)} films"]
    lines += ["  ".join(f"{cell:<26}" for cell in row).rstrip() for row in [_HEAD, *_rows(runs, made)]]
    lines += [f"{source}: not run: {why}" for source, why in runs.not_run.items()]
    return "\n".join([*lines, made.sentence, *runs.notes])


_HEAD = ("gaze", "loss", "less that without gaze", "less that of shuffled", "F1 of drafts", "drafts changed")


def _rows(runs: AdapterRuns, made: AdapterTable) -> list[list[str]]:
    found = {(one.source, one.reference): one for one in made.differences}
    return [
        [
            source,
            f"{loss.value:.4f}",
            *(_told(found.get((source, reference))) for reference in REFERENCES),
            number(made.f1[source].value) if source in made.f1 else "–",
            f"{made.changed[source]} of {len(runs.drafts[source])}" if source in made.changed else "–",
        ]
        for source, loss in made.losses.items()
    ]


def _told(one: LossDifference | None) -> str:
    if one is None:
        return "–"
    return f"{one.interval.value:+.4f} ({one.interval.low:+.4f} to {one.interval.high:+.4f})"


def _body(runs: AdapterRuns, made: AdapterTable) -> Iterable[str]:
    yield paragraph(made.sentence, "verdict")
    n_patients = len(set(runs.patients))
    yield paragraph(
        f"{len(runs.examples)} films of {n_patients} patients. Nothing is trained: film, observations and language "
        "model are the same in every row, only the gaze in the prompt differs. A difference of "
        f"{detectable_effect(n_patients):.2f} standard deviations would be found 80 % of the time.",
        "note",
    )
    yield table("Loss in nats a token; lower is better.", _HEAD, _rows(runs, made))
    yield table(
        "Differences of the loss on the same reports.",
        ["gaze", "against", "difference (95 %)", "p", "p (Holm)", "dz", "shown"],
        [
            [
                one.source,
                one.reference,
                _told(one),
                p_text(one.p_value),
                p_text(one.p_corrected),
                number(one.effect, 2),
                "yes" if one.is_shown else "no",
            ]
            for one in made.differences
        ],
    )
    if made.f1:
        yield table(
            "Drafts, read by the rule labeler, against the labels of the set (uncertain counts as present).",
            ["gaze", "micro F1 (95 %)", "less that without gaze (95 %)", "drafts changed"],
            [
                [
                    source,
                    f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})",
                    f"{made.f1_differences[source].value:+.3f} ({made.f1_differences[source].low:+.3f} to "
                    f"{made.f1_differences[source].high:+.3f})",
                    f"{made.changed[source]} of {len(runs.drafts[source])}",
                ]
                for source, one in made.f1.items()
            ],
        )
    rows = [
        IntervalRow(one.source, one.interval.value, one.interval.low, one.interval.high, f"against {one.reference}")
        for one in made.differences
    ]
    yield figure(interval_plot(rows, axis="difference of the loss, nats a token", null_value=0.0), "Left is better.")
    for source, why in runs.not_run.items():
        yield paragraph(f"{source}: not run: {why}.", "note")
    yield from (paragraph(note, "note") for note in runs.notes)
    yield paragraph(
        f"gaze2report {__version__}, adapter {runs.adapter} {runs.adapter_sha256}, set {runs.set_sha256[:12]}.", "note"
    )
