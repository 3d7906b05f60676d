"""A finished adapter version under every gaze: is a report likelier, is a draft truer, when it is given gaze.

Nothing is trained: film, observations and language model are the same, only the gaze in the prompt differs. A report's
loss is its mean cross-entropy a token; drafts are read by the rule labeler and held against the labels of the set.

Notation used for array shapes: N films.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaze2report.data.dataset import StudyDataset, StudyExample
from gaze2report.data.splits import Split
from gaze2report.data.synthetic.report_sentences import open_sentences
from gaze2report.data.training_set import TrainingSet
from gaze2report.drafting import Drafter
from gaze2report.errors import Gaze2ReportError, StorageFailed
from gaze2report.evaluation.clinical_labels import label_matrix
from gaze2report.evaluation.label_scores import label_counts
from gaze2report.gaze.gaze_sources import GAZE_SOURCES, GazeMissing, GazeSupply, Scanpath
from gaze2report.gaze.time_aggregation import PatchGaze, aggregate
from gaze2report.models.gaze2report import reported_observations
from gaze2report.models.generator import Decoding
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation, GazeSource

_BATCH = 8
_MOST_TOKENS = 96


@dataclass(frozen=True, eq=False)
class AdapterRuns:
    """What an adapter version gave under every gaze.

    Attributes
    ----------
    adapter, adapter_sha256, set_sha256 : str
    examples, patients : tuple of str
        N of each.
    losses : dict
        Source to the loss of each report in nats a token, (N,).
    label_counts : dict
        Source to true positives, false positives and false negatives of each draft, (drafts, O, 3).
    drafts : dict
        Source to the texts of the first films.
    not_run : dict
        Source to why it could not be run.
    notes : tuple of str
    """

    adapter: str
    adapter_sha256: str
    set_sha256: str
    examples: tuple[str, ...]
    patients: tuple[str, ...]
    losses: dict[str, NDArray[np.float64]]
    label_counts: dict[str, NDArray[np.int64]]
    drafts: dict[str, tuple[str, ...]]
    not_run: dict[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Films:
    """The films of a split as the adapter sees them; features (N, P, D), decisions (N, O)."""

    studies: tuple[StudyExample, ...]
    reports: tuple[tuple[str, str], ...]
    features: Tensor
    decisions: Tensor
    predicted: dict[str, Scanpath]


def run_adapter(
    adapter: Path,
    data: Path,
    split: Split,
    folder: Path,
    *,
    n_drafts: int = 0,
    limit: int | None = None,
    seed: int = 0,
    say: Callable[[str], None] = print,
) -> AdapterRuns:
    """Score the reports of a split, and draft its first films, under every source; what was done before is read.

    A film without a report is given one composed of real sentences that assert its labels.

    Parameters
    ----------
    folder : Path
        Where losses and drafts are kept, a file a source.
    n_drafts : int
        Films that are drafted under every source.
    limit : int, optional
        Score the first so many films.

    Raises
    ------
    Gaze2ReportError
        If the split holds no film, or the folder is of another adapter or set.
    """
    training_set = TrainingSet.open(data)
    drafter = Drafter.load(adapter)
    manifest = drafter.manifest
    _claim(folder, {"adapter": manifest.sha256, "set": training_set.manifest.sha256, "split": split, "limit": limit})
    films = _read_films(drafter, training_set, split, limit, seed)
    say(f"{len(films.studies)} films of the split {split}")
    rows = [study.films[0] for study in films.studies]
    is_recorded = any(film.recorded for film in rows)
    like: Any = "recorded" if is_recorded else "predicted"
    supply = GazeSupply(lambda film: films.predicted[film.image_id], rows, like=like)
    losses: dict[str, NDArray[np.float64]] = {}
    counts: dict[str, NDArray[np.int64]] = {}
    drafts: dict[str, tuple[str, ...]] = {}
    not_run: dict[str, str] = {}
    for source in GAZE_SOURCES:
        try:
            gaze = _gaze_of(source, films, supply, drafter, seed)
        except GazeMissing as error:
            not_run[source] = str(error)
            continue
        losses[source] = np.array(_kept(folder / f"loss.{source}.json", partial(_losses, drafter, films, gaze)))
        say(f"  {source}: mean loss {losses[source].mean():.4f}")
        if n_drafts:
            made = _draft_films(drafter, films, gaze, n_drafts, folder / "drafts" / source, seed)
            drafts[source] = tuple(made)
            counts[source] = _counts(made, films.studies[: len(made)])
            say(f"  {source}: {len(made)} drafts, {len(set(made))} different")
    notes = [f"Controls are made of {like} scanpaths of the scored films' other patients."]
    if any(not (study.report.findings or study.report.impression) for study in films.studies):
        notes.append(
            "Films without a report were given one composed of real sentences that assert their labels; the sentences "
            "are the same under every gaze, and the adapter may have been trained on some of them."
        )
    return AdapterRuns(
        manifest.name,
        manifest.sha256,
        training_set.manifest.sha256,
        tuple(study.example_id for study in films.studies),
        tuple(study.patient_id for study in films.studies),
        losses,
        counts,
        drafts,
        not_run,
        tuple(notes),
    )


@torch.no_grad()
def _read_films(drafter: Drafter, training_set: TrainingSet, split: Split, limit: int | None, seed: int) -> _Films:
    dataset = StudyDataset(training_set, split, drafter.preprocessing, needs_report=False, limit=limit)
    pool = open_sentences().pool
    random = np.random.default_rng(seed)
    model = drafter.model
    features, decisions, reports, predicted = [], [], [], {}
    try:
        if not len(dataset):
            raise Gaze2ReportError(f"{training_set.folder} holds no film in the split {split}")
        for number, study in enumerate(dataset.index):
            pixels = dataset[number].films[0].pixels
            assert pixels is not None
            encoded = model.encoder(pixels[None])
            features.append(encoded)
            decisions.append(model.findings.decisions(model.findings.probabilities(encoded)))
            path = model.scanpath.predict(encoded, seed=seed + number)
            predicted[study.films[0].image_id] = tuple(Fixation(f.x, f.y, f.duration_s) for f in path)
            reports.append(_report_of(study, pool.compose, random))
    finally:
        dataset.close()
    return _Films(tuple(dataset.index), tuple(reports), torch.cat(features), torch.cat(decisions), predicted)


def _report_of(study: StudyExample, compose: Callable[..., Any], random: np.random.Generator) -> tuple[str, str]:
    if study.report.findings.strip() or study.report.impression.strip():
        return study.report.findings, study.report.impression
    present = {name for name, value in zip(CHEXPERT_OBSERVATIONS, study.labels.tolist(), strict=True) if value == 1}
    composed = compose(study.example_id, frozenset(present or {"No Finding"}), random)
    return composed.findings, composed.impression


def _gaze_of(source: GazeSource, films: _Films, supply: GazeSupply, drafter: Drafter, seed: int) -> list[PatchGaze]:
    random = np.random.default_rng([seed, 7])
    paths = [supply.fixations(source, study.films[0], random) for study in films.studies]
    grid_side, sigma = drafter.model.encoder.grid_side, drafter.config.graph.sigma_patches
    return [aggregate(path, 1.0, 1.0, grid_side, sigma) for path in paths]


@torch.no_grad()
def _losses(drafter: Drafter, films: _Films, gaze: Sequence[PatchGaze]) -> list[float]:
    model = drafter.model
    found: list[float] = []
    for start in range(0, len(films.studies), _BATCH):
        part = slice(start, start + _BATCH)
        tokens = model.prompt_tokens(films.features[part], gaze[part], films.decisions[part])
        ids = [model.generator.report_ids(*report, _MOST_TOKENS) for report in films.reports[part]]
        words = [reported_observations(one) for one in films.decisions[part]]
        found += model.generator.loss(tokens, ids, words, reduction="none").double().tolist()
    return found


def _draft_films(
    drafter: Drafter, films: _Films, gaze: Sequence[PatchGaze], n_drafts: int, folder: Path, seed: int
) -> list[str]:
    decoding = Decoding(**asdict(drafter.config.decoding))
    folder.mkdir(parents=True, exist_ok=True)
    texts = []
    for number in range(min(n_drafts, len(films.studies))):

        def draft(number: int = number) -> str:
            return drafter.model.draft(
                films.features[number : number + 1],
                gaze[number],
                films.decisions[number : number + 1],
                decoding=decoding,
                seed=seed,
            )

        texts.append(str(_kept(folder / f"{number:05d}.json", draft)))
    return texts


def _counts(texts: Sequence[str], studies: Sequence[StudyExample]) -> NDArray[np.int64]:
    """True positives, false positives, false negatives of drafts against the set's known labels, (drafts, O, 3)."""
    said = label_matrix(texts) != 0
    said &= ~np.isnan(label_matrix(texts))
    labels = torch.stack([study.labels for study in studies]).numpy()
    # "No Finding" is what is left when nothing is asserted, and scored by that.
    known = ~np.isnan(labels) & (np.array(CHEXPERT_OBSERVATIONS) != "No Finding")
    return label_counts(said & known, (labels == 1) & known)


def _claim(folder: Path, of: dict[str, Any]) -> None:
    path = folder / "of.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            path.write_text(json.dumps(of), encoding="utf-8")
        elif json.loads(path.read_text(encoding="utf-8")) != of:
            raise Gaze2ReportError(f"{folder} holds results of another adapter or set; name another folder")
    except OSError as error:
        raise StorageFailed(f"cannot write into {folder}: {error.strerror}") from error


def _kept(path: Path, make: Callable[[], Any]) -> Any:
    """What the file holds, or what is made now and kept in it."""
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    value = make()
    aside = path.with_name(f".{path.name}.aside")
    try:
        aside.write_text(json.dumps(value), encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        raise StorageFailed(f"cannot write {path}: {error.strerror}") from error
    return value
