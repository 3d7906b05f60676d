"""Reader first: nothing of the AI is seen before the reader commits; and one section drafted anew."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from gui.scripted_host import FINDINGS, IMPRESSION
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from stations import film, host_command, station, wait_drafted
from workspaces import make_draft

from db import audit, drafts, readings, studies
from gaze2report.types import Fixation

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def pixels(made, qtbot) -> list[QImage]:
    """Pictures of the film, the report and the worklist, as they stand now."""
    window = made.window
    qtbot.wait(100)
    found = [window.viewer.grab().toImage(), window.report.grab().toImage()]
    window.worklist.set_entries([window.feed.without_withheld(entry) for entry in studies.worklist(made.workspace)])
    window.show_worklist()
    window.worklist.table.setCurrentIndex(
        QModelIndex()
    )  # how a selected row is drawn depends on which window is active
    window.worklist.table.clearFocus()
    qtbot.wait(100)
    found.append(window.worklist.grab().toImage())
    window.show_reading()
    return found


@pytest.fixture
def reader_first(station_intake, qtbot, tmp_path: Path):
    """Opens one film reader first, in a workspace that holds a draft of it or not."""
    stack = ExitStack()

    def make(*, has_draft: bool):
        folder = tmp_path / str(has_draft)
        folder.mkdir()
        made = stack.enter_context(station(folder, station_intake, host_command()))
        made.services.settings.reading_mode = "reader-first"
        study = made.add(film(tmp_path))
        if has_draft:
            drafted = replace(
                make_draft(study.study_uid),
                instance_uid=study.instances[0].instance_uid,
                scanpath=tuple(Fixation(40.0 * n, 30.0 * n, 0.4) for n in range(1, 4)),
                observations={"Pneumothorax": 0.97},
            )
            drafts.add(made.workspace, None, study.study_uid, drafted)
        made.window.show()
        made.open(qtbot, study.study_uid)
        return made, study.study_uid

    with stack:
        yield make


def test_not_one_pixel_tells_whether_there_is_a_draft_before_the_reader_commits(reader_first, qtbot) -> None:
    without, _ = reader_first(has_draft=False)
    plain = pixels(without, qtbot)
    made, _ = reader_first(has_draft=True)
    assert made.reading.kept_drafts
    assert pixels(made, qtbot) == plain
    made.type("findings", "Clear.")
    without.type("findings", "Clear.")
    for one in (made, without):
        one.window.report.commit()
        qtbot.waitUntil(lambda one=one: not one.reading.is_ai_withheld)
    after, plain_after = pixels(made, qtbot), pixels(without, qtbot)
    assert [a != b for a, b in zip(after, plain_after, strict=True)] == [True, True, True]


def test_whoever_asks_the_reading_gets_nothing_of_the_ai_before_the_reader_commits(reader_first, qtbot) -> None:
    made, uid = reader_first(has_draft=True)
    reading = made.reading
    assert (reading.drafts, reading.fixations, reading.shown_fixations, dict(reading.observations)) == ((), (), (), {})
    assert made.text("findings") == ""
    assert reading.aside("findings") == ""
    reading.insert_draft("findings")
    assert made.text("findings") == ""
    made.type("findings", "Mine.")
    QTest.keyClick(made.window, Qt.Key.Key_F6)
    qtbot.waitUntil(lambda: not reading.is_ai_withheld)
    assert reading.aside("findings") == "Lungs are clear."
    assert reading.shown_fixations
    assert reading.observations == {"Pneumothorax": 0.97}
    committed = next(e for e in audit.events(made.workspace, subject=uid) if e.action == "reading committed")
    assert committed.detail["mode"] == "reader-first"
    kept = readings.open_reading(made.workspace, uid, "reader")
    assert (kept.mode, kept.committed_at_utc) == ("reader-first", reading.committed_at_utc)


def test_a_draft_that_comes_while_the_reader_writes_first_waits_beside_the_text(make_station, qtbot, tmp_path) -> None:
    made = make_station()
    made.services.settings.reading_mode = "reader-first"
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    made.type("findings", "Mine.")
    qtbot.waitUntil(lambda: bool(made.reading.kept_drafts), timeout=15_000)
    assert (made.text("findings"), made.text("impression")) == ("Mine.", "")
    assert not any(pane.isVisible() for pane in made.window.report.panes.values())
    assert "Reader first" in made.window.report.draft_info.text()
    made.window.report.commit()
    qtbot.waitUntil(lambda: made.reading.aside("impression") == IMPRESSION)
    assert made.text("findings") == "Mine."
    made.reading.take_sentence("impression")
    made.window.show_worklist()
    uid = made.reading.study.study_uid
    other = made.add(film(tmp_path, 2)).study_uid
    made.open(qtbot, other)
    made.open(qtbot, uid)
    assert made.reading.aside("findings") == FINDINGS  # offered again, without what was taken
    assert made.reading.aside("impression") == ""


def test_an_empty_reading_is_not_committed(reader_first, qtbot) -> None:
    made, _ = reader_first(has_draft=True)
    assert not made.window.report.commit_row.button.isEnabled()
    made.window.report.commit()
    qtbot.wait(100)
    assert made.reading.is_ai_withheld


def test_a_locked_study_shows_nothing_of_the_ai_to_one_who_may_still_read_it_first(make_station, qtbot, tmp_path):
    made = make_station(start_host=False)
    study = made.add(film(tmp_path))
    readings.open_reading(made.workspace, study.study_uid, "another")
    drafted = replace(make_draft(study.study_uid), instance_uid=study.instances[0].instance_uid)
    drafts.add(made.workspace, None, study.study_uid, drafted)
    made.services.settings.reading_mode = "reader-first"
    made.open(qtbot, study.study_uid)
    assert made.reading.record is None
    assert made.reading.drafts == ()


def test_the_mode_is_chosen_in_the_menu_and_holds_from_the_next_study_on(make_station, qtbot, tmp_path) -> None:
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    made.window.report.toggle_reader_first()
    assert not made.reading.is_ai_withheld
    made.open(qtbot, made.add(film(tmp_path, 2)).study_uid)
    assert made.reading.is_ai_withheld
    assert made.reading.record.mode == "reader-first"


def test_one_section_is_drafted_anew_for_the_findings_as_they_are(make_station, qtbot, tmp_path) -> None:
    made = make_station()
    uid = made.add(film(tmp_path)).study_uid
    made.open(qtbot, uid)
    wait_drafted(made, qtbot)
    made.type("findings", " Clips.")
    made.window.report.draft_section("impression")
    qtbot.waitUntil(lambda: len(made.reading.drafts) == 2, timeout=15_000)
    assert made.text("findings") == f"{FINDINGS} Clips."
    assert made.text("impression") == f"Anew for {len(FINDINGS) + 7} letters."
    assert [kept.draft.section for kept in drafts.of_study(made.workspace, uid)] == [None, "impression"]
    made.reading.accept_all()
    made.window.report.draft_section("impression")
    qtbot.waitUntil(lambda: len(made.reading.drafts) == 3, timeout=15_000)
    assert made.reading.aside("impression") == f"Anew for {len(FINDINGS) + 7} letters."  # accepted text stays
    assert studies.get(made.workspace, uid).ai_status == "ready"
