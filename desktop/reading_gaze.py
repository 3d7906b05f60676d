"""Gaze on the film on screen: what there is, what the reader has chosen of it, and which sentences belong to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QObject, Signal

from desktop.reading import Reading
from desktop.section_draft import DRAFT_SECTIONS
from desktop.sentence_times import SentenceTimes
from desktop.text_spans import sentences
from gaze2report.errors import Gaze2ReportError
from gaze2report.evaluation.scanpath_metrics.comparison import ScanpathComparison
from gaze2report.gaze.duration_map import Spread, spread_of_prediction, spread_of_recording
from gaze2report.gaze.recorded_gaze import RecordedGaze, TimedSentence
from gaze2report.gaze.second_look import SecondLook, second_look
from gaze2report.gaze.sentence_links import box_around, link_by_time
from gaze2report.types import Fixation, SectionName

Box = tuple[float, float, float, float]
SentenceAt = tuple[str, int, int]
"""Section, start and end (exclusive) in characters."""


class GazeOfAnotherFilm(Gaze2ReportError):
    """Recorded gaze that is not of the film on screen."""

    code = "gaze_of_another_film"


@dataclass(frozen=True)
class GazeTrack:
    """One scanpath on the film; ``recording`` is None for the predicted one."""

    name: str
    fixations: tuple[Fixation, ...]
    recording: RecordedGaze | None = None

    @property
    def onsets_ms(self) -> tuple[float | None, ...]:
        """Onset of each fixation, None where it is not known."""
        return tuple(f.onset_ms for f in self.recording.fixations) if self.recording is not None else ()

    @property
    def fault(self) -> str:
        """Why the gaze is not to be trusted; empty when it can be, and for a prediction."""
        return self.recording.quality.fault if self.recording is not None else ""

    def spread(self, width_px: float, height_px: float) -> Spread:
        """Spread of its duration map."""
        if self.recording is None:
            return spread_of_prediction(self.fixations, width_px, height_px)
        return spread_of_recording(self.recording, width_px, height_px)


@dataclass(frozen=True)
class GazeChoice:
    """What the reader has pointed at, and what belongs to it.

    Attributes
    ----------
    lit : tuple of frozenset of int
        For each track, the fixations that belong to it.
    regions_px : tuple of Box
    sentences : tuple of SentenceAt
    text : str
        The same in words, with what is not available.
    """

    lit: tuple[frozenset[int], ...] = ()
    regions_px: tuple[Box, ...] = ()
    sentences: tuple[SentenceAt, ...] = ()
    text: str = ""


def comparison_text(first: GazeTrack, second: GazeTrack, comparison: ScanpathComparison) -> str:
    """How alike two scanpaths are, in words and numbers."""
    return f"{first.name} and {second.name}: {comparison.words}. {'; '.join(comparison.numbers)}."


class ReadingGaze(QObject):
    """Gaze of the study on screen; follows the reading.

    Parameters
    ----------
    now_utc_ms : callable
        Milliseconds since 1970.

    Signals
    -------
    tracks_changed
        Other scanpaths are on the film.
    choice_changed
        The reader has pointed at something else.
    commitment_changed
        Whether the reader has committed to a text may have changed.
    """

    tracks_changed = Signal()
    choice_changed = Signal()
    commitment_changed = Signal()

    def __init__(
        self,
        reading: Reading,
        parent: QObject | None = None,
        now_utc_ms: Callable[[], float] = lambda: time.time() * 1000.0,
    ) -> None:
        super().__init__(parent)
        self._reading, self._now_utc_ms = reading, now_utc_ms
        self._recordings: dict[str, tuple[RecordedGaze, ...]] = {}
        self._times: dict[str, SentenceTimes] = {}
        self._accepted: dict[str, set[str]] = {}
        self._is_asked_to_sign = False
        self.pseudonym = ""  # under which the reader's own gaze is recorded
        self.choice = GazeChoice()
        reading.opened.connect(self._on_opened)
        reading.image_changed.connect(self._on_tracks_changed)
        reading.scanpath_changed.connect(self._on_tracks_changed)
        reading.report_changed.connect(self.commitment_changed)
        reading.section_spliced.connect(self._on_section_spliced)
        reading.origins_changed.connect(self._on_origins_changed)
        self._on_opened()

    def _on_opened(self) -> None:
        self._recordings = {}
        self._times = {name: SentenceTimes() for name in DRAFT_SECTIONS}
        self._accepted = {name: set(self._accepted_sentences(name)) for name in DRAFT_SECTIONS}
        self._is_asked_to_sign = False
        self._on_tracks_changed()
        self.commitment_changed.emit()

    def _on_tracks_changed(self) -> None:
        self._choose(GazeChoice())
        self.tracks_changed.emit()

    # -- what there is ------------------------------------------------------------------------------------------

    @property
    def recordings(self) -> tuple[RecordedGaze, ...]:
        """Recorded gaze on the film on screen."""
        instance = self._reading.instance
        return self._recordings.get(instance.instance_uid, ()) if instance is not None else ()

    @property
    def tracks(self) -> tuple[GazeTrack, ...]:
        """All scanpaths on the film on screen, the predicted one first."""
        found = []
        if self._reading.shown_fixations:
            found.append(GazeTrack("Predicted (AI)", self._reading.shown_fixations))
        for number, gaze in enumerate(self.recordings, 1):
            found.append(GazeTrack(f"Recorded: {gaze.reader or f'reader {number}'}", gaze.scanpath, gaze))
        return tuple(found)

    @property
    def size_px(self) -> tuple[float, float]:
        """Width and height of the film on screen; 0 when there is none."""
        image = self._reading.image
        return (float(image.codes.shape[1]), float(image.codes.shape[0])) if image is not None else (0.0, 0.0)

    def add_recording(self, gaze: RecordedGaze) -> None:
        """Lay recorded gaze over the film on screen.

        Raises
        ------
        GazeOfAnotherFilm
            If it says that it is of another film, or cannot be of this one.
        """
        instance = self._reading.instance
        if instance is None or self._reading.image is None:
            raise GazeOfAnotherFilm("There is no film on screen that the recorded gaze could be of.")
        if gaze.instance_uid and gaze.instance_uid != instance.instance_uid:
            raise GazeOfAnotherFilm(f"The recorded gaze is of another film ({gaze.instance_uid}).")
        width_px, height_px = self.size_px
        if not any(0 <= f.x_px < width_px and 0 <= f.y_px < height_px for f in gaze.scanpath):
            raise GazeOfAnotherFilm("No fixation of the recorded gaze lies on the film.")
        self._recordings[instance.instance_uid] = (*self.recordings, gaze)
        self._on_tracks_changed()

    def add_of_study(self, found: Iterable[RecordedGaze]) -> None:
        """Lay gaze that the workspace holds over the films of the study on screen; what is there already stays once."""
        study = self._reading.study
        films = {instance.instance_uid for instance in study.instances} if study is not None else set()
        for gaze in found:
            there = self._recordings.get(gaze.instance_uid, ())
            if gaze.instance_uid in films and gaze not in there:
                self._recordings[gaze.instance_uid] = (*there, gaze)
        self._on_tracks_changed()

    @property
    def own_recording(self) -> RecordedGaze | None:
        """The newest gaze of the reader of this report on the film on screen."""
        own = [gaze for gaze in self.recordings if self._is_own(gaze)]
        return own[-1] if own else None

    def own_fixations(self, instance_uid: str) -> tuple[Fixation, ...]:
        """All that the reader of this report looked at on a film, in the order in which it was recorded."""
        own = (gaze for gaze in self._recordings.get(instance_uid, ()) if self._is_own(gaze))
        return tuple(fixation for gaze in own for fixation in gaze.scanpath)

    def _is_own(self, gaze: RecordedGaze) -> bool:
        record = self._reading.record
        return record is not None and bool(gaze.reader) and gaze.reader in (record.reader, self.pseudonym)

    # -- the second look ----------------------------------------------------------------------------------------

    def set_asked_to_sign(self) -> None:
        """The reader has asked to sign: that commits to the text, signed or not."""
        self._is_asked_to_sign = True
        self.commitment_changed.emit()

    def second_look(self) -> SecondLook | None:
        """Where the reader did not look; None before the reader has committed to a text, and once it is signed."""
        study = self._reading.study
        if study is None or self._reading.is_signed or self._reading.image is None:
            return None
        if not (self._is_asked_to_sign or study.status == "preliminary"):
            return None
        own = self.own_recording
        signal = [f for track in self.tracks if track.recording is not own or own is None for f in track.fixations]
        return second_look(signal, own, *self.size_px)

    # -- what the reader points at --------------------------------------------------------------------------------

    def choose_fixation(self, track_index: int, index: int) -> None:
        """Light the sentences that belong to a fixation."""
        tracks = self.tracks
        lit = tuple(frozenset([index]) if number == track_index else frozenset() for number in range(len(tracks)))
        track = tracks[track_index]
        seconds = f"{track.fixations[index].duration_s:.2f} s"
        found, reason = self._sentences_of(track, index)
        linked = f"linked sentences: {len(found)}" if not reason else f"linked sentences: not available, {reason}"
        self._choose(GazeChoice(lit, (), found, f"{track.name}, fixation {index + 1}, {seconds}; {linked}."))

    def toggle_fixation(self, track_index: int, index: int) -> None:
        """Choose a fixation; the one that is chosen already is let go of."""
        before = self.choice
        self.choose_fixation(track_index, index)
        if self.choice == before:
            self.clear_choice()

    def choose_sentence(self, section: str, start: int, end: int) -> None:
        """Light the fixations and the region that belong to a sentence."""
        text = self._reading.sections[section].text[start:end]
        lit, regions, said = [], [], []
        for track in self.tracks:
            indices = self._fixations_of(track, (section, start, end))
            lit.append(indices)
            if indices and track.recording is not None:
                said.append(f"{_counted(len(indices))} of {track.recording.reader or track.name}")
                chosen = [track.recording.fixations[index] for index in sorted(indices)]
                box = box_around(chosen, 0.03 * max(self.size_px), *self.size_px)
                regions += [box] if box is not None else []
        region = self._region_of(section, text)
        regions += [region] if region is not None else []
        fixations = ", ".join(said) or "linked fixations: not available"
        shown = "region of the model outlined" if region is not None else "region of the model: not available"
        self._choose(GazeChoice(tuple(lit), tuple(regions), (), f"Sentence: {fixations}; {shown}."))

    def clear_choice(self) -> None:
        """Point at nothing."""
        self._choose(GazeChoice())

    def _choose(self, choice: GazeChoice) -> None:
        if choice != self.choice:
            self.choice = choice
            self.choice_changed.emit()

    # -- links --------------------------------------------------------------------------------------------------

    def _timed_sentences(self, gaze: RecordedGaze) -> list[tuple[SentenceAt, TimedSentence]]:
        """Sentences of the report with when they were written, on the clock of a recording."""
        found = []
        is_own = gaze is self.own_recording and bool(gaze.started_at_utc)
        start_ms = datetime.fromisoformat(gaze.started_at_utc).timestamp() * 1000.0 if is_own else 0.0
        for section in ("findings", "impression"):
            name: SectionName = "findings" if section == "findings" else "impression"
            text = self._reading.sections[section].text
            for start, end in sentences(text):
                at, words = (section, start, end), text[start:end]
                found += [(at, s) for s in gaze.sentences if (s.section, s.text) == (section, words)]
                if is_own and not gaze.sentences:
                    spans = self._times[section].of(start, end)
                    found += [(at, TimedSentence(name, words, a - start_ms, b - start_ms)) for a, b in spans]
        return found

    def _sentences_of(self, track: GazeTrack, index: int) -> tuple[tuple[SentenceAt, ...], str]:
        """Sentences of a fixation, or why that is not known."""
        if track.recording is None:
            return (), "a predicted scanpath was not looked at while writing"
        if track.recording.fixations[index].onset_ms is None:
            return (), "the recording does not say when it was looked at"
        timed = self._timed_sentences(track.recording)
        if not timed:
            return (), "it is not known when the sentences were written"
        links = link_by_time(track.recording.fixations, [sentence for _, sentence in timed])
        return tuple(dict.fromkeys(timed[number][0] for number in links.sentences_of[index])), ""

    def _fixations_of(self, track: GazeTrack, at: SentenceAt) -> frozenset[int]:
        if track.recording is None:
            return frozenset()
        timed = self._timed_sentences(track.recording)
        links = link_by_time(track.recording.fixations, [sentence for _, sentence in timed])
        return frozenset(
            index for (where, _), found in zip(timed, links.fixations_of, strict=True) if where == at for index in found
        )

    def _region_of(self, section: str, words: str) -> Box | None:
        """Region of a draft's sentence that stands in the report as it came, if the model gives one."""
        reading = self._reading
        if not reading.drafts or reading.instance is None:
            return None
        draft = reading.drafts[-1].draft
        if draft.instance_uid != reading.instance.instance_uid:
            return None
        boxes = (s.box_px for s in draft.sentences if s.section == section and s.text.strip() == words.strip())
        return next((box for box in boxes if box is not None), None)

    def _on_section_spliced(self, section: str, position: int, removed: int, inserted: str) -> None:
        if section not in self._times:
            return
        text = self._reading.sections[section]
        is_models = self._reading.is_model_writing or (bool(inserted) and text.origin_at(position) == "ai")
        now_ms = None if is_models else self._now_utc_ms()
        self._times[section].splice(position, removed, len(inserted), now_ms)

    def _on_origins_changed(self, section: str) -> None:
        """Note sentences that the reader has just accepted."""
        if section not in self._times:
            return
        accepted = self._accepted_sentences(section)
        for words, start in accepted.items():
            if words not in self._accepted[section]:
                self._times[section].note(start, self._now_utc_ms())
        self._accepted[section] = set(accepted)

    def _accepted_sentences(self, section: str) -> dict[str, int]:
        """Sentences with accepted AI text, by their words, with where they begin."""
        text = self._reading.sections[section]
        accepted = [(start, end) for start, end, _, is_accepted in text.spans if is_accepted]
        return {
            text.text[start:end]: start
            for start, end in sentences(text.text)
            if any(first < end and last > start for first, last in accepted)
        }


def _counted(count: int) -> str:
    return "1 fixation" if count == 1 else f"{count} fixations"
