"""The worklist in the whole window: whose it is, and what it may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stations import film, wait_drafted

from db import studies
from desktop.worklist.columns import PRIORITY_COLUMN

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


def test_the_chosen_study_is_assigned_and_shown_as_mine(make_station: Any, qtbot: Any, tmp_path: Path) -> None:
    made = make_station(start_host=False)
    first, second = (made.add(film(tmp_path, seed)).study_uid for seed in (1, 2))
    view = made.window.worklist
    made.window.refresh_worklist()
    qtbot.waitUntil(lambda: view.table_model.total == 2)
    view.choose(second)
    made.services.actions["study.assign_me"].trigger()
    qtbot.waitUntil(lambda: any(e.assigned_to == "reader" for e in view.table_model.shown_entries()))
    view.bar.mine.setChecked(True)
    assert [e.study_uid for e in view.table_model.shown_entries()] == [second]
    made.services.actions["study.assign_nobody"].trigger()
    qtbot.waitUntil(lambda: view.table_model.rowCount() == 0)
    assert {e.assigned_to for e in studies.worklist(made.workspace)} == {""}
    assert first != second


def test_saved_filters_are_the_readers_own_and_outlive_the_window(make_station: Any, qtbot: Any) -> None:
    made = make_station(start_host=False)
    made.window.worklist.filter.setText("knee")
    assert made.window.worklist.bar.save("Knees")
    made.services.settings.sync()
    made.services.settings.reader_name = "other/reader"
    made.services.session.changed.emit()
    assert made.window.worklist.bar.saved == ()
    made.services.settings.reader_name = "reader"
    made.services.session.changed.emit()
    assert [one.name for one in made.window.worklist.bar.saved] == ["Knees"]


def test_the_list_tells_a_reader_who_reads_first_nothing_of_what_the_ai_found(
    make_station: Any, qtbot: Any, tmp_path: Path
) -> None:
    made = make_station()
    uid = made.add(film(tmp_path)).study_uid
    made.open(qtbot, uid)
    wait_drafted(made, qtbot)
    with made.workspace.writing() as connection:
        connection.exec_driver_sql("UPDATE study SET ai_priority = 7, ai_priority_reason = 'Pneumothorax 0.9'")
    other = made.add(film(tmp_path, 2)).study_uid
    made.open(qtbot, other)
    model = made.window.worklist.table_model

    def shown() -> str:
        row = model.row_of(uid)
        return "" if row is None else str(model.index(row, PRIORITY_COLUMN).data())

    qtbot.waitUntil(lambda: shown() == "Pneumothorax 0.9")
    made.services.settings.reading_mode = "reader-first"
    made.window.refresh_worklist()
    qtbot.waitUntil(lambda: shown() == "")
    made.window.worklist.filter.setText("pneumothorax")
    made.window.worklist.bar.apply_now()
    assert model.rowCount() == 0  # nor by looking for it
