"""Links between gaze and report, and the second look, over a real reading; time is a number of the test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gui.desktop.report.readings import draft, open_reading
from shown_films import make_image

from db.records import DraftRecord
from desktop.reading_gaze import GazeOfAnotherFilm, ReadingGaze
from desktop.text_spans import sentences
from gaze2report.gaze.recorded_gaze import GazeQuality, RecordedFixation, RecordedGaze, TimedSentence
from gaze2report.types import Fixation, Sentence

START_MS = 1_767_000_000_000.0
START = "2025-12-29T09:20:00+00:00"
UID = "1.1.1"
PLACES = [(20, 20), (100, 100), (180, 280), (60, 250)]


class Made:
    """A reading with a film of 200 x 300 px, its gaze, and a clock."""

    def __init__(self) -> None:
        self.reading = open_reading()
        self.ms = START_MS
        self.gaze = ReadingGaze(self.reading, now_utc_ms=lambda: self.ms)
        film = self.reading.study.instances[0]
        self.reading.set_image(film, make_image(codes=np.zeros((300, 200), np.uint16)))

    def type(self, text: str, at_s: float, section: str = "findings") -> None:
        for character in text:
            self.ms = START_MS + at_s * 1000
            self.reading.splice(section, len(self.reading.sections[section].text), 0, character)
            at_s += 0.1

    def choose(self, number: int, section: str = "findings"):
        start, end = sentences(self.reading.sections[section].text)[number]
        self.gaze.choose_sentence(section, start, end)
        return self.gaze.choice


@pytest.fixture
def made(qapp) -> Made:
    return Made()


def recording(onsets_s=(0.5, 2.0, 9.0, 11.0), reader="reader", **more) -> RecordedGaze:
    fixations = tuple(
        RecordedFixation(x, y, 300, onset * 1000, px_per_dva=10)
        for (x, y), onset in zip(PLACES, onsets_s, strict=False)
    )
    return RecordedGaze(fixations, UID, reader, started_at_utc=START, **{"quality": GazeQuality(0.5, 0.95), **more})


def at(made: Made, number: int, section: str = "findings"):
    return (section, *sentences(made.reading.sections[section].text)[number])


# -- what there is ------------------------------------------------------------------------------------------------


def test_predicted_and_recorded_gaze_of_the_film_on_screen_are_the_tracks(made):
    assert made.gaze.tracks == ()
    made.reading.begin_draft("id", UID)
    made.reading.set_scanpath([Fixation(1, 2, 0.3)])
    made.gaze.add_recording(recording(reader="R07"))
    assert [track.name for track in made.gaze.tracks] == ["Predicted (AI)", "Recorded: R07"]
    other = replace(made.reading.instance, instance_uid="1.1.2")
    made.reading.set_image(other, make_image())
    assert made.gaze.tracks == ()
    made.reading.set_image(made.reading.study.instances[0], made.reading.image)
    assert len(made.gaze.tracks) == 2
    made.reading.close()
    assert made.gaze.tracks == ()


def test_withheld_predictions_are_no_track(qapp):
    reading = open_reading(mode="reader-first")
    gaze = ReadingGaze(reading)
    reading.set_image(reading.study.instances[0], make_image())
    reading.begin_draft("id", UID)
    reading.set_scanpath([Fixation(1, 2, 0.3)])
    assert gaze.tracks == ()
    reading.set_committed("2026-01-01T00:00:00.000000Z")
    assert len(gaze.tracks) == 1


@pytest.mark.parametrize(
    ("gaze", "reason"),
    [
        (RecordedGaze((RecordedFixation(5, 5, 300),), "9.9"), "another film"),
        (RecordedGaze((RecordedFixation(500, 5, 300),)), "lies on the film"),
    ],
)
def test_gaze_that_cannot_be_of_the_film_is_refused(made, gaze, reason):
    with pytest.raises(GazeOfAnotherFilm, match=reason):
        made.gaze.add_recording(gaze)
    assert made.gaze.recordings == ()


# -- links --------------------------------------------------------------------------------------------------------


def test_a_sentence_lights_what_was_looked_at_while_it_was_typed_and_back(made):
    made.type("Clear lungs.", at_s=0)  # 0 to 1.1 s
    made.type(" Large heart.", at_s=8)  # 8 to 9.2 s
    made.gaze.add_recording(recording())
    assert made.choose(0).lit == (frozenset([0]),)
    assert made.choose(1).lit == (frozenset([2]),)
    assert made.gaze.choice.regions_px == ((171, 271, 189, 289),)  # its box with a margin of 3 % of the film
    made.gaze.choose_fixation(0, 2)
    assert made.gaze.choice.sentences == (at(made, 1),)
    made.gaze.choose_fixation(0, 1)
    assert made.gaze.choice.sentences == ()
    assert "linked sentences: 0" in made.gaze.choice.text


def test_links_stay_with_their_sentence_when_text_before_it_changes(made):
    made.type("Clear lungs.", at_s=0)
    made.type(" Large heart.", at_s=8)
    made.ms = START_MS + 60_000
    made.reading.splice("findings", 0, 0, "No pneumothorax today. ")
    made.gaze.add_recording(recording())
    assert [made.choose(number).lit[0] for number in range(3)] == [frozenset(), frozenset([0]), frozenset([2])]


def test_text_that_is_taken_away_takes_its_links_with_it(made):
    made.type("Clear lungs.", at_s=0)
    made.type(" Large heart.", at_s=8)
    made.ms = START_MS + 60_000
    made.reading.splice("findings", 12, 13, "")
    made.reading.splice("findings", 12, 0, " No effusion.")
    made.gaze.add_recording(recording())
    assert made.choose(1).lit == (frozenset(),)


def test_text_of_the_model_is_linked_only_once_the_reader_accepts_it(made):
    made.reading.begin_draft("id", UID)
    made.reading.finish_draft(draft())
    made.gaze.add_recording(recording())
    assert made.choose(0).lit[-1] == frozenset()
    made.ms = START_MS + 2000
    made.reading.accept_text(*at(made, 0))
    made.ms = START_MS + 9000
    made.reading.accept_text(*at(made, 1))
    assert made.choose(0).lit[-1] == frozenset([1])
    assert made.choose(1).lit[-1] == frozenset([2])


def test_another_readers_gaze_is_not_linked_to_my_writing(made):
    made.type("Clear lungs.", at_s=0)
    made.gaze.add_recording(recording(reader="R07"))
    assert made.choose(0).lit == (frozenset(),)
    made.gaze.choose_fixation(0, 0)
    assert "not available, it is not known when the sentences were written" in made.gaze.choice.text


def test_sentences_of_the_recording_itself_link_by_their_words(made):
    made.type("Clear lungs. Large heart.", at_s=500)
    spoken = (TimedSentence("findings", "Large heart.", 1500, 2500), TimedSentence("findings", "Gone.", 0, 99_999))
    made.gaze.add_recording(recording(reader="R07", sentences=spoken))
    assert made.choose(1).lit == (frozenset([1]),)
    made.gaze.choose_fixation(0, 1)
    assert made.gaze.choice.sentences == (at(made, 1),)


def test_what_is_not_known_is_said(made):
    made.type("Clear lungs.", at_s=0)
    made.reading.begin_draft("id", UID)
    made.reading.set_scanpath([Fixation(1, 2, 0.3)])
    made.gaze.choose_fixation(0, 0)
    assert "not available, a predicted scanpath was not looked at while writing" in made.gaze.choice.text
    made.choose(0)
    assert "linked fixations: not available" in made.gaze.choice.text
    assert "region of the model: not available" in made.gaze.choice.text
    assert made.gaze.choice.regions_px == ()
    made.gaze.add_recording(RecordedGaze((RecordedFixation(5, 5, 300),), reader="reader"))
    made.gaze.choose_fixation(1, 0)
    assert "the recording does not say when" in made.gaze.choice.text


def test_a_region_that_the_model_gives_is_outlined(made):
    words = "The heart is normal."
    given = replace(draft(), sentences=(Sentence(words, "findings", (10.0, 20.0, 90.0, 80.0)),))
    made.reading.begin_draft("id", UID)
    made.reading.finish_draft(given)
    made.reading.add_draft_record(DraftRecord(1, "1", 1, "", 1.0, given, ""))
    assert made.choose(1).regions_px == ((10.0, 20.0, 90.0, 80.0),)
    assert made.choose(0).regions_px == ()


def test_the_same_fixation_again_lets_go_of_it(made):
    made.gaze.add_recording(recording())
    made.gaze.toggle_fixation(0, 1)
    assert made.gaze.choice.lit == (frozenset([1]),)
    made.gaze.toggle_fixation(0, 1)
    assert made.gaze.choice.lit == ()


# -- second look --------------------------------------------------------------------------------------------------


def drafted(made: Made) -> None:
    made.reading.begin_draft("id", UID)
    made.reading.set_scanpath([Fixation(20, 20, 0.3), Fixation(150, 100, 0.4)])  # the second one: 50 px from any look


def test_the_second_look_comes_only_between_commitment_and_signature(made):
    drafted(made)
    made.gaze.add_recording(recording())
    assert made.gaze.second_look() is None
    made.gaze.set_asked_to_sign()
    assert made.gaze.second_look().regions_px == ((137.5, 87.5, 162.5, 112.5),)
    made.reading.set_versions(replace(made.reading.study, status="final"), ())
    assert made.gaze.second_look() is None


def test_keeping_the_report_as_preliminary_commits_too(made):
    drafted(made)
    told = []
    made.gaze.commitment_changed.connect(lambda: told.append(made.gaze.second_look()))
    made.reading.set_versions(replace(made.reading.study, status="preliminary"), ())
    assert told[-1].unavailable == "no recorded gaze"


@pytest.mark.parametrize(
    ("gaze", "reason"),
    [
        (None, "no recorded gaze"),
        (recording(reader="R07"), "no recorded gaze"),  # somebody else's is not the reader's
        (recording(quality=GazeQuality(1.6, 0.9)), "gaze error"),
        (recording(quality=GazeQuality(0.6, 0.7)), "only 70 %"),
    ],
)
def test_without_good_gaze_of_the_reader_it_cannot_know(made, gaze, reason):
    drafted(made)
    if gaze is not None:
        made.gaze.add_recording(gaze)
    made.gaze.set_asked_to_sign()
    assert reason in made.gaze.second_look().unavailable
    assert made.gaze.second_look().regions_px == ()


def test_what_another_reader_looked_at_is_a_signal_too(made):
    made.gaze.add_recording(recording(onsets_s=(0.5,)))
    made.gaze.add_recording(RecordedGaze((RecordedFixation(150, 200, 400),), reader="R07"))
    made.gaze.set_asked_to_sign()
    assert made.gaze.second_look().regions_px == ((137.5, 187.5, 162.5, 212.5),)
