"""The command ``evaluate``: an adapter on a training set, or generated texts from a file."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gaze2report import library_noise
from gaze2report.errors import EXIT_OK, EXIT_REFUSED, Gaze2ReportError, UnreadableInput

if TYPE_CHECKING:
    from gaze2report.data.training_set import TrainingSet
    from gaze2report.drafting import Drafter
    from gaze2report.evaluation.drafted_split import DraftStore
    from gaze2report.evaluation.evaluate import Evaluation
    from gaze2report.evaluation.evaluated_case import EvaluatedCase, NotDrafted

_SOURCES = ("predicted", "recorded", "none", "uniform", "centre", "medoid", "shuffled")


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the command; needs no heavy import."""
    evaluate = commands.add_parser("evaluate", help="measure an adapter on a training set, or texts from a file")
    what = evaluate.add_mutually_exclusive_group(required=True)
    what.add_argument("--adapter", metavar="FOLDER", help="adapter version, or 'embedded'; needs --data")
    what.add_argument("--drafts", type=Path, metavar="FILE", help="CSV or JSON Lines: reference, hypothesis, patient")
    evaluate.add_argument("--data", type=Path, metavar="SET", help="training-set folder")
    evaluate.add_argument("--split", choices=("test", "val", "train"), default="test")
    evaluate.add_argument("--gaze", choices=_SOURCES, default="predicted", help="what the model is given to look at")
    evaluate.add_argument("--limit", type=int, metavar="N", help="the first N examples only")
    evaluate.add_argument("--seed", type=int, default=0)
    evaluate.add_argument(
        "--sections", choices=("both", "findings", "impression"), default="both", help="what of a report is compared"
    )
    evaluate.add_argument("--protocol", choices=("both", "coco", "r2gen"), default="both")
    evaluate.add_argument(
        "--uncertain", choices=("positive", "negative"), default="positive", help="what an uncertain label counts as"
    )
    evaluate.add_argument(
        "--training-texts",
        type=Path,
        metavar="SET|FILE",
        help="reports the model was trained on: a training set, or a file with a column reference; "
        "default with --data: its own train split",
    )
    _add_supplied_options(evaluate)
    evaluate.add_argument("--worst", type=int, default=8, metavar="N", help="how many of the worst cases to show")
    evaluate.add_argument("--out", type=Path, required=True, metavar="DIR", help="goes on where a stopped run was")
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")

    importer = commands.add_parser("import-chexbert", help="convert CheXbert's published weights, which are a pickle")
    importer.add_argument(
        "weights", type=Path, metavar="CHEXBERT.pth", help="read with weights_only: no code of it runs"
    )
    importer.add_argument("--bert", type=Path, required=True, help="folder with config.json and vocab.txt of its BERT")
    importer.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="must not exist")


def _add_supplied_options(evaluate: argparse.ArgumentParser) -> None:
    files = evaluate.add_argument_group("metrics from files of yours; nothing is ever fetched")
    files.add_argument("--chexbert", type=Path, metavar="FOLDER", help="made by import-chexbert")
    files.add_argument(
        "--radgraph", type=Path, nargs=2, metavar=("GENERATED.json", "REFERENCE.json"), help="RadGraph's annotations"
    )
    files.add_argument("--bertscore", type=Path, metavar="FOLDER", help="model with safetensors and tokenizer")
    files.add_argument("--bertscore-layer", type=int, metavar="N", help="default: 5 of distilroberta-base")
    files.add_argument("--bertscore-baseline", type=Path, metavar="FILE", help="rescale with this table of bert_score")
    files.add_argument("--ratescore", type=Path, nargs=3, metavar=("ENTITY_MODEL", "EMBEDDING_MODEL", "WEIGHTS.json"))
    files.add_argument("--scores", type=Path, metavar="FILE", help="CSV of scores of another program: id, metrics")


def import_chexbert(parsed: argparse.Namespace) -> int:
    """Convert the weights of CheXbert into a folder of safetensors."""
    library_noise.silence()
    from gaze2report.evaluation.supplied.chexbert import import_chexbert as convert

    print(convert(parsed.weights, parsed.bert, parsed.out))
    return EXIT_OK


def evaluate(parsed: argparse.Namespace) -> int:
    """Evaluate, write page, tables and figures, and print the tables."""
    _check(parsed)
    library_noise.silence()
    from gaze2report.evaluation.evaluation_files import PAGE, as_text, to_json, write_files

    evaluation = _of_texts(parsed) if parsed.drafts is not None else _of_adapter(parsed)
    write_files(evaluation, parsed.out)
    if parsed.json:
        print(json.dumps(to_json(evaluation), ensure_ascii=False, allow_nan=False))
    else:
        print(as_text(evaluation))
        print(f"{parsed.out / PAGE}")
    return EXIT_OK


def _check(parsed: argparse.Namespace) -> None:
    if parsed.adapter is not None and parsed.data is None:
        raise Gaze2ReportError("--adapter needs --data, the training set to evaluate it on")
    if parsed.limit is not None and parsed.limit < 1:
        raise Gaze2ReportError("--limit must be 1 or more")
    if parsed.worst < 0:
        raise Gaze2ReportError("--worst must be 0 or more")
    single = (parsed.chexbert, parsed.bertscore, parsed.bertscore_baseline, parsed.scores, parsed.training_texts)
    for path in (*single, *(parsed.radgraph or ()), *(parsed.ratescore or ())):
        if path is not None and not path.exists():  # told now, not after hours of drafting
            raise UnreadableInput(path, "is not there")


def _of_texts(parsed: argparse.Namespace) -> Evaluation:
    from gaze2report.evaluation.text_file import read_text_file

    cases, notes = read_text_file(parsed.drafts)
    cases = cases[: parsed.limit]
    texts = _training_texts(parsed, None)
    return _evaluate(parsed, cases, [], [("texts", parsed.drafts.name)], notes, texts)


def _of_adapter(parsed: argparse.Namespace) -> Evaluation:
    from gaze2report.adapter_files import read_manifest
    from gaze2report.data.training_set import TrainingSet
    from gaze2report.evaluation.drafted_split import DraftStore, Run
    from gaze2report.models.adapter import embedded_adapter

    training_set = TrainingSet.open(parsed.data)
    folder = embedded_adapter() if parsed.adapter == "embedded" else Path(parsed.adapter)
    manifest, description = read_manifest(folder), training_set.manifest.description
    run = Run(
        adapter=manifest.name,
        adapter_sha256=manifest.sha256,
        base_model=manifest.base_model,
        training_set=description.name,
        training_set_sha256=training_set.manifest.sha256,
        split=parsed.split,
        gaze=parsed.gaze,
        seed=parsed.seed,
    )
    cases, not_drafted, of_gaze = _draft_all(parsed, training_set, DraftStore(parsed.out, run), folder)
    if not cases:
        reasons = "; ".join(dict.fromkeys(one.reason for one in not_drafted)) or f"the split {parsed.split} is empty"
        raise _NothingDrafted(f"no example of {parsed.data} could be drafted: {reasons}")
    facts = [
        ("adapter", f"{manifest.name}, sha256 {manifest.sha256[:16]}, base model {manifest.base_model}"),
        ("training set", f"{description.name}, sha256 {training_set.manifest.sha256[:16]}: {description.source}"),
        ("split", f"{parsed.split}; {description.split_rule}"),
        ("gaze", parsed.gaze),
        ("seed", str(parsed.seed)),
        ("sections", parsed.sections),
    ]
    notes = [*description.notes, *of_gaze]
    if description.split_unit != "patient":
        notes.append("The set does not tell patients apart: intervals take each film for a patient and are too narrow.")
    trained_on = manifest.training_set.get("sha256")
    if trained_on != training_set.manifest.sha256:
        notes.append(
            "The adapter was trained on another set than this; which of its patients it has seen is not known here."
        )
    elif parsed.split == "train":
        notes.append("The adapter was trained on these very examples.")
    return _evaluate(parsed, cases, not_drafted, facts, notes, _training_texts(parsed, training_set))


class _NothingDrafted(Gaze2ReportError):
    """There is nothing to measure."""

    code = "nothing_drafted"
    exit_code = EXIT_REFUSED


def _draft_all(
    parsed: argparse.Namespace, training_set: TrainingSet, store: DraftStore, folder: Path
) -> tuple[list[EvaluatedCase], list[NotDrafted], list[str]]:
    from gaze2report.evaluation.drafted_split import draft_split, to_case
    from gaze2report.evaluation.evaluated_case import SECTION_CHOICES, EvaluatedCase
    from gaze2report.evaluation.evaluation_gaze import looking
    from gaze2report.imaging.intake import Intake

    @cache
    def drafter() -> Drafter:
        return _load_drafter(folder)

    total = training_set.manifest.counts.get(parsed.split, {}).get("examples", 0)
    total = min(total, parsed.limit) if parsed.limit is not None else total
    examples = itertools.islice(training_set.examples(parsed.split), parsed.limit)
    cases, not_drafted, notes = [], [], []
    with Intake() as intake:
        look, said = looking(parsed.gaze, parsed.seed, training_set, drafter, intake.read)
        drafted = draft_split(
            examples, training_set, store, drafter, intake.read, look, parsed.gaze, parsed.seed, _progress(total)
        )
        for example, kept in drafted:
            case = to_case(example, kept, training_set, SECTION_CHOICES[parsed.sections])
            if isinstance(case, EvaluatedCase):
                cases.append(case)
            else:
                not_drafted.append(case)
        notes += [said] if said else []
    return cases, not_drafted, notes


def _load_drafter(folder: Path) -> Drafter:
    from gaze2report.drafting import Drafter

    library_noise.silence_progress_bars()
    return Drafter.load(folder)


def _progress(total: int) -> Callable[[int], None]:
    from gaze2report.training_set_commands import Progress

    shown = Progress("evaluate")
    return lambda done: shown(done, max(total, done))


def _training_texts(parsed: argparse.Namespace, training_set: TrainingSet | None) -> list[str] | None:
    """Reports the model has seen; None where nobody says."""
    from gaze2report.data.training_set import TrainingSet
    from gaze2report.evaluation.evaluated_case import SECTION_CHOICES, reference_text
    from gaze2report.evaluation.text_file import read_text_file

    path: Path | None = parsed.training_texts
    if path is not None and not path.is_dir():
        return [case.reference for case in read_text_file(path, ("reference",))[0] if case.reference is not None]
    chosen = TrainingSet.open(path) if path is not None else training_set
    if chosen is None:
        return None
    sections = SECTION_CHOICES[parsed.sections]
    found = (reference_text(example, sections) for example in chosen.examples("train"))
    return [text for text in found if text is not None]


def _evaluate(
    parsed: argparse.Namespace,
    cases: Sequence[EvaluatedCase],
    not_drafted: Sequence[NotDrafted],
    facts: Sequence[tuple[str, str]],
    notes: Sequence[str],
    training_texts: list[str] | None,
) -> Evaluation:
    from gaze2report.evaluation.evaluate import evaluate_cases
    from gaze2report.evaluation.report_metrics.protocol import PROTOCOLS
    from gaze2report.evaluation.supplied_metrics import SuppliedFiles, measure_supplied

    files = SuppliedFiles(
        chexbert=parsed.chexbert,
        radgraph=tuple(parsed.radgraph) if parsed.radgraph else None,
        bert_score=parsed.bertscore,
        bert_score_layer=parsed.bertscore_layer,
        bert_score_baseline=parsed.bertscore_baseline,
        ratescore=tuple(parsed.ratescore) if parsed.ratescore else None,
        scores=parsed.scores,
    )
    protocols = list(PROTOCOLS.values()) if parsed.protocol == "both" else [PROTOCOLS[parsed.protocol]]
    name = parsed.drafts.stem if parsed.drafts is not None else facts[0][1].split(",")[0]
    print(f"measuring {len(cases)} cases", file=sys.stderr)
    return evaluate_cases(
        cases,
        title=f"Evaluation of {name}",
        facts=facts,
        not_drafted=not_drafted,
        protocols=protocols,
        uncertain=parsed.uncertain,
        training_texts=training_texts,
        n_worst=parsed.worst,
        notes=notes,
        supplied=lambda told: measure_supplied(files, told, parsed.uncertain),
    )


COMMANDS = {"evaluate": evaluate, "import-chexbert": import_chexbert}
