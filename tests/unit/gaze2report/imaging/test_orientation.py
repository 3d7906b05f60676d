from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.imaging.orientation import (
    ALL_ORIENTATIONS,
    STORED,
    Orientation,
    edge_letters,
    valid_patient_orientation,
)

# A PA chest film, stored as it is read: the patient's left is on the right of the screen, the feet at the bottom.
# Derived by hand by turning a sheet with the four letters on it: left, right, top, bottom.
PA_LETTERS = {
    (0, False): ("R", "L", "H", "F"),
    (1, False): ("F", "H", "R", "L"),
    (2, False): ("L", "R", "F", "H"),
    (3, False): ("H", "F", "L", "R"),
    (0, True): ("L", "R", "H", "F"),
    (1, True): ("F", "H", "L", "R"),
    (2, True): ("R", "L", "F", "H"),
    (3, True): ("H", "F", "R", "L"),
}


@pytest.mark.parametrize(("state", "letters"), PA_LETTERS.items())
def test_the_letters_of_a_frontal_film_follow_all_eight_orientations(state, letters):
    assert edge_letters(("L", "F"), Orientation(*state)) == letters


def test_the_letters_of_a_lateral_film_with_refinements_are_those_of_the_sheet():
    # left lateral: anterior on the left of the screen, rows run backwards and a little down
    assert edge_letters(("PF", "FA"), STORED) == ("AH", "PF", "HP", "FA")
    assert edge_letters(("PF", "FA"), Orientation(1)) == ("FA", "HP", "AH", "PF")
    assert edge_letters(("PF", "FA"), STORED.flipped_horizontally()) == ("PF", "AH", "HP", "FA")


@pytest.mark.parametrize(
    "stated",
    [(), ("L",), ("L", "F", "H"), ("", "F"), ("L", "R"), ("LR", "F"), ("X", "F"), ("LLF", "F"), ("L", "LF"),
     ("LEFT", "FOOT"), ("LFAH", "F"), ("HF", "L")],
)  # fmt: skip
def test_an_unsound_patient_orientation_says_nothing(stated):
    assert valid_patient_orientation(stated) is None


@pytest.mark.parametrize("stated", [("L", "F"), ("l ", " f"), ("A", "FL"), ("RHP", "F")])
def test_a_sound_patient_orientation_is_taken(stated):
    assert valid_patient_orientation(stated) == tuple(s.strip().upper() for s in stated)


orientations = st.sampled_from(ALL_ORIENTATIONS)


@given(orientations)
def test_flips_undo_themselves_and_four_turns_are_none(orientation):
    assert orientation.flipped_horizontally().flipped_horizontally() == orientation
    assert orientation.flipped_vertically().flipped_vertically() == orientation
    assert orientation.turned(1).turned(1).turned(1).turned(1) == orientation
    assert orientation.flipped_horizontally().flipped_vertically() == orientation.turned(2)


@given(orientations)
def test_flips_and_turns_of_the_screen_move_the_letters_as_they_move_paper(orientation):
    left, right, top, bottom = edge_letters(("L", "F"), orientation)
    assert edge_letters(("L", "F"), orientation.flipped_horizontally()) == (right, left, top, bottom)
    assert edge_letters(("L", "F"), orientation.flipped_vertically()) == (left, right, bottom, top)
    assert edge_letters(("L", "F"), orientation.turned(1)) == (bottom, top, left, right)


def test_only_the_film_as_stored_is_without_a_badge():
    badges = {orientation: orientation.badge for orientation in ALL_ORIENTATIONS}
    assert badges.pop(STORED) == ""
    assert len(set(badges.values())) == 7
    assert all(("FLIPPED" in badge) == orientation.is_mirrored for orientation, badge in badges.items())
    assert all("FLIPPED" in badge or "ROTATED" in badge for badge in badges.values())


def test_five_quarter_turns_are_refused():
    with pytest.raises(ValueError, match="quarter turns"):
        Orientation(5)
