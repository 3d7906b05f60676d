from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import report_sets
import torch
from training_sets import DESCRIPTION, make_example, make_scanpath

from gaze2report.data.dataset import StudyDataset, collate, recorded_on, report_of
from gaze2report.data.training_example import ReportText, TrainingImage
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.training_set_writer import TrainingSetWriter
from gaze2report.data.transforms import Preprocessing, display_to_input
from gaze2report.errors import Gaze2ReportError
from gaze2report.gaze.frames import Frame
from gaze2report.imaging.intake import Intake
from gaze2report.imaging.windowing import to_display
from gaze2report.types import CHEXPERT_OBSERVATIONS

INPUT = Preprocessing(side_px=32)


@pytest.fixture(scope="module")
def two_views(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    return report_sets.write_report_set(tmp_path_factory.mktemp("sets") / "two", 3, 1, n_views=2, weights=(2.5,))


def test_an_item_holds_what_the_set_says(two_views: TrainingSet, intake: Intake) -> None:
    dataset = StudyDataset(two_views, "train", INPUT, max_views=2, intake=intake)
    item = dataset[0]
    assert len(dataset) == 3
    assert (item.example_id, item.patient_id, item.weight) == ("case-0", "patient-0", 2.5)
    assert item.report.findings.startswith("Small opacity in the upper zone of the left lung.")
    labels = dict(zip(CHEXPERT_OBSERVATIONS, item.labels.tolist(), strict=True))
    assert (labels["Lung Opacity"], labels["No Finding"]) == (1.0, 0.0)
    assert sum(value != value for value in labels.values()) == 11
    assert item.films[0].recorded[1].x_px == pytest.approx(0.7)
    assert item.films[1].recorded == ()
    assert dataset[1].weight == 1.0


def test_films_are_prepared_as_for_drafting(two_views: TrainingSet, intake: Intake) -> None:
    dataset = StudyDataset(two_views, "val", INPUT, intake=intake)
    film = dataset[0].films[0]
    path = two_views.image_path(film.image)
    assert path is not None
    expected = display_to_input(to_display(intake.read(path)), INPUT)
    assert torch.equal(film.pixels, torch.from_numpy(expected))  # type: ignore[arg-type]


def test_a_batch_pads_studies_with_fewer_views(two_views: TrainingSet, intake: Intake) -> None:
    dataset = StudyDataset(two_views, "train", INPUT, max_views=2, intake=intake)
    single = replace(dataset[1], films=dataset[1].films[:1])
    batch = collate([dataset[0], single]).to("cpu")
    assert batch.pixels.shape == (2, 2, 1, 32, 32)
    assert batch.view_mask.tolist() == [[True, True], [True, False]]
    assert batch.pixels[1, 1].abs().sum() == 0
    assert batch.weights.tolist() == [2.5, 1.0]
    assert len(batch) == 2


def test_the_frontal_film_comes_first_and_max_views_keeps_it(tmp_path: Path, intake: Intake) -> None:
    made = report_sets.write_report_set(tmp_path / "set", 1, 0, n_views=2)
    example = next(made.examples())
    turned = tuple(replace(image, view=view) for image, view in zip(example.images, ("LL", "AP"), strict=True))
    shown = StudyDataset(made, "train", INPUT, max_views=1, intake=intake)
    assert shown.index[0].films[0].view == "PA"
    both = StudyDataset(made, "train", INPUT, max_views=2, intake=intake)
    assert [film.view for film in both._indexed(replace(example, images=turned)).films] == ["AP", "LL"]


def test_what_cannot_be_trained_on_is_counted_by_reason(tmp_path: Path, intake: Intake) -> None:
    folder = tmp_path / "set"
    with TrainingSetWriter(folder, DESCRIPTION) as writer:
        writer.add(make_example("no-film"))
        writer.finish()
    dataset = StudyDataset(TrainingSet.open(folder), "train", INPUT, intake=intake)
    assert len(dataset) == 0
    assert dataset.left_out == {"the film is not part of the set": 1}
    without = report_sets.write_report_set(tmp_path / "without", 2, 0, with_gaze=False)
    gazed = StudyDataset(without, "train", INPUT, needs_gaze=True, intake=intake)
    assert gazed.left_out == {"no gaze was recorded on its films": 2}


def test_a_free_reading_goes_before_a_search_and_fixations_beside_the_film_are_left_out() -> None:
    image = TrainingImage("film", 40, 48, "PA")
    search = make_scanpath(scanpath_id="search")
    free = make_scanpath(
        scanpath_id="free", task="", frame=Frame(1.0, 1.0, "fraction"), x=(0.5, 1.5, 0.25), y=(0.5, 0.5, 0.75)
    )
    example = make_example(scanpaths=(search, free))
    assert [(f.x_px, f.y_px, f.duration_s) for f in recorded_on(example, image)] == [
        (0.5, 0.5, 0.2),
        (0.25, 0.75, 1.25),
    ]
    assert recorded_on(make_example(scanpaths=(search,)), image)[0].x_px == pytest.approx(1.5 / 40)
    assert recorded_on(example, TrainingImage("other")) == ()


def test_a_dictation_and_a_report_without_headings_are_findings() -> None:
    made = make_example(
        reports=(
            ReportText("written", {"last_paragraph": "Lungs are clear.", "indication": "Cough."}),
            ReportText("dictated", {"transcript": "small effusion"}),
        )
    )
    assert report_of(made, "written").findings == "Lungs are clear."
    assert report_of(made, "written").indication == "Cough."
    assert report_of(made, "dictated").findings == "small effusion"
    assert report_of(make_example(reports=()), "written").findings == ""
    assert report_of(make_example(), "written").impression == "Effusion µ."


def test_a_weight_that_is_none_is_refused(tmp_path: Path) -> None:
    made = report_sets.write_report_set(tmp_path / "set", 1, 0, weights=(-1.0,))
    with pytest.raises(Gaze2ReportError, match=r"case-0: its weight -1\.0 must be a number above 0"):
        StudyDataset(made, "train", INPUT)


def test_a_copy_for_another_process_reads_through_its_own_intake(two_views: TrainingSet, intake: Intake) -> None:
    dataset = StudyDataset(two_views, "val", INPUT, intake=intake)
    copy = pickle.loads(pickle.dumps(dataset))
    try:
        assert torch.equal(copy[0].films[0].pixels, dataset[0].films[0].pixels)
        assert copy._intake is not intake
        assert torch.equal(copy[0].labels.nan_to_num(9), dataset[0].labels.nan_to_num(9))
        assert copy.index[0].report == dataset.index[0].report
    finally:
        copy.close()


def test_a_film_is_decoded_once_while_it_is_kept(two_views: TrainingSet) -> None:
    with Intake() as own:
        dataset = StudyDataset(two_views, "train", INPUT, intake=own)
        first = dataset[0].films[0].pixels
    assert torch.equal(dataset[0].films[0].pixels, first)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="closed"):
        dataset[1]
