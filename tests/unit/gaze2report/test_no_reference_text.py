"""Nothing of a reference report, label or region can reach what predicts a scanpath for a draft."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import factories
import numpy as np
import pydicom
import pytest
import tiny_model
import torch
import training_sets

from gaze2report.config import SCANPATH_DECODERS, ModelConfig, ScanpathConfig, from_plain
from gaze2report.data.training_example import TrainingExample
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.training_set_writer import TrainingSetWriter
from gaze2report.data.viewed_images import ReaderPath, ViewedImage, viewed_images
from gaze2report.drafting import Drafter
from gaze2report.imaging.read import read_image
from gaze2report.models.scanpath import FixationTargets, ScanpathPredictor
from gaze2report.models.scanpath_decoders import build_scanpath_predictor
from gaze2report.models.search_scanpath import FindingSearch
from gaze2report.scanpath_prediction import ScanpathModel
from gaze2report.types import CHEXPERT_OBSERVATIONS

REPORT = "FINDINGS: large right pneumothorax. IMPRESSION: tension pneumothorax, intercostal drain advised."
TEACHING = "gaze2report.models.search_scanpath"


@pytest.fixture(scope="module")
def drafter() -> Drafter:
    return Drafter(tiny_model.tiny_model(), tiny_model.TINY, tiny_model.tiny_manifest())


def test_a_film_that_carries_its_report_is_looked_at_as_one_that_does_not(drafter: Drafter, tmp_path: Path) -> None:
    plain, told = tmp_path / "plain", tmp_path / "told"
    plain.mkdir()
    told.mkdir()
    film = factories.make_dicom(plain / "film.dcm")
    dataset = pydicom.dcmread(film)
    dataset.ImageComments = REPORT
    dataset.StudyDescription = "pneumothorax"
    dataset.AdmittingDiagnosesDescription = "pneumothorax"
    dataset.ReasonForStudy = REPORT[:60]
    dataset.RequestedProcedureDescription = "control of pneumothorax"
    dataset.PatientComments = REPORT
    dataset.save_as(told / "film.dcm")
    for name in ("film.txt", "report.txt", "film.json", "index.csv"):
        (told / name).write_text(REPORT)
    paths = [
        drafter.draft(read_image(folder / "film.dcm"), file="film.dcm", seed=3).scanpath for folder in (plain, told)
    ]
    assert paths[0] == paths[1]
    assert paths[0]


def test_text_that_is_handed_to_the_drafter_changes_the_text_alone(drafter: Drafter, tmp_path: Path) -> None:
    image = read_image(factories.make_dicom(tmp_path / "film.dcm"))
    drafts = [
        drafter.draft(image, file="film.dcm", section="impression", findings=findings, seed=1)
        for findings in ("", "The lungs are clear.", REPORT)
    ]
    assert len({draft.scanpath for draft in drafts}) == 1


def written(folder: Path, example: TrainingExample) -> TrainingSet:
    with TrainingSetWriter(folder, training_sets.DESCRIPTION) as writer:
        writer.add(example)
        writer.finish()
    return TrainingSet.open(folder)


def test_another_reference_report_label_or_region_of_an_example_leaves_what_a_predictor_is_given_alone(
    tmp_path: Path,
) -> None:
    example = training_sets.make_example()
    bare = replace(
        example, reports=(), regions=(), source_labels={}, labels=dict.fromkeys(CHEXPERT_OBSERVATIONS), study_id="other"
    )
    sets = [written(tmp_path / str(number), one) for number, one in enumerate((example, bare))]
    given = [next(iter(viewed_images(one))) for one in sets]
    assert [path.reader for path in given[0].paths] == [path.reader for path in given[1].paths]
    for one, other in zip(given[0].paths, given[1].paths, strict=True):
        assert np.array_equal(one.xy, other.xy)
        assert np.array_equal(one.duration_s, other.duration_s)


def test_what_a_predictor_learns_from_has_no_place_for_a_report() -> None:
    assert {field.name for field in dataclasses.fields(ViewedImage)} == {
        "image_id", "patient_id", "file", "width_px", "height_px", "paths"
    }  # fmt: skip
    assert {field.name for field in dataclasses.fields(ReaderPath)} == {"reader", "task", "xy", "duration_s"}
    assert {field.name for field in dataclasses.fields(FixationTargets)} == {"xy", "duration_s", "length"}


def methods(kind: type) -> Iterator[tuple[str, inspect.Signature]]:
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        if method.__module__.startswith("gaze2report"):
            yield f"{kind.__name__}.{name}", inspect.signature(method, eval_str=True)


@pytest.mark.parametrize("decoder", SCANPATH_DECODERS)
def test_no_method_of_a_decoder_takes_text(decoder: str) -> None:
    kind = type(build_scanpath_predictor(ScanpathConfig(width=8, n_heads=2, decoder=decoder), 8, 2))
    assert issubclass(kind, ScanpathPredictor)
    for name, signature in methods(kind):
        for parameter in signature.parameters.values():
            assert parameter.annotation is not str, (name, parameter)
            assert not {"text", "report", "finding", "findings", "label", "labels", "task"} & {parameter.name}, name


def test_the_teaching_mode_is_no_predictor_of_drafts_and_no_config_names_it() -> None:
    assert not issubclass(FindingSearch, ScanpathPredictor)
    with pytest.raises(ValueError, match="search"):
        ScanpathConfig(decoder="search")
    with pytest.raises(ValueError, match="decoder"):
        from_plain(ModelConfig, {"scanpath": {"decoder": "finding"}})
    assert "gaze2report.models.search_scanpath" not in {
        type(module).__module__ for module in tiny_model.tiny_model().modules()
    }
    assert ScanpathModel.__init__.__module__ != TEACHING


def test_the_drafting_path_never_loads_the_teaching_mode() -> None:
    script = (
        "import sys, gaze2report.drafting, gaze2report.host, gaze2report.scanpath_prediction; "
        f"sys.exit({TEACHING!r} in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=100)
    source = inspect.getsource(importlib.import_module("gaze2report.drafting"))
    assert "search_scanpath" not in source


def test_the_teaching_mode_learns_where_each_finding_is_looked_for() -> None:
    torch.manual_seed(0)
    config = ScanpathConfig(width=16, depth=1, n_heads=2, max_fixations=4)
    search, features = FindingSearch(config, 12, 4), torch.randn(1, 16, 12).expand(2, -1, -1)
    names = ["Cardiomegaly", "Pneumothorax"]
    xy = torch.tensor([[[0.6, 0.6], [0.6, 0.9], [0.9, 0.9]], [[0.1, 0.1], [0.4, 0.1], [0.9, 0.1]]])
    targets = FixationTargets(xy, torch.full((2, 3), 0.3), torch.tensor([3, 3]))
    target_map = torch.full((2, 16), 1 / 16)
    optimizer = torch.optim.Adam(search.parameters(), lr=1e-2)
    for _ in range(80):
        optimizer.zero_grad()
        sum(search.loss(features, names, targets, target_map).values(), torch.zeros(())).backward()
        optimizer.step()
    search.eval()
    for name, places in zip(names, xy.tolist(), strict=True):
        path = search.search(features[:1], name)
        assert len(path) == 3
        assert all(abs(f.x - x) < 0.13 and abs(f.y - y) < 0.13 for f, (x, y) in zip(path, places, strict=True)), name
    with pytest.raises(ValueError, match="Rib"):
        search.search(features[:1], "Rib")
