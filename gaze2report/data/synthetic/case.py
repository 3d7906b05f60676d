"""A made case: a patient's anatomy, what is on the film, what the report speaks of, and where the reader looked.

What gaze may tell that the film cannot: on a film with a *look-alike* two densities of different kinds lie in the
lungs, drawn alike, and the report speaks of one of them only (the other is an old scar, a nipple shadow, a vessel seen
end on). Which one, a coin decides. An informed reader dwells on the one that is reported, an uninformed one on a place
drawn for another patient. ``gaze_share`` is the share of informed readers; films and reports are the same whatever it
is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gaze2report.data.synthetic.anatomy import Anatomy, build_chest, draw_anatomy, next_visit
from gaze2report.data.synthetic.film import render_film
from gaze2report.data.synthetic.lesions import FOCAL, OBSERVATIONS_OF, Box, Lesion, changed_anatomy, draw_lesion
from gaze2report.data.synthetic.reader_statistics import ReaderStatistics
from gaze2report.data.synthetic.simulated_reader import simulate_reading
from gaze2report.types import Fixation


@dataclass(frozen=True)
class CaseOptions:
    """What is drawn, and how.

    Attributes
    ----------
    side_px : int
        Size of the film each way.
    gaze_share : float
        Share of informed readers, 0 to 1: how much of what only gaze can tell it does tell.
    normal_share : float
        Share of films without a finding.
    look_alike_share : float
        Share of films with a finding that hold a look-alike beside it.
    second_finding_share : float
        Share of films without a look-alike that hold a second finding.
    conspicuity : (float, float)
        Range it is drawn from, within 0 (hardly seen) to 1 (nobody misses it).
    dwell_share : float, optional
        Share of fixations on the target; as fitted to radiologists when None.
    findings : tuple of str
        What is drawn from.
    """

    side_px: int = 224
    gaze_share: float = 0.5
    normal_share: float = 0.3
    look_alike_share: float = 0.4
    second_finding_share: float = 0.25
    conspicuity: tuple[float, float] = (0.1, 1.0)
    dwell_share: float | None = None
    findings: tuple[str, ...] = tuple(OBSERVATIONS_OF)


@dataclass(frozen=True, eq=False)
class SyntheticCase:
    """One case with everything that is true of it.

    Attributes
    ----------
    film : ndarray of uint8, shape (S, S)
    lesions : tuple of Lesion
        What is on the film; ``is_reported`` tells which the report speaks of.
    anatomy : Anatomy
    observations : frozenset of str
        What the report asserts.
    fixations : tuple of Fixation
        Positions as fractions of the film.
    reader_is_informed : bool
    """

    film: NDArray[np.uint8]
    lesions: tuple[Lesion, ...]
    anatomy: Anatomy
    observations: frozenset[str]
    fixations: tuple[Fixation, ...]
    reader_is_informed: bool


def draw_case(
    options: CaseOptions, statistics: ReaderStatistics, patient_seed: int, visit: int, seed: int
) -> SyntheticCase:
    """Draw one visit of a patient.

    Film and report depend on nothing that the gaze does, and the other way round only through the target: two sets of
    one seed that differ in ``gaze_share`` hold the same films and reports.
    """
    of_patient = np.random.default_rng([seed, patient_seed, 0])
    of_film = np.random.default_rng([seed, patient_seed, visit, 1])
    anatomy = draw_anatomy(of_patient)
    if visit:
        anatomy = next_visit(anatomy, of_film)
    lesions = draw_lesions(options, anatomy, of_film)
    anatomy = changed_anatomy(anatomy, lesions)
    film = render_film(build_chest(anatomy, options.side_px), lesions, of_film)
    reported = [lesion for lesion in lesions if lesion.is_reported]
    observations = frozenset().union(*(OBSERVATIONS_OF[lesion.finding] for lesion in reported))
    case = SyntheticCase(film, lesions, anatomy, observations or frozenset({"No Finding"}), (), False)
    return with_share(case, options, statistics, patient_seed, visit, seed)


def with_share(
    case: SyntheticCase, options: CaseOptions, statistics: ReaderStatistics, patient_seed: int, visit: int, seed: int
) -> SyntheticCase:
    """Let a reader look at a case anew, under the share of these options: what `draw_case` gives, without its film."""
    of_gaze, of_reader = (np.random.default_rng([seed, patient_seed, visit, stream]) for stream in (2, 3))
    is_informed = bool(of_reader.random() < options.gaze_share)
    other = draw_anatomy(of_reader)
    elsewhere = _targets(draw_lesions(options, other, of_reader), other)
    targets = _targets(case.lesions, case.anatomy) if is_informed else elsewhere
    fixations = simulate_reading(statistics, targets, of_gaze, options.dwell_share)
    return replace(case, fixations=fixations, reader_is_informed=is_informed)


def draw_lesions(options: CaseOptions, anatomy: Anatomy, random: np.random.Generator) -> tuple[Lesion, ...]:
    """Draw what is on one film: nothing, a finding, two, or a finding and a look-alike of another kind."""
    if random.random() < options.normal_share:
        return ()
    side = int(random.choice((-1, 1)))
    focal = [name for name in options.findings if name in FOCAL]
    if len(focal) >= 2 and random.random() < options.look_alike_share:
        names = random.choice(focal, 2, replace=False)
        drawn = [_draw(str(name), options, anatomy, s, random) for name, s in zip(names, (side, -side), strict=True)]
        reported = int(random.integers(2))
        return tuple(replace(lesion, is_reported=number == reported) for number, lesion in enumerate(drawn))
    n_findings = min(2 if random.random() < options.second_finding_share else 1, len(options.findings))
    names = random.choice(options.findings, n_findings, replace=False)
    return tuple(_draw(str(name), options, anatomy, s, random) for name, s in zip(names, (side, -side), strict=False))


def _draw(finding: str, options: CaseOptions, anatomy: Anatomy, side: int, random: np.random.Generator) -> Lesion:
    return draw_lesion(finding, anatomy, float(random.uniform(*options.conspicuity)), side, random)


def _targets(lesions: Sequence[Lesion], anatomy: Anatomy) -> list[tuple[str, Box]]:
    return [(lesion.finding, lesion.box(anatomy)) for lesion in lesions if lesion.is_reported]
