from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import factories
import pytest
import tiny_model
import torch

from gaze2report.data.transforms import Preprocessing
from gaze2report.draft_json import draft_from_json, draft_to_json, reproducible_bytes
from gaze2report.drafting import Drafter
from gaze2report.errors import AdapterUnusable, DraftCancelled, Gaze2ReportError, Refused
from gaze2report.imaging.read import read_image
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation, Image


@pytest.fixture(scope="module")
def drafter() -> Drafter:
    manifest = replace(tiny_model.tiny_manifest(), sha256="f" * 64)
    return Drafter(tiny_model.tiny_model(), tiny_model.TINY, manifest)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return read_image(factories.make_dicom(tmp_path / "film.dcm"))


def test_the_same_image_and_seed_give_the_same_bytes(drafter: Drafter, image: Image) -> None:
    drafts = [draft_to_json(drafter.draft(image, file="film.dcm", seed=3)) for _ in range(2)]
    assert reproducible_bytes(drafts[0]) == reproducible_bytes(drafts[1])


def test_a_draft_survives_json(drafter: Drafter, image: Image) -> None:
    draft = drafter.draft(image, file="film.dcm")
    assert draft_from_json(draft_to_json(draft)) == draft


def test_provenance_names_image_adapter_and_preparation(drafter: Drafter, image: Image) -> None:
    provenance = drafter.draft(image, file="film.dcm", seed=7).provenance
    assert provenance.pixel_sha256 == image.pixel_sha256
    assert provenance.adapter_sha256 == "f" * 64
    assert provenance.preprocessing_sha256 == Preprocessing(side_px=tiny_model.SIDE_PX).sha256()
    assert provenance.seed == 7


def test_fixations_lie_on_the_film(drafter: Drafter, image: Image) -> None:
    rows, columns = image.codes.shape
    scanpath = drafter.draft(image, file="film.dcm").scanpath
    assert scanpath
    assert all(0 <= f.x_px <= columns and 0 <= f.y_px <= rows and f.duration_s > 0 for f in scanpath)


def test_events_come_in_the_order_of_the_method_and_text_adds_up_to_the_report(drafter: Drafter, image: Image) -> None:
    events: list[tuple[str, dict]] = []
    draft = drafter.draft(image, file="film.dcm", on_event=lambda kind, body: events.append((kind, body)))
    assert [kind for kind, _ in events[:2]] == ["scanpath", "observations"]
    for section in ("findings", "impression"):
        streamed = "".join(b["text"] for kind, b in events if kind == "text" and b["section"] == section)
        assert streamed == getattr(draft.report, section)


def test_observations_without_support_are_null(drafter: Drafter, image: Image) -> None:
    observations = drafter.draft(image, file="film.dcm").observations
    assert list(observations) == list(CHEXPERT_OBSERVATIONS)
    known = {name for name, value in observations.items() if value is not None}
    assert known == {"No Finding", "Lung Opacity", "Edema"}
    assert all(0 <= observations[name] <= 1 for name in known)


def test_gaze_none_recorded_and_predicted_give_different_prompts(
    drafter: Drafter, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = []
    make_prompt = drafter.model.prompt_tokens
    monkeypatch.setattr(
        drafter.model, "prompt_tokens", lambda *parts: prompts.append(make_prompt(*parts)) or prompts[-1]
    )
    recorded = [Fixation(20, 30, 0.4), Fixation(100, 120, 0.8)]
    drafter.draft(image, file="film.dcm")
    none = drafter.draft(image, file="film.dcm", gaze="none")
    own = drafter.draft(image, file="film.dcm", gaze="recorded", recorded=recorded)
    assert none.scanpath == ()
    assert own.scanpath == tuple(recorded)
    assert all(not torch.allclose(prompts[a], prompts[b]) for a, b in ((0, 1), (0, 2), (1, 2)))


def test_a_control_of_experiments_is_no_gaze_source_of_a_draft(drafter: Drafter, image: Image) -> None:
    with pytest.raises(Gaze2ReportError, match="control of experiments"):
        drafter.draft(image, file="film.dcm", gaze="shuffled")


def test_cancelling_raises_and_stops_the_stream(drafter: Drafter, image: Image) -> None:
    texts: list[str] = []

    def on_event(kind: str, body: dict) -> None:
        if kind == "text":
            texts.append(body["text"])

    with pytest.raises(DraftCancelled):
        drafter.draft(image, file="film.dcm", on_event=on_event, should_stop=lambda: len(texts) >= 2)
    assert len(texts) <= 4


def test_a_leg_gets_no_draft(drafter: Drafter, tmp_path: Path) -> None:
    leg = read_image(factories.make_dicom(tmp_path / "leg.dcm"))
    leg = replace(leg, header=replace(leg.header, body_part="LEG"))
    with pytest.raises(Refused) as refusal:
        drafter.draft(leg, file="leg.dcm")
    assert refusal.value.code == "body_part"


def test_an_adapter_trained_on_other_preparation_is_refused() -> None:
    manifest = replace(tiny_model.tiny_manifest(), preprocessing_sha256="0" * 64)
    with pytest.raises(AdapterUnusable, match="prepared otherwise"):
        Drafter(tiny_model.tiny_model(), tiny_model.TINY, manifest)


def test_scanpath_samples_follow_their_seed(drafter: Drafter, image: Image) -> None:
    assert drafter.scanpaths(image, 3, seed=1) == drafter.scanpaths(image, 3, seed=1)
    assert drafter.scanpaths(image, 2, seed=1)[1] == drafter.scanpaths(image, 1, seed=2)[0]
    assert tuple(drafter.scanpaths(image, 1, seed=4)[0]) == drafter.draft(image, file="film.dcm", seed=4).scanpath


def test_one_section_is_written_alone(drafter, image):
    whole = drafter.draft(image, file="film.dcm", seed=3)
    events = []
    impression = drafter.draft(
        image, file="film.dcm", seed=3, section="impression", findings=whole.report.findings,
        on_event=lambda kind, body: events.append((kind, body)),
    )  # fmt: skip
    assert impression.section == "impression"
    assert impression.report.findings == ""
    assert {body["section"] for kind, body in events if kind == "text"} <= {"impression"}
    findings = drafter.draft(image, file="film.dcm", seed=3, section="findings")
    assert (findings.report.findings, findings.report.impression) == (whole.report.findings, "")
    assert draft_from_json(draft_to_json(impression)) == impression
