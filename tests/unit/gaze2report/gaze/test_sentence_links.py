from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gaze2report.gaze.recorded_gaze import RecordedFixation, TimedSentence
from gaze2report.gaze.sentence_links import bouts, box_around, link_by_time


def at(onset_ms, x_px=0.0, y_px=0.0):
    return RecordedFixation(x_px, y_px, 200.0, onset_ms)


def sentence(start_ms, end_ms):
    return TimedSentence("findings", "The heart is large.", start_ms, end_ms)


def test_a_fixation_belongs_to_the_sentence_written_at_its_onset():
    links = link_by_time([at(0), at(999), at(1000), at(2000), at(2001)], [sentence(1000, 2000), sentence(1500, 3000)])
    assert links.fixations_of == ((2, 3), (3, 4))
    assert links.sentences_of == ((), (), (0,), (0, 1), (1,))


def test_without_onsets_nothing_is_linked():
    links = link_by_time([at(None), at(None)], [sentence(0, 10_000)])
    assert links.fixations_of == ((),)
    assert links.sentences_of == ((), ())


@given(
    st.lists(st.integers(0, 50).map(float), max_size=8),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=5),
)
def test_the_two_directions_say_the_same(onsets, stretches):
    fixations = [at(onset) for onset in sorted(onsets)]
    links = link_by_time(fixations, [sentence(start, start + length) for start, length in stretches])
    forward = {(s, f) for s, found in enumerate(links.fixations_of) for f in found}
    assert forward == {(s, f) for f, found in enumerate(links.sentences_of) for s in found}
    assert len(links.fixations_of) == len(stretches)
    assert len(links.sentences_of) == len(onsets)


def test_keystrokes_make_one_bout_until_a_pause():
    assert bouts([100, 0, 5100, 10_101]) == [(0, 5100), (10_101, 10_101)]
    assert bouts([]) == []


def test_the_region_of_a_sentence_is_the_box_around_its_fixations():
    linked = [at(0, 100, 50), at(1, 300, 90), at(2, -40, 20)]
    assert box_around(linked, 60, 320, 400) == (40, 0, 320, 150)
    assert box_around([at(0, -1, 5)], 60, 320, 400) is None
