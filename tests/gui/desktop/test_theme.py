"""Contrast of every text colour on every ground it stands on (WCAG 2.2: at least 4.5 to 1)."""

from __future__ import annotations

import re

import pytest

from desktop import theme
from desktop.theme import contrast_ratio

GROUNDS = ("WINDOW", "PANEL", "RAISED", "FIELD")
NOT_TEXT = {*GROUNDS, "BORDER", "ACCENT_DEEP", "ALARM"}  # lines and fills
ALSO_ON = {"MUTED": ("AI_EDITED_TINT",), "AI_MARK": ("AI_TINT",), "ERROR": ("ERROR_GROUND",)}
"""What is written on a tint beside plain text."""


def colours() -> dict[str, str]:
    return {
        name: value
        for name, value in vars(theme).items()
        if isinstance(value, str) and re.fullmatch(r"#[0-9a-f]{6}", value)
    }


def is_tint(name: str) -> bool:
    return name.endswith(("_TINT", "_GROUND"))


TEXT_ON = {name: (*GROUNDS, *ALSO_ON.get(name, ())) for name in colours() if name not in NOT_TEXT and not is_tint(name)}
"""Text colour -> grounds: whatever is not a ground, a tint or named above is text, and may stand on any ground."""

TEXT_ON["TEXT"] = (*GROUNDS, *(name for name in colours() if is_tint(name)))


@pytest.mark.parametrize(
    ("text", "ground"), [(text, ground) for text, grounds in TEXT_ON.items() for ground in grounds]
)
def test_text_can_be_read_on_its_ground(text, ground):
    assert contrast_ratio(colours()[text], colours()[ground]) >= 4.5


def test_white_on_the_chosen_and_the_primary_can_be_read():
    assert contrast_ratio("#ffffff", theme.ACCENT_DEEP) >= 4.5
    assert contrast_ratio(theme.TEXT, theme.ACCENT_DEEP) >= 4.5


def test_what_shows_where_the_keyboard_is_stands_out():
    for ground in GROUNDS:  # WCAG 2.2, 1.4.11: 3 to 1 for what is not text
        assert contrast_ratio(theme.ACCENT, colours()[ground]) >= 3.0
        assert contrast_ratio(theme.ALARM, colours()[ground]) >= 3.0


@pytest.mark.parametrize(("first", "second", "ratio"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48)])
def test_the_ratio_is_that_of_the_standard(first, second, ratio):
    assert contrast_ratio(first, second) == pytest.approx(ratio, abs=0.01)
    assert contrast_ratio(second, first) == pytest.approx(ratio, abs=0.01)


def test_the_style_sheet_writes_in_known_text_colours_only():
    names = {value: name for name, value in colours().items()}
    used = set(re.findall(r"(?<![\w-])color: (#[0-9a-f]{6})", theme._style_sheet(13)))
    assert {names.get(value, value) for value in used} <= set(TEXT_ON) | {"#ffffff"}
