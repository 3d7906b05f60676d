"""Template, retrieval, vocabulary and registry."""

from __future__ import annotations

import pytest
import torch
from made_cases import EFFUSION, NORMAL, WIDTH, made_film, made_ingredients, normal_and_effusion

from gaze2report.comparators.comparator import EncodedFilm, ReportCase
from gaze2report.comparators.registry import KINDS, build_comparator
from gaze2report.comparators.vocabulary import END, UNKNOWN, ReportVocabulary, teacher_forcing
from gaze2report.errors import Gaze2ReportError
from gaze2report.types import Report


def fitted(name: str, training: list[ReportCase]):
    comparator = build_comparator(name, made_ingredients(), {}, seed=0)
    comparator.fit(training, training[:1], lambda _: None)
    return comparator


def test_the_template_is_the_commonest_normal_report_even_where_most_are_abnormal() -> None:
    cases = normal_and_effusion(4)
    other = Report("Lungs are clear.", "Normal chest.")
    reports = [EFFUSION, EFFUSION, EFFUSION, NORMAL, other, NORMAL]
    training = [ReportCase(str(i), str(i), cases[0].film, report) for i, report in enumerate(reports)]
    assert fitted("template", training).generate(made_film(9)) == NORMAL


def test_without_a_normal_report_the_template_is_the_commonest_and_says_so() -> None:
    lines: list[str] = []
    comparator = build_comparator("template", made_ingredients(), {}, seed=0)
    comparator.fit([case for case in normal_and_effusion(6) if case.report == EFFUSION], [], lines.append)
    assert comparator.generate(made_film(9)) == EFFUSION
    assert "no training report is normal" in lines[0]


def test_retrieval_returns_the_planted_neighbour() -> None:
    training = normal_and_effusion(20)
    planted = training[7]
    noisy = EncodedFilm(planted.film.features + 0.05 * torch.randn(64, WIDTH), planted.film.gaze)
    comparator = fitted("nearest-neighbour", training)
    assert int(comparator.similarities(noisy).argmax()) == 7
    assert comparator.similarities(planted.film)[7] == pytest.approx(1.0, abs=1e-5)


def test_retrieval_tells_films_with_and_without_a_finding_apart() -> None:
    comparator = fitted("nearest-neighbour", normal_and_effusion(20))
    unseen = normal_and_effusion(10, first_seed=100)
    assert [comparator.generate(case.film) for case in unseen] == [case.report for case in unseen]


def test_retrieval_is_out_of_the_training_cases_only() -> None:
    training, validation = normal_and_effusion(4), [ReportCase("v", "v", made_film(50), Report("Validation.", "V."))]
    comparator = build_comparator("nearest-neighbour", made_ingredients(), {}, seed=0)
    comparator.fit(training, validation, lambda _: None)
    assert comparator.generate(validation[0].film).findings != "Validation."


def test_reports_come_back_from_their_numbers() -> None:
    vocabulary = ReportVocabulary(made_ingredients().tokenizer, [NORMAL, EFFUSION], 96)
    for report in (NORMAL, EFFUSION):
        assert vocabulary.decode(vocabulary.encode(report)) == report


def test_a_token_that_no_training_report_holds_is_unknown_and_long_reports_are_cut() -> None:
    vocabulary = ReportVocabulary(made_ingredients().tokenizer, [EFFUSION], 8)
    assert vocabulary.encode(Report("Zz", ""))[1] == UNKNOWN
    assert len(vocabulary.encode(EFFUSION)) == 8
    assert vocabulary.encode(EFFUSION)[-1] == END


def test_teacher_forcing_asks_for_each_token_after_those_before_it() -> None:
    inputs, targets = teacher_forcing([[5, 6, END], [7, END]])
    assert inputs.tolist() == [[0, 5, 6], [0, 7, 0]]
    assert targets.tolist() == [[5, 6, END], [7, END, -100]]


def test_an_unknown_comparator_is_told_with_those_there_are() -> None:
    with pytest.raises(Gaze2ReportError, match="nearest-neighbour"):
        build_comparator("oracle", made_ingredients(), {}, seed=0)


@pytest.mark.parametrize("name", KINDS)
def test_an_unknown_setting_is_told_with_the_comparator(name: str) -> None:
    with pytest.raises(Gaze2ReportError, match=name):
        build_comparator(name, made_ingredients(), {"depht": 3}, seed=0)
