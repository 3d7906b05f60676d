"""The phase that reads findings, refusal and lung zones off the whole film; patients of the test fold stay out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gaze2report.data.splits import fold_of
from gaze2report.models.gaze2report import FilmReader
from gaze2report.training.evaluate_film_check import adult_scores, check_films
from gaze2report.training.evaluate_films import FilmPhases
from gaze2report.training.evaluate_zones import zone_rows
from gaze2report.training.film_groups import TEST_FOLD, FilmGroups
from gaze2report.training.train_film_check import fit_film_check, set_limits
from gaze2report.training.train_findings import FindingsPhase, calibrate
from gaze2report.training.train_probe import f1_threshold, fit_probe, out_of_fold_probe
from gaze2report.training.train_zones import fit_zones


def fit_film_reader(
    make: Callable[[], FilmReader],
    groups: FilmGroups,
    head_logits: Tensor,
    findings: FindingsPhase,
    phases: FilmPhases,
    on_log: Callable[[str], None] = print,
) -> tuple[FilmReader, Tensor]:
    """Fit a film reader on all but the test fold.

    Parameters
    ----------
    head_logits : Tensor (training films, 14)
        Out of fold, of the findings head.

    Returns
    -------
    reader : FilmReader
    logits : Tensor (training films, 14)
        Out of fold, of probe and head together.
    """
    reader = make()
    rows = groups.folds != TEST_FOLD
    labels, views = groups.labels[rows], groups.views.rows(rows)
    names = [film.patient_id for film, is_in in zip(groups.films, rows.tolist(), strict=True) if is_in]
    folds = torch.tensor([fold_of("oof" + name, findings.n_folds) for name in names])
    probe_logits = out_of_fold_probe(lambda: make().probe, views, labels, folds, phases.probe)
    logits = reader.probe.together(probe_logits, head_logits)
    fit_probe(reader.probe, views, labels, phases.probe)
    calibrate(reader.probe, logits, labels, findings, f1_threshold)
    on_log("  findings probe fitted")
    _, scores = adult_scores(lambda: make().check, groups, phases.check)
    fit_film_check(reader.check, check_films(groups, TEST_FOLD), phases.check)
    set_limits(reader.check, [score for fold, score in enumerate(scores) if fold != TEST_FOLD], phases.check)
    on_log("  film check fitted")
    chosen = zone_rows(groups)
    chosen = chosen[groups.other_folds[chosen] != TEST_FOLD]
    fit_zones(
        reader.zones, [groups.others[int(row)] for row in chosen], groups.others_pair.film.maps[chosen], phases.zones
    )
    return reader, logits
