from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from gaze2report.gaze.gaze_sources import GAZE_SOURCES, GazeMissing, GazeSupply, fixations_of, medoid_index
from gaze2report.types import Fixation


@dataclass(frozen=True)
class Film:
    patient_id: str
    image_id: str = "film"
    recorded: tuple[Fixation, ...] = ()


def path(*places: tuple[float, float]) -> tuple[Fixation, ...]:
    return tuple(Fixation(x, y, 0.25) for x, y in places)


OWN = Film("ann", "a", path((0.1, 0.1), (0.2, 0.2)))
OTHERS = [
    OWN,
    Film("bob", "b", path((0.5, 0.5), (0.6, 0.6), (0.6, 0.5))),
    Film("cid", "c", path((0.52, 0.5), (0.6, 0.62))),
    Film("dan", "d", path((0.9, 0.9))),
]


def predict(film: Film) -> tuple[Fixation, ...]:
    return path((0.3, len(film.patient_id) / 10))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_recorded_predicted_and_none_are_what_they_say() -> None:
    assert fixations_of("recorded", OWN, predict, rng(), OTHERS) == OWN.recorded
    assert fixations_of("predicted", OWN, predict, rng(), OTHERS) == path((0.3, 0.3))
    assert fixations_of("none", OWN, predict, rng(), OTHERS) == ()


def test_shuffled_is_never_of_the_same_patient_and_reaches_every_other() -> None:
    twin = Film("ann", "a2", path((0.11, 0.1)))
    drawn = {fixations_of("shuffled", OWN, None, rng(seed), [*OTHERS, twin]) for seed in range(60)}
    assert drawn == {film.recorded for film in OTHERS[1:]}


def test_the_medoid_is_the_path_nearest_to_all_and_the_same_for_every_film() -> None:
    supply = GazeSupply(None, OTHERS)
    chosen = {supply.fixations("medoid", film, rng(seed)) for seed, film in enumerate(OTHERS)}
    assert chosen <= {OTHERS[1].recorded, OTHERS[2].recorded}
    assert len(chosen) == 1
    assert medoid_index([path((0.0, 0.0)), path((0.5, 0.5)), path((1.0, 1.0))]) == 1


def test_the_order_of_fixations_counts_for_the_medoid() -> None:
    there, back = path((0.1, 0.1), (0.9, 0.9)), path((0.9, 0.9), (0.1, 0.1))
    assert medoid_index([back, there, there]) == 1


@pytest.mark.parametrize("source", ["uniform", "centre"])
def test_placed_controls_keep_number_and_durations_of_the_scanpath(source: str) -> None:
    film = Film("eve", "e", tuple(Fixation(0.1, 0.1, seconds) for seconds in (0.1, 0.7, 0.3)))
    made = fixations_of(source, film, None, rng(1), OTHERS)  # type: ignore[arg-type]
    assert [f.duration_s for f in made] == [0.1, 0.7, 0.3]
    assert made == fixations_of(source, film, None, rng(1), OTHERS)  # type: ignore[arg-type]
    assert all(0 <= f.x_px < 1 and 0 <= f.y_px < 1 for f in made)


def test_uniform_fills_the_film_and_centre_stays_near_the_middle() -> None:
    long = Film("eve", "e", tuple(Fixation(0.1, 0.1, 0.2) for _ in range(2000)))
    spread = {
        source: np.array([f.x_px for f in fixations_of(source, long, None, rng(), ())])  # type: ignore[arg-type]
        for source in ("uniform", "centre")
    }
    assert spread["uniform"].std() == pytest.approx(12**-0.5, rel=0.05)
    assert spread["centre"].mean() == pytest.approx(0.5, abs=0.02)
    assert spread["centre"].std() == pytest.approx(0.12, rel=0.1)


def test_controls_of_predicted_gaze_are_made_of_predictions() -> None:
    supply = GazeSupply(predict, [Film("x"), Film("four")], like="predicted")
    assert supply.fixations("shuffled", Film("x"), rng()) == path((0.3, 0.4))
    assert supply.fixations("medoid", Film("x"), rng())[0].x_px == 0.3


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("recorded", "no gaze was recorded on film e"),
        ("predicted", "needs a scanpath predictor"),
        ("medoid", "medoid needs recorded scanpaths"),
        ("shuffled", "of a patient other than eve"),
        ("guessed", "predicted, recorded, none, uniform, centre, medoid, shuffled"),
    ],
)
def test_what_is_missing_is_said(source: str, says: str) -> None:
    with pytest.raises(GazeMissing, match=says):
        fixations_of(source, Film("eve", "e"), None, rng(), [Film("eve", "e")])  # type: ignore[arg-type]


def test_every_agreed_source_is_known() -> None:
    assert set(GAZE_SOURCES) == {"predicted", "recorded", "none", "uniform", "centre", "medoid", "shuffled"}
