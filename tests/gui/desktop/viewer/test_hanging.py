"""Which film hangs where."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.records import Instance, Patient, Series, Study
from desktop.viewer.hanging import LAYOUTS, hang, other_view, prior_of
from gaze2report.imaging.film_views import film_kind
from gaze2report.types import InstanceHeader


def study(date: str, *views: str) -> Study:
    """A study with a film of each view."""
    uid = f"1.{date}"
    films = tuple(
        Instance(
            f"{uid}.{number}", uid, Path(f"{uid}.{number}"), f"{uid}.{number}", 1,
            InstanceHeader(uid, uid, f"{uid}.{number}", patient_id="P1", view_position=view, study_date=date), "",
        )
        for number, view in enumerate(views)
    )  # fmt: skip
    patient = Patient("P1", "Doe^Jane", "", "F")
    return Study(uid, patient, None, date, "", "", "", "", "unread", "", "", (Series(uid, "DX", "", films),))


NOW = study("20240301", "PA", "LL")
PRIORS = (study("20230101", "AP"), study("20220101", "LL", "PA"), study("20210101", "PA"))


def view_and_date(instance: Instance | None) -> tuple[str, str] | None:
    return (instance.header.view_position, instance.header.study_date) if instance is not None else None


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("single", [("PA", "20240301")]),
        ("lateral", [("PA", "20240301"), ("LL", "20240301")]),
        ("prior", [("PA", "20240301"), ("PA", "20220101")]),
        ("lateral_prior", [("PA", "20240301"), ("LL", "20240301"), ("PA", "20220101")]),
    ],
)
def test_each_layout_hangs_the_films_its_name_says(layout, expected):
    hung = hang(layout, NOW, NOW.instances[0], PRIORS)
    assert [view_and_date(one.instance) for one in hung] == expected
    assert [one.role for one in hung] == list(LAYOUTS[layout])
    assert not any(one.note for one in hung)


def test_beside_a_lateral_film_hang_the_frontal_one_and_the_prior_lateral():
    hung = hang("lateral_prior", NOW, NOW.instances[1], PRIORS)
    assert [view_and_date(one.instance) for one in hung] == [("LL", "20240301"), ("PA", "20240301"), ("LL", "20220101")]


def test_the_most_recent_prior_of_the_same_view_goes_before_a_more_recent_one_of_another():
    assert view_and_date(prior_of(NOW.instances[0], PRIORS).instance) == ("PA", "20220101")


def test_without_the_same_view_the_same_kind_hangs_and_is_said():
    hung = prior_of(NOW.instances[0], PRIORS[:1])
    assert view_and_date(hung.instance) == ("AP", "20230101")
    assert "another view (AP)" in hung.note


def test_a_lateral_is_never_hung_as_the_prior_of_a_frontal_film():
    hung = prior_of(NOW.instances[0], (study("20220101", "LL"),))
    assert hung.instance is None
    assert hung.note == "No earlier frontal film of this patient."
    assert prior_of(NOW.instances[0], ()).note == "No earlier film of this patient."


def test_a_study_without_a_lateral_says_so():
    alone = study("20240301", "PA", "AP")
    hung = other_view(alone, alone.instances[0])
    assert hung.instance is None
    assert hung.note == "No lateral film in this study."


@pytest.mark.parametrize(
    ("view", "kind"),
    [("PA", "frontal"), ("AP", "frontal"), ("", "frontal"), ("LL", "lateral"), ("left lateral", "lateral"),
     ("LLD", "other"), ("LAO", "other"), ("LEFT ANTERIOR OBLIQUE", "other"), ("LATERAL DECUBITUS", "other")],
)  # fmt: skip
def test_the_kind_of_a_film_follows_from_its_view(view, kind):
    assert film_kind(InstanceHeader("1", "1", "1", view_position=view)) == kind
