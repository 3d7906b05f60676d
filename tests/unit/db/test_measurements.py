from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workspaces import add_study, bring_to, sign

from db import audit, check, measurements, readings
from db.errors import MeasurementsRefused, ReadingClosed, UnknownRecord, WorkspaceDamaged
from gaze2report.imaging.calibration import LineCalibration
from gaze2report.imaging.measurements import FilmMarks, Measurement

LENGTH = Measurement("length", ((1.0, 2.5), (30.1, 40.0)), "tube")
REGION = Measurement("ellipse", ((0.1, 0.2), (9.3, 8.7)))
RATIO = Measurement("ctr", ((3.0, 1.0), (5.0, 2.0), (1.0, 3.0), (7.0, 4.0)), is_proposed=True)
LINE = LineCalibration(0.0, 0.0, 3.0, 4.0, 25.0, "anna", "2026-01-02T03:04:05.000006Z")
FILM = "1.2.3.1.1"


@pytest.fixture
def reading(workspace, study):
    return readings.open_reading(workspace, study, "anna")


def test_what_is_drawn_on_a_film_comes_back_in_order(workspace, study, reading):
    assert measurements.of_patient(workspace, study) == {}
    marks = FilmMarks((REGION, LENGTH, RATIO), LINE)
    measurements.save(workspace, reading.id, FILM, marks)
    assert measurements.of_patient(workspace, study) == {FILM: marks}
    measurements.save(workspace, reading.id, FILM, FilmMarks((LENGTH, REGION)))
    assert measurements.of_patient(workspace, study) == {FILM: FilmMarks((LENGTH, REGION))}
    measurements.save(workspace, reading.id, FILM, FilmMarks())
    assert measurements.of_patient(workspace, study) == {}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(st.sampled_from([LENGTH, REGION, RATIO, RATIO.confirmed(), LENGTH.moved(1, 1)]), max_size=4)))
def test_whatever_is_saved_after_whatever_the_last_set_is_there(workspace, study, reading, sets):
    expected = FilmMarks()
    for chosen in sets:
        expected = FilmMarks(tuple({one.key: one for one in chosen}.values()))
        measurements.save(workspace, reading.id, FILM, expected)
        assert measurements.of_patient(workspace, study).get(FILM, FilmMarks()) == expected
    measurements.save(workspace, reading.id, FILM, FilmMarks())


def test_only_what_changed_names_a_new_reader(workspace, study, reading, sql):
    measurements.save(workspace, reading.id, FILM, FilmMarks((LENGTH, REGION)))
    readings.close_reading(workspace, reading.id)
    ben = readings.open_reading(workspace, study, "ben")
    measurements.save(workspace, ben.id, FILM, FilmMarks((LENGTH, REGION.moved(1, 1))))
    assert sql("SELECT kind, reader FROM measurement ORDER BY id") == [("length", "anna"), ("ellipse", "ben")]


def test_who_gave_a_film_its_scale_is_in_the_audit_log(workspace, study, reading):
    measurements.save(workspace, reading.id, FILM, FilmMarks(line=LINE))
    measurements.save(workspace, reading.id, FILM, FilmMarks((LENGTH,), LINE))
    measurements.save(workspace, reading.id, FILM, FilmMarks((LENGTH,), dataclasses.replace(LINE, length_mm=24.0)))
    measurements.save(workspace, reading.id, FILM, FilmMarks((LENGTH,)))
    done = [(e.actor, e.action, e.detail.get("length_mm")) for e in audit.events(workspace, subject=study)]
    assert [event for event in done if "calibrat" in event[1]] == [
        ("anna", "film calibrated", 25.0),
        ("anna", "film calibrated", 24.0),
        ("anna", "film calibration removed", None),
    ]
    assert check.check(workspace).problems == ()


def test_a_reading_that_was_closed_takes_no_measurements(workspace, study, reading):
    measurements.save(workspace, reading.id, FILM, FilmMarks((LENGTH,)))
    readings.close_reading(workspace, reading.id)
    with pytest.raises(ReadingClosed):
        measurements.save(workspace, reading.id, FILM, FilmMarks())
    again = readings.open_reading(workspace, study, "anna")
    sign(workspace, again.id, "anna")
    with pytest.raises(ReadingClosed):
        measurements.save(workspace, again.id, FILM, FilmMarks())
    with pytest.raises(UnknownRecord):
        measurements.save(workspace, 999, FILM, FilmMarks())
    assert measurements.of_patient(workspace, study) == {FILM: FilmMarks((LENGTH,))}


def test_a_film_of_an_earlier_study_may_be_measured_and_that_of_another_patient_not(
    workspace, tmp_path, study, reading
):
    same = {"patient_id": "P1", "patient_name": "Doe^Jane"}
    prior = add_study(workspace, tmp_path, "1.2.2", **same)
    bring_to(workspace, prior, "final")
    add_study(workspace, tmp_path, "1.2.9", patient_id="P9")
    measurements.save(workspace, reading.id, "1.2.2.1.1", FilmMarks((LENGTH,)))
    assert measurements.of_patient(workspace, study) == {"1.2.2.1.1": FilmMarks((LENGTH,))}
    for foreign in ("1.2.9.1.1", "9.9.9"):
        with pytest.raises(MeasurementsRefused):
            measurements.save(workspace, reading.id, foreign, FilmMarks((LENGTH,)))
    assert measurements.of_patient(workspace, "1.2.9") == {}


def test_a_drawing_that_cannot_be_read_is_said_to_be_damage(workspace, study, reading, sql):
    measurements.save(workspace, reading.id, FILM, FilmMarks((LENGTH,)))
    sql("UPDATE measurement SET content_json = replace(content_json, '40.0', '\"x\"')")
    with pytest.raises(WorkspaceDamaged, match="measurement"):
        measurements.of_patient(workspace, study)
    (problem,) = check.check(workspace).problems
    assert problem.startswith("measurement 1 cannot be read")
