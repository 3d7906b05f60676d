"""The row of tools at any width."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QToolButton

from desktop.viewer.tool_row import ToolRow


def buttons(*names: str) -> list[QToolButton]:
    made = []
    for name in names:
        button = QToolButton()
        button.setText(name)
        made.append(button)
    return made


@pytest.mark.parametrize("width", [60, 150, 240, 400, 1000])
def test_what_does_not_fit_is_behind_the_last_button_and_nothing_is_cut(qtbot, width) -> None:
    groups = [buttons("Window", "Pan", "Zoom"), buttons("Presets", "Invert")]
    row = ToolRow(groups)
    qtbot.addWidget(row)
    row.resize(width, 40)
    row.show()
    every = [button for group in groups for button in group]
    shown = [button for button in every if button.isVisible()]
    assert shown == every[: len(shown)]
    assert row.more_button.isVisible() == (len(shown) < len(every))
    for button in shown:
        assert button.geometry().right() < width
        assert button.width() >= button.sizeHint().width(), button.text()
    assert row.minimumSizeHint().width() < 60


def test_a_hidden_tool_is_used_from_the_menu(qtbot) -> None:
    (button,) = buttons("Magnifier")
    row = ToolRow([[button]])
    qtbot.addWidget(row)
    row.resize(50, 40)
    row.show()
    assert not button.isVisible()
    with qtbot.waitSignal(button.clicked):
        row.overflow_menu().actions()[0].trigger()
