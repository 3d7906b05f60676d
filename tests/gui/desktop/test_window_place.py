from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QMainWindow

from desktop.settings import Settings
from desktop.window_place import WindowPlace, placed

PRIMARY = QRect(0, 0, 1920, 1040)
RIGHT = QRect(1920, 0, 2560, 1400)
rects = st.builds(
    QRect, st.integers(-6000, 6000), st.integers(-4000, 4000), st.integers(200, 4000), st.integers(150, 3000)
)


@pytest.mark.parametrize(
    "frame",
    [
        QRect(100, 100, 1366, 768),
        QRect(2000, 50, 2400, 1300),
        QRect(1800, 100, 1366, 768),  # over both
        QRect(-1000, 30, 1366, 768),  # mostly out on the left, but its title can be grasped
    ],
)
def test_a_window_that_can_be_seen_and_moved_stays_where_it_is(frame):
    assert placed(frame, [PRIMARY, RIGHT]) == frame


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (QRect(2200, 100, 1366, 768), QRect(554, 100, 1366, 768)),  # its screen is gone
        (QRect(2000, 50, 2400, 1300), QRect(0, 0, 1920, 1040)),  # and it was larger than what is left
        (QRect(100, -400, 800, 600), QRect(100, 0, 800, 600)),  # its title is above the screen
        (QRect(100, 1060, 800, 600), QRect(100, 440, 800, 600)),
    ],
)  # fmt: skip
def test_a_window_whose_screen_is_gone_comes_back_onto_one_that_is_there(frame, expected):
    assert placed(frame, [PRIMARY]) == expected


@given(frame=rects, others=st.lists(rects, max_size=2))
def test_wherever_a_window_was_its_top_edge_can_be_grasped_and_placing_it_again_changes_nothing(frame, others):
    screens = [PRIMARY, *others]
    now = placed(frame, screens)
    top_edge = QRect(now.left(), now.top(), now.width(), 1)
    assert any(top_edge.intersected(screen).width() >= min(80, now.width()) for screen in screens)
    assert placed(now, screens) == now


def test_a_window_kept_on_a_screen_that_is_gone_is_restored_where_it_can_be_seen(qtbot, tmp_path):
    settings = Settings(tmp_path / "desktop.ini")
    before = QMainWindow()
    qtbot.addWidget(before)
    before.setGeometry(QRect(QPoint(5000, 3000), before.sizeHint()).adjusted(0, 0, 500, 400))
    before.show()
    settings.window_geometry = before.saveGeometry()

    after = QMainWindow()
    qtbot.addWidget(after)
    WindowPlace(after, settings).restore()
    after.show()
    screen, frame = after.screen().availableGeometry(), after.frameGeometry()
    assert before.frameGeometry().intersected(screen).isEmpty()
    assert placed(frame, [screen]) == frame
    assert screen.contains(frame.topLeft())


def test_full_screen_and_back(qtbot, tmp_path):
    window = QMainWindow()
    qtbot.addWidget(window)
    place = WindowPlace(window, Settings(tmp_path / "desktop.ini"))
    place.restore()
    window.show()
    size = window.size()
    place.toggle_full_screen()
    assert window.isFullScreen()
    place.toggle_full_screen()
    assert not window.isFullScreen()
    assert window.size() == size
    window.showMaximized()
    place.toggle_full_screen()
    place.toggle_full_screen()
    assert window.isMaximized()
