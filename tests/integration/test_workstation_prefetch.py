"""The next studies are made ready while the reader reads, and nothing of it is felt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gui.scripted_host import FINDINGS
from PySide6.QtTest import QTest
from stations import Station, film, wait_drafted

from db import drafts, readings, studies
from desktop.host_state import HostState

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)


@pytest.fixture
def make_reader(make_station: Any, qtbot: Any, tmp_path: Path) -> Any:
    """A workstation with so many studies, working ahead; the newest study is the last one added."""

    def make(count: int, *mode: object, **options: object) -> tuple[Station, list[str]]:
        made = make_station(*mode, **options)
        paths = [film(tmp_path, seed, StudyDate=f"202401{seed:02}") for seed in range(1, count + 1)]
        uids = [made.add(path).study_uid for path in paths]
        made.window.begin(lambda: None)
        qtbot.waitUntil(lambda: made.window.worklist.table_model.total == count)
        return made, uids[::-1]  # in the order of the list

    return make


def statuses(made: Station) -> dict[str, tuple[str, str]]:
    return {e.study_uid: (e.status, e.ai_status) for e in studies.worklist(made.workspace)}


def path_of(made: Station, uid: str) -> Path:
    return studies.get(made.workspace, uid).instances[0].object_path


def test_the_next_studies_are_decoded_and_drafted_ahead_and_open_with_film_and_draft(
    make_reader: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, uids = make_reader(3)
    made.open(qtbot, uids[0])
    wait_drafted(made, qtbot)
    for uid in uids[1:]:
        qtbot.waitUntil(lambda uid=uid: statuses(made)[uid] == ("unread", "ready"), timeout=20_000)
        qtbot.waitUntil(lambda uid=uid: path_of(made, uid) in made.services.films, timeout=20_000)
        (kept,) = drafts.of_study(made.workspace, uid)
        assert kept.reading_id is None
        assert studies.worklist(made.workspace)[0].locked_by == "reader"  # the study on screen, and no other
    assert [e.locked_by for e in studies.worklist(made.workspace)] == ["reader", "", ""]
    asked: list[Path] = []
    read = made.services.films._read
    monkeypatch.setattr(made.services.films, "_read", lambda path: asked.append(path) or read(path))
    made.open(qtbot, uids[1])
    assert made.text("findings") == FINDINGS
    assert asked == []
    assert not made.bugs


def test_the_study_on_screen_comes_first_and_the_draft_ahead_gives_way(
    make_reader: Any, qtbot: Any, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    made, uids = make_reader(3, "gate", gate)
    prefetch = made.window.prefetch
    qtbot.waitUntil(lambda: prefetch.running is not None, timeout=20_000)  # nothing on screen: the first of the list
    assert prefetch.running.study_uid == uids[0]
    seen: list[tuple[str, bool]] = []
    made.services.host.answered.connect(
        lambda _: seen.append((made.reading.draft_state.phase, prefetch.running is not None))
    )
    made.open(qtbot, uids[2])
    gate.touch()
    wait_drafted(made, qtbot)
    assert ("drafting", False) in seen
    assert ("drafting", True) not in seen  # nothing is asked ahead while the reader waits
    assert made.text("findings") == FINDINGS
    qtbot.waitUntil(lambda: statuses(made)[uids[0]][1] == "ready", timeout=20_000)
    assert not made.bugs


def test_a_study_opened_while_it_is_drafted_ahead_takes_that_draft_over(
    make_reader: Any, qtbot: Any, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    made, uids = make_reader(2, "gate", gate)
    prefetch = made.window.prefetch
    qtbot.waitUntil(lambda: prefetch.running is not None and len(prefetch.running.messages) > 3, timeout=20_000)
    request_id = prefetch.running.request_id
    made.open(qtbot, uids[0])
    assert made.reading.request_id == request_id
    assert made.text("findings") != ""  # what had come until then
    assert len(made.reading.fixations) == 5
    gate.touch()
    wait_drafted(made, qtbot)
    assert made.text("findings") == FINDINGS
    (kept,) = drafts.of_study(made.workspace, uids[0])
    assert kept.reading_id == made.reading.record.id
    assert not made.bugs


def test_without_the_model_films_are_decoded_and_nothing_is_drafted(make_reader: Any, qtbot: Any) -> None:
    made, uids = make_reader(2)
    qtbot.waitUntil(lambda: made.services.host.state.can_draft)
    made.services.host.switch_off()
    qtbot.waitUntil(lambda: made.services.host.state == HostState(phase="off"))
    known = {uid: len(drafts.of_study(made.workspace, uid)) for uid in uids}
    made.open(qtbot, uids[0])
    qtbot.waitUntil(lambda: path_of(made, uids[1]) in made.services.films, timeout=20_000)
    QTest.qWait(600)
    assert made.window.prefetch.running is None
    assert {uid: len(drafts.of_study(made.workspace, uid)) for uid in uids} == known


def test_a_film_the_model_refuses_is_not_asked_for_again(make_reader: Any, qtbot: Any) -> None:
    made, uids = make_reader(2, "refuse")
    qtbot.waitUntil(lambda: all(ai == "refused" for _, ai in statuses(made).values()), timeout=20_000)
    asked = made.window.prefetch._tried_drafts
    assert asked == set(uids)
    assert "not a chest film" in studies.get(made.workspace, uids[0]).ai_detail


def test_a_film_that_fells_the_host_is_sent_to_it_once(make_reader: Any, qtbot: Any) -> None:
    made, _ = make_reader(1, "crash_on_draft")
    phases: list[str] = []
    made.services.host.state_changed.connect(lambda state: phases.append(state.phase))
    qtbot.waitUntil(lambda: "unavailable" in phases and phases[-1] == "ready", timeout=20_000)
    QTest.qWait(600)
    assert made.window.prefetch.running is None
    assert phases.count("unavailable") == 1


def test_a_film_that_cannot_be_decoded_ahead_disturbs_nobody(make_reader: Any, qtbot: Any) -> None:
    made, uids = make_reader(2, start_host=False)
    path_of(made, uids[1]).write_bytes(b"not a film")
    made.open(qtbot, uids[0])
    qtbot.waitUntil(lambda: bool(made.window.prefetch._tried_films), timeout=20_000)
    assert made.told == []
    assert not made.bugs


def test_a_study_that_somebody_reads_is_left_alone(make_reader: Any, qtbot: Any) -> None:
    made, uids = make_reader(2, start_host=False)
    readings.open_reading(made.workspace, uids[1], "ben")
    made.window.refresh_worklist()
    made.open(qtbot, uids[0])
    qtbot.waitUntil(lambda: not made.window.worklist.upcoming(uids[0], 9))
    QTest.qWait(600)
    assert path_of(made, uids[1]) not in made.services.films


def test_it_can_be_switched_off(make_reader: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made, uids = make_reader(1, start_host=False)
    made.services.settings.does_prefetch = False
    made.services.films.forget()
    made.services.studies_changed.emit()
    QTest.qWait(600)
    assert path_of(made, uids[0]) not in made.services.films
