"""The model card of an adapter version, written from what its manifest holds: no measured figure is typed by hand."""

from __future__ import annotations

from typing import Any

from gaze2report.models.adapter import AdapterManifest
from gaze2report.training.film_tables import calibration_rows, findings_tables, opacity_text, refusal_rows

SOURCES = (
    ("trunk", "ImageNet weights of EfficientNet-lite0, frozen", "Apache-2.0"),
    (
        "encoder, findings head and probe",
        "841 frontal films of NIH ChestX-ray14 (Wang et al. 2017), labels mined from reports",
        "no restriction stated, cite",
    ),
    (
        "film check",
        "those films, the same turned and inverted; 1,027 adult films of Cohen et al. 2020, COVID-CXNet and "
        "Winther et al. 2020; 480 children's films of Kermany et al. 2018",
        "CC BY 3.0 and 4.0, CC BY-NC-SA 4.0",
    ),
    (
        "lung zones",
        "198 checked lung masks; 84 films with the Brixia score of two readers (films of Cohen et al. 2020)",
        "CC BY-NC-SA 4.0",
    ),
    ("scanpath", "GazeSearch: a film was paired with a search for one of its labels on *another* film", "MIT"),
    (
        "language",
        "sentences of Open-i reports (Demner-Fushman et al. 2016), train split of R2Gen",
        "CC BY-NC-ND 4.0",
    ),
)
NOT_MEASURED = "Not measured: run `python -m gaze2report evaluate-findings` and name its work folder."


def write_card(manifest: AdapterManifest) -> str:
    """Write the model card from what the manifest holds."""
    metrics = manifest.metrics
    if not metrics:
        return f"# {manifest.name}\n\nNot measured.\n"
    rows = [
        f"| {name} | {value['auroc']:.3f} | {value['low']:.3f} to {value['high']:.3f} | {value['positive_films']} |"
        for name, value in metrics.get("auroc", {}).items()
    ]
    films: dict[str, Any] | None = metrics.get("films")
    return CARD.format(
        name=manifest.name,
        base=manifest.base_model,
        base_sha256=manifest.base_model_sha256,
        test_films=metrics.get("test_films", 0),
        auroc="\n".join(rows),
        sources="\n".join(
            ["| part | learnt from | licence |", "|---|---|---|", *(f"| {' | '.join(r)} |" for r in SOURCES)]
        ),
        findings=findings_tables(films["findings"]) if films else NOT_MEASURED,
        calibration=calibration_rows(films["findings"]) if films else "",
        refusal=refusal_rows(films["refusal"]) if films else NOT_MEASURED,
        opacity=opacity_text(films) if films else NOT_MEASURED,
        decisions=_decisions(metrics.get("decisions")),
        drafts=_drafts(metrics),
        speed=metrics.get("speed", "Not measured."),
    )


def _decisions(decisions: dict[str, Any] | None) -> str:
    if decisions is None:
        return "Not measured."
    return DECISIONS.format(
        baselines=_baseline_rows(decisions), fixed=", ".join(decisions["best_fixed_set"]), **_plain(decisions)
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != "baselines"}


def _drafts(metrics: dict[str, Any]) -> str:
    drafts = metrics.get("drafts")
    if not drafts:
        return "Not measured for this version; `make weights` measures them in its last phase."
    return DRAFTS.format(
        composed=_gap_row(metrics["shuffled_image"]),
        real=_gap_row(metrics["shuffled_image_real_reports"]),
        baselines=_baseline_rows(drafts),
        fixed=", ".join(drafts["best_fixed_set"]),
        **_plain(drafts),
    )


def _gap_row(gap: dict[str, float]) -> str:
    return "{reports} | {right} | {shuffled} | {difference} | {low} to {high}".format(**gap)


def _baseline_rows(drafts: dict[str, Any]) -> str:
    words = {
        "template": "normal template",
        "image_blind": "best fixed set, blind to the image",
        "retrieval": "labels of the most similar training film",
        "shuffled": "the same, shuffled between films",
    }
    return "\n".join(
        "| {} | {f1:.3f} | {difference:+.3f} | {low:+.3f} to {high:+.3f} |".format(words[name], **row)
        for name, row in drafts["baselines"].items()
    )


CARD = """# {name}

Weights of the draft model that comes with the workstation: encoder, findings head and probe, film check, lung zones,
scanpath predictor, gaze graph, prompt and a LoRA adapter for {base} (weights SHA-256 `{base_sha256}`).

**Research use only. Not for primary diagnosis.** Meant for: seeing the whole chain at work on upright frontal chest
radiographs of adults, with a radiologist who reads every sentence. Not meant for: children, lateral or other views,
devices, fractures, heart size, small nodules, comparison with earlier films, triage, or any use without a reader.

Licence of the weights: CC BY-NC-SA 4.0, research. The code is Apache-2.0.

## Data, and what was paired with what

No permitted data set holds film, gaze and report of one case, so nothing here learnt from such a case.

{sources}

Patients in folds 1 to 4 of 5 trained, fold 0 was kept out of every part. Reports are **composed**: first sentences that
assert a film's labels (or the decisions on a film that was not trained on), then normal ones that do not contradict
them; words of side and zone are taken out. The sentences are of *other* patients; no such report was ever written as a
whole. The language parts are those of embedded-0.2: they were trained with its decisions and with slips such as "a
pneumonia" in the sentences; such a sentence is now drawn anew. Pneumonia and No Finding come from different patient
ranges with different borders, so part of what is told apart may be the source: 4 % of each side is blanked. (With 12 %
blanked, probe and floor fall by .03 to .04, abnormal against normal; measured once, by no command.)

## Findings on held-out patients

`python -m gaze2report evaluate-findings gaze2report/recipes/embedded.yaml --data DATA --work WORK`: NIH ChestX-ray14,
borders masked, patient-grouped 5-fold, everything trained anew in each fold; 95 % intervals resample patients. The
floor is a linear probe on pooled ImageNet features. AUROC of abnormal against normal, and macro AUROC over the
observations with 20 or more positive films.

{findings}

Calibration on the other folds' films (ten bins of equal count):

{calibration}

Only the observations below have the 60 positive films to be shown; the others are `null`, and a sentence that speaks of
them is marked *unsupported*. The weights that ship, on {test_films} films of fold 0:

| observation | AUROC | 95 % interval | positive films |
|---|---|---|---|
{auroc}

## Refusal by what the pixels show

Same command. Every film judged by a check that knew neither its patient nor, for what is no chest film, anything of its
kind. "None of its patients known": that source was left out altogether.

{refusal}

Headers refuse on top: other body parts, lateral and oblique views, modalities other than radiographs, age under 16.
Falls short: children of school age and mirrored films. A film of a child whose header says nothing may pass; children
like those of Kermany et al. are told by films of that very hospital, as the row without them shows. Next step: films of
children from several hospitals.

## Opacity and regions

{opacity}

A sentence that asserts a supported airspace finding carries that region; all others say "no image evidence". The share
of the worst zone that bounds a region (0.6) was chosen among three on the boxed films themselves.

## What drafts are to say

{decisions}

## Drafts

{drafts}

## Speed

{speed}

## Failures

Pictures of films may not all be passed on, so none are here. Make the gallery from your own copy of a training set:
`python -m gaze2report evaluate --adapter gaze2report/adapters/embedded --data SET --split test --out out/evaluation`
draws its worst cases with their films.
"""

DRAFTS = """`make weights` (its last phase): drafts of {films} films of fold 0 ({abnormal_films} labelled abnormal).
{distinct} distinct, the commonest {commonest} times; {with_both_sections} have both sections.
Share that assert a finding: {abnormal_films_that_read_abnormal} of films labelled abnormal,
{normal_films_that_read_abnormal} of films labelled normal. F1 over supported observations: draft against the
film's labels {f1_with_labels} ({f1_low} to {f1_high}), the decisions themselves
{head_f1_with_labels}, draft against the decisions {f1_with_head}. Assertions of observations without
support in all drafts: {unsupported_assertions}. Of {sentences} sentences
{sentences_flagged_unsupported} are flagged unsupported (most speak of the heart, which is null),
{sentences_without_observation} speak of nothing the model knows.

| baseline | its F1 | draft less baseline | 95 % interval |
|---|---|---|---|
{baselines}

The best fixed text ({fixed}) is chosen on the very labels it is judged by. Assertions are read by the small rules of
`gaze2report/report_text.py`.

Report loss (nats a token), with everything of the film (features, gaze, decisions) right and then exchanged for
another film's. An interval that reaches 0 means that the image was not shown to matter.

| reports | n | right image | shuffled | difference | 95 % interval |
|---|---|---|---|---|---|
| composed of validation sentences for the film's labels | {composed} |
| real validation reports, half abnormal, weakly paired | {real} |

Whether gaze helps the report was not measured. The drafts' variety is one of wording: two films with the same decisions
get different sentences, not different content."""

DECISIONS = """The observations that the weights decide for the {films} films of fold 0, which the instruction names and
every sentence of a draft is held against. F1 with the films' labels over supported observations: {f1_with_labels}
({f1_low} to {f1_high}, patients resampled). Called abnormal: {abnormal_films_called_abnormal} of films
labelled abnormal, {normal_films_called_abnormal} of films labelled normal.

| baseline | its F1 | decisions less baseline | 95 % interval |
|---|---|---|---|
{baselines}

The best fixed set ({fixed}) is chosen on the very labels it is judged by."""
