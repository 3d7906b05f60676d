"""Undo and redo of what is drawn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop.drawings import Drawings
from desktop.undo_history import MOST_STEPS, UndoHistory
from gaze2report.imaging.calibration import LineCalibration
from gaze2report.imaging.measurements import FilmMarks, Measurement
from gaze2report.types import InstanceHeader

LENGTH = Measurement("length", ((1.0, 2.0), (30.0, 40.0)))
ANGLE = Measurement("angle", ((1.0, 2.0), (30.0, 40.0), (5.0, 5.0)))
LINE = LineCalibration(0.0, 0.0, 30.0, 40.0, 25.0, "anna", "2026-01-02T03:04:05.000006Z")

steps = st.lists(st.one_of(st.just("undo"), st.just("redo"), st.integers(0, 5)))


@given(steps)
def test_undo_and_redo_walk_over_what_was_done_whatever_the_order(acts) -> None:
    history = UndoHistory(0)
    done, position = [0], 0
    for act in acts:
        if act == "undo":
            assert history.undo() == (position > 0)
            position = max(position - 1, 0)
        elif act == "redo":
            assert history.redo() == (position < len(done) - 1)
            position = min(position + 1, len(done) - 1)
        elif history.do(act):
            assert act != done[position]
            done = [*done[: position + 1], act]
            position += 1
        assert history.present == done[position]
        assert (history.can_undo, history.can_redo) == (position > 0, position < len(done) - 1)


def test_only_so_many_steps_are_kept() -> None:
    history = UndoHistory(0)
    for value in range(1, MOST_STEPS + 50):
        history.do(value)
    while history.undo():
        pass
    assert history.present == 49


@given(st.lists(st.sampled_from(["put", "move", "remove", "line", "undo", "redo", "other film"]), max_size=30))
def test_undoing_everything_gives_the_loaded_drawing_and_redoing_everything_the_last_one(acts) -> None:
    drawings = Drawings()
    loaded = FilmMarks((ANGLE,))
    drawings.load({"film": loaded})
    for number, act in enumerate(acts):
        match act:
            case "put":
                drawings.put("film", Measurement("length", ((0.0, 0.0), (1.0, float(number)))))
            case "move":
                for one in drawings.marks("film").measurements[:1]:
                    drawings.put("film", one.moved(1.0, number))
            case "remove":
                for one in drawings.marks("film").measurements[-1:]:
                    drawings.remove("film", one.key)
            case "line":
                drawings.set_line("film", LINE)
            case "other film":
                drawings.put("other", LENGTH.moved(number, 0.0))
            case _:
                getattr(drawings, act)("film")
    while drawings.redo("film"):
        pass
    last = drawings.marks("film")
    while drawings.undo("film"):
        pass
    assert drawings.marks("film") == loaded
    while drawings.redo("film"):
        pass
    assert drawings.marks("film") == last


def test_what_was_kept_while_more_was_drawn_is_still_unsaved() -> None:
    drawings = Drawings()
    drawings.load({})
    drawings.put("film", LENGTH)
    on_the_way = drawings.unsaved
    drawings.put("film", ANGLE)
    drawings.mark_saved(on_the_way)
    assert drawings.unsaved == {"film": FilmMarks((LENGTH, ANGLE))}
    drawings.mark_saved(drawings.unsaved)
    assert drawings.unsaved == {}


def test_a_readers_line_gives_a_film_its_scale() -> None:
    drawings = Drawings()
    header = InstanceHeader("1", "2", "film", imager_pixel_spacing_mm=(0.2, 0.2))
    assert drawings.calibration(header).unit_suffix == "mm @detector"
    drawings.set_line("film", LINE)
    assert drawings.calibration(header).unit_suffix == "mm (user cal.)"
    assert drawings.calibration(header).length(30, 40) == 25.0
    drawings.undo("film")
    assert drawings.calibration(header).unit_suffix == "mm @detector"
