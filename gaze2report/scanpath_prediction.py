"""Image to scanpaths by a predictor that stands alone: encoder, decoder, and a folder to keep both in.

::

    manifest.json       what it was trained on, by which recipe and seed, on whom it was not, hashes of the other files
    config.json         sizes of the parts, how pictures are prepared, how the one path is chosen
    model.safetensors

Written aside and renamed; safetensors and JSON only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gaze2report.config import EncoderConfig, ScanpathConfig, from_plain, to_plain
from gaze2report.data.transforms import Preprocessing, colours_to_input, display_to_input
from gaze2report.errors import AdapterUnusable, StorageFailed
from gaze2report.gaze.pairwise_scanmatch import WITH_DURATION, consensus_number, scanmatch_of_all
from gaze2report.imaging.colour_pictures import read_colours
from gaze2report.imaging.intake import Intake
from gaze2report.imaging.windowing import to_display
from gaze2report.models.encoder import HybridEncoder
from gaze2report.models.scanpath import PredictedFixation
from gaze2report.models.scanpath_decoders import build_scanpath_predictor
from gaze2report.types import Fixation

FORMAT = "gaze2report-scanpath-predictor"
FORMAT_VERSION = 1
MANIFEST, CONFIG, MODEL = "manifest.json", "config.json", "model.safetensors"
HASHED_FILES = (CONFIG, MODEL)


@dataclass(frozen=True)
class PathChoice:
    """How samples are drawn, and how the one path of an image is chosen among them.

    The most likely fixation each time need not make a likely path. The one path is the sample that agrees most with the
    others by ScanMatch (minimum Bayes risk).

    Attributes
    ----------
    n_samples : int
        Samples that the one path is chosen among.
    temperature : float
        Above 1 more varied, below 1 less.
    min_fixations : int
        Shortest path.
    """

    n_samples: int = 64
    temperature: float = 1.0
    min_fixations: int = 3


@dataclass(frozen=True)
class ScanpathModelConfig:
    """A predictor that stands alone.

    ``in_colour`` is for everyday pictures; a radiograph has no colours.
    """

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    scanpath: ScanpathConfig = field(default_factory=ScanpathConfig)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    choice: PathChoice = field(default_factory=PathChoice)
    in_colour: bool = False

    def __post_init__(self) -> None:
        if self.preprocessing.side_px != self.encoder.image_side_px:
            raise ValueError(
                f"preprocessing.side_px={self.preprocessing.side_px} must be encoder.image_side_px="
                f"{self.encoder.image_side_px}"
            )


class ScanpathModel(nn.Module):
    """Encoder and scanpath decoder; sees an image and nothing else."""

    def __init__(self, config: ScanpathModelConfig) -> None:
        super().__init__()
        e = config.encoder
        if not e.trunk:
            raise ValueError("a predictor that stands alone uses an encoder with a trunk")
        self.config = config
        self.encoder = HybridEncoder(
            e.trunk, e.trunk_stages, e.width, e.depth, e.n_heads, e.image_side_px, e.dropout, taps=e.trunk_taps
        )
        self.predictor = build_scanpath_predictor(config.scanpath, e.width, self.encoder.grid_side)

    def read(self, path: Path, intake: Intake) -> NDArray[np.float32]:
        """Read an image as model input (C, S, S): a radiograph through the intake, or a picture in its colours.

        Raises
        ------
        UnreadableInput
            If it cannot be read.
        """
        if self.config.in_colour:
            return colours_to_input(read_colours(path), self.config.preprocessing)
        return display_to_input(to_display(intake.read(path)), self.config.preprocessing)

    def features(self, image: NDArray[np.float32]) -> Tensor:
        """Patch features (1, N, D) of model input (C, S, S)."""
        with torch.inference_mode():
            return torch.as_tensor(self.encoder(torch.from_numpy(image)[None]))

    def samples(self, features: Tensor, n_samples: int, seed: int) -> list[list[PredictedFixation]]:
        """Draw scanpaths from features (1, N, D)."""
        choice = self.config.choice
        return self.predictor.sample(
            features, n_samples, seed=seed, temperature=choice.temperature, min_fixations=choice.min_fixations
        )

    def one_path(self, features: Tensor, width_px: float, height_px: float, seed: int = 0) -> list[Fixation]:
        """Give the path that agrees most with the others among samples of one image, in image pixels."""
        drawn = [
            on_image(path, width_px, height_px) for path in self.samples(features, self.config.choice.n_samples, seed)
        ]
        agreement = scanmatch_of_all(drawn, drawn, width_px, height_px, WITH_DURATION)
        return drawn[consensus_number(agreement)]


def on_image(path: list[PredictedFixation], width_px: float, height_px: float) -> list[Fixation]:
    """Predicted fixations in pixels of an image."""
    return [Fixation(f.x * width_px, f.y * height_px, f.duration_s) for f in path]


@dataclass(frozen=True)
class PredictorManifest:
    """What a predictor says of itself.

    Attributes
    ----------
    training_set : dict
        Name and SHA-256 of the set, and how validation pictures were chosen.
    trained_readers, held_out_readers : tuple of str
        Readers whose scanpaths were learned from, and those that were kept back.
    seen_patients_sha256 : tuple of str
        Start of the SHA-256 of every patient it was trained or chosen on: a test set must hold none of them.
    metrics : dict
        Measured on the validation pictures.
    """

    name: str
    recipe: str
    seed: int
    code_version: str
    training_set: dict[str, Any] = field(default_factory=dict)
    trained_readers: tuple[str, ...] = ()
    held_out_readers: tuple[str, ...] = ()
    seen_patients_sha256: tuple[str, ...] = ()
    metrics: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    format: str = FORMAT
    format_version: int = FORMAT_VERSION

    def has_seen(self, patient_id: str) -> bool:
        """Whether a patient was trained or chosen on."""
        return patient_hash(patient_id) in self.seen_patients_sha256


def patient_hash(patient_id: str) -> str:
    """Start of the hash by which a predictor remembers a patient, without naming one."""
    return hashlib.sha256(patient_id.encode()).hexdigest()[:16]


def save_predictor(folder: Path, model: ScanpathModel, manifest: PredictorManifest, extra: dict[str, str]) -> Path:
    """Write a predictor; the folder appears whole or not at all.

    Parameters
    ----------
    extra : dict
        Further text files by name, such as the log of the training.

    Raises
    ------
    StorageFailed
        If the disk refuses, or the folder exists already.
    """
    if folder.exists():
        raise StorageFailed(f"{folder} exists already; a predictor is never changed")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise StorageFailed(f"cannot write a predictor beside {folder}: {error}") from error
    try:
        state = {n: (t.half() if t.is_floating_point() else t).contiguous() for n, t in model.state_dict().items()}
        save_file(state, aside / MODEL)
        _write_json(aside / CONFIG, to_plain(model.config))
        for name, text in extra.items():
            (aside / name).write_text(text, encoding="utf-8")
        content = asdict(manifest) | {"files": {name: _file_sha256(aside / name) for name in HASHED_FILES}}
        _write_json(aside / MANIFEST, content)
        for path in aside.iterdir():
            path.chmod(0o644)
        aside.chmod(0o755)
        os.replace(aside, folder)
    except OSError as error:
        raise StorageFailed(f"cannot write the predictor {folder}: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def read_predictor_manifest(folder: Path) -> PredictorManifest:
    """Read what a predictor says of itself.

    Raises
    ------
    AdapterUnusable
        If the folder is no predictor, or of a newer form.
    """
    content = _read_json(folder / MANIFEST)
    if content.get("format") != FORMAT or content.get("format_version") != FORMAT_VERSION:
        raise AdapterUnusable(f"{folder} is no scanpath predictor of form {FORMAT_VERSION}")
    try:
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
        return PredictorManifest(**values)
    except TypeError as error:
        raise AdapterUnusable(f"{folder / MANIFEST}: {error}") from error


def load_predictor(folder: Path) -> tuple[ScanpathModel, PredictorManifest]:
    """Verify a predictor's files and build it.

    Raises
    ------
    AdapterUnusable
        If the folder is incomplete, altered, or does not fit this program.
    """
    manifest = read_predictor_manifest(folder)
    for name in HASHED_FILES:
        if not (folder / name).is_file() or _file_sha256(folder / name) != manifest.files.get(name):
            raise AdapterUnusable(f"{folder}: {name} is missing or is not the file that was written")
    try:
        config: ScanpathModelConfig = from_plain(ScanpathModelConfig, _read_json(folder / CONFIG))
        model = ScanpathModel(config)
        model.load_state_dict(
            {n: t.float() if t.is_floating_point() else t for n, t in load_file(folder / MODEL).items()}
        )
    except (SafetensorError, ValueError, TypeError, RuntimeError) as error:
        raise AdapterUnusable(f"{folder}: does not fit this program: {error}") from error
    return model.eval(), manifest


def predictor_folders(paths: list[Path]) -> list[Path]:
    """Predictors in the folders named: each itself, or those of all seeds below it.

    Raises
    ------
    AdapterUnusable
        If one holds none.
    """
    found: list[Path] = []
    for path in paths:
        below = [path] if (path / MANIFEST).is_file() else sorted(one.parent for one in path.glob(f"seed-*/{MANIFEST}"))
        if not below:
            raise AdapterUnusable(f"{path} holds no scanpath predictor: neither {MANIFEST} nor seed-*/{MANIFEST}")
        found += below
    return found


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise AdapterUnusable(f"{path.parent} is no scanpath predictor: {path.name} is missing") from error
    except (OSError, ValueError) as error:
        raise AdapterUnusable(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise AdapterUnusable(f"{path}: must hold a JSON object")
    return content
