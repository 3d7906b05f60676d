"""Importing, looking at and stepping through films."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import pytest
from factories import make_png
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from stations import film

from db import readings, studies

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def test_dropped_files_are_imported_and_the_first_is_opened(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    folder = tmp_path / "films"
    folder.mkdir()
    film(folder, 1)
    film(folder, 2)
    make_png(folder / "film.png")
    (folder / "notes.txt").write_text("not a film")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder))])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(10, 10), *how)
    QApplication.sendEvent(made.window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(made.window, QDropEvent(QPointF(10, 10), *how))
    qtbot.waitUntil(lambda: made.window.worklist.table_model.total == 3, timeout=30_000)
    assert "3 films imported" in made.window.notices.label.text()
    assert "notes.txt" in made.window.notices.label.text()
    qtbot.waitUntil(lambda: made.window.viewer.view.image is not None, timeout=20_000)
    assert not made.bugs


def test_the_films_of_a_zip_archive_are_imported_and_what_was_unpacked_goes(
    make_station, qtbot, tmp_path: Path
) -> None:
    made = make_station(start_host=False)
    with zipfile.ZipFile(tmp_path / "disc.zip", "w") as archive:
        for seed in range(2):
            archive.write(film(tmp_path, seed), f"DICOM/{seed}")
    before = set(Path(tempfile.gettempdir()).glob("gaze2report-import-*"))
    made.window.import_paths([tmp_path / "disc.zip"])
    qtbot.waitUntil(lambda: made.window.worklist.table_model.total == 2, timeout=30_000)
    qtbot.waitUntil(lambda: made.window.viewer.view.image is not None, timeout=20_000)
    qtbot.waitUntil(lambda: set(Path(tempfile.gettempdir()).glob("gaze2report-import-*")) <= before)
    assert not made.bugs


def test_an_import_can_be_stopped(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    folder = tmp_path / "films"
    folder.mkdir()
    for seed in range(12):
        film(folder, seed)
    made.window.import_paths([folder], open_first=False)
    (work,) = made.services.background.work.works
    qtbot.waitUntil(lambda: work.done >= 2, timeout=20_000)
    work.stop()
    qtbot.waitUntil(lambda: "(stopped)" in made.window.status.message.text(), timeout=20_000)
    assert 0 < len(studies.worklist(made.workspace)) < 12


def test_a_film_that_cannot_be_decoded_is_a_sentence_in_its_place(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    study = made.add(film(tmp_path))
    study.instances[0].object_path.chmod(0o644)
    study.instances[0].object_path.write_bytes(b"spoiled")
    made.open(qtbot, study.study_uid, with_image=False)
    qtbot.waitUntil(lambda: bool(made.reading.image_fault), timeout=20_000)
    assert "cannot be shown" in made.window.viewer.view._message
    made.type("findings", "Still writing.")
    assert not made.bugs


def test_a_study_of_another_reader_can_be_looked_at_and_taken_over(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    uid = made.add(film(tmp_path)).study_uid
    readings.open_reading(made.workspace, uid, "colleague")
    made.open(qtbot, uid)
    assert made.window.report.editors["findings"].isReadOnly()
    assert "colleague" in made.window.notices.label.text()
    made.window.notices.action_button.click()
    qtbot.waitUntil(lambda: made.reading.can_edit)


def test_the_films_of_a_study_are_stepped_through_and_each_has_its_banner(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    study = made.add(film(tmp_path, 1, ViewPosition="LL"))
    made.add(film(tmp_path, 2, StudyInstanceUID=study.study_uid, PatientID="MADE0001", AccessionNumber="ACC0001"))
    made.open(qtbot, study.study_uid)
    assert "PA" in " ".join(made.window.viewer.view.banner.details)  # the frontal film comes first
    made.window.viewer.step_film(-1)
    qtbot.waitUntil(lambda: made.window.viewer.view.image is not None, timeout=20_000)
    assert "LL" in " ".join(made.window.viewer.view.banner.details)
