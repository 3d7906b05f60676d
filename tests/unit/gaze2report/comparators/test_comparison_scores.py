"""Scores and table of written reports whose answers are known."""

from __future__ import annotations

import csv
import functools
import io
import json

import numpy as np
import pytest
from made_cases import EFFUSION, NORMAL, normal_and_effusion

from gaze2report.comparators.comparator import FitSummary, ParameterCount, ReportCase
from gaze2report.comparators.comparison_scores import MICRO, OF_FINDINGS, ScoredComparator, score_comparators
from gaze2report.comparators.comparison_table import table_as_csv, table_as_json, table_as_text
from gaze2report.comparators.encoded_cases import text_of
from gaze2report.comparators.written_reports import WrittenReports, find, keep
from gaze2report.evaluation.report_metrics.meteor import MeteorScores
from gaze2report.evaluation.report_metrics.protocol import COCO
from gaze2report.types import Report

OTHER = Report("The cardiac silhouette is enlarged.", "Cardiomegaly.")


def written(name: str, reports: dict[str, Report], seed: int = 0) -> WrittenReports:
    return WrittenReports(name, seed, "f", reports, FitSummary(3, 0.5), ParameterCount(10, 20), 4.0, 2.0, 1.0, 1)


def test_cases() -> list[ReportCase]:
    """Six patients; the last one's report is in no training text."""
    cases = normal_and_effusion(6)
    return [*cases[:5], ReportCase("e5", "p5", cases[5].film, OTHER, frozenset({"Cardiomegaly"}))]


test_cases.__test__ = False  # a helper that pytest would take for a test


def counted(hypotheses, references, groups) -> MeteorScores:
    """Stands for METEOR's program: the share of references that were copied."""
    per_report = np.array([float(h == r) for h, r in zip(hypotheses, references, strict=True)])
    return MeteorScores(per_report, tuple(float(per_report[group].mean()) for group in groups))


@functools.cache
def scored(n_seeds: int = 1) -> dict[str, ScoredComparator]:
    cases = test_cases()
    template = {case.example_id: NORMAL for case in cases}
    right = {case.example_id: case.report for case in cases}
    fits = {
        "template": [written("template", template)],
        "r2gen": [written("r2gen", right, seed) for seed in range(n_seeds)],
        "image-blind": [written("image-blind", template)],
    }
    texts = [text_of(NORMAL), text_of(EFFUSION)]
    return {one.name: one for one in score_comparators(fits, cases, texts, COCO, draws=200, meteor_by=counted)}


def test_what_copies_the_references_is_perfect_and_the_template_names_no_finding() -> None:
    found = scored()
    assert found["r2gen"].rows["all"]["BLEU-4"] == pytest.approx(1.0)
    assert found["r2gen"].rows["all"][OF_FINDINGS] == 1.0
    assert [found["template"].rows[row]["METEOR"] for row in ("all", "unseen text", "seen text")] == [0.5, 0.0, 0.6]
    assert found["template"].rows["all"][OF_FINDINGS] == 0.0
    # Three of six are normal: three hits, three false alarms of "No Finding", three findings missed.
    assert found["template"].rows["all"][MICRO] == pytest.approx(2 * 3 / (2 * 3 + 3 + 3))
    assert found["r2gen"].distinct == pytest.approx(3 / 6)
    assert found["template"].distinct == pytest.approx(1 / 6)


def test_seen_and_unseen_texts_stand_apart() -> None:
    found = scored()["template"]
    assert found.reports == {"all": 6, "unseen text": 1, "seen text": 5}
    assert found.rows["unseen text"]["BLEU-1"] < found.rows["seen text"]["BLEU-1"]


def test_the_difference_to_the_template_is_paired_and_zero_for_its_equal() -> None:
    found = scored()
    assert found["template"].against_template == {}
    same = found["image-blind"].against_template["ROUGE-L"]
    assert (same.difference.value, same.difference.low, same.difference.high) == (0.0, 0.0, 0.0)
    better = found["r2gen"].against_template[OF_FINDINGS]
    assert better.difference.value == pytest.approx(1.0)
    assert (better.first, better.second) == (1.0, 0.0)


def test_seeds_that_write_the_same_do_not_narrow_an_interval() -> None:
    one, three = scored(1)["r2gen"], scored(3)["r2gen"]
    assert one.rows["all"] == pytest.approx(three.rows["all"])
    assert one.reports == three.reports
    assert one.distinct == three.distinct
    assert three.intervals["ROUGE-L"].patients == 6
    np.testing.assert_allclose(one.intervals["BLEU-1"].low, three.intervals["BLEU-1"].low)
    np.testing.assert_allclose(
        scored(3)["template"].intervals["ROUGE-L"].low, scored(1)["template"].intervals["ROUGE-L"].low
    )


def test_the_table_is_the_same_for_people_in_csv_and_in_json() -> None:
    found = list(scored().values())
    text = table_as_text(found, ["a note"])
    assert [line.split()[0] for line in text.splitlines()[1:9:3]] == ["template", "r2gen", "image-blind"]
    assert text.endswith("a note")
    rows = list(csv.DictReader(io.StringIO(table_as_csv(found))))
    cell = next(r for r in rows if (r["comparator"], r["row"], r["metric"]) == ("template", "all", "ROUGE-L"))
    content = json.loads(json.dumps(table_as_json(found, {"recipe": {}}, ["a note"]), allow_nan=False))
    system = content["systems"][0]
    assert float(cell["value"]) == system["rows"]["all"]["ROUGE-L"] == found[0].rows["all"]["ROUGE-L"]
    assert f"{float(cell['value']):.3f} ({float(cell['low']):.3f}" in text
    assert system["parameters trained"] == 10
    assert "reports" not in system["fits"][0]


def test_written_reports_come_back_from_their_file_unless_something_else_decided_them(tmp_path) -> None:
    path = tmp_path / "r2gen-seed0.json"
    one = written("r2gen", {"e0": NORMAL})
    keep(path, one)
    assert find(path, "f") == one
    assert find(path, "other") is None
    path.write_text("{damaged")
    assert find(path, "f") is None
    assert find(tmp_path / "missing.json", "f") is None
