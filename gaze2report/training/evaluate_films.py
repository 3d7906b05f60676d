"""What the film's features are worth, on held-out patients: findings, refusal, opacity and regions, in one run."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from gaze2report.config import ModelConfig
from gaze2report.data.transforms import Preprocessing
from gaze2report.errors import Gaze2ReportError, UnreadableInput
from gaze2report.models.encoder import HybridEncoder
from gaze2report.models.findings import FindingsHead
from gaze2report.models.gaze2report import FilmReader, build_encoder
from gaze2report.training.evaluate_film_check import refusal_table, strange_pictures
from gaze2report.training.evaluate_findings import cross_validated, findings_table
from gaze2report.training.evaluate_zones import extent_table, region_table, zone_rows
from gaze2report.training.film_cache import FilmCache
from gaze2report.training.film_groups import read_groups
from gaze2report.training.imagenet_trunk import load_imagenet_trunk
from gaze2report.training.train_film_check import FilmCheckPhase
from gaze2report.training.train_findings import FindingsPhase
from gaze2report.training.train_probe import ProbePhase
from gaze2report.training.train_zones import ZonesPhase, fit_zones

EVALUATION = "evaluation.json"
"""File of a work folder from which the model card takes what was measured."""


@dataclass(frozen=True)
class FilmPhases:
    """Settings of what is fitted on features of the whole film."""

    probe: ProbePhase = field(default_factory=ProbePhase)
    check: FilmCheckPhase = field(default_factory=FilmCheckPhase)
    zones: ZonesPhase = field(default_factory=ZonesPhase)


def make_film_parts(model: ModelConfig) -> tuple[HybridEncoder, FilmReader]:
    """Make a fresh encoder and film reader with ImageNet weights in the trunk."""
    encoder = build_encoder(model)
    if not isinstance(encoder, HybridEncoder):
        raise Gaze2ReportError("the whole film is described by a convolutional trunk; the recipe names a plain ViT")
    reader = FilmReader(model.encoder.trunk, model.encoder.trunk_stages, encoder.trunk_channels)
    load_imagenet_trunk(encoder, reader.descriptor)
    return encoder, reader


def film_cache(model: ModelConfig, work: Path, on_log: Callable[[str], None]) -> FilmCache:
    """Cache of features below a work folder."""
    encoder, reader = make_film_parts(model)
    return FilmCache(
        work / "features", encoder, reader.descriptor, Preprocessing(side_px=model.encoder.image_side_px), on_log
    )


def evaluate_films(
    model: ModelConfig,
    findings: FindingsPhase,
    phases: FilmPhases,
    data: Path,
    work: Path,
    on_log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Measure everything by patient-grouped 5-fold; what was measured is kept in ``work/evaluation.json``."""
    cache = film_cache(model, work, on_log)
    groups = read_groups(data, cache, findings.n_views - 1)

    def make_head() -> tuple[HybridEncoder, FindingsHead]:
        encoder, _ = make_film_parts(model)
        return encoder, FindingsHead(encoder.width)

    def make_reader() -> FilmReader:
        return make_film_parts(model)[1]

    found = cross_validated(groups, make_head, lambda: make_reader().probe, findings, phases.probe, on_log)
    result: dict[str, Any] = {"findings": findings_table(groups, found)}
    on_log("  findings are measured")
    with torch.no_grad():
        strange = strange_pictures(cache, data, example_folders())
        result["refusal"] = refusal_table(lambda: make_reader().check, groups, strange, phases.check)
        on_log("  refusal is measured")
        result["opacity"] = extent_table(lambda: make_reader().zones, groups, phases.zones)
        rows = zone_rows(groups)
        zones = fit_zones(
            make_reader().zones,
            [groups.others[int(row)] for row in rows],
            groups.others_pair.film.maps[rows],
            phases.zones,
        )
        result["regions"] = region_table(zones, groups.films, groups.views.film.maps)
    (work / EVALUATION).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def example_folders() -> list[Path]:
    """Folders of the DICOM files that pydicom and pydicom-data bring."""
    packages = {"data_store": "data", "pydicom.data": "test_files"}
    found = []
    for package, folder in packages.items():
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise UnreadableInput(package, "is not installed; its example images are needed (extra 'demo')")
        found.append(Path(next(iter(spec.submodule_search_locations))) / folder)
    return found
