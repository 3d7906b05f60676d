"""The dictation of the case that is being recorded: begun and ended with it, where the reader has agreed."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable

from desktop.capture.case_record import CaseRecording
from desktop.capture.dictation import DictationFault, DictationRecorder
from gaze2report.gaze.dictation_clock import speaks_of_dictation


def is_available() -> bool:
    """Whether the package that records sound is installed; whether it finds a microphone shows when it is used."""
    return importlib.util.find_spec("sounddevice") is not None


class CaseDictation:
    """Records beside one case at a time; what goes wrong with it never stops the gaze.

    ``begin`` and ``end`` wait for the sound system, so they are called off the GUI thread; the rest from anywhere.

    Parameters
    ----------
    make : callable, optional
        Makes a recorder from folder, recording id and consent; for tests.
    """

    def __init__(self, make: Callable[..., DictationRecorder] = DictationRecorder) -> None:
        self._make = make
        self._recorder: DictationRecorder | None = None
        self._lock = threading.Lock()

    @property
    def is_recording(self) -> bool:
        """Whether a voice is being recorded."""
        return self._recorder is not None

    def begin(self, case: CaseRecording) -> str:
        """Begin with a case; gives why it could not, empty where it did or was not agreed to."""
        if not speaks_of_dictation(case.consent.purpose):
            return ""
        self.end()
        with self._lock:
            try:
                self._recorder = self._make(case.folder, case.recording_id, case.consent)
            except DictationFault as error:
                return str(error)
        return ""

    def set_paused(self, is_paused: bool) -> None:
        """Keep no sound for a while, or go on."""
        recorder = self._recorder
        if recorder is not None:
            recorder.is_paused = is_paused

    def end(self) -> str:
        """End it; its file is whole when this returns. Gives what went wrong with it, if anything did."""
        with self._lock:
            recorder, self._recorder = self._recorder, None
            if recorder is None:
                return ""
            recorder.stop()
            lost = f"{recorder.frames_lost} frames of the dictation were lost." if recorder.frames_lost else ""
            return recorder.failure or lost
