"""From one recording to the gaze of each case: fixations on its films, what was left out, and how good it all is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaze2report.gaze.data_gaps import Missing, missing_in
from gaze2report.gaze.drift import drift_at_click_dva
from gaze2report.gaze.gaze_samples import GazeSamples
from gaze2report.gaze.quality_gates import GateResult, judge_case
from gaze2report.gaze.recorded_rows import FilmSizes, samples_of_rows, view_log_of_rows
from gaze2report.gaze.recording_content import RecordingContent
from gaze2report.gaze.screen_geometry import ScreenGeometry
from gaze2report.gaze.velocity_threshold import TOBII_IVT, IvtParameters, find_fixations_ivt
from gaze2report.gaze.view_log import NOT_BY_A_MODEL, ViewLog
from gaze2report.gaze.view_mapping import FixationOnFilm, MappedFixations, MappingCounts, map_fixations

Stretch = tuple[int, int]
"""From and to, host time in microseconds."""


@dataclass(frozen=True)
class CaseGaze:
    """Gaze of one case.

    Attributes
    ----------
    study_uid : str
        Study Instance UID; empty where neither recording nor workspace says.
    start_us, end_us : int
        Host time.
    fixations : tuple of FixationOnFilm
        That begin within it, on any film.
    counts : MappingCounts
        Of the whole recording: what became of the fixations on screen.
    missing : Missing
        Of the case; pauses that the reader made are not missing.
    gates : GateResult
    error_dva : float, optional
        Mean error of the validation in force, both eyes.
    classifier : str
        How the fixations were found, with its parameters.
    """

    study_uid: str
    start_us: int
    end_us: int
    fixations: tuple[FixationOnFilm, ...]
    counts: MappingCounts
    missing: Missing
    gates: GateResult
    error_dva: float | None
    classifier: str

    @property
    def valid_share(self) -> float:
        """Share of samples with a valid eye, 0 to 1."""
        return 1.0 - self.missing.share


@dataclass(frozen=True, eq=False)
class MappedRecording:
    """A recording on its screen and films. M samples of N: those of one time are one.

    Attributes
    ----------
    screen_name : str
        The tracker's, in the view log.
    samples : GazeSamples
        M, in order of time.
    order : ndarray of int64, shape (M,)
        Which of the recording's samples they are.
    log : ViewLog
    film_sizes : mapping
        Columns and rows of the films that are shown.
    fixations : MappedFixations
    residual_ms : float, optional
        99th percentile of the error of the mapped clock.
    classifier : str
        How the fixations were found, with its parameters.
    """

    screen_name: str
    screen: ScreenGeometry
    samples: GazeSamples
    order: NDArray[np.int64]
    log: ViewLog
    film_sizes: FilmSizes
    fixations: MappedFixations
    residual_ms: float | None
    classifier: str


def film_sizes_told(content: RecordingContent) -> dict[str, tuple[int, int]]:
    """Columns and rows of the films that the recording itself tells of."""
    return {
        str(marker.body["image_uid"]): (int(marker.body["columns_px"]), int(marker.body["rows_px"]))
        for marker in content.marked("film")
        if {"image_uid", "columns_px", "rows_px"} <= set(marker.body)
    }


def map_recording(
    content: RecordingContent, film_sizes: FilmSizes, parameters: IvtParameters = TOBII_IVT
) -> MappedRecording:
    """Find the fixations of a recording and bring them onto films.

    Parameters
    ----------
    film_sizes : mapping
        Columns and rows of films; what the recording tells itself is added.

    Raises
    ------
    RecordingWithoutScreen, RecordingNotMapped
        If gaze cannot be brought onto films.
    """
    name, screen = content.screen()
    system_us, residual_ms = content.mapped_clock()
    samples = samples_of_rows(content.samples, screen, system_us).samples
    order = np.unique(system_us, return_index=True)[1]
    sizes = {**film_sizes_told(content), **film_sizes}
    rows = [(entry.system_us, entry.body) for entry in content.views]
    log = view_log_of_rows(rows, sizes, (round(screen.width_px), round(screen.height_px)), NOT_BY_A_MODEL)
    detected = find_fixations_ivt(samples, screen, parameters)
    mapped = map_fixations(detected, samples, samples.place_px(parameters.eye), log, screen, name)
    classifier = f"I-VT {parameters.threshold_dva_per_s:g} deg/s, {parameters.least_duration_ms:g} ms"
    return MappedRecording(name, screen, samples, order, log, sizes, mapped, residual_ms, classifier)


def cases_of(
    content: RecordingContent, mapped: MappedRecording, study_of_film: Mapping[str, str], *, study_uid: str = ""
) -> tuple[CaseGaze, ...]:
    """Find the cases of a recording, and the gaze of each.

    A case is what lies between its markers, else the time over which films of one study are shown.

    Parameters
    ----------
    study_of_film : mapping
        SOP Instance UID to Study Instance UID.
    study_uid : str
        Of a recording of one case that does not say whose.
    """
    samples = mapped.samples
    found: list[CaseGaze] = []
    drifts: list[float] = []
    for uid, (start_us, end_us) in _stretches(content, mapped.log, samples, study_of_film, study_uid):
        drifts += _drifts(content, samples, mapped.screen, (start_us, end_us))
        missing = _missing(content, samples, (start_us, end_us))
        inside = tuple(one for one in mapped.fixations.fixations if start_us <= one.onset_ms * 1000 < end_us)
        gates = judge_case(
            missing_share=missing.share,
            longest_gap_s=missing.longest_gap_s,
            drifts_dva=drifts,
            clock_residual_ms=mapped.residual_ms,
        )
        error_dva = _validation_error(content, start_us)
        counts, classifier = mapped.fixations.counts, mapped.classifier
        found.append(CaseGaze(uid, start_us, end_us, inside, counts, missing, gates, error_dva, classifier))
    return tuple(found)


def _stretches(
    content: RecordingContent, log: ViewLog, samples: GazeSamples, study_of_film: Mapping[str, str], study_uid: str
) -> list[tuple[str, Stretch]]:
    if not len(samples):
        return []
    last_us = int(samples.time_ms[-1] * 1000) + 1
    marked = _marked_stretches(content, last_us)
    by_films = _film_stretches(log, last_us, study_of_film)
    if not marked:
        if study_uid and len({uid for uid, _ in by_films}) <= 1:
            return [(study_uid, (content.started_us, last_us))]
        return by_films
    named = []
    for uid, (start_us, end_us) in marked:
        shown = [one for one, (begin, end) in by_films if begin < end_us and end > start_us]
        named.append((uid or study_uid or (shown[0] if shown else ""), (start_us, end_us)))
    return named


def _marked_stretches(content: RecordingContent, last_us: int) -> list[tuple[str, Stretch]]:
    found: list[tuple[str, Stretch]] = []
    opened: tuple[str, int] | None = None
    for marker in content.marked("case_opened", "case_closed"):
        if opened is not None:
            found.append((opened[0], (opened[1], marker.system_us)))
        is_open = marker.kind == "case_opened"
        opened = (str(marker.body.get("study_uid", "")), marker.system_us) if is_open else None
    if opened is not None:
        found.append((opened[0], (opened[1], last_us)))
    return [(uid, stretch) for uid, stretch in found if stretch[1] > stretch[0]]


def _film_stretches(log: ViewLog, last_us: int, study_of_film: Mapping[str, str]) -> list[tuple[str, Stretch]]:
    """Times over which films of one study are shown; a film of no known study is a case by itself."""
    found: list[tuple[str, str, int, int]] = []
    for number, state in enumerate(log.states):
        end_us = log.states[number + 1].time_us if number + 1 < len(log.states) else last_us
        film = next((row.instance_uid for row in state.rows if row.instance_uid), "")
        if not film or end_us <= state.time_us:
            continue
        uid = study_of_film.get(film, "")
        key = uid or film
        if found and found[-1][0] == key and found[-1][3] == state.time_us:
            found[-1] = (key, uid, found[-1][2], end_us)
        else:
            found.append((key, uid, state.time_us, end_us))
    return [(uid, (start_us, end_us)) for _, uid, start_us, end_us in found]


def _drifts(content: RecordingContent, samples: GazeSamples, screen: ScreenGeometry, stretch: Stretch) -> list[float]:
    """Drift at the newest click of the case whose target is known."""
    found = [
        drift_at_click_dva(
            samples, marker.system_us / 1000.0, (float(marker.body["x_px"]), float(marker.body["y_px"])), screen
        )
        for marker in content.marked("drift_check", "case_closed")
        if stretch[0] <= marker.system_us <= stretch[1] and {"x_px", "y_px"} <= set(marker.body)
    ]
    known = [drift for drift in found if drift is not None]
    return known[-1:]


def _missing(content: RecordingContent, samples: GazeSamples, stretch: Stretch) -> Missing:
    frequency_hz = content.frequency_hz
    for segment in content.segments:
        if segment.started_us <= stretch[0]:
            frequency_hz = segment.frequency_hz
    parts = [
        missing_in(samples, frequency_hz, start_us / 1000.0, end_us / 1000.0)
        for start_us, end_us in _without(stretch, content.pauses_us)
    ]
    n_expected, n_valid = sum(part.n_expected for part in parts), sum(part.n_valid for part in parts)
    return Missing(
        1 - n_valid / n_expected if n_expected else 0.0,
        max((part.longest_gap_s for part in parts), default=0.0),
        n_expected,
        n_valid,
        sum(part.n_invalid for part in parts),
        sum(part.n_absent for part in parts),
    )


def _without(stretch: Stretch, pauses: tuple[Stretch, ...]) -> list[Stretch]:
    kept, begin = [], stretch[0]
    for start_us, end_us in pauses:
        if start_us >= stretch[1] or end_us <= begin:
            continue
        kept.append((begin, start_us))
        begin = end_us
    kept.append((begin, stretch[1]))
    return [(start_us, end_us) for start_us, end_us in kept if end_us > start_us]


def _validation_error(content: RecordingContent, at_us: int) -> float | None:
    """Mean error of both eyes in the newest validation before a moment."""
    error: float | None = None
    for marker in content.marked("validation"):
        eyes = [marker.body.get(f"mean_accuracy_{eye}_dva") for eye in ("left", "right")]
        known = [float(value) for value in eyes if isinstance(value, int | float) and np.isfinite(value)]
        if known and (error is None or marker.system_us <= at_us):
            error = float(np.mean(known))
    return error
