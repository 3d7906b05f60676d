"""Writing made cases as a training set, patients drawn into splits by the hash of their name as everywhere."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from gaze2report.data.sentence_pool import SentencePool
from gaze2report.data.splits import drawn_split
from gaze2report.data.synthetic.case import CaseOptions, SyntheticCase, draw_case
from gaze2report.data.synthetic.reader_statistics import load_statistics
from gaze2report.data.synthetic.report_sentences import ReportSentences, open_sentences
from gaze2report.data.training_example import RecordedScanpath, Region, ReportText, TrainingExample, TrainingImage
from gaze2report.data.training_set import SetDescription, TrainingSetManifest
from gaze2report.data.training_set_writer import TrainingSetWriter
from gaze2report.errors import Gaze2ReportError, StorageFailed
from gaze2report.gaze.frames import FRACTIONS
from gaze2report.types import CHEXPERT_OBSERVATIONS

SECOND_VISIT_SHARE = 0.25
SMALLEST_SIDE_PX, LARGEST_SIDE_PX = 32, 2048


def make_synthetic_set(
    folder: Path,
    n_examples: int,
    seed: int,
    options: CaseOptions,
    *,
    own_sentences: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TrainingSetManifest:
    """Make a training set of synthetic radiographs; the same arguments give the same bytes.

    Parameters
    ----------
    folder : Path
        Where the set will be; must not exist.
    n_examples : int
        Films; a quarter of the patients come twice.
    seed : int
        0 or more.
    options : CaseOptions
        What is drawn.
    own_sentences : bool
        Use the sentences that come with the program even where Open-i reports are installed.

    Raises
    ------
    Gaze2ReportError
        If an option is out of its range.
    StorageFailed
        If the folder exists already, or the disk refuses.
    """
    _check(n_examples, seed, options)
    sentences = open_sentences(allow_open_i=not own_sentences)
    statistics = load_statistics()
    with TrainingSetWriter(folder, _description(n_examples, seed, options, sentences)) as writer:
        for number, (patient, visit) in enumerate(visits_of(n_examples, seed)):
            case = draw_case(options, statistics, patient, visit, seed)
            random = np.random.default_rng([seed, patient, visit, 4])
            writer.add(_to_example(case, f"{seed}-{patient:05d}", visit, sentences.pool, random, writer.aside))
            progress(number + 1, n_examples)
        return writer.finish()


def _check(n_examples: int, seed: int, options: CaseOptions) -> None:
    shares = (options.gaze_share, options.normal_share, options.look_alike_share, options.second_finding_share)
    if n_examples < 1:
        raise Gaze2ReportError("a training set needs at least one film")
    if seed < 0:
        raise Gaze2ReportError("the seed must be 0 or more")
    if not all(0 <= share <= 1 for share in shares):
        raise Gaze2ReportError("a share lies between 0 and 1")
    if not SMALLEST_SIDE_PX <= options.side_px <= LARGEST_SIDE_PX:
        raise Gaze2ReportError(f"a film must have {SMALLEST_SIDE_PX} to {LARGEST_SIDE_PX} pixels each way")
    low, high = options.conspicuity
    if not 0 <= low <= high <= 1:
        raise Gaze2ReportError("conspicuity is a range within 0 to 1, the smaller number first")


def visits_of(n_examples: int, seed: int) -> list[tuple[int, int]]:
    """Patient and visit of each film of a set."""
    random = np.random.default_rng([seed, 99])
    visits: list[tuple[int, int]] = []
    patient = 0
    while len(visits) < n_examples:
        n_visits = 2 if random.random() < SECOND_VISIT_SHARE else 1
        visits += [(patient, visit) for visit in range(n_visits)]
        patient += 1
    return visits[:n_examples]


def _to_example(
    case: SyntheticCase, patient: str, visit: int, pool: SentencePool, random: np.random.Generator, aside: Path
) -> TrainingExample:
    name = f"{patient}-{visit}"
    composed = pool.compose(name, case.observations, random)
    height_px, width_px = case.film.shape
    file, sha256 = _store_film(case.film, aside)
    image = TrainingImage(name, width_px, height_px, "PA", file, sha256)
    x, y, durations_s = zip(*((f.x_px, f.y_px, f.duration_s) for f in case.fixations), strict=True)
    onsets_s = np.concatenate([[0.0], np.cumsum(np.asarray(durations_s[:-1]) + 0.04)]).round(4)
    return TrainingExample(
        example_id=name,
        patient_id=f"synthetic-{patient}",
        split=drawn_split(f"synthetic-{patient}"),
        study_id=name,
        images=(image,),
        scanpaths=(
            RecordedScanpath(
                "reading",
                name,
                FRACTIONS,
                x,
                y,
                durations_s,
                onsets_s=tuple(float(onset) for onset in onsets_s),
                onset_origin="start of the reading",
                reader="simulated",
            ),
        ),
        reports=(ReportText("written", {"findings": composed.findings, "impression": composed.impression}),),
        regions=tuple(
            Region(
                name,
                lesion.finding if lesion.is_reported else f"look-alike of {lesion.finding}",
                "box",
                FRACTIONS,
                corners=tuple(round(corner, 4) for corner in lesion.box(case.anatomy)),  # type: ignore[arg-type]
            )
            for lesion in case.lesions
        ),
        labels={name: float(name in composed.observations) for name in CHEXPERT_OBSERVATIONS},
        source_labels={
            "reader_is_informed": case.reader_is_informed,
            "lesions": [
                {
                    "finding": lesion.finding,
                    "is_reported": lesion.is_reported,
                    "conspicuity": round(lesion.conspicuity, 3),
                }
                for lesion in case.lesions
            ],
        },
    )


def _store_film(film: NDArray[np.uint8], aside: Path) -> tuple[str, str]:
    buffer = io.BytesIO()
    PIL.Image.fromarray(film).save(buffer, format="PNG")
    data = buffer.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    path = f"images/{sha256[:2]}/{sha256}.png"
    try:
        (aside / path).parent.mkdir(parents=True, exist_ok=True)
        (aside / path).write_bytes(data)
    except OSError as error:
        raise StorageFailed(f"cannot write the film {aside / path}: {error.strerror}") from error
    return path, sha256


def _description(n_examples: int, seed: int, options: CaseOptions, sentences: ReportSentences) -> SetDescription:
    return SetDescription(
        name=f"synthetic-{seed}",
        kind="synthetic",
        source="Made radiographs with simulated readers; no patient, no recording",
        citation="",
        licence=sentences.licence,
        may_be_shared=sentences.source == "own",
        split_unit="patient",
        split_rule="drawn by patient, 8 to 1 to 1 by hash",
        notes=(
            "The films are drawn, not taken: what is measured on them tells of a method and nothing of patients.",
            sentences.note,
            f"Of the readers, {options.gaze_share:.0%} dwell on what their report speaks of, the others on a place "
            "drawn for another patient. At 0 % gaze carries nothing that helps to write the report.",
            "Reader statistics are fitted to GazeSearch and to the SIIM gaze set; dwelling on targets is simulated.",
        ),
        options={
            "n": n_examples,
            "seed": seed,
            "sentences": sentences.source,
            "side_px": options.side_px,
            "gaze_share": options.gaze_share,
            "normal_share": options.normal_share,
            "look_alike_share": options.look_alike_share,
            "second_finding_share": options.second_finding_share,
            "conspicuity": list(options.conspicuity),
            "dwell_share": options.dwell_share,
            "findings": list(options.findings),
        },
    )
