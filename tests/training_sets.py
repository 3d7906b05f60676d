"""Examples and films of training sets for tests: made, of nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from gaze2report.data.conversion import ConversionOptions, convert
from gaze2report.data.source_registry import open_source
from gaze2report.data.training_example import (
    RecordedScanpath,
    Region,
    ReportText,
    ScreenGeometry,
    TimedText,
    TrainingExample,
    TrainingImage,
)
from gaze2report.data.training_set import SetDescription, TrainingSet
from gaze2report.gaze.frames import Frame
from gaze2report.imaging.intake import Intake

DESCRIPTION = SetDescription(
    name="made",
    kind="made",
    source="made for tests",
    citation="nobody",
    licence="free",
    may_be_shared=True,
    split_unit="patient",
    split_rule="by hand",
    notes=("Nothing here is a patient.",),
)


def make_film(path: Path, width_px: int = 40, height_px: int = 48, seed: int = 0) -> Path:
    """A small grey PNG or JPEG, different for each seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (height_px, width_px), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(path)
    return path


def make_scanpath(**changes: Any) -> RecordedScanpath:
    """Three fixations on a film of 40 x 48 pixels, with everything that may be known of them."""
    values: dict[str, Any] = {
        "scanpath_id": "gaze",
        "image_id": "film",
        "frame": Frame(40.0, 48.0),
        "x": (1.5, 20.0, 39.0),
        "y": (2.0, 30.25, 47.0),
        "durations": (0.2, 0.31, 1.25),
        "onsets_s": (-0.1, 0.2, 0.6),
        "onset_origin": "start of the audio",
        "reader": "R1",
        "task": "Pneumothorax",
        "screen": ScreenGeometry(1920, 1080, 528.0, 297.0, 650.0),
        "image_px_per_degree": ((30.0, 31.0),) * 3,
        "shown_image_px": ((0.0, 0.0, 40.0, 48.0),) * 3,
        "shown_screen_px": ((100.0, 0.0, 1000.0, 1080.0),) * 3,
    }
    return RecordedScanpath(**{**values, **changes})


def make_example(name: str = "one", **changes: Any) -> TrainingExample:
    """An example with one of everything, without a film's file."""
    values: dict[str, Any] = {
        "example_id": name,
        "patient_id": f"patient-{name}",
        "split": "train",
        "study_id": f"study-{name}",
        "images": (TrainingImage("film", 40, 48, "PA"),),
        "scanpaths": (make_scanpath(),),
        "reports": (
            ReportText("written", {"findings": "Small left effusion.\n No pneumothorax.", "impression": "Effusion µ."}),
            ReportText("dictated", {"transcript": "small effusion"}, "R1", (TimedText("small", 0.1, 0.4),)),
        ),
        "regions": (
            Region("film", "Pleural Effusion", "ellipse", Frame(40, 48), (1.0, 2.0, 10.0, 12.0), certainty=4.0),
            Region("film", "Pneumothorax", "mask_rle", Frame(1024, 1024), mask_rle="10 2 1020 4"),
        ),
        "source_labels": {"Effusion": -1.0, "Other": "rib|clip"},
    }
    made = TrainingExample(**{**values, **changes})
    made.labels.update({"Pleural Effusion": 1.0, "Pneumothorax": 0.0} if "labels" not in changes else {})
    return made


def convert_made(kind: str, source: Path, out: Path, intake: Intake, **options: Any) -> TrainingSet:
    """Convert a made copy of a data set and open the training set."""
    chosen = ConversionOptions(**options)
    convert(open_source(kind, source, chosen), out, chosen, intake=intake)
    return TrainingSet.open(out)


def losses(made: TrainingSet) -> dict[tuple[str, str], int]:
    """What was left out, by what and why."""
    return {(row["what"], row["reason"]): row["count"] for row in made.manifest.dropped}


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder and its content."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
