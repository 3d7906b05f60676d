"""Metrics from files of the user: their arithmetic on known values, their loaders on tiny random models."""

from __future__ import annotations

import json
import math
import os
import sys

import numpy as np
import pytest
import tiny_text_models as tiny
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from gaze2report.__main__ import main
from gaze2report.errors import StorageFailed, UnreadableInput
from gaze2report.evaluation.evaluated_case import EvaluatedCase
from gaze2report.evaluation.label_scores import FIVE_OBSERVATIONS, score_labels
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.supplied.bert_score import DISTILROBERTA_BASELINE, BertScorer, read_baseline
from gaze2report.evaluation.supplied.chexbert import CLASSES, HEADS, CheXbert, import_chexbert
from gaze2report.evaluation.supplied.radcliq import MEANS, SCALES, WEIGHTS, cosine, radcliq_v1
from gaze2report.evaluation.supplied.radgraph import radcliq_radgraph, radgraph_f1, read_annotations, to_annotation
from gaze2report.evaluation.supplied.ratescore import NEGATED, RateScorer, rate_f1, spans
from gaze2report.evaluation.supplied_metrics import SuppliedFiles, exact_agreement, measure_supplied, read_scores
from gaze2report.types import CHEXPERT_OBSERVATIONS

# ----------------------------------------------------------------- RadGraph

SHARED = {
    "2": {"tokens": "right", "label": "ANAT-DP", "start_ix": 1, "end_ix": 1, "relations": [["modify", "3"]]},
    "3": {"tokens": "pleural", "label": "ANAT-DP", "start_ix": 2, "end_ix": 2, "relations": []},
    "4": {"tokens": "effusion", "label": "OBS-DP", "start_ix": 3, "end_ix": 3, "relations": [["located_at", "3"]]},
}
REFERENCE = {
    "entities": {
        "1": {"tokens": "Small", "label": "OBS-DP", "start_ix": 0, "end_ix": 0, "relations": [["modify", "4"]]},
        **SHARED,
        "5": {"tokens": "pneumothorax", "label": "OBS-DA", "start_ix": 6, "end_ix": 6, "relations": []},
    }
}
GENERATED = {
    "entities": {
        "1": {"tokens": "moderate", "label": "OBS-DP", "start_ix": 0, "end_ix": 0, "relations": [["modify", "4"]]},
        **SHARED,
    }
}


def test_radgraph_f1_of_the_worked_case_is_two_thirds_at_every_level():
    assert radgraph_f1(to_annotation(GENERATED), to_annotation(REFERENCE)) == pytest.approx((2 / 3, 2 / 3, 2 / 3))


def test_an_empty_side_gives_no_agreement_not_even_with_an_empty_one():
    empty = to_annotation({"entities": {}})
    assert radgraph_f1(empty, empty) == radgraph_f1(empty, to_annotation(REFERENCE)) == (0.0, 0.0, 0.0)


def test_radcliqs_term_is_the_mean_of_entity_and_relation_f1():
    """Entities 3 of 4 and 5 agree; relations: two of three and three, "modify effusion" differs by its source."""
    found = radcliq_radgraph(to_annotation(GENERATED), to_annotation(REFERENCE))
    assert found == pytest.approx((2 * 3 / 9 + 2 * 2 / 6) / 2)


ENTITIES = st.lists(
    st.tuples(st.sampled_from(["Edema", "edema", "lung"]), st.sampled_from(["OBS-DP", "ANAT-DP"]), st.booleans()),
    max_size=5,
)


def annotated(entities):
    keys = [str(number + 1) for number in range(len(entities))]
    return {
        "entities": {
            key: {"tokens": words, "label": label, "relations": [["modify", keys[0]]] if related else []}
            for key, (words, label, related) in zip(keys, entities, strict=True)
        }
    }


@given(ENTITIES, ENTITIES)
def test_radgraph_f1_is_symmetric_and_complete_of_a_report_with_itself(first, second):
    one, other = to_annotation(annotated(first)), to_annotation(annotated(second))
    assert radgraph_f1(one, other) == pytest.approx(radgraph_f1(other, one))
    assert radgraph_f1(one, one) == ((1.0, 1.0, 1.0) if one else (0.0, 0.0, 0.0))


def test_annotations_are_found_by_case_or_by_number_and_checked(tmp_path):
    path = tmp_path / "a.json"
    texts = ["Small right-sided effusion.", "Clear."]
    by_number = {"0": {**REFERENCE, "text": "Small right - sided effusion ."}, "1": GENERATED}
    path.write_text(json.dumps(by_number))
    found = read_annotations(path, ["p/a", "p/b"], texts.__getitem__)
    path.write_text(json.dumps({"p/a": by_number["0"], "p/b": by_number["1"]}))
    assert read_annotations(path, ["p/a", "p/b"], texts.__getitem__) == found
    with pytest.raises(UnreadableInput, match="no annotation of case p/c"):
        read_annotations(path, ["p/a", "p/c"], texts.__getitem__)
    with pytest.raises(UnreadableInput, match="made of another text"):
        read_annotations(path, ["p/a", "p/b"], ["Large effusion.", "Clear."].__getitem__)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "not a JSON object"),
        ('{"a": {}}', "has no entities"),
        ('{"a": {"entities": {"1": {"tokens": "x"}}}}', "no tokens or no label"),
        ('{"a": {"entities": {"1": {"tokens": "x", "label": "y", "relations": [["modify", "9"]]}}}}', "leads nowhere"),
        ('{"a": {"entities": {"1": {"tokens": "x", "label": "y", "relations": ["ab"]}}}}', "leads nowhere"),
    ],
)
def test_damaged_annotations_are_a_sentence(tmp_path, content, said):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(UnreadableInput, match=said):
        read_annotations(tmp_path / "a.json", ["a"], lambda _: "")


# ----------------------------------------------------------------- RadCliQ


def test_radcliq_is_the_published_weighted_sum():
    assert radcliq_v1(*MEANS[:, None])[0] == pytest.approx(0.0, abs=1e-9)
    assert radcliq_v1(*(MEANS + SCALES)[:, None])[0] == pytest.approx(-1.000000001, abs=1e-6)
    for column in range(4):
        moved = MEANS.copy()
        moved[column] += SCALES[column]
        assert radcliq_v1(*moved[:, None])[0] == pytest.approx(WEIGHTS[column], abs=1e-9)


def test_radcliq_of_one_published_pair_follows_from_its_parts():
    """RadEval's third pair: RadGraph term 0.25, RadCliQ 0.3987; the other parts must then add up to what is left."""
    rest = (0.3987 - (0.25 - MEANS[0]) / SCALES[0] * WEIGHTS[0]) / (WEIGHTS[1] + WEIGHTS[2])
    parts = np.array([[0.25], [MEANS[1] + rest * SCALES[1]], [MEANS[2] + rest * SCALES[2]], [0.3]])
    assert radcliq_v1(*parts)[0] == pytest.approx(0.3987, abs=1e-9)


def test_cosine_of_a_zero_vector_is_zero():
    assert cosine(np.array([[1.0, 0], [0, 0]]), np.array([[2.0, 2], [1, 1]])) == pytest.approx([math.sqrt(0.5), 0.0])


# ----------------------------------------------------------------- CheXbert


def rows_of(*present):
    labels = np.full((len(present), 14), np.nan)
    for row, names in enumerate(present):
        for name in names:
            labels[row, CHEXPERT_OBSERVATIONS.index(name)] = 1
    return labels


def test_chexbert_scores_of_five_published_reports():
    """Labels that f1chexbert's own test reports for its five pairs: accuracy 0.6, micro F1 0.3636 and 0.3333."""
    references = rows_of(
        ["No Finding"], ["Cardiomegaly"], ["Cardiomegaly"], ["Consolidation"], ["Lung Opacity", "Lung Lesion"]
    )
    generated = rows_of(["No Finding"], ["No Finding"], ["Edema", "Atelectasis"], ["Consolidation"], [])
    assert exact_agreement(generated, references, "positive").tolist() == [1, 0, 0, 1, 1]
    fourteen = score_labels(generated, references)
    assert fourteen.micro == pytest.approx(0.36363636363636365)
    assert score_labels(generated, references, FIVE_OBSERVATIONS).micro == pytest.approx(0.3333333333333333)
    assert np.nansum(list(fourteen.per_observation.values())) / 14 == pytest.approx(0.11904761904761904)
    assert fourteen.per_observation["No Finding"] == pytest.approx(0.6666666666666666)


@pytest.fixture(scope="module")
def chexbert(tmp_path_factory):
    """Folders: BERT as published, the pickle as published, and what the importer made of both."""
    root = tmp_path_factory.mktemp("chexbert")
    bert = tiny.make_bert_folder(root / "bert")
    torch.save({"epoch": 3, "model_state_dict": tiny.chexbert_state(bert)}, root / "chexbert.pth")
    assert (
        main(["import-chexbert", str(root / "chexbert.pth"), "--bert", str(bert), "--out", str(root / "folder")]) == 0
    )
    return root


def test_imported_chexbert_says_what_its_weights_say(chexbert):
    texts = ["No pleural effusion. The heart is normal.", "Mild edema.", ""]
    labels, embeddings = CheXbert.load(chexbert / "folder").read(texts)
    assert labels.shape == (3, 14)
    assert embeddings.shape == (3, 16)
    # The same by hand, one text at a time and from the published tensors.
    state = tiny.chexbert_state(chexbert / "bert")
    model = CheXbert.load(chexbert / "folder")
    for row, text in enumerate(texts):
        ids = torch.tensor([model.tokenizer(text).input_ids])
        with torch.inference_mode():
            hidden = model.bert(ids).last_hidden_state[0, 0]
        assert embeddings[row] == pytest.approx(hidden.double().numpy(), abs=1e-5)
        for head, name in enumerate(HEADS):
            logits = state[f"module.linear_heads.{head}.weight"] @ hidden + state[f"module.linear_heads.{head}.bias"]
            expected = CLASSES[int(logits.argmax())]
            np.testing.assert_equal(labels[row, CHEXPERT_OBSERVATIONS.index(name)], expected)


def test_safetensors_are_imported_too_and_a_folder_is_never_written_over(chexbert, tmp_path):
    state = {k: v for k, v in tiny.chexbert_state(chexbert / "bert").items()}
    save_file(state, tmp_path / "c.safetensors")
    out = import_chexbert(tmp_path / "c.safetensors", chexbert / "bert", tmp_path / "folder")
    texts = ["Small effusion."]
    np.testing.assert_array_equal(CheXbert.load(out).read(texts)[0], CheXbert.load(chexbert / "folder").read(texts)[0])
    with pytest.raises(StorageFailed, match="exists already"):
        import_chexbert(tmp_path / "c.safetensors", chexbert / "bert", out)


class Hostile:
    """Runs a command when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("where", ["whole", "among the weights"])
def test_a_hostile_pickle_is_refused_and_runs_nothing(chexbert, tmp_path, capsys, where):
    marker, path = tmp_path / "ran", tmp_path / "chexbert.pth"
    state = tiny.chexbert_state(chexbert / "bert")
    torch.save(Hostile(marker) if where == "whole" else {"model_state_dict": {**state, "x": Hostile(marker)}}, path)
    out = tmp_path / "out"
    assert main(["import-chexbert", str(path), "--bert", str(chexbert / "bert"), "--out", str(out)]) == 2
    assert "is refused: it does not hold tensors alone" in capsys.readouterr().err
    assert not marker.exists()
    assert not out.exists()
    torch.load(path, weights_only=False)  # that the file would have run it
    assert marker.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is refused"),
        (b"not a pickle", "is refused"),
        ({"model_state_dict": {"a": 1}}, "no weights"),
        ([torch.zeros(1)], "no weights"),
        ({"model_state_dict": {"module.x": torch.zeros(1)}}, "not CheXbert's weights"),
    ],
)
def test_what_is_no_chexbert_is_a_sentence(chexbert, tmp_path, content, said):
    path = tmp_path / "chexbert.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(UnreadableInput, match=said):
        import_chexbert(path, chexbert / "bert", tmp_path / "out")


def test_a_folder_without_bert_or_weights_is_a_sentence(chexbert, tmp_path):
    with pytest.raises(UnreadableInput, match=r"config\.json"):
        import_chexbert(chexbert / "chexbert.pth", tmp_path, tmp_path / "out")
    with pytest.raises(UnreadableInput, match="import-chexbert"):
        CheXbert.load(chexbert / "bert")


# ----------------------------------------------------------------- BERTScore


@pytest.fixture(scope="module")
def distilroberta(tmp_path_factory):
    return tiny.make_distilroberta(tmp_path_factory.mktemp("bertscore") / "distilroberta-base")


TEXTS = ["Small effusion.", "No effusion is seen; the heart is normal.", "Clear."]


def test_bert_score_is_the_greedy_match_of_the_layers_vectors(distilroberta):
    """By hand for one pair: bert_score weighs the words, and lets them match the special tokens too."""
    scorer = BertScorer(distilroberta)
    scores = scorer.score(TEXTS[:2], TEXTS[1:])
    states = []
    for text in (TEXTS[0], TEXTS[1]):
        ids = torch.tensor([scorer._tokenizer(text).input_ids])
        with torch.inference_mode():
            hidden = scorer._model(ids, output_hidden_states=True).hidden_states[5][0]
        states.append((hidden / hidden.norm(dim=1, keepdim=True)).numpy())
    similar = states[0] @ states[1].T
    precision, recall = similar[1:-1].max(axis=1).mean(), similar[:, 1:-1].max(axis=0).mean()
    assert scores.precision[0] == pytest.approx(precision, abs=1e-5)
    assert scores.recall[0] == pytest.approx(recall, abs=1e-5)
    assert scores.f1[0] == pytest.approx(2 * precision * recall / (precision + recall), abs=1e-5)
    assert scores.made == "distilroberta-base, layer 5, not rescaled"


def test_bert_score_is_that_of_the_authors_package(tmp_path):
    """What bert_score 0.3.13 gave for this tiny BERT, layer 2.

    For the RoBERTa above it agrees as well, as long as it lets it see a space before the first word, which it asks for
    and transformers 5 no longer heeds.
    """
    generated = ["Small effusion.", "No effusion is seen; the heart is normal.", "Clear.", "edema"]
    references = ["No effusion is seen; the heart is normal.", "Clear.", "Small left effusion.", "edema"]
    scores = BertScorer(tiny.make_bert_model(tmp_path / "bert"), 2).score(generated, references)
    assert scores.precision == pytest.approx([0.8413015604, 0.6225680113, 0.7902742028, 1.0], abs=1e-5)
    assert scores.recall == pytest.approx([0.8037672639, 0.7721614838, 0.8737361431, 1.0], abs=1e-5)
    assert scores.f1 == pytest.approx([0.8221061826, 0.6893423200, 0.8299121261, 1.0], abs=1e-5)


def test_bert_score_of_a_text_with_itself_is_one_and_of_nothing_zero(distilroberta):
    scores = BertScorer(distilroberta).score([TEXTS[1], "", TEXTS[0]], [TEXTS[1], TEXTS[0], ""])
    assert scores.f1 == pytest.approx([1.0, 0.0, 0.0], abs=1e-5)


def test_rescaling_is_named_and_maps_the_baseline_to_zero(distilroberta, tmp_path):
    table = tmp_path / "model.tsv"
    table.write_text("LAYER,P,R,F\n4,0.1,0.2,0.3\n5,0.84732,0.84759504,0.8473319\n")
    assert read_baseline(table, 5) == DISTILROBERTA_BASELINE
    scorer = BertScorer(distilroberta)
    raw = scorer.score(TEXTS, TEXTS[::-1])
    scaled = scorer.score(TEXTS, TEXTS[::-1], read_baseline(table, 5), table.name)
    assert scaled.f1 == pytest.approx((raw.f1 - 0.8473319) / (1 - 0.8473319))
    assert "rescaled with the baseline model.tsv" in scaled.made
    with pytest.raises(UnreadableInput, match="no baseline of layer 3"):
        read_baseline(table, 3)


def test_a_model_that_is_only_a_pickle_is_not_read(tmp_path):
    folder = tiny.make_bert_model(tmp_path / "bert")
    with pytest.raises(UnreadableInput, match="--bertscore-layer"):
        BertScorer(folder)
    assert BertScorer(folder, 2).layer == 2
    with pytest.raises(UnreadableInput, match="no layer 3"):
        BertScorer(folder, 3)
    (folder / "model.safetensors").unlink()
    torch.save({"x": torch.zeros(1)}, folder / "pytorch_model.bin")
    with pytest.raises(UnreadableInput, match="safetensors"):
        BertScorer(folder, 2)


# ----------------------------------------------------------------- RaTEScore


def test_entities_are_read_off_their_labels():
    labels = ["O", "B-ANATOMY", "I-ANATOMY", "B-DISEASE", "O", "I-DISEASE", "B-ANATOMY", "B-ANATOMY", "I-DISEASE"]
    assert spans(labels) == [(1, 2, "ANATOMY"), (3, 3, "DISEASE"), (6, 6, "ANATOMY"), (7, 8, "ANATOMY")]
    assert spans([]) == []


def test_ratescore_of_a_worked_case():
    """Two entities against one: an equal one, and one at right angles whose type contradicts."""
    reference, generated = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[3.0, 0.0]])
    weights = {("ABNORMALITY", "ABNORMALITY"): 0.5, ("NON-DISEASE", "ABNORMALITY"): 0.25}
    found = rate_f1(reference, generated, ["ABNORMALITY", "NON-DISEASE"], ["ABNORMALITY"], weights)
    one, other = (1 * 0.5 + 0 * 0.25) / 0.75, 1.0
    assert found == pytest.approx(2 * one * other / (one + other))
    both = {("ABNORMALITY", "NON-DISEASE"): 1.0, ("NON-DISEASE", "ABNORMALITY"): 1.0}
    assert rate_f1(generated, generated, ["ABNORMALITY"], ["NON-DISEASE"], both) == pytest.approx(NEGATED)


def rate_weights(path):
    from gaze2report.evaluation.supplied.ratescore import TYPES

    path.write_text(json.dumps({f"{a.lower()}_{b.lower()}": 0.5 for a in TYPES for b in TYPES}))
    return path


def test_ratescore_runs_on_models_of_the_user(tmp_path):
    finder, embedder = tiny.make_entity_finder(tmp_path / "ner"), tiny.make_bert_model(tmp_path / "embed")
    scorer = RateScorer(finder, embedder, rate_weights(tmp_path / "w.json"))
    entities = scorer.entities("No pleural effusion. The heart is enlarged.")
    assert entities
    assert all(words for words, _ in entities)
    scores = scorer.score(["Small edema.", ""], ["Small edema.", "Clear."])
    assert scores == pytest.approx([1.0, 0.5], abs=1e-6)
    (tmp_path / "w.json").write_text('{"a": 1}')
    with pytest.raises(UnreadableInput, match="table of RaTEScore's weights"):
        RateScorer(finder, embedder, tmp_path / "w.json")


# ----------------------------------------------------------------- all of them

CASES = [
    EvaluatedCase(f"c{number}", f"P{number}", generated, reference)
    for number, (generated, reference) in enumerate(
        [("Small effusion.", "Small effusion."), ("Edema.", "Clear lungs.")]
    )
]


def test_without_files_every_metric_says_what_it_needs():
    rows = {row.metric: row for row in measure_supplied(SuppliedFiles(), CASES, "positive")}
    for name, said in (
        ("CheXbert F1", "--chexbert"), ("RadGraph F1", "--radgraph"), ("BERTScore F1", "--bertscore"),
        ("RadCliQ-v1 (lower is better)", "missing: --radgraph, --bertscore"), ("RaTEScore", "--ratescore"),
    ):  # fmt: skip
        assert isinstance(rows[name].score, NotRun)
        assert said in str(rows[name].score)
    assert len(rows) == 5


def test_with_all_files_every_metric_runs(chexbert, distilroberta, tmp_path):
    for name in ("g", "r"):
        (tmp_path / f"{name}.json").write_text(
            json.dumps({"0": REFERENCE, "1": GENERATED if name == "g" else REFERENCE})
        )
    (tmp_path / "scores.csv").write_text("id,GREEN\nc1,0.25\nc0,0.75\n")
    finder, embedder = tiny.make_entity_finder(tmp_path / "ner"), tiny.make_bert_model(tmp_path / "embed")
    files = SuppliedFiles(
        chexbert=chexbert / "folder",
        radgraph=(tmp_path / "g.json", tmp_path / "r.json"),
        bert_score=distilroberta,
        ratescore=(finder, embedder, rate_weights(tmp_path / "w.json")),
        scores=tmp_path / "scores.csv",
    )
    rows = {row.metric: row for row in measure_supplied(files, CASES, "positive")}
    assert rows["RadGraph F1 complete"].value == pytest.approx((1 + 2 / 3) / 2)
    assert rows["GREEN"].value == 0.5
    assert 0 <= rows["CheXbert micro F1 (14)"].value <= 1
    assert 0 <= rows["CheXbert accuracy (all of 5)"].value <= 1
    assert "not rescaled" in rows["BERTScore F1"].of
    assert 0 <= rows["RaTEScore"].value <= 1
    # RadCliQ from the same parts, put together here.
    labeler = CheXbert.load(chexbert / "folder")
    vectors = [labeler.read([getattr(c, side) for c in CASES])[1] for side in ("generated", "reference")]
    f1 = BertScorer(distilroberta).score([c.generated for c in CASES], [c.reference for c in CASES]).f1
    scaled = (f1 - 0.8473319) / (1 - 0.8473319)
    graph = np.array([1.0, (2 * 3 / 9 + 2 * 2 / 6) / 2])
    expected = radcliq_v1(graph, scaled, cosine(*vectors), np.zeros(2)).mean()
    assert rows["RadCliQ-v1 (lower is better)"].value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("case,GREEN\na,1\n", "needs a column id"),
        ("id\na\n", "needs a column id"),
        ("id,GREEN\nb,1\n", "no row of case a"),
        ("id,GREEN\na,high\n", "not a table of scores"),
    ],
)
def test_scores_of_another_program_that_cannot_be_used_are_a_sentence(tmp_path, content, said):
    (tmp_path / "s.csv").write_text(content)
    with pytest.raises(UnreadableInput, match=said):
        read_scores(tmp_path / "s.csv", ["a"])
    (tmp_path / "s.csv").write_text("id,GREEN\na,\n")
    assert np.isnan(read_scores(tmp_path / "s.csv", ["a"])["GREEN"][0])


@pytest.mark.skipif(sys.platform == "win32", reason="the command of the marker is a Unix one")
def test_evaluate_takes_the_files_from_the_command_line(chexbert, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    texts = tmp_path / "texts.csv"
    texts.write_text("id,reference,hypothesis,patient\na,Clear lungs.,Clear lungs.,A\nb,Edema.,No edema.,B\n")
    out = tmp_path / "out"
    arguments = ["evaluate", "--drafts", str(texts), "--out", str(out), "--protocol", "coco"]
    assert main([*arguments, "--chexbert", str(chexbert / "folder")]) == 0
    printed = capsys.readouterr().out
    assert "CheXbert micro F1 (14)" in printed
    assert "not run: no annotations were named" in printed
    assert "CheXbert" in (out / "evaluation.html").read_text()
    assert main([*arguments, "--chexbert", str(tmp_path)]) == 2
    assert "config.json" in capsys.readouterr().err
