"""Films side by side in the real window: layouts, banners, patients, priors, thumbnails, key images, whole screen."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from factories import chest_phantom, make_dicom
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from shown_films import pixels
from stations import Station, open_or_make

from db import audit, key_images, studies
from desktop import theme
from desktop.viewer.film_grid import ALARM
from desktop.viewer.hanging import LAYOUTS
from desktop.viewer.study_hanging import NAMESAKE_NOTE

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", "does not support raise", extend=True)
PERSON = {"PatientID": "P1", "PatientName": "Doe^Jane"}


def film(folder: Path, seed: int, **elements: object) -> Path:
    pixels_of_film = chest_phantom(160, 144, seed=seed)
    return make_dicom(folder / f"film{seed}.dcm", pixels_of_film, seed=seed, **(PERSON | elements))


@pytest.fixture(scope="module")
def template(tmp_path_factory, station_intake) -> tuple[Path, str]:
    """A workspace with a PA and a lateral film, an earlier PA, and one of the same ID under another name."""
    folder = tmp_path_factory.mktemp("template")
    with open_or_make(folder / "workspace") as workspace:
        uid = studies.import_file(workspace, station_intake, film(folder, 1)).study_uid
        for path in (
            film(folder, 2, StudyInstanceUID=uid, ViewPosition="LL", AccessionNumber="ACC0001"),
            film(folder, 3, StudyDate="20230101"),
            film(folder, 4, StudyDate="20220101", PatientName="Smith^Jane"),
        ):
            studies.import_file(workspace, station_intake, path)
    return folder / "workspace", uid


@pytest.fixture
def made(template, make_station, tmp_path):
    shutil.copytree(template[0], tmp_path / "workspace")
    return make_station(start_host=False)


@pytest.fixture
def study(template, made):
    return studies.get(made.workspace, template[1])


def open_in(made: Station, qtbot, study, layout: str):
    made.services.settings.film_layout = layout
    made.window.show()
    made.open(qtbot, study.study_uid)
    grid = made.window.viewer.grid
    qtbot.waitUntil(lambda: all(view.image is not None for view in grid.shown_views), timeout=20_000)
    qtbot.waitUntil(lambda: made.window.viewer.hanging.patient_films is not None)
    return grid


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_view_of_every_layout_says_whose_film_it_is(made, study, qtbot, layout):
    grid = open_in(made, qtbot, study, layout)
    assert len(grid.shown_views) == len(LAYOUTS[layout])
    for role in LAYOUTS[layout]:
        view = grid.cells[role].view
        assert view.isVisible()
        assert view.banner.name == "Doe, Jane"
        said = " ".join(view.banner.details)
        assert "ID P1" in said
        assert ("2023-01-01" if role == "prior" else "2024-03-01") in said
        assert ("PRIOR" in said) == (role == "prior")
        strip = pixels(view)[:26]
        assert len(np.unique(strip)) > 20  # letters are painted
        assert not view.alarm
    assert all(not grid.cells[role].view.isVisible() for role in grid.cells if role not in LAYOUTS[layout])


@pytest.mark.parametrize("layout", [name for name, roles in LAYOUTS.items() if len(roles) > 1])
def test_a_film_of_another_patient_in_any_place_turns_all_views_red_and_unlinks_them(made, study, qtbot, layout):
    grid = open_in(made, qtbot, study, layout)
    (stranger,) = (entry.instance for entry in made.window.viewer.strip.entries if entry.is_namesake)
    for role in LAYOUTS[layout][1:]:
        was = grid.cells[role].instance
        grid.cells[role].show(stranger)
        for view in grid.shown_views:  # at once, before the film itself is read
            assert view.alarm == ALARM
        qtbot.waitUntil(lambda role=role: grid.cells[role].view.image is not None, timeout=20_000)
        for view in grid.shown_views:
            red = pixels(view)
            assert red[2, 2] == int(theme.ALARM[1:], 16)
            assert (red[:20, 4:-4] == int(theme.ALARM_GROUND[1:], 16)).mean() > 0.5
        assert not grid.link.is_on
        viewport = grid.cells[role].view.viewport
        grid.cells["main"].view.zoom(2.0)
        assert grid.cells[role].view.viewport == viewport
        grid.cells["main"].view.fit()
        grid.cells[role].show(was)
        qtbot.waitUntil(lambda role=role: grid.cells[role].view.image is not None, timeout=20_000)
        assert not any(view.alarm for view in grid.views)
        assert grid.link.is_on


def test_a_patient_who_is_not_shown_raises_no_alarm(made, study, qtbot):
    grid = open_in(made, qtbot, study, "prior")
    (stranger,) = (entry.instance for entry in made.window.viewer.strip.entries if entry.is_namesake)
    grid.cells["prior"].show(stranger)
    assert grid.link.is_forbidden
    made.services.actions["image.layout_single"].trigger()
    assert not grid.link.is_forbidden
    assert not grid.cells["main"].view.alarm


def test_the_film_of_another_name_is_only_shown_on_purpose_and_says_what_it_is(made, study, qtbot):
    grid = open_in(made, qtbot, study, "single")
    strip = made.window.viewer.strip
    kinds = [(e.instance.header.view_position, e.is_prior, e.is_namesake) for e in strip.entries]
    assert kinds == [("PA", False, False), ("LL", False, False), ("PA", True, False), ("PA", False, True)]
    strip.film_chosen.emit(strip.entries[3])
    qtbot.waitUntil(lambda: grid.cells["prior"].view.image is not None, timeout=20_000)
    assert grid.layout_name == "prior"
    assert grid.cells["prior"].view.note == NAMESAKE_NOTE
    assert "OTHER NAME" in grid.cells["prior"].view.banner.details
    assert grid.cells["main"].view.alarm == ALARM


def test_the_main_view_only_ever_shows_the_study_that_is_read(made, study, qtbot):
    grid = open_in(made, qtbot, study, "lateral_prior")
    hanging = made.window.viewer.hanging
    for role in ("main", "lateral", "prior"):
        grid.activate(role)
        for entry in made.window.viewer.strip.entries:
            hanging.choose(entry)
            assert grid.cells["main"].instance.header.study_uid == study.study_uid
        grid.activate(role)
        for step in (1, 1, 1, -1, -1, -1):
            hanging.step(step)
            assert grid.cells["main"].instance.header.study_uid == study.study_uid
    qtbot.waitUntil(lambda: made.reading.image is not None, timeout=20_000)


def test_keys_act_on_the_active_view_and_go_to_the_next(made, study, qtbot):
    grid = open_in(made, qtbot, study, "lateral_prior")
    made.services.actions["image.link"].trigger()
    assert not grid.link.is_on
    main, lateral = grid.cells["main"].view, grid.cells["lateral"].view
    QTest.mouseClick(lateral, Qt.MouseButton.LeftButton)
    assert made.window.viewer.active_view is lateral
    QTest.keyClick(lateral, Qt.Key.Key_H)
    assert (lateral.orientation.is_mirrored, main.orientation.is_mirrored) == (True, False)
    QTest.keyClick(lateral, Qt.Key.Key_N)
    assert grid.active_role == "prior"
    QTest.keyClick(grid.active_cell.view, Qt.Key.Key_N)
    assert grid.active_role == "main"


def test_the_layout_is_kept_for_the_next_study_and_the_next_start(made, study, qtbot, tmp_path):
    open_in(made, qtbot, study, "single")
    made.services.actions["image.layout_lateral"].trigger()
    assert made.services.settings.film_layout == "lateral"
    alone = made.add(film(tmp_path, 9, PatientID="P9", PatientName="Roe^Ann"))
    made.open(qtbot, alone.study_uid)
    grid = made.window.viewer.grid
    assert grid.layout_name == "lateral"
    qtbot.waitUntil(lambda: grid.cells["lateral"].view._message == "No lateral film in this study.")


def test_every_film_gets_its_thumbnail_and_those_on_screen_are_framed(made, study, qtbot):
    open_in(made, qtbot, study, "prior")
    strip = made.window.viewer.strip
    assert strip.isVisible()
    qtbot.waitUntil(lambda: not strip.missing(), timeout=30_000)
    said = [strip.item(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(strip.count())]
    assert ["on screen" in text for text in said] == [True, False, True, False]
    pictures = [np.asarray(strip._pictures[e.instance.sha256].constBits()) for e in strip.entries]
    assert all(picture.std() > 10 for picture in pictures)


def test_a_key_image_is_kept_shown_and_in_the_audit_log(made, study, qtbot):
    grid = open_in(made, qtbot, study, "prior")
    prior = grid.cells["prior"]
    grid.activate("prior")
    QTest.keyClick(prior.view, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: "KEY IMAGE" in [text for text, _ in prior.view.warning_lines()])
    assert key_images.of_patient(made.workspace, study.study_uid) == {prior.instance.instance_uid}
    assert "KEY IMAGE" not in [text for text, _ in grid.cells["main"].view.warning_lines()]
    assert [event.action for event in audit.events(made.workspace)][-1] == "key image marked"
    QTest.keyClick(prior.view, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: not key_images.of_patient(made.workspace, study.study_uid))
    qtbot.waitUntil(lambda: not made.window.viewer.hanging.is_key_image)


def test_one_film_has_the_whole_screen_and_gives_it_back(made, study, qtbot):
    grid = open_in(made, qtbot, study, "prior")
    window = made.window
    QTest.mouseDClick(grid.cells["prior"].view, Qt.MouseButton.LeftButton)
    assert window.isFullScreen()
    assert grid.shown_views == (window.viewer.active_view,)
    assert not window.report.isVisible()
    assert not window.top.isVisible()
    assert window.viewer.active_view.banner.name == "Doe, Jane"
    QTest.mouseDClick(window.viewer.active_view, Qt.MouseButton.LeftButton)
    assert not window.isFullScreen()
    assert len(grid.shown_views) == 2
    assert window.report.isVisible()
    assert window.top.isVisible()
    QTest.keyClick(window.viewer.active_view, Qt.Key.Key_F)
    window.show_worklist()  # another page is never left without its way back
    assert window.top.isVisible()
    assert not window.isFullScreen()


def test_a_prior_that_cannot_be_read_says_why_and_costs_nothing_else(made, study, qtbot):
    grid = open_in(made, qtbot, study, "single")
    prior = next(e.instance for e in made.window.viewer.strip.entries if e.is_prior)
    prior.object_path.write_bytes(b"no film")
    made.services.actions["image.layout_prior"].trigger()
    view = grid.cells["prior"].view
    qtbot.waitUntil(lambda: "cannot be shown" in view._message, timeout=20_000)
    assert view.banner.name == "Doe, Jane"
    assert grid.cells["main"].view.image is not None
    assert made.bugs == []


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"PhotometricInterpretation": "UNKNOWN"}, "photometric interpretation"),
        ({"PhotometricInterpretation": None}, "photometric interpretation"),
    ],
)
def test_a_film_of_unknown_photometric_meaning_is_refused_in_words_not_shown_blank(made, tmp_path, elements, words):
    with pytest.raises(Exception, match=words):
        made.add(film(tmp_path, 7, **elements))


def test_a_lossy_film_for_processing_says_both_on_screen(made, tmp_path, qtbot):
    marked = made.add(film(tmp_path, 8, PresentationIntentType="FOR PROCESSING", LossyImageCompression="01"))
    grid = open_in(made, qtbot, marked, "single")
    said = " ".join(text for text, _ in grid.cells["main"].view.warning_lines())
    assert "FOR PROCESSING" in said
    assert "LOSSY" in said
    made.window.viewer.toggle_corners()
    assert "FOR PROCESSING" in " ".join(text for text, _ in grid.cells["main"].view.warning_lines())
