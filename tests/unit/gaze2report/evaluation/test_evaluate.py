"""What an evaluation says of cases: known values, sets without reports, and the page that shows it."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from training_sets import make_example, make_film

from gaze2report.data.training_example import ReportText, TrainingImage
from gaze2report.evaluation.evaluate import (
    DRAFT_REPORT,
    DRAFT_SET,
    HEAD_REPORT,
    HEAD_SET,
    evaluate_cases,
)
from gaze2report.evaluation.evaluated_case import (
    EvaluatedCase,
    NotDrafted,
    boxes_on_film,
    film_to_draft,
    reference_text,
)
from gaze2report.evaluation.evaluation_files import as_text, to_json, write_files
from gaze2report.evaluation.evaluation_page import figures_of, to_page
from gaze2report.evaluation.html_page import HtmlPage
from gaze2report.evaluation.report_metrics.meteor import MeteorScores
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.protocol import COCO
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation

REFERENCES = [
    "The heart is normal in size. The lungs are clear. There is no pleural effusion or pneumothorax.",
    "Small right pleural effusion with adjacent basilar atelectasis. Mild cardiomegaly. No pneumothorax.",
    "Endotracheal tube terminates 4 cm above the carina. There is a left lower lobe consolidation concerning for "
    "pneumonia.",
]
GENERATED = [
    "Heart size is normal. Lungs are clear without focal consolidation. No pleural effusion or pneumothorax is seen.",
    "There is a moderate right pleural effusion. The cardiac silhouette is enlarged. No pneumothorax is identified.",
    "The endotracheal tube is in standard position. Left lower lobe opacity may represent pneumonia or atelectasis.",
]


def no_meteor(hypotheses, references, groups):
    return NotRun("METEOR is a Java program, and no Java was found")


def cases(**changes):
    return [
        EvaluatedCase(f"case {n}", f"P{n}", generated, reference, has_prior=False, **changes)
        for n, (generated, reference) in enumerate(zip(GENERATED, REFERENCES, strict=True))
    ]


def number(evaluation, of, metric, row="all"):
    found = [one for one in evaluation.measured if (one.of, one.metric, one.row) == (of, metric, row)]
    assert len(found) == 1, (of, metric, row)
    return found[0]


def test_text_metrics_are_the_known_values_under_both_protocols():
    evaluation = evaluate_cases(cases(), meteor_by=no_meteor)
    for of, bleu4, rouge, cider in (
        ("coco", 0.17984728950716344, 0.4736960366941844, 2.144105966164334),
        ("r2gen", 0.17245021487870937, 0.5326273981446396, 2.0868188658162605),
    ):
        assert number(evaluation, of, "BLEU-4").value == pytest.approx(bleu4, abs=1e-12)
        assert number(evaluation, of, "ROUGE-L").value == pytest.approx(rouge, abs=1e-12)
        assert number(evaluation, of, "CIDEr").value == pytest.approx(cider, abs=1e-12)
        bleu = number(evaluation, of, "BLEU-1")
        assert bleu.low <= bleu.value <= bleu.high
    text = as_text(evaluation)
    assert "protocol coco" in text
    assert "protocol r2gen" in text
    assert "METEOR" in text
    assert "not run: METEOR is a Java program, and no Java was found" in text


def test_one_run_of_meteor_serves_both_protocols_and_each_row():
    asked = []

    def by_length(hypotheses, references, groups):
        """Stands for the program: the score of a report is its number of words."""
        asked.append(len(hypotheses))
        lengths = np.array([float(len(h)) for h in hypotheses])
        return MeteorScores(lengths, tuple(lengths[group].sum() if group else math.nan for group in groups))

    evaluation = evaluate_cases(cases(), training_texts=[REFERENCES[1]], meteor_by=by_length)
    assert asked == [6]
    for scores in evaluation.texts:
        expected = [len(scores.protocol.words(text)) for text in GENERATED]
        assert scores.per_report["METEOR"].tolist() == expected
        assert number(evaluation, scores.protocol.name, "METEOR").value == sum(expected)
        assert number(evaluation, scores.protocol.name, "METEOR", "seen text").value == expected[1]


def test_a_score_that_was_not_run_is_null_and_never_zero():
    content = to_json(evaluate_cases(cases(), protocols=[COCO], meteor_by=no_meteor))
    row = next(one for one in content["measured"] if one["metric"] == "METEOR")
    assert row["value"] is None
    assert "no Java" in row["not_run"]
    assert json.loads(json.dumps(content, allow_nan=False)) == content


LABELS = dict.fromkeys(CHEXPERT_OBSERVATIONS)


def labelled(name, generated, present, absent=(), p=None, reported=()):
    labels = LABELS | dict.fromkeys(present, 1.0) | dict.fromkeys(absent, 0.0)
    probabilities = None if p is None else LABELS | p
    return EvaluatedCase(
        name, f"P-{name}", generated, labels=labels, probabilities=probabilities, reported=frozenset(reported)
    )


def test_a_set_without_reports_is_evaluated_by_labels_and_it_is_said():
    made = [
        labelled("a", "Cardiomegaly. Edema.", ["Cardiomegaly"], ["Edema"], {"Cardiomegaly": 0.9}, ["Cardiomegaly"]),
        labelled("b", "Clear. A fracture is seen.", ["Cardiomegaly"], ["Edema"], {"Cardiomegaly": 0.4}),
        labelled("c", "No edema.", [], ["Cardiomegaly", "Edema"], {"Cardiomegaly": 0.2}),
    ]
    evaluation = evaluate_cases(made, meteor_by=no_meteor)
    assert evaluation.texts == ()
    assert not [row for row in evaluation.measured if row.part == "text"]
    assert any("no reports" in note for note in evaluation.notes)
    # The fracture of "b" is said of a film whose label for it nobody knows: it counts for nothing.
    assert number(evaluation, DRAFT_SET, "micro F1 (14)").value == pytest.approx(2 * 1 / (2 * 1 + 1 + 1))
    assert number(evaluation, DRAFT_SET, "F1 Cardiomegaly").value == pytest.approx(2 / 3)
    assert isinstance(number(evaluation, DRAFT_SET, "F1 Fracture").score, NotRun)
    assert number(evaluation, HEAD_SET, "F1 Cardiomegaly").value == pytest.approx(2 / 3)
    assert number(evaluation, HEAD_SET, "AUROC", "Cardiomegaly").value == 1.0
    assert isinstance(number(evaluation, HEAD_SET, "AUROC", "Edema").score, NotRun)
    worst = [(one.case.case_id, one.missed, one.added) for one in evaluation.worst]
    assert worst == [("b", ("Cardiomegaly",), ()), ("a", (), ("Edema",))]
    assert "Not run: there are no reports" in to_page(evaluation, {})


def test_where_the_set_has_no_labels_the_head_is_held_against_the_reports():
    made = [
        replace(case, probabilities=LABELS | {"Pleural Effusion": p}, reported=frozenset())
        for case, p in zip(cases(), (0.1, 0.9, 0.3), strict=True)
    ]
    evaluation = evaluate_cases(made, meteor_by=no_meteor)
    assert number(evaluation, HEAD_REPORT, "AUROC", "Pleural Effusion").value == 1.0
    assert number(evaluation, HEAD_REPORT, "positive", "Pleural Effusion").value == 1.0
    assert number(evaluation, DRAFT_REPORT, "F1 Pleural Effusion").value == 1.0


def test_cases_with_and_without_a_report_may_stand_in_one_set():
    mixed = [*cases(), EvaluatedCase("x", "PX", "Clear lungs.", None)]
    evaluation = evaluate_cases(mixed, training_texts=[REFERENCES[0]], meteor_by=no_meteor)
    assert number(evaluation, "coco", "BLEU-1").cases == 3
    assert number(evaluation, "texts", "words").cases == 4
    assert number(evaluation, "texts", "words", "seen text").cases == 1
    assert any("1 of 4 cases have no report" in note for note in evaluation.notes)


def test_a_row_without_reports_is_shown_as_empty_and_not_as_a_metric_that_failed():
    evaluation = evaluate_cases(cases(), protocols=[COCO], training_texts=[], meteor_by=no_meteor)
    said = read(to_page(evaluation, {})).said
    at = said.index("seen text")
    assert said[at + 1 : at + 4] == ["0", "-", "-"]
    assert not [text for text in said if "no reports in this row" in text]
    assert "seen text                   no reports in this row" in as_text(evaluation)


def test_there_must_be_something_to_evaluate():
    with pytest.raises(ValueError, match="no cases"):
        evaluate_cases([])


class Reader(HTMLParser):
    """Collects what a browser would see, and fails on tags that do not close."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.said = [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_the_page_holds_all_it_shows_and_lets_no_text_become_markup(tmp_path):
    film = make_film(tmp_path / "film.png", 200, 240)
    hostile = "<script>alert(1)</script> & \"quoted\" <img src='http://example.invalid/x.png'>"
    made = cases(film=film, scanpath=(Fixation(20, 30, 0.3), Fixation(90, 100, 0.2)))
    made[1] = replace(made[1], generated=hostile, boxes=(("Edema", (10.0, 20.0, 60.0, 90.0)),))
    evaluation = evaluate_cases(
        made, title=f"Evaluation of {hostile}", facts=[("adapter", hostile)], notes=[hostile],
        not_drafted=[NotDrafted("y", hostile)], meteor_by=no_meteor,
    )  # fmt: skip
    page = to_page(evaluation, figures_of(evaluation))
    reader = read(page)
    assert {tag for tag, _, _ in reader.attributes} <= {"html", "meta", "table", "img", "th", "div", "p"}
    sources = [value for tag, name, value in reader.attributes if name in ("src", "href")]
    assert sources
    assert all(value.startswith("data:image/") for value in sources)
    assert all(value for tag, name, value in reader.attributes if name == "alt")
    assert sum(value.startswith("data:image/jpeg") for value in sources) == len(evaluation.worst) >= 2
    assert hostile in "".join(reader.said)
    assert "Protocol coco." in "".join(reader.said)


def test_files_hold_the_numbers_of_the_page(tmp_path):
    evaluation = evaluate_cases(cases(), meteor_by=no_meteor)
    write_files(evaluation, tmp_path / "out")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "metrics.csv").read_text())))
    found = next(row for row in rows if row["of"] == "coco" and row["metric"] == "BLEU-4")
    assert float(found["value"]) == number(evaluation, "coco", "BLEU-4").value
    by_case = list(csv.DictReader(io.StringIO((tmp_path / "out" / "cases.csv").read_text())))
    assert [row["generated"] for row in by_case] == GENERATED
    assert float(by_case[0]["coco CIDEr"]) == pytest.approx(3.9283301, abs=1e-7)
    assert {path.name for path in (tmp_path / "out" / "figures").iterdir()} == {"text-metrics.svg", "f1-by-finding.svg"}
    again = tmp_path / "again"
    write_files(evaluation, again)
    for name in ("evaluation.html", "metrics.csv", "evaluation.json", "figures/text-metrics.svg"):
        assert (again / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_a_small_page_reads_back():
    page = HtmlPage("A & B")
    page.table(["", "x"], [["row", "1\n0 to 2"]], "caption")
    page.case("case", None, "", [("Draft", "text")])
    assert "A & B" in "".join(read(page.to_html()).said)


def test_reference_film_and_boxes_of_an_example():
    example = make_example()
    assert reference_text(example, ("findings", "impression")) == (
        "Small left effusion.\n No pneumothorax.\nEffusion µ."
    )
    assert reference_text(example, ("impression",)) == "Effusion µ."
    dictated = replace(example, reports=example.reports[1:])
    assert reference_text(dictated, ("findings",)) == "small effusion"
    plain = replace(example, reports=(ReportText("written", {"last_paragraph": "All clear."}),))
    assert reference_text(plain, ("findings", "impression")) == "All clear."
    assert reference_text(replace(example, reports=()), ("findings",)) is None
    assert film_to_draft(example) is None  # no file is part of the set
    files = (
        TrainingImage("side", 40, 48, "LATERAL", file="images/aa/a.png"),
        TrainingImage("film", 80, 96, "PA", file="images/bb/b.png"),
    )
    seen = film_to_draft(replace(example, images=files))
    assert seen is not None
    assert seen.image_id == "film"
    assert boxes_on_film(example, seen) == (("Pleural Effusion", (2.0, 4.0, 20.0, 24.0)),)
