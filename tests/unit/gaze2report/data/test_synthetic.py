"""Made radiographs: their truth is known, their gaze follows radiologists, and the knob turns what it says it turns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaze2report.__main__ import main
from gaze2report.data.synthetic import report_sentences
from gaze2report.data.synthetic.anatomy import build_chest, draw_anatomy
from gaze2report.data.synthetic.case import CaseOptions, SyntheticCase, draw_case
from gaze2report.data.synthetic.film import render_film
from gaze2report.data.synthetic.lesions import FOCAL, OBSERVATIONS_OF, draw_lesion
from gaze2report.data.synthetic.reader_statistics import fit_statistics, load_statistics, statistics_to_json
from gaze2report.data.synthetic.simulated_reader import simulate_reading
from gaze2report.data.synthetic.synthetic_set import make_synthetic_set
from gaze2report.data.training_set import TrainingSet
from gaze2report.data.training_set_check import find_problems
from gaze2report.errors import UnreadableInput
from gaze2report.report_text import assertions, split_sentences

SMALL = CaseOptions(side_px=48)
STATISTICS = load_statistics()


def share_in_box(case: SyntheticCase, is_reported: bool) -> float:
    """Share of the fixations that lie in the box of the reported density, or of the look-alike."""
    lesion = next(one for one in case.lesions if one.is_reported is is_reported)
    x0, y0, x1, y1 = lesion.box(case.anatomy)
    return float(np.mean([x0 <= f.x_px <= x1 and y0 <= f.y_px <= y1 for f in case.fixations]))


def cases(options: CaseOptions, n: int) -> list[SyntheticCase]:
    return [draw_case(options, STATISTICS, patient, 0, 7) for patient in range(n)]


def test_the_same_seed_makes_the_same_set_and_it_keeps_every_rule(tmp_path: Path) -> None:
    made = [make_synthetic_set(tmp_path / name, 12, 5, SMALL, own_sentences=True) for name in ("one", "two")]
    assert made[0].sha256 == made[1].sha256
    assert made[0].counts["total"]["examples"] == 12
    assert list(find_problems(tmp_path / "one", with_films=True, progress=lambda *_: None)) == []


def test_the_share_of_gaze_changes_gaze_and_nothing_else() -> None:
    without, with_all = (cases(replace(SMALL, gaze_share=share), 12) for share in (0.0, 1.0))
    for one, other in zip(without, with_all, strict=True):
        assert np.array_equal(one.film, other.film)
        assert one.observations == other.observations
        assert (one.reader_is_informed, other.reader_is_informed) == (False, True)
    assert any(one.fixations != other.fixations for one, other in zip(without, with_all, strict=True))


def test_only_an_informed_reader_tells_the_reported_density_from_its_look_alike() -> None:
    only = replace(SMALL, side_px=32, normal_share=0.0, look_alike_share=1.0)
    informed, uninformed = (cases(replace(only, gaze_share=share), 60) for share in (1.0, 0.0))
    on, beside = (np.mean([share_in_box(case, which) for case in informed]) for which in (True, False))
    assert on > 4 * beside
    differences = [share_in_box(case, True) - share_in_box(case, False) for case in uninformed]
    assert abs(np.mean(differences)) < 2.6 * np.std(differences) / np.sqrt(len(differences))


def test_a_look_alike_is_drawn_like_the_reported_density_and_is_not_reported() -> None:
    only = replace(SMALL, side_px=32, normal_share=0.0, look_alike_share=1.0)
    drawn = cases(only, 40)
    for case in drawn:
        (reported,) = [lesion for lesion in case.lesions if lesion.is_reported]
        (other,) = [lesion for lesion in case.lesions if not lesion.is_reported]
        assert {reported.finding, other.finding} <= set(FOCAL)
        assert reported.finding != other.finding
        assert case.observations == OBSERVATIONS_OF[reported.finding]
    conspicuity = np.array([[lesion.conspicuity for lesion in case.lesions] for case in drawn])
    assert 8 < sum(case.lesions[0].is_reported for case in drawn) < 32
    assert abs(conspicuity[:, 0].mean() - conspicuity[:, 1].mean()) < 0.25


@pytest.mark.parametrize("finding", [*FOCAL, "Pleural Effusion", "Pneumothorax", "Lung Opacity", "Edema", "Fracture"])
def test_a_finding_changes_the_film_inside_its_box_and_more_the_plainer_it_is(finding: str) -> None:
    anatomy = draw_anatomy(np.random.default_rng(3))
    chest = build_chest(anatomy, 96)

    def film(conspicuity: float | None) -> np.ndarray:
        lesion = (
            None if conspicuity is None else draw_lesion(finding, anatomy, conspicuity, -1, np.random.default_rng(4))
        )
        lesions = () if lesion is None else (lesion,)
        return np.mean([render_film(chest, lesions, np.random.default_rng(9 + i)) for i in range(4)], axis=0)

    box = draw_lesion(finding, anatomy, 1.0, -1, np.random.default_rng(4)).box(anatomy)
    x0, y0, x1, y1 = (round(96 * corner) for corner in box)
    inside = np.zeros((96, 96), dtype=bool)
    inside[y0 : y1 + 1, x0 : x1 + 1] = True
    faint, plain = (np.abs(film(c) - film(None)) for c in (0.0, 1.0))
    assert plain[inside].mean() > 2.5 * plain[~inside].mean()
    assert plain[inside].mean() > 1.2 * faint[inside].mean()


def test_an_enlarged_heart_is_wider() -> None:
    anatomy = draw_anatomy(np.random.default_rng(1))
    enlarged = replace(anatomy, heart_ratio=0.6)
    normal, wide = (render_film(build_chest(a, 96), (), np.random.default_rng(2)) for a in (anatomy, enlarged))
    row = round(96 * (anatomy.base_y - 0.06))
    assert wide[row].astype(float).sum() > normal[row].astype(float).sum() + 300


def test_simulated_gaze_has_the_durations_and_saccades_of_radiologists() -> None:
    random = np.random.default_rng(0)
    box = (0.6, 0.4, 0.8, 0.6)
    paths = [simulate_reading(STATISTICS, [("Atelectasis", box)], random) for _ in range(150)]
    durations_s = np.array([f.duration_s for path in paths for f in path])
    expected = STATISTICS.searches["Atelectasis"].duration_s
    assert np.median(durations_s) == pytest.approx(expected.median, rel=0.05)
    assert np.log(durations_s).std() == pytest.approx(expected.log_sd, rel=0.1)
    lengths = np.array([len(path) for path in paths])
    assert np.median(lengths) == pytest.approx(STATISTICS.n_fixations.median, rel=0.15)
    points = [np.array([(f.x_px, f.y_px) for f in path]) for path in paths]
    amplitudes = np.concatenate([np.linalg.norm(np.diff(p, axis=0), axis=1) for p in points])
    assert STATISTICS.reading_amplitude.median * 0.6 < np.median(amplitudes) < STATISTICS.reading_amplitude.median * 1.6
    inside = [(p >= 0.4).all(axis=1) & (p[:, 0] >= 0.6) & (p[:, 0] <= 0.8) & (p[:, 1] <= 0.6) for p in points]
    assert np.mean(np.concatenate(inside)) > STATISTICS.share_on_finding - 0.05


def test_fitting_finds_the_numbers_that_were_put_in(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    searches = [
        {
            "name": f"{number}.jpg",
            "task": "edema",
            "X": (100 + 20 * random.normal(size=6)).clip(0, 223).tolist(),
            "Y": (50 + 10 * random.normal(size=6)).clip(0, 223).tolist(),
            "T": (0.3 * np.exp(0.5 * random.normal(size=6))).tolist(),
        }
        for number in range(400)
    ]
    readings = [
        {"x": [0.1] * 6 + [0.5] * 4, "y": [0.1] * 6 + [0.5] * 4, "t": [1] * 10, "mask_rle": [f"{500 * 1024 + 480} 64"]}
    ] * 5
    (tmp_path / "scanpaths.json").write_text(json.dumps(searches))
    (tmp_path / "gaze.json").write_text(json.dumps(readings))
    fitted = fit_statistics(tmp_path / "scanpaths.json", tmp_path / "gaze.json")
    search = fitted.searches["Edema"]
    assert search.duration_s.median == pytest.approx(0.3, rel=0.03)
    assert search.duration_s.log_sd == pytest.approx(0.5, rel=0.05)
    assert search.mean_by_order[0] == pytest.approx((100 / 224, 50 / 224), abs=0.02)
    assert (fitted.share_on_finding, fitted.return_rate, fitted.first_on_finding) == (0.4, 0.75, 0.6)
    assert json.loads(statistics_to_json(fitted))["searches"].keys() == {"Edema"}
    with pytest.raises(UnreadableInput):
        fit_statistics(tmp_path / "gaze.json", tmp_path / "scanpaths.json")


def test_reports_say_what_the_labels_say_and_the_manifest_says_whose_sentences_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise UnreadableInput(Path("archive"), "torchxrayvision is not installed")

    monkeypatch.setattr(report_sentences, "read_reports", missing)
    manifest = make_synthetic_set(tmp_path / "set", 30, 1, replace(SMALL, side_px=32))
    assert any("torchxrayvision is not installed" in note for note in manifest.description.notes)
    assert manifest.description.options["sentences"] == "own"
    for example in TrainingSet.open(tmp_path / "set").examples():
        report = example.report()
        assert report is not None
        said = {
            name
            for sentence in split_sentences(report.findings)
            for name, is_present in assertions(sentence).items()
            if is_present
        }
        assert (said or {"No Finding"}) == {name for name, value in example.labels.items() if value}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--n", "0"], "at least one film"),
        (["--gaze-share", "1.5"], "between 0 and 1"),
        (["--size", "8"], "32 to 2048"),
        (["--conspicuity", "0.9", "0.1"], "smaller number first"),
        (["--seed", "-1"], "0 or more"),
    ],
)
def test_a_wrong_option_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["make-synthetic", str(tmp_path / "set"), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_the_command_makes_a_set_and_prints_what_it_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["make-synthetic", str(tmp_path / "set"), "--n", "6", "--size", "40", "--own-sentences", "--json"]
    assert main(arguments) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["counts"]["total"]["examples"] == 6
    assert content["options"]["gaze_share"] == 0.5
    assert main(arguments) != 0
    assert "exists already" in capsys.readouterr().err
