"""What an example must keep to be written into a training set; each breach is one sentence.

Reading is tolerant, writing is not: a duration in milliseconds where seconds are declared, a fraction where pixels are,
a box in another order of corners spoils a model for good and is never noticed later.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar, get_args

from gaze2report.data.example_json import example_to_line
from gaze2report.data.splits import SPLITS
from gaze2report.data.training_example import (
    SECTIONS,
    DurationUnit,
    RecordedScanpath,
    Region,
    RegionShape,
    ReportKind,
    ReportText,
    TrainingExample,
    TrainingImage,
)
from gaze2report.gaze.frames import Frame, FrameUnit
from gaze2report.types import CHEXPERT_OBSERVATIONS

IMAGE_FILE = re.compile(r"images/([0-9a-f]{2})/(\1[0-9a-f]{62})\.(png|jpg|dcm)")
"""The only form of an image's path: named by its hash, so that no name of a source can point anywhere else."""

T = TypeVar("T")

LONGEST_FIXATION_S = 60.0
LONGEST_MEDIAN_FIXATION_S = 5.0
_LONGEST_NAME = 200


def problems_of(example: TrainingExample) -> list[str]:
    """Everything that is wrong with an example, as sentences; empty when it may be written."""
    problems = list(_problems(example))
    if not problems:
        try:
            example_to_line(example).encode("utf-8")
        except ValueError as error:
            problems.append(f"it holds a number or a text that cannot be written: {error}")
    return problems


def without_breaches(example: TrainingExample) -> tuple[TrainingExample, list[tuple[str, str]]]:
    """Leave out the scanpaths, reports and regions that break a rule, so that they do not cost the rest of an example.

    Returns
    -------
    TrainingExample
        What is left; it may still break a rule as a whole.
    list of (str, str)
        What was left out, and why.
    """
    images = {image.image_id: image for image in example.images}
    breaches: list[tuple[str, str]] = []

    def kept(what: str, parts: Iterable[T], find: Callable[[T], Iterator[str]]) -> tuple[T, ...]:
        lawful = []
        for part in parts:
            problem = next(find(part), None)
            if problem is None:
                lawful.append(part)
            else:
                breaches.append((what, problem))
        return tuple(lawful)

    left = replace(
        example,
        scanpaths=kept("scanpath", example.scanpaths, lambda scanpath: _scanpath_problems(scanpath, images)),
        reports=kept("report", example.reports, _report_problems),
        regions=kept("region", example.regions, lambda region: _region_problems(region, images)),
    )
    return left, breaches


def _problems(example: TrainingExample) -> Iterator[str]:
    for what, name in (("example", example.example_id), ("patient", example.patient_id)):
        if not _is_name(name):
            yield f"the {what} has no usable name: {name!r}"
    if example.split not in SPLITS:
        yield f"the split {example.split!r} is none of {', '.join(SPLITS)}"
    for image in example.images:
        yield from _image_problems(image)
    images = {image.image_id: image for image in example.images}
    if len(images) != len(example.images):
        yield "two images have the same name"
    names = [scanpath.scanpath_id for scanpath in example.scanpaths]
    if len(set(names)) != len(names):
        yield "two scanpaths have the same name"
    for scanpath in example.scanpaths:
        yield from (f"scanpath {scanpath.scanpath_id}: {problem}" for problem in _scanpath_problems(scanpath, images))
    for report in example.reports:
        yield from _report_problems(report)
    for region in example.regions:
        yield from (f"region {region.name}: {problem}" for problem in _region_problems(region, images))
    yield from _label_problems(example)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and name.isprintable() and name == name.strip()


def _image_problems(image: TrainingImage) -> Iterator[str]:
    if not _is_name(image.image_id):
        yield f"an image has no usable name: {image.image_id!r}"
    sizes = (image.width_px, image.height_px)
    if (sizes[0] is None) != (sizes[1] is None) or any(size is not None and size < 1 for size in sizes):
        yield f"image {image.image_id}: its size {sizes[0]} x {sizes[1]} is none"
    if (image.file is None) != (image.sha256 is None):
        yield f"image {image.image_id}: file and hash go together, one is missing"
    elif image.file is not None:
        match = IMAGE_FILE.fullmatch(image.file)
        if match is None or match[2] != image.sha256:
            yield f"image {image.image_id}: {image.file!r} is not the path of the picture with its hash"


def _frame_problems(frame: Frame) -> Iterator[str]:
    if frame.unit not in get_args(FrameUnit):
        yield f"the frame's unit {frame.unit!r} is none of {', '.join(get_args(FrameUnit))}"
    elif not (math.isfinite(frame.width) and math.isfinite(frame.height) and frame.width > 0 and frame.height > 0):
        yield f"the frame of {frame.width} x {frame.height} has no extent"
    elif frame.unit == "fraction" and (frame.width, frame.height) != (1.0, 1.0):
        yield f"a frame of fractions is 1 x 1, not {frame.width:g} x {frame.height:g}"


def _scanpath_problems(scanpath: RecordedScanpath, images: dict[str, TrainingImage]) -> Iterator[str]:
    if not _is_name(scanpath.scanpath_id):
        yield "it has no usable name"
    if scanpath.image_id not in images:
        yield f"its image {scanpath.image_id!r} is not one of the example's"
    n = len(scanpath.x)
    beside = {
        "y": scanpath.y,
        "durations": scanpath.durations,
        "onsets_s": scanpath.onsets_s,
        "image_px_per_degree": scanpath.image_px_per_degree,
        "shown_image_px": scanpath.shown_image_px,
        "shown_screen_px": scanpath.shown_screen_px,
    }
    uneven = [name for name, values in beside.items() if values is not None and len(values) != n]
    frame_problems = list(_frame_problems(scanpath.frame))
    yield from frame_problems
    if not n:
        yield "it has no fixation"
    elif uneven:
        yield f"it has {n} positions in x, but not as many {uneven[0]}"
    elif not all(_finite(values) for values in (scanpath.x, scanpath.y, scanpath.durations, scanpath.onsets_s or ())):
        yield "a position, duration or onset is not a finite number"
    elif not frame_problems:
        yield from _position_problems(scanpath)
        yield from _time_problems(scanpath)
        yield from _geometry_problems(scanpath)


def _position_problems(scanpath: RecordedScanpath) -> Iterator[str]:
    outside = int((~scanpath.is_inside).sum())
    if outside and not scanpath.may_leave_frame:
        yield (
            f"{outside} of {len(scanpath.x)} positions lie outside its frame of {scanpath.frame.width:g} x "
            f"{scanpath.frame.height:g} {scanpath.frame.unit}, which it does not declare"
        )
    is_tiny = max(map(abs, (*scanpath.x, *scanpath.y))) <= 1.0 < min(scanpath.frame.width, scanpath.frame.height)
    if scanpath.frame.unit == "px" and is_tiny and len(scanpath.x) > 1:
        yield "all positions are at most 1 in a frame of pixels: they look like fractions"


def _time_problems(scanpath: RecordedScanpath) -> Iterator[str]:
    if scanpath.duration_unit not in get_args(DurationUnit):
        yield f"the unit of durations {scanpath.duration_unit!r} is none of {', '.join(get_args(DurationUnit))}"
        return
    if min(scanpath.durations) <= 0:
        yield "a duration is not above 0"
    if scanpath.duration_unit == "s":
        longest, median = max(scanpath.durations), statistics.median(scanpath.durations)
        if longest > LONGEST_FIXATION_S or median > LONGEST_MEDIAN_FIXATION_S:
            yield f"a fixation of {longest:g} s (median {median:g} s) is no fixation: the unit may be milliseconds"
    if scanpath.onsets_s is not None:
        if any(later < earlier for earlier, later in zip(scanpath.onsets_s, scanpath.onsets_s[1:], strict=False)):
            yield "the fixations are not in the order of their onsets"
        if not scanpath.onset_origin:
            yield "it gives onsets without saying from when they count"


def _geometry_problems(scanpath: RecordedScanpath) -> Iterator[str]:
    if any(not _finite(pair) or min(pair) <= 0 for pair in scanpath.image_px_per_degree or ()):
        yield "a number of pixels per degree is not above 0"
    for rectangles in (scanpath.shown_image_px, scanpath.shown_screen_px):
        if any(not _is_ordered(corners) for corners in rectangles or ()):
            yield "a shown rectangle is not in the order x0, y0, x1, y1"
    if scanpath.screen is not None:
        sizes = (scanpath.screen.width_px, scanpath.screen.height_px, scanpath.screen.width_mm)
        more = (scanpath.screen.height_mm, scanpath.screen.distance_mm)
        if any(size is not None and not (math.isfinite(size) and size > 0) for size in (*sizes, *more)):
            yield "a size of the screen or the viewing distance is not above 0"


def _report_problems(report: ReportText) -> Iterator[str]:
    if report.kind not in get_args(ReportKind):
        yield f"the kind of report {report.kind!r} is none of {', '.join(get_args(ReportKind))}"
    unknown = sorted(set(report.sections) - set(SECTIONS))
    if unknown:
        yield f"a report has no section {unknown[0]!r}; it has {', '.join(SECTIONS)}"
    if not any(text.strip() for text in report.sections.values()):
        yield "a report has no text"
    if not all(_is_text(text) for text in (*report.sections.values(), *(word.text for word in report.timed_text))):
        yield "a report holds characters that are no text"
    if any(not _finite((word.start_s, word.end_s)) or word.end_s < word.start_s for word in report.timed_text):
        yield "a word of a dictation ends before it starts"


def _region_problems(region: Region, images: dict[str, TrainingImage]) -> Iterator[str]:
    if region.image_id not in images:
        yield f"its image {region.image_id!r} is not one of the example's"
    if region.shape not in get_args(RegionShape):
        yield f"the shape {region.shape!r} is none of {', '.join(get_args(RegionShape))}"
    yield from _frame_problems(region.frame)
    if region.shape == "mask_rle":
        if region.corners is not None or not re.fullmatch(r"\d+ \d+( \d+ \d+)*", region.mask_rle):
            yield "a mask is given as pairs of gap and length, and by nothing else"
    elif region.corners is None or not _is_ordered(region.corners):
        yield f"its corners {region.corners} are not in the order x0, y0, x1, y1"


def _label_problems(example: TrainingExample) -> Iterator[str]:
    if set(example.labels) != set(CHEXPERT_OBSERVATIONS):
        differing = sorted(set(example.labels) ^ set(CHEXPERT_OBSERVATIONS))
        yield f"its labels are not the CheXpert-14 observations, first difference {differing[0]!r}"
    for name, value in example.labels.items():
        if value not in (None, 0, 1):
            yield f"the label {name} is {value!r}, not 1, 0 or unknown"


def _is_text(text: str) -> bool:
    """Whether a text can be written; lone surrogates, which JSON can name, cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _finite(values: Sequence[float]) -> bool:
    return all(math.isfinite(value) for value in values)


def _is_ordered(corners: Sequence[float]) -> bool:
    return len(corners) == 4 and _finite(corners) and corners[0] < corners[2] and corners[1] < corners[3]
