"""What an adapter version is measured by before it is written, on patients and reports it was not trained on.

Watched above all: whether drafts differ between films, and whether a shuffled image raises the report loss. If it
does not, the language model ignores the image.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaze2report.data.report_corpus import LabelledReport
from gaze2report.models.adapter import AdapterManifest
from gaze2report.models.gaze2report import Gaze2Report
from gaze2report.models.generator import Decoding
from gaze2report.report_text import assertions, split_report
from gaze2report.training.train_findings import auroc
from gaze2report.training.train_report import FilmBank, shuffled_image_gap
from gaze2report.types import CHEXPERT_OBSERVATIONS

N_BOOTSTRAP = 1000


def measure(
    model: Gaze2Report,
    bank: FilmBank,
    reports: list[LabelledReport],
    known: frozenset[str],
    recipe: Any,
    on_log: Callable[[str], None],
    n_drafts: int = 60,
    n_gap_reports: int = 96,
) -> dict[str, Any]:
    """Measure AUROC with intervals, the shuffled-image gap, and how drafts of different films differ."""
    metrics: dict[str, Any] = {"test_films": len(bank.films), "auroc": auroc_of_bank(bank)}
    on_log(f"  test AUROC {metrics['auroc']}")
    # Half of the reports are abnormal: in a draw of mostly normal ones a shuffle would exchange like for like.
    abnormal = [r for r in reports if r.observations & (known - {"No Finding"})][: n_gap_reports // 2]
    normal = [r for r in reports if r.is_normal][: n_gap_reports - len(abnormal)]
    right, wrong = shuffled_image_gap(model, bank, abnormal + normal, known)
    metrics["shuffled_image"] = gap_summary(right, wrong)
    on_log(f"  report loss {metrics['shuffled_image']}")
    decoding = Decoding(
        max_new_tokens=recipe.model.decoding.max_new_tokens,
        repetition_penalty=recipe.model.decoding.repetition_penalty,
        temperature=recipe.model.decoding.temperature,
    )
    metrics["drafts"] = draft_summary(model, bank, decoding, n_drafts)
    on_log(f"  drafts {metrics['drafts']}")
    return metrics


def auroc_of_bank(bank: FilmBank, seed: int = 0) -> dict[str, dict[str, float]]:
    """AUROC of each supported observation with a 95 % bootstrap interval, resampling patients."""
    labels = np.stack([film.labels for film in bank.films])
    patients = np.array([film.patient_id for film in bank.films])
    scores = bank.decisions.numpy()
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(patients == patient) for patient in np.unique(patients)]
    found = {}
    for column, name in enumerate(CHEXPERT_OBSERVATIONS):
        if not scores[:, column].any():
            continue
        values = []
        for _ in range(N_BOOTSTRAP):
            rows = np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])
            values.append(auroc(scores[rows, column], labels[rows, column]))
        low, high = np.nanpercentile(values, [2.5, 97.5])
        point = auroc(scores[:, column], labels[:, column])
        found[name] = {
            "auroc": round(point, 3),
            "low": round(float(low), 3),
            "high": round(float(high), 3),
            "positive_films": int((labels[:, column] == 1).sum()),
        }
    return found


def gap_summary(right: NDArray[np.float64], wrong: NDArray[np.float64], seed: int = 0) -> dict[str, float]:
    """Mean loss with the right and with a shuffled image, and the paired difference with its 95 % interval."""
    rng = np.random.default_rng(seed)
    difference = wrong - right
    means = [difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(N_BOOTSTRAP)]
    low, high = np.percentile(means, [2.5, 97.5])
    values = {
        "right": right.mean(),
        "shuffled": wrong.mean(),
        "difference": difference.mean(),
        "low": low,
        "high": high,
    }
    return {name: round(float(value), 4) for name, value in values.items()} | {"reports": len(right)}


@torch.no_grad()
def draft_summary(model: Gaze2Report, bank: FilmBank, decoding: Decoding, n_drafts: int) -> dict[str, Any]:
    """Drafts of the first ``n_drafts`` test films: how many differ, and whether abnormal films read abnormal."""
    texts, says_abnormal = [], []
    for row in range(min(n_drafts, len(bank.films))):
        features = model.encoder.from_trunk_map(bank.maps[row : row + 1, 0].float())  # type: ignore[operator]
        text = model.draft(features, bank.gaze[row], bank.decisions[row : row + 1], decoding=decoding)
        texts.append(text)
        report = split_report(text)
        sentences = (report.findings + " " + report.impression).split(". ")
        says_abnormal.append(any(is_present for s in sentences for is_present in assertions(s).values()))
    is_abnormal = np.array(["No Finding" not in bank.films[row].observations for row in range(len(texts))])
    said = np.array(says_abnormal)
    return {
        "films": len(texts),
        "distinct": len(set(texts)),
        "commonest": Counter(texts).most_common(1)[0][1],
        "abnormal_films_that_read_abnormal": round(float(said[is_abnormal].mean()), 3) if is_abnormal.any() else None,
        "normal_films_that_read_abnormal": round(float(said[~is_abnormal].mean()), 3) if (~is_abnormal).any() else None,
        "with_both_sections": sum(bool(split_report(t).findings and split_report(t).impression) for t in texts),
    }


def write_card(manifest: AdapterManifest) -> str:
    """Write the model card from what the manifest holds."""
    metrics = manifest.metrics
    rows = [
        f"| {name} | {value['auroc']:.3f} | {value['low']:.3f} to {value['high']:.3f} | {value['positive_films']} |"
        for name, value in metrics.get("auroc", {}).items()
    ]
    gap, drafts = metrics.get("shuffled_image", {}), metrics.get("drafts", {})
    if not metrics:
        return f"# {manifest.name}\n\nNot measured.\n"
    return CARD.format(
        name=manifest.name,
        base=manifest.base_model,
        base_sha256=manifest.base_model_sha256,
        test_films=metrics.get("test_films", 0),
        auroc="\n".join(rows),
        **{f"gap_{key}": value for key, value in gap.items()},
        **{f"drafts_{key}": value for key, value in drafts.items()},
    )


CARD = """# {name}

Weights of the draft model that comes with the workstation: encoder, findings head, scanpath predictor, gaze graph,
prompt and a LoRA adapter for {base} (weights SHA-256 `{base_sha256}`).

**Research use only. Not for primary diagnosis.** A first training run that shows the whole chain at work. It does not
read films well; see the numbers.

Licence of the weights: CC BY-NC-SA 4.0, research. The code is Apache-2.0.

## What was paired with what

No permitted data set holds film, gaze and report of one case, so nothing here learnt from such a case.

- Films: 841 frontal films of NIH ChestX-ray14 (Wang et al. 2017). Labels were mined from reports and are noisy;
  Pneumonia and No Finding come from different patient ranges, so part of what the head tells apart may be the source.
  Patients in folds 1 to 4 of 5 trained, fold 0 was tested on.
- Gaze: GazeSearch scanpaths (radiologists searching for one finding, up to six fixations). A film was paired with a
  search for one of its labels on *another* film. The predictor can learn where such findings are looked for, not where
  this film shows one.
- Reports: Open-i (Demner-Fushman et al. 2016), train split of R2Gen, without sentences that compare with earlier films
  or hold de-identified words. First the language model learnt true (MeSH labels, report) pairs; then films were paired
  with reports of *other* patients that assert the same.
- Trunk of the encoder: ImageNet weights of EfficientNet-lite0, frozen.

## What it says and what it cannot

The draft is steered by the findings head through observation tokens. Only the observations below have enough positive
films (60 or more) to be measured; the other CheXpert observations are `null`, and a sentence that speaks of them
(heart size, fractures, tubes) is marked *unsupported*. There are no sentence regions. Children, lateral views and
other body parts are refused by header only; what the pixels show is not checked yet.

## Measured on patients and reports not trained on

Command: `make weights` (its last phase). {test_films} test films.

| observation | AUROC | 95 % interval (patients resampled) | positive films |
|---|---|---|---|
{auroc}

Report loss (nats a token) of {gap_reports} validation reports, half of them abnormal, weakly paired with test films:
{gap_right} with the right image, {gap_shuffled} with a shuffled one; difference {gap_difference}
(95 % interval {gap_low} to {gap_high}). An interval that reaches 0 means that the image was not shown to matter.

Drafts of {drafts_films} test films: {drafts_distinct} distinct, the commonest {drafts_commonest} times;
{drafts_with_both_sections} have both sections. Share that assert any finding:
{drafts_abnormal_films_that_read_abnormal} of films labelled abnormal,
{drafts_normal_films_that_read_abnormal} of films labelled normal.

Whether gaze helps the report was not measured yet.
"""
