"""Fixations of dictated sentences."""

from __future__ import annotations

from dataclasses import replace

from gaze2report.data.sentence_gaze import AUDIO_START, sentence_gaze, spoken_sentences
from gaze2report.data.sources import reflacx_reading
from gaze2report.data.training_example import RecordedScanpath, ReportText, TimedText, TrainingExample, TrainingImage
from gaze2report.gaze.frames import Frame
from gaze2report.types import Fixation

FILM = TrainingImage("film", 100, 200)
WORDS = (
    TimedText("No", 1.0, 1.2),
    TimedText("effusion", 1.3, 2.0),
    TimedText(".", 2.0, 2.0),
    TimedText("Large", 4.0, 4.5),
    TimedText("heart", 4.6, 5.0),
)


def example(onsets_s: tuple[float, ...] | None, origin: str = AUDIO_START) -> TrainingExample:
    scanpath = RecordedScanpath(
        "path", "film", Frame(100, 200), (10.0, 50.0, 90.0, 20.0, 130.0), (20.0, 100.0, 180.0, 20.0, 50.0),
        (0.2, 0.3, 0.4, 0.5, 0.6), onsets_s=onsets_s, onset_origin=origin, may_leave_frame=True,
    )  # fmt: skip
    report = ReportText("dictated", {"transcript": "No effusion. Large heart"}, timed_text=WORDS)
    return TrainingExample("e", "p", "train", images=(FILM,), scanpaths=(scanpath,), reports=(report,))


def test_words_become_sentences_with_the_times_of_their_first_and_last_word() -> None:
    assert spoken_sentences(WORDS) == [TimedText("No effusion.", 1.0, 2.0), TimedText("Large heart", 4.0, 5.0)]


def test_phrases_that_end_with_a_full_stop_are_sentences() -> None:
    phrases = (TimedText("No effusion.", 0.0, 1.0), TimedText("Large", 1.0, 2.0), TimedText("heart!", 2.0, 3.0))
    assert [one.text for one in spoken_sentences(phrases)] == ["No effusion.", "Large heart!"]


def test_a_sentence_has_the_fixations_since_the_one_before_it() -> None:
    first, second = sentence_gaze(example((-0.5, 2.0, 2.1, 6.0, 3.0)), FILM)  # the last one lies beside the film
    assert (first.text, second.text) == ("No effusion.", "Large heart")
    assert first.fixations == (Fixation(0.1, 0.1, 0.2), Fixation(0.5, 0.5, 0.3))
    assert second.fixations == (Fixation(0.9, 0.9, 0.4),)


def test_without_a_common_clock_there_is_no_gaze_of_a_sentence() -> None:
    assert sentence_gaze(example(None), FILM) == ()
    assert sentence_gaze(example((0.0, 1.0, 2.0, 3.0, 4.0), "start of the tracker"), FILM) == ()
    assert sentence_gaze(example((0.0, 1.0, 2.0, 3.0, 4.0)), TrainingImage("other", 100, 200)) == ()
    assert sentence_gaze(replace(example((0.0, 1.0, 2.0, 3.0, 4.0)), reports=()), FILM) == ()


def test_a_sentence_that_nobody_looked_for_is_left_out() -> None:
    assert [one.text for one in sentence_gaze(example((2.5, 2.6, 2.7, 2.8, 2.9)), FILM)] == ["Large heart"]


def test_the_clock_is_the_one_that_reflacx_is_converted_with() -> None:
    assert reflacx_reading.AUDIO_START == AUDIO_START
