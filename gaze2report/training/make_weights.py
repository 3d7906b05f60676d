"""The whole training of an adapter version by one command, in phases that can be resumed.

Phases: features of the frozen trunk -> findings (encoder and head) -> films (findings probe, film check, lung
zones) -> scanpath -> language (labels to reports) -> report (films to reports) -> measure -> the adapter folder. What
a phase made lies in the work folder as safetensors; a phase whose file is there is not run again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch import Tensor

from gaze2report import __version__
from gaze2report.config import ModelConfig, from_plain, read_recipe
from gaze2report.data.report_corpus import labelled_reports, read_split
from gaze2report.data.sentence_pool import SentencePool
from gaze2report.data.sources.gazesearch import read_scanpaths
from gaze2report.data.sources.nih_cxr14 import LabelledFilm
from gaze2report.data.sources.open_i import read_reports
from gaze2report.data.transforms import Preprocessing
from gaze2report.errors import Gaze2ReportError
from gaze2report.language_model import NAME, locate
from gaze2report.models.adapter import AdapterManifest, save_adapter
from gaze2report.models.encoder import HybridEncoder
from gaze2report.models.findings import FindingsHead
from gaze2report.models.gaze2report import FilmReader, Gaze2Report, build_model
from gaze2report.models.generator import load_language_model
from gaze2report.training.evaluate_films import EVALUATION, FilmPhases, film_cache, make_film_parts
from gaze2report.training.film_groups import TEST_FOLD, FilmGroups, read_groups
from gaze2report.training.film_phase import fit_film_reader
from gaze2report.training.measure import measure
from gaze2report.training.measure_drafts import most_similar
from gaze2report.training.model_card import write_card
from gaze2report.training.train_findings import (
    FindingsPhase,
    calibrate,
    fit,
    often_enough,
    out_of_fold,
    predict,
)
from gaze2report.training.train_language import LanguagePhase, train_language
from gaze2report.training.train_report import ReportPhase, make_bank, train_report
from gaze2report.training.train_scanpath import ScanpathPhase, train_scanpath
from gaze2report.types import CHEXPERT_OBSERVATIONS


@dataclass(frozen=True)
class Recipe:
    """A recipe file's content."""

    name: str
    model: ModelConfig
    findings: FindingsPhase
    films: FilmPhases
    scanpath: ScanpathPhase
    language: LanguagePhase
    report: ReportPhase


def load_recipe(path: Path) -> Recipe:
    """Read a recipe and check every setting.

    Raises
    ------
    Gaze2ReportError
        With the setting that is unknown or nonsense.
    """
    content = read_recipe(path)
    kinds = {
        "model": ModelConfig,
        "findings": FindingsPhase,
        "films": FilmPhases,
        "scanpath": ScanpathPhase,
        "language": LanguagePhase,
        "report": ReportPhase,
    }
    unknown = sorted(set(content) - {*kinds, "name"})
    if unknown:
        raise Gaze2ReportError(f"{path}: a recipe has no part {unknown[0]!r}; it has {sorted(kinds)} and 'name'")
    try:
        parts: dict[str, Any] = {key: from_plain(kind, content.get(key, {}), key) for key, kind in kinds.items()}
    except (ValueError, TypeError) as error:
        raise Gaze2ReportError(f"{path}: {error}") from error
    return Recipe(name=str(content.get("name", path.stem)), **parts)


def make_weights(recipe_path: Path, data: Path, out: Path, work: Path, on_log: Callable[[str], None] = print) -> Path:
    """Train an adapter version.

    Parameters
    ----------
    recipe_path : Path
        YAML, e.g. ``gaze2report/recipes/embedded.yaml``.
    data : Path
        Folder with ``nih_cxr14/``, the folders of ``data/sources/chest_films.py``, ``gazesearch/scanpaths.json`` and
        ``iu_xray/r2gen_split.json``.
    out : Path
        The adapter version to write; must not exist.
    work : Path
        Where phases leave what they made.
    """
    if out.exists():
        raise Gaze2ReportError(f"{out} exists already; an adapter version is never changed, name another folder")
    recipe = load_recipe(recipe_path)
    work.mkdir(parents=True, exist_ok=True)
    groups = read_groups(data, film_cache(recipe.model, work, on_log), recipe.findings.n_views - 1)
    is_test = groups.folds == TEST_FOLD
    train, test = (
        [film for film, chosen in zip(groups.films, rows.tolist(), strict=True) if chosen]
        for rows in (~is_test, is_test)
    )
    split_file = data / "iu_xray" / "r2gen_split.json"

    base = locate()
    language_model, tokenizer = load_language_model(base.path)
    lora = recipe.model.lora
    torch.manual_seed(recipe.report.seed)
    peft_model = get_peft_model(
        language_model,
        LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,
            lora_dropout=0.0,
            target_modules=list(lora.targets),
            task_type="CAUSAL_LM",
        ),
    )
    model = build_model(recipe.model, peft_model, tokenizer)

    maps = groups.views.maps()
    train_maps, test_maps = maps[~is_test], maps[is_test][:, :1]
    logits = _findings_phase(model, recipe, train, train_maps, work, on_log)
    logits = _films_phase(model, recipe, groups, logits, work, on_log)
    scanpaths = read_scanpaths(data / "gazesearch" / "scanpaths.json")
    _resumable(
        work / "scanpath.safetensors",
        lambda: train_scanpath(
            model.scanpath, _hybrid(model), train_maps, train, scanpaths, recipe.scanpath, on_log=on_log
        ).state_dict(),
        model.scanpath.load_state_dict,
    )
    _resumable(
        work / "language.safetensors",
        lambda: _language_state(model, split_file, train, recipe.language, on_log),
        lambda state: _set_language_state(model, state),
    )
    bank = make_bank(model, train, train_maps, logits)
    pool = sentence_pool(split_file, "train")
    _resumable(
        work / "report.safetensors",
        lambda: _report_state(train_report(model, bank, pool, recipe.report, on_log=on_log)),
        lambda state: _set_report_state(model, state),
    )
    test_bank = make_bank(model, test, test_maps, _test_logits(model, groups, test_maps))
    reports = labelled_reports(split_file, "val")
    nearest = most_similar(*(groups.views.film.rows(rows).stages.numpy() for rows in (is_test, ~is_test)))
    similar = [train[int(row)] for row in nearest]
    pool = sentence_pool(split_file, "val")
    metrics = measure(model.eval(), test_bank, similar, reports, pool, recipe, on_log)
    evaluation = work / EVALUATION
    if evaluation.exists():
        metrics["films"] = json.loads(evaluation.read_text(encoding="utf-8"))
    return _write(model, recipe, metrics, base.sha256, data, out)


def _hybrid(model: Gaze2Report) -> HybridEncoder:
    if not isinstance(model.encoder, HybridEncoder):
        raise Gaze2ReportError("make-weights trains the hybrid encoder only; the recipe names a plain ViT")
    return model.encoder


def _findings_phase(
    model: Gaze2Report,
    recipe: Recipe,
    train: list[LabelledFilm],
    maps: Tensor,
    work: Path,
    on_log: Callable[[str], None],
) -> Tensor:
    """Train encoder and head; returns out-of-fold logits of the training films."""
    phase = recipe.findings

    def make() -> tuple[HybridEncoder, FindingsHead]:
        encoder, _ = make_film_parts(recipe.model)
        return encoder, FindingsHead(encoder.width)

    found: dict[str, Tensor] = {}

    def train_findings() -> dict[str, Tensor]:
        on_log(f"findings phase: {len(train)} training films")
        labels = torch.from_numpy(np.stack([film.labels for film in train]))
        logits = out_of_fold(make, maps, train, phase, on_log)
        encoder, head = fit(make, maps, labels, often_enough(labels, phase), phase, phase.seed)
        calibrate(head, logits, labels, phase)
        state = {f"encoder.{name}": value for name, value in encoder.state_dict().items()}
        return {**state, **{f"findings.{n}": v for n, v in head.state_dict().items()}, "logits": logits}

    _resumable(work / "findings.safetensors", train_findings, found.update)
    model.encoder.load_state_dict(_below(found, "encoder."))
    model.findings.load_state_dict(_below(found, "findings."))
    return found["logits"]


def _films_phase(
    model: Gaze2Report,
    recipe: Recipe,
    groups: FilmGroups,
    head_logits: Tensor,
    work: Path,
    on_log: Callable[[str], None],
) -> Tensor:
    """Fit what is read off the whole film; returns out-of-fold logits of probe and head together."""
    reader, found = _reader(model), dict[str, Tensor]()

    def fit_reader() -> dict[str, Tensor]:
        on_log("films phase")
        fitted, logits = fit_film_reader(
            lambda: make_film_parts(recipe.model)[1], groups, head_logits, recipe.findings, recipe.films, on_log
        )
        return {**{f"reader.{n}": v for n, v in fitted.state_dict().items()}, "logits": logits}

    _resumable(work / "films.safetensors", fit_reader, found.update)
    reader.load_state_dict(_below(found, "reader."))
    return found["logits"]


def _reader(model: Gaze2Report) -> FilmReader:
    if model.film_reader is None:
        raise Gaze2ReportError("make-weights needs 'film: {is_described: true}' in the recipe's model")
    return model.film_reader


@torch.inference_mode()
def _test_logits(model: Gaze2Report, groups: FilmGroups, test_maps: Tensor) -> Tensor:
    """Logits of probe and head together for the test fold."""
    probe, views = _reader(model).probe, groups.views.rows(groups.folds == TEST_FOLD)
    return probe.together(probe(views.film, views.mirrored), predict(_hybrid(model), model.findings, test_maps))


def _resumable(path: Path, make: Callable[[], dict[str, Tensor]], use: Callable[[dict[str, Tensor]], object]) -> None:
    """Make a phase's state unless its file is there, keep it, and hand it on as it was kept."""
    if not path.exists():
        state = {name: value.detach().contiguous().clone() for name, value in make().items()}
        aside = path.with_suffix(".aside")
        save_file(state, aside)
        aside.replace(path)
    use(load_file(path))


def sentence_pool(split_file: Path, split: str) -> SentencePool:
    """Sentences of the Open-i reports of one split; studies that the split file does not name count as train."""
    split_of = read_split(split_file)
    return SentencePool(report for report in read_reports() if split_of.get(report.study_id, "train") == split)


def _language_state(
    model: Gaze2Report,
    split_file: Path,
    films: list[LabelledFilm],
    phase: LanguagePhase,
    on_log: Callable[[str], None],
) -> dict[str, Tensor]:
    words = [name.lower() for name in CHEXPERT_OBSERVATIONS]
    model.observation_tokens.start_from_words(
        model.generator.word_embeddings(words), model.generator.word_embeddings([f"no {word}" for word in words])
    )
    asserted = [report.observations for report in labelled_reports(split_file, "train") if not report.is_normal]
    train_language(
        model.generator,
        model.observation_tokens,
        sentence_pool(split_file, "train"),
        labelled_reports(split_file, "val"),
        [*asserted, *(film.observations for film in films)],
        phase,
        on_log=on_log,
    )
    return _generator_state(model)


def _generator_state(model: Gaze2Report) -> dict[str, Tensor]:
    lora = get_peft_model_state_dict(model.generator.language_model)
    tokens = model.observation_tokens.state_dict()
    return {**{f"lora.{n}": v for n, v in lora.items()}, **{f"tokens.{n}": v for n, v in tokens.items()}}


def _set_language_state(model: Gaze2Report, state: dict[str, Tensor]) -> None:
    set_peft_model_state_dict(model.generator.language_model, _below(state, "lora."))
    model.observation_tokens.load_state_dict(_below(state, "tokens."))


def _report_state(model: Gaze2Report) -> dict[str, Tensor]:
    graph, prompt = model.gaze_graph.state_dict(), model.prompt.state_dict()
    return {
        **_generator_state(model),
        **{f"graph.{n}": v for n, v in graph.items()},
        **{f"prompt.{n}": v for n, v in prompt.items()},
    }


def _set_report_state(model: Gaze2Report, state: dict[str, Tensor]) -> None:
    _set_language_state(model, state)
    model.gaze_graph.load_state_dict(_below(state, "graph."))
    model.prompt.load_state_dict(_below(state, "prompt."))


def _below(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def _write(
    model: Gaze2Report, recipe: Recipe, metrics: dict[str, Any], base_sha256: str, data: Path, out: Path
) -> Path:
    manifest = AdapterManifest(
        name=recipe.name,
        base_model=NAME,
        base_model_sha256=base_sha256,
        preprocessing_sha256=Preprocessing(side_px=recipe.model.encoder.image_side_px).sha256(),
        code_version=__version__,
        training_set={
            "kind": "weak pairing",
            "films": "NIH ChestX-ray14 subset, patient folds 1-4 of 5",
            "film check": "and Cohen, COVID-CXNet, Winther, Kermany (all 2018 to 2020), folds 1-4 of 5",
            "lung zones": "lung masks and Brixia scores on films of Cohen et al. 2020, folds 1-4 of 5",
            "scanpaths": "GazeSearch, image folds 1-4 of 5",
            "reports": "composed of Open-i sentences, train split of R2Gen",
        },
        recipe=recipe.name,
        metrics=metrics,
    )
    return save_adapter(out, model, recipe.model, manifest, write_card(replace(manifest, metrics=metrics)))
