"""Spelling in the window: marked while nobody types there, suggestions on right click, own words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QTextCharFormat
from stations import film

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints", extend=True)
WAVE = QTextCharFormat.UnderlineStyle.WaveUnderline


@pytest.fixture
def made(make_station, qtbot, tmp_path: Path):
    made = make_station(start_host=False)
    made.open(qtbot, made.add(film(tmp_path)).study_uid)
    return made


def marked(made, section: str = "findings") -> list[str]:
    editor = made.window.report.editors[section]
    return [made.text(section)[a:b] for a, b, look in editor.looks() if look.underlineStyle() == WAVE]


def texts_at(made, word: str) -> dict:
    editor = made.window.report.editors["findings"]
    cursor = editor.textCursor()
    cursor.setPosition(made.text("findings").index(word) + 2)
    editor.setTextCursor(cursor)
    menu = editor.context_menu(editor.cursorRect().center())
    return {action.text(): action for action in menu.actions()}


def test_a_misspelled_word_is_marked_and_put_right_by_a_right_click(made, qtbot) -> None:
    made.type("findings", "Small efusion on the left.")
    qtbot.waitUntil(lambda: marked(made) == ["efusion"], timeout=30_000)
    texts_at(made, "efusion")["effusion"].trigger()
    assert made.text("findings") == "Small effusion on the left."
    assert marked(made) == []
    qtbot.waitUntil(lambda: made.window.report.spelling._found["findings"][0] == made.text("findings"), timeout=30_000)
    assert marked(made) == []
    assert "effusion" not in texts_at(made, "effusion")


def test_a_word_of_the_reader_is_learned_for_good(made, qtbot) -> None:
    made.type("findings", "A flurbish sign.")
    qtbot.waitUntil(lambda: marked(made) == ["flurbish"], timeout=30_000)
    texts_at(made, "flurbish")['Add "flurbish" to my words'].trigger()
    qtbot.waitUntil(lambda: "findings" in made.window.report.spelling._found, timeout=30_000)
    assert marked(made) == []
    assert made.services.settings.own_words == ("flurbish",)
