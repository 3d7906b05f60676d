"""One signed reading as an example of a training set: films without names, texts without names, gaze, labels."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from db import case_gaze
from db.database import Workspace
from gaze2report.data.splits import Split
from gaze2report.data.training_example import (
    UNKNOWN_LABELS,
    RecordedScanpath,
    ReportText,
    TrainingExample,
    TrainingImage,
)
from gaze2report.data.training_set import IMAGES, Dropped
from gaze2report.errors import Gaze2ReportError
from gaze2report.evaluation.clinical_labels import label_report
from gaze2report.gaze.frames import Frame
from gaze2report.imaging import deidentify
from gaze2report.imaging.intake import Intake
from gaze2report.learning.text_scrubbing import scrub

SHA256_LENGTH = 64
_PSEUDONYM_LENGTH = 20


@dataclass(frozen=True)
class SignedReading:
    """A signed report with what decides whether, and how much, it teaches.

    Attributes
    ----------
    identity : str
        What makes two studies those of one patient.
    names : tuple of str
        What must not be in any text.
    is_unchanged : bool
        The reader saw the draft first and signed it as it came.
    films : tuple of (object name, view, header, release)
        ``release`` is what a person said of text in the pixels: True for none, None where nobody looked.
    """

    version_id: int
    study_uid: str
    identity: str
    reader: str
    mode: str
    signed_at_utc: str
    sections: dict[str, str]
    names: tuple[str, ...]
    is_unchanged: bool
    adapter_sha256: str
    films: tuple[tuple[str, str, dict[str, Any], bool | None], ...]


@dataclass(frozen=True)
class MadeExample:
    """An example, or None and why there is none; what was left out of it either way.

    Attributes
    ----------
    recordings : tuple of (recording id, pseudonym)
        Whose gaze is in it: a withdrawal must find the set.
    """

    example: TrainingExample | None
    dropped: tuple[Dropped, ...] = ()
    recordings: tuple[tuple[str, str], ...] = ()


@dataclass
class Films:
    """De-identifies films one by one; a context that ends its worker process."""

    objects_dir: Path
    salt: str
    _intake: Intake = field(default_factory=Intake)

    def __enter__(self) -> Films:
        self._intake.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._intake.__exit__(kind, error, trace)

    def take(
        self, object_name: str, view: str, release: bool | None, pseudonym: str, aside: Path
    ) -> TrainingImage | str:
        """Write a film into the set; returns why not where it must not be in it."""
        source = self.objects_dir / object_name
        image = self._intake.read(source)  # in the worker: a hostile file ends only that
        suffix = ".dcm" if source.suffix == ".dcm" else ".png"
        with tempfile.TemporaryDirectory(dir=aside) as folder:
            path = Path(folder, f"film{suffix}")
            declared = deidentify.write_deidentified(source, path, salt=self.salt, pseudonym=pseudonym)
            burned_in = deidentify.burned_in_text(image, declared)
            if release is False or (release is None and burned_in != "no"):
                return "text may be burned into the pixels; a person has to look (python -m db release-film)"
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            name = f"{IMAGES}/{sha256[:2]}/{sha256}{suffix}"
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            path.replace(aside / name)
        rows, columns = image.codes.shape
        uid = deidentify.deidentified_uid(image.header.instance_uid, self.salt)
        return TrainingImage(uid, int(columns), int(rows), view, name, sha256)


def make_example(
    workspace: Workspace, one: SignedReading, split: str, salt: str, films: Films, aside: Path, unchanged_weight: float
) -> MadeExample:
    """Turn a signed reading into an example."""
    pseudonym = _pseudonym("patient", one.identity, salt)
    example_id = _pseudonym("reading", str(one.version_id), salt)
    images: list[TrainingImage] = []
    uids: dict[str, TrainingImage] = {}
    dropped: list[Dropped] = []
    for object_name, view, header, release in one.films:
        try:
            taken = films.take(object_name, view, release, pseudonym, aside)
        except Gaze2ReportError as error:
            taken = f"the film cannot be read ({type(error).__name__})"
        if isinstance(taken, str):
            dropped.append(Dropped(record=example_id, what="film", reason=taken))
        else:
            images.append(taken)
            uids[str(header.get("instance_uid", ""))] = taken
    if not images:
        dropped.append(Dropped(record=example_id, what="reading", reason="no film of it may be in the set"))
        return MadeExample(None, tuple(dropped))
    recordings: dict[str, str] = {}
    scanpaths = _scanpaths(workspace, one, uids, salt, example_id, dropped, recordings)
    sections = {name: scrub(text, one.names).text for name, text in one.sections.items() if text.strip()}
    example = TrainingExample(
        example_id=example_id,
        patient_id=pseudonym,
        split=_split(split),
        study_id=deidentify.deidentified_uid(one.study_uid, salt),
        images=tuple(images),
        scanpaths=tuple(scanpaths),
        reports=(ReportText("written", sections, reader=_pseudonym("reader", one.reader, salt)),),
        labels=_labels(sections),
        extra={"weight": unchanged_weight if one.is_unchanged else 1.0, "mode": one.mode},
    )
    return MadeExample(example, tuple(dropped), tuple(recordings.items()))


def _scanpaths(
    workspace: Workspace,
    one: SignedReading,
    uids: dict[str, TrainingImage],
    salt: str,
    example_id: str,
    dropped: list[Dropped],
    recordings: dict[str, str],
) -> list[RecordedScanpath]:
    """Gaze of the reading, but what was recorded while something of the model could be seen; notes recordings."""
    made: list[RecordedScanpath] = []
    for gaze in case_gaze.recorded_gaze_of(workspace, one.study_uid):
        image = uids.get(gaze.instance_uid)
        if image is None or not gaze.fixations:
            continue
        if any(fixation.ai_visible is not False for fixation in gaze.fixations):
            reason = "a draft or overlay of the model could be seen while it was recorded"
            dropped.append(Dropped(record=example_id, what="scanpath", reason=reason))
            continue
        recordings[gaze.provenance.source.removeprefix("recording ")] = gaze.reader
        made.append(
            RecordedScanpath(
                scanpath_id=f"{example_id}-{len(made)}",
                image_id=image.image_id,
                frame=Frame(float(image.width_px or 1), float(image.height_px or 1)),
                x=tuple(fixation.x_px for fixation in gaze.fixations),
                y=tuple(fixation.y_px for fixation in gaze.fixations),
                durations=tuple(fixation.duration_ms / 1000.0 for fixation in gaze.fixations),
                reader=_pseudonym("reader", one.reader, salt),
                may_leave_frame=True,
            )
        )
    return made


def _labels(sections: dict[str, str]) -> dict[str, float | None]:
    """What the report says; uncertain is unknown."""
    found = label_report("\n".join(sections.get(name, "") for name in ("findings", "impression")))
    return {**UNKNOWN_LABELS, **{name: float(value) for name, value in found.items() if value in (0, 1)}}


def _pseudonym(kind: str, name: str, salt: str) -> str:
    return hashlib.sha256(f"{kind} {salt} {name}".encode()).hexdigest()[:_PSEUDONYM_LENGTH]


def _split(name: str) -> Split:
    return "train" if name == "train" else "val" if name == "val" else "test"
