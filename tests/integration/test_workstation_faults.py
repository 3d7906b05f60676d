"""The model host fails; the window lives."""

from __future__ import annotations

from pathlib import Path

import pytest
from gui.scripted_host import FINDINGS
from stations import IMPATIENT, film, wait_drafted

from db import studies

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


@pytest.mark.parametrize("mode", ["crash_on_draft", "hang", "garbage"])
def test_a_host_that_fails_in_the_middle_leaves_the_window_usable(make_station, qtbot, tmp_path: Path, mode) -> None:
    made = make_station(mode, times=IMPATIENT)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    qtbot.waitUntil(lambda: made.services.host.state.phase == "unavailable", timeout=15_000)
    made.type("impression", "Mine.")
    assert made.text("impression") == "Mine."
    qtbot.waitUntil(lambda: "unavailable" in made.window.report.draft_info.text(), timeout=15_000)
    assert not made.bugs


def test_the_draft_comes_by_itself_when_the_host_is_back(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station("crash_once", tmp_path / "crashed")
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    wait_drafted(made, qtbot)
    assert (tmp_path / "crashed").exists()
    assert made.text("findings") == FINDINGS


def test_a_refusal_is_shown_with_its_reason(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station("refuse")
    uid = made.add(film(tmp_path)).study_uid
    made.open(qtbot, uid)
    qtbot.waitUntil(lambda: "not a chest film" in made.window.report.draft_info.text(), timeout=15_000)
    qtbot.waitUntil(lambda: studies.get(made.workspace, uid).ai_status == "refused")


def test_a_draft_that_cannot_be_read_is_a_sentence(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station("bad_draft")
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    qtbot.waitUntil(lambda: made.reading.draft_state.phase == "failed", timeout=15_000)
    assert "cannot be read" in made.window.report.draft_info.text()
    assert not made.bugs


def test_a_reading_goes_on_while_the_model_loads_and_gets_its_draft_later(make_station, qtbot, tmp_path: Path) -> None:
    made = make_station("gate_load", gate := tmp_path / "gate")
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    assert made.reading.draft_state.phase == "waiting"
    qtbot.waitUntil(lambda: "Model loading 2/3" in made.window.model_status.label.text(), timeout=15_000)
    gate.touch()
    qtbot.waitUntil(lambda: made.reading.draft_state.phase == "done", timeout=15_000)


@pytest.mark.parametrize("is_known_before", [True, False], ids=["before_the_study", "after_the_study"])
def test_a_host_that_cannot_load_leaves_a_usable_window_with_its_reason(
    make_station, qtbot, tmp_path: Path, is_known_before: bool
) -> None:
    made = make_station("unavailable", start_host=False)
    uid = made.add(film(tmp_path)).study_uid
    if is_known_before:
        made.services.host.start()
        qtbot.waitUntil(lambda: made.services.host.state.phase == "unavailable", timeout=15_000)
        made.open(qtbot, uid)
    else:
        made.open(qtbot, uid)
        made.window.report.draft_button.click()  # starts the host and waits for it
    qtbot.waitUntil(lambda: "not installed" in made.window.report.draft_info.text(), timeout=15_000)
    assert "not installed" in made.window.model_status.label.text()
    assert made.window.model_status.retry_button.isVisible()
    made.type("findings", "Mine.")
    assert made.text("findings") == "Mine."
