from __future__ import annotations

from pathlib import Path

import numpy as np

from gaze2report.data.report_corpus import LabelledReport
from gaze2report.data.sources.gazesearch import SearchScanpath
from gaze2report.data.sources.nih_cxr14 import LabelledFilm, to_observations
from gaze2report.data.splits import fold_of
from gaze2report.data.weak_pairing import films_for_reports, scanpaths_for_films
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation

KNOWN = frozenset({"No Finding", "Edema", "Pleural Effusion"})


def film(*labels: str) -> LabelledFilm:
    return LabelledFilm(Path("x.jpg"), "1", "PA", to_observations(list(labels)))


def report(*observations: str) -> LabelledReport:
    return LabelledReport("r", "f", "i", frozenset(observations))


def test_a_report_gets_a_film_that_shows_the_same_of_what_films_can_tell() -> None:
    films = [film("No Finding"), film("Edema"), film("Edema", "Effusion")]
    reports = [report("Edema", "Fracture"), report("No Finding"), report("Edema", "Pleural Effusion")]
    for seed in range(5):
        assert films_for_reports(reports, films, KNOWN, np.random.default_rng(seed)) == [1, 0, 2]


def test_a_film_gets_a_search_for_one_of_its_findings() -> None:
    paths = [
        SearchScanpath("a", name, (Fixation(0.5, 0.5, 0.2),)) for name in ("Edema", "Pleural Effusion", "Fracture")
    ]
    for seed in range(8):
        chosen = scanpaths_for_films([film("Edema", "Effusion"), film("Effusion")], paths, np.random.default_rng(seed))
        assert chosen[0].observation in {"Edema", "Pleural Effusion"}
        assert chosen[1].observation == "Pleural Effusion"


def test_labels_that_nih_does_not_speak_of_are_unknown_not_absent() -> None:
    values = dict(zip(CHEXPERT_OBSERVATIONS, to_observations(["Mass", "Effusion"]), strict=True))
    assert values["Lung Lesion"] == values["Pleural Effusion"] == 1
    assert values["Edema"] == 0
    assert np.isnan(values["Fracture"])
    assert np.isnan(values["Support Devices"])


def test_a_patient_is_always_in_the_same_fold_and_folds_are_of_like_size() -> None:
    folds = [fold_of(str(patient), 5) for patient in range(2000)]
    assert folds == [fold_of(str(patient), 5) for patient in range(2000)]
    assert min(np.bincount(folds, minlength=5)) > 340
