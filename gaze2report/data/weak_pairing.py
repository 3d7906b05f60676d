"""Films, scanpaths and reports of different patients, paired by what they show.

No permitted data set holds film, gaze and report of one case. A film with observations L is paired with a report that
asserts the same of what the film's labels can tell, and with a radiologist's search for one of L. What a model learns
from such pairs is what findings have in common, never what this film shows: the model card says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from gaze2report.data.report_corpus import LabelledReport
from gaze2report.data.sources.gazesearch import SearchScanpath
from gaze2report.data.sources.nih_cxr14 import LabelledFilm


def films_for_reports(
    reports: Sequence[LabelledReport], films: Sequence[LabelledFilm], known: frozenset[str], rng: np.random.Generator
) -> list[int]:
    """Choose a film for each report: the index of a random one among those with the most similar known observations.

    Parameters
    ----------
    known : frozenset of str
        Observations that films are labelled with often enough to be matched on.
    """
    similarity: dict[frozenset[str], list[int]] = {}
    observed = [film.observations & known for film in films]
    chosen = []
    for report in reports:
        wanted = report.observations & known
        if wanted not in similarity:
            scores = np.array([_jaccard(wanted, have) for have in observed])
            similarity[wanted] = [int(index) for index in np.flatnonzero(scores == scores.max())]
        chosen.append(int(rng.choice(similarity[wanted])))
    return chosen


def scanpaths_for_films(
    films: Sequence[LabelledFilm], scanpaths: Sequence[SearchScanpath], rng: np.random.Generator
) -> list[SearchScanpath]:
    """Choose a scanpath for each film: a random search for one of its observations; any search for a normal film."""
    by_observation: dict[str, list[SearchScanpath]] = defaultdict(list)
    for scanpath in scanpaths:
        by_observation[scanpath.observation].append(scanpath)
    chosen = []
    for film in films:
        searched = sorted(name for name in film.observations if by_observation.get(name))
        pool = by_observation[str(rng.choice(searched))] if searched else scanpaths
        chosen.append(pool[int(rng.integers(len(pool)))])
    return chosen


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return 1.0 if not one and not other else len(one & other) / len(one | other)
