"""One command for all comparators: encode the set once, fit each, let it write the test films, score, one table.

::

    OUT/table.txt, table.csv, table.json     the table
    OUT/reports.jsonl                        every test report: reference, and what each comparator wrote
    OUT/fits/                                encoded films and finished fits; a run that was stopped goes on from them
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gaze2report import __version__
from gaze2report.comparators.comparator import Ingredients
from gaze2report.comparators.comparison_recipe import EMBEDDED, ComparisonRecipe
from gaze2report.comparators.comparison_scores import MeteorBy, ScoredComparator, score_comparators
from gaze2report.comparators.comparison_table import table_as_csv, table_as_json, table_as_text
from gaze2report.comparators.encoded_cases import EncodedSplits, encode_splits, text_of, training_texts
from gaze2report.comparators.registry import KINDS, build_comparator
from gaze2report.comparators.written_reports import WrittenReports, find, fit_and_write, keep
from gaze2report.config import ModelConfig, to_plain
from gaze2report.data.training_set import TrainingSet
from gaze2report.errors import Gaze2ReportError, StorageFailed
from gaze2report.evaluation.report_metrics.cider import FEW_REFERENCES
from gaze2report.evaluation.report_metrics.meteor import meteor
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.protocol import PROTOCOLS
from gaze2report.evaluation.report_metrics.report_scores import ALL, SEEN
from gaze2report.evaluation.statistics.power import power_note
from gaze2report.models.adapter import embedded_adapter, load_adapter

Log = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class FreshBase:
    """The base language model: how a fresh one is loaded, its tokenizer and the hash that adapters name it by."""

    load: Callable[[], nn.Module]
    tokenizer: Any
    sha256: str


def compare_models(
    recipe: ComparisonRecipe,
    data: Path,
    out: Path,
    base: FreshBase,
    *,
    models: Sequence[str] = (),
    n_seeds: int = 1,
    on_log: Log = print,
    meteor_by: MeteorBy = meteor,
    draws: int = 2000,
) -> str:
    """Train every comparator on a set and write the table.

    Parameters
    ----------
    data : Path
        Training-set folder.
    out : Path
        Folder for the table; made where it is missing.
    models : sequence of str
        Comparators to run, of those that the recipe names; empty runs all.
    n_seeds : int
        Fits of each comparator that a seed changes.
    meteor_by : callable
        Computes METEOR.
    draws : int
        Resampled sets for an interval.

    Returns
    -------
    str
        The table.

    Raises
    ------
    Gaze2ReportError
        If a comparator is not in the recipe, or a split has no study with a film and a report.
    """
    names = _chosen(recipe, models)
    training_set = TrainingSet.open(data)
    fits = out / "fits"
    try:
        fits.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"cannot make the folder {fits}: {error.strerror}") from error
    adapter = embedded_adapter() if recipe.adapter == EMBEDDED else Path(recipe.adapter)
    model, config, manifest = load_adapter(adapter, base.load(), base.tokenizer, base.sha256)
    model.requires_grad_(False)
    cases = encode_splits(training_set, model, manifest.sha256, recipe, fits, on_log)
    del model
    on = f"{training_set.manifest.sha256} {manifest.sha256} {base.sha256}"
    fits_of = {name: _fits(name, recipe, config, base, cases, n_seeds, on, fits, on_log) for name in names}
    scored = score_comparators(
        fits_of, cases.test, training_texts(cases.train), PROTOCOLS[recipe.protocol], meteor_by=meteor_by, draws=draws
    )
    notes = _notes(recipe, cases, scored, n_seeds)
    about = {
        "recipe": to_plain(recipe),
        "training_set": training_set.manifest.description.name,
        "training_set_sha256": training_set.manifest.sha256,
        "adapter": manifest.name,
        "adapter_sha256": manifest.sha256,
        "base_model_sha256": base.sha256,
        "code_version": __version__,
        "studies": {split: len(getattr(cases, split)) for split in ("train", "val", "test")},
    }
    table = table_as_text(scored, notes)
    _write(out, table, scored, about, notes, cases)
    return table


def _chosen(recipe: ComparisonRecipe, models: Sequence[str]) -> list[str]:
    unknown = [name for name in models if name not in recipe.models]
    if unknown:
        raise Gaze2ReportError(f"the recipe has no comparator {unknown[0]!r}; it has {', '.join(recipe.models)}")
    return [name for name in recipe.models if not models or name in models]


def _fits(
    name: str,
    recipe: ComparisonRecipe,
    config: ModelConfig,
    base: FreshBase,
    cases: EncodedSplits,
    n_seeds: int,
    on: str,
    work: Path,
    on_log: Log,
) -> list[WrittenReports]:
    """Fit one comparator under each seed, or take what an earlier run has kept."""
    ingredients = Ingredients(recipe.parts.in_config(config), base.tokenizer, base.load, recipe.max_report_tokens)
    fits = []
    for seed in range(n_seeds if KINDS[name].depends_on_seed else 1):
        fingerprint = hashlib.sha256(f"{recipe.sha256_for(name)} {on} {seed} {__version__}".encode()).hexdigest()
        kept = work / f"{name}-seed{seed}.json"
        written = find(kept, fingerprint)
        on_log(f"{name}, seed {seed}{': kept from an earlier run' if written else ''}")
        if written is None:
            comparator = build_comparator(name, ingredients, recipe.models[name], seed)
            written = fit_and_write(name, comparator, cases, seed, fingerprint, torch.get_num_threads(), on_log)
            keep(kept, written)
        fits.append(written)
    return fits


def _notes(
    recipe: ComparisonRecipe, cases: EncodedSplits, scored: Sequence[ScoredComparator], n_seeds: int
) -> list[str]:
    patients = len({case.patient_id for case in cases.test})
    seen = scored[0].reports.get(SEEN, 0)
    threads = sorted({fit.threads for one in scored for fit in one.fits})
    notes = [
        f"{len(cases.train)} training, {len(cases.val)} validation and {len(cases.test)} test studies ({patients} "
        f"patients); protocol {recipe.protocol}; labels by this program's own rules, uncertain ones count as positive.",
        "micro F1 (13) leaves out No Finding, which a template that calls every film normal gets right.",
        f"{seen} test reports stand word for word among the training reports (seen text).",
        "Against the template: difference with 95 % interval, paired by patient; p of a permutation test after Holm.",
        f"Gaze of gaze2report: {recipe.gaze}. All see the same frozen encoder; its parameters are not counted.",
        f"{n_seeds} seed{'s' if n_seeds > 1 else ''}; intervals are over test patients"
        + (" and seeds are pooled." if n_seeds > 1 else " only: another seed would move the scores, too."),
        f"CPU seconds of the fit with {' or '.join(map(str, threads))} thread{'s' if threads != [1] else ''}.",
    ]
    missing = {str(score): name for one in scored for name, score in one.rows[ALL].items() if isinstance(score, NotRun)}
    notes += [f"{name} {why}." for why, name in missing.items()]
    if len(cases.test) < FEW_REFERENCES:
        notes.append(f"CIDEr weighs words by {len(cases.test)} references; under {FEW_REFERENCES} it means little.")
    power = power_note(patients)
    return [*notes, power] if power else notes


def _write(
    out: Path,
    table: str,
    scored: Sequence[ScoredComparator],
    about: dict[str, Any],
    notes: Sequence[str],
    cases: EncodedSplits,
) -> None:
    content = json.dumps(table_as_json(scored, about, notes), ensure_ascii=False, indent=1) + "\n"
    lines = [
        json.dumps(
            {
                "example_id": case.example_id,
                "patient_id": case.patient_id,
                "reference": text_of(case.report),
                "written": {
                    f"{one.name}, seed {fit.seed}": text_of(fit.reports[case.example_id])
                    for one in scored
                    for fit in one.fits
                },
            },
            ensure_ascii=False,
        )
        for case in cases.test
    ]
    try:
        (out / "table.txt").write_text(table + "\n", encoding="utf-8")
        (out / "table.csv").write_text(table_as_csv(scored), encoding="utf-8")
        (out / "table.json").write_text(content, encoding="utf-8")
        (out / "reports.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageFailed(f"cannot write the table into {out}: {error.strerror}") from error
