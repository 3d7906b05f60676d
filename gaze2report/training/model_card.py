"""The model card of an adapter version, written from what its manifest holds: no figure is typed by hand."""

from __future__ import annotations

from gaze2report.models.adapter import AdapterManifest


def write_card(manifest: AdapterManifest) -> str:
    """Write the model card from what the manifest holds."""
    metrics = manifest.metrics
    rows = [
        f"| {name} | {value['auroc']:.3f} | {value['low']:.3f} to {value['high']:.3f} | {value['positive_films']} |"
        for name, value in metrics.get("auroc", {}).items()
    ]
    if not metrics:
        return f"# {manifest.name}\n\nNot measured.\n"
    return CARD.format(
        name=manifest.name,
        base=manifest.base_model,
        base_sha256=manifest.base_model_sha256,
        test_films=metrics.get("test_films", 0),
        auroc="\n".join(rows),
        composed=_gap_row(metrics["shuffled_image"]),
        real=_gap_row(metrics["shuffled_image_real_reports"]),
        **{f"drafts_{key}": value for key, value in metrics["drafts"].items()},
    )


def _gap_row(gap: dict[str, float]) -> str:
    return "{reports} | {right} | {shuffled} | {difference} | {low} to {high}".format(**gap)


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
- Reports: Open-i (Demner-Fushman et al. 2016), train split of R2Gen. Sentences that compare with earlier films, hold
  de-identified words, give a size or rest on another view are left out. What remains is sorted by what it asserts,
  words of side and zone are taken out, and reports are **composed** from it: first sentences that assert a film's
  labels (or the findings head's decisions on a film it had not seen), then normal sentences that do not contradict
  them. The sentences are of *other* patients; no such report was ever written as a whole.
- Trunk of the encoder: ImageNet weights of EfficientNet-lite0, frozen.

## What it says and what it cannot

The draft says what the findings head decides, through words in the instruction and soft observation tokens; how much
more it takes from the image was not shown. Only the observations below have enough positive films (60 or more) to be
measured; the other CheXpert observations are `null`, and a sentence that speaks of them (heart size, fractures, tubes)
is marked *unsupported*. It never says on which side a finding lies: the patches that raise the head's score lie on the
side of the reader's box in 20 of 36 boxed films (25 of 36 by mean score), too close to chance. There are no sentence
regions. Children, lateral views and other body parts are refused by header only; what the pixels show is not checked.

## Measured on patients and reports not trained on

Command: `make weights` (its last phase). {test_films} test films.

| observation | AUROC | 95 % interval (patients resampled) | positive films |
|---|---|---|---|
{auroc}

Report loss (nats a token), with everything of the film (features, gaze, decisions) right and then exchanged for
another film's. An interval that reaches 0 means that the image was not shown to matter.

| reports | n | right image | shuffled | difference | 95 % interval |
|---|---|---|---|---|---|
| composed of validation sentences for the film's labels | {composed} |
| real validation reports, half abnormal, weakly paired | {real} |

Drafts of {drafts_films} randomly chosen test films ({drafts_abnormal_films} labelled abnormal): {drafts_distinct}
distinct, the commonest {drafts_commonest} times; {drafts_with_both_sections} have both sections.
Share that assert any finding: {drafts_abnormal_films_that_read_abnormal} of films labelled abnormal,
{drafts_normal_films_that_read_abnormal} of films labelled normal. F1 over supported observations: draft against the
head's decisions {drafts_f1_with_head}, draft against the film's labels {drafts_f1_with_labels} (the head's own
decisions: {drafts_head_f1_with_labels}; a template that calls every film normal: 0). Assertions of observations without
support in all drafts together: {drafts_unsupported_assertions}.

Whether gaze helps the report was not measured yet.
"""
