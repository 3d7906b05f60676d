"""The commands of learning from use: ``finetune`` and ``gate``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaze2report import library_noise
from gaze2report.errors import EXIT_OK, EXIT_REFUSED, Gaze2ReportError

if TYPE_CHECKING:
    from gaze2report.drafting import Drafter
    from gaze2report.learning.gate import GateCase, Judgement

JUDGEMENT = "judgement.json"
PAGE = "gate.html"


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands; needs no heavy import."""
    tune = commands.add_parser("finetune", help="go on from an adapter version with what readers signed")
    tune.add_argument("recipe", type=Path, metavar="RECIPE", help="YAML file, or finetune.yaml, which comes along")
    tune.add_argument("--data", type=Path, required=True, metavar="TRAINING_SET", help="of export-training-set")
    tune.add_argument("--from", dest="parent", metavar="embedded|ADAPTER", default="embedded", help="the live version")
    tune.add_argument("--replay", type=Path, metavar="TRAINING_SET", help="earlier data, against forgetting")
    tune.add_argument("--replay-share", type=float, default=0.5, metavar="SHARE", help="default: %(default)s")
    tune.add_argument("--out", type=Path, required=True, help="the new version; the folder names it")
    tune.add_argument("--work", type=Path, help="what a stopped run goes on from; default: OUT with .work appended")

    gate = commands.add_parser("gate", help="say whether a candidate is measurably no worse than the live version")
    gate.add_argument("--live", required=True, metavar="embedded|ADAPTER")
    gate.add_argument("--candidate", type=Path, required=True, metavar="ADAPTER")
    gate.add_argument("--data", type=Path, required=True, metavar="TRAINING_SET", help="whose split test is held out")
    gate.add_argument("--golden", type=Path, metavar="FILE", help="JSON: example to observations that must be asserted")
    gate.add_argument("--margin", type=float, default=0.02, help="default: %(default)s")
    gate.add_argument("--min-patients", type=int, default=20, help="default: %(default)s")
    gate.add_argument("--out", type=Path, required=True, help="folder for the page and the drafts; goes on if stopped")
    gate.add_argument("--json", action="store_true")


def finetune(parsed: argparse.Namespace) -> int:
    """Train a candidate and say where it is."""
    library_noise.silence()
    from gaze2report.learning.replay import with_replay
    from gaze2report.training.report_recipe import load_report_recipe
    from gaze2report.training.report_run import ReportRun

    library_noise.silence_progress_bars()
    work: Path = parsed.work or parsed.out.with_name(parsed.out.name + ".work")
    recipe = load_report_recipe(parsed.recipe)
    data: Path = parsed.data
    if parsed.replay is not None:
        data = work / "training-set"
        if not data.exists():
            work.mkdir(parents=True, exist_ok=True)
            with_replay(parsed.data, parsed.replay, parsed.replay_share, data, seed=recipe.training.seed)
    run = ReportRun(recipe, data, parsed.out, work / "training", _folder(parsed.parent))
    result, written = run.run(on_log=lambda sentence: print(sentence, file=sys.stderr, flush=True))
    if written is not None:
        shutil.rmtree(work / "training-set", ignore_errors=True)
        validation = ", ".join(f"{name} {value}" for name, value in result.metrics["validation"].items())
        print(f"{written}: candidate {written.name}, step {result.metrics['best_step']}; validation: {validation}")
        print("It goes live only through the gate: python -m gaze2report gate, then python -m db adapters judge.")
    return EXIT_OK


def gate(parsed: argparse.Namespace) -> int:
    """Judge a candidate; exit 0 when it is let through, 3 when not."""
    library_noise.silence()
    from gaze2report.adapter_files import verify_files
    from gaze2report.data.training_set import TrainingSet
    from gaze2report.evaluation.drafted_split import write_whole
    from gaze2report.learning.gate import GateSettings, judge
    from gaze2report.learning.gate_page import to_page

    training_set = TrainingSet.open(parsed.data)
    folders = {"live": _folder(parsed.live), "candidate": parsed.candidate}
    manifests = {name: verify_files(folder) for name, folder in folders.items()}
    drafts = {name: _drafts(folder, training_set, parsed.out / name) for name, folder in folders.items()}
    cases = _cases(training_set, drafts, _golden(parsed.golden))
    if not cases:
        raise Gaze2ReportError(f"{parsed.data}: its hold-out (split test) has no study with a report")
    found = judge(cases, GateSettings(margin=parsed.margin, min_patients=parsed.min_patients))
    content = {
        **found.to_json(),
        "live": {"name": manifests["live"].name, "sha256": manifests["live"].sha256},
        "candidate": {"name": manifests["candidate"].name, "sha256": manifests["candidate"].sha256},
        "training_set_sha256": training_set.manifest.sha256,
        "reasons": list(found.reasons),
    }
    write_whole(parsed.out / JUDGEMENT, json.dumps(content, indent=1, allow_nan=False) + "\n")
    write_whole(parsed.out / PAGE, to_page(found, cases, content))
    _print(found, content, parsed)
    return EXIT_OK if found.is_passed else EXIT_REFUSED


def _print(found: Judgement, content: dict[str, Any], parsed: argparse.Namespace) -> None:
    if parsed.json:
        print(json.dumps(content, allow_nan=False))
        return
    print(f"{'let through' if found.is_passed else 'NOT let through'}: {content['candidate']['name']}")
    for bar in found.bars:
        print(f"  {'told' if bar.holds is None else 'holds' if bar.holds else 'FAILS':5}  {bar.sentence}")
    print(parsed.out / PAGE)


def _folder(name: str | Path) -> Path:
    from gaze2report.models.adapter import embedded_adapter

    return embedded_adapter() if str(name) == "embedded" else Path(name)


def _drafts(folder: Path, training_set: Any, out: Path) -> dict[str, str | None]:
    """Text that a version drafts for each study of the hold-out; None where it refuses. What is kept is not redone."""
    from gaze2report.adapter_files import read_manifest
    from gaze2report.drafting import Drafter
    from gaze2report.evaluation.drafted_split import DraftStore, Run, draft_split, to_case
    from gaze2report.evaluation.evaluated_case import SECTION_CHOICES, EvaluatedCase
    from gaze2report.imaging.intake import Intake

    @cache
    def drafter() -> Drafter:
        library_noise.silence_progress_bars()
        return Drafter.load(folder)

    manifest = read_manifest(folder)
    run = Run(manifest.name, manifest.sha256, manifest.base_model, training_set.manifest.description.name,
              training_set.manifest.sha256, "test", "predicted", 0)  # fmt: skip
    found: dict[str, str | None] = {}
    with Intake() as intake:
        drafted = draft_split(
            training_set.examples("test"), training_set, DraftStore(out, run), drafter, intake.read,
            lambda *_: (), "predicted", 0,
        )  # fmt: skip
        for example, kept in drafted:
            case = to_case(example, kept, training_set, SECTION_CHOICES["both"])
            found[example.example_id] = case.generated if isinstance(case, EvaluatedCase) else None
    return found


def _cases(
    training_set: Any, drafts: dict[str, dict[str, str | None]], golden: dict[str, dict[str, bool]]
) -> list[GateCase]:
    from gaze2report.evaluation.evaluated_case import SECTION_CHOICES, reference_text
    from gaze2report.learning.gate import GateCase

    cases = []
    for example in training_set.examples("test"):
        reference = reference_text(example, SECTION_CHOICES["both"])
        if reference:
            name = example.example_id
            cases.append(
                GateCase(name, example.patient_id, reference, drafts["live"][name], drafts["candidate"][name],
                         golden.get(name, {}))
            )  # fmt: skip
    return cases


def _golden(path: Path | None) -> dict[str, dict[str, bool]]:
    from gaze2report.errors import UnreadableInput
    from gaze2report.types import CHEXPERT_OBSERVATIONS

    if path is None:
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        golden = {str(name): {str(o): bool(value) for o, value in wanted.items()} for name, wanted in content.items()}
    except (OSError, ValueError, AttributeError) as error:
        raise UnreadableInput(path, f"holds no golden cases: {error}") from error
    unknown = sorted({o for wanted in golden.values() for o in wanted} - set(CHEXPERT_OBSERVATIONS))
    if unknown:
        raise UnreadableInput(path, f"{unknown[0]!r} is no CheXpert-14 observation")
    return golden


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"finetune": finetune, "gate": gate}
