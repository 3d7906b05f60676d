"""The look-alike of ``tobii_research`` as a package that a capture agent imports by that name, in real time.

Only an interpreter made by ``tests/tracker_interpreter.py`` finds it. Like eyes before a real tracker, its simulated
ones look where they will and nobody tells the agent: the test sends the place to the socket ``TOBII_LOOKALIKE_EYES``.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tobii_lookalike import look_alike
from tobii_native import Native
from tracker_interpreter import MODEL, SERIAL_NUMBER

from capture.simulated import SimulatedModel
from capture.simulated_eyes import EyeModel

_DELIVER_EVERY_S = 0.005


class RealTimeNative(Native):
    """Delivers by itself from a foreign thread, as the library does."""

    def __init__(self, model: SimulatedModel, eyes: Path) -> None:
        super().__init__((model,))
        eyes.unlink(missing_ok=True)  # an agent before this one may have left it
        self._eyes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._eyes.bind(str(eyes))
        self._eyes.setblocking(False)
        self._source = threading.Lock()  # never held while a callback runs: that one may wait for the library's locks
        threading.Thread(target=self._deliver_all, name="library", daemon=True).start()

    def _deliver_all(self) -> None:
        while True:
            time.sleep(_DELIVER_EVERY_S)
            with self._source:
                self._look()
                taken = self.sources[1].take()
            if (1, 1) in self.subscribed and len(taken.samples):
                self._deliver(1, taken)

    def _look(self) -> None:
        with suppress(BlockingIOError):
            while place := self._eyes.recv(100):
                self.sources[1].look_at(*map(float, place.split()))

    def _subscribe_to(self, stream: int, core: int, callback: Any) -> tuple[Any, ...]:
        with self._source:
            return super()._subscribe_to(stream, core, callback)

    def _unsubscribe_from(self, stream: int, core: int) -> tuple[Any, ...]:
        with self._source:
            return super()._unsubscribe_from(stream, core)


def _model() -> SimulatedModel:
    width_mm, height_mm = map(float, os.environ["TOBII_LOOKALIKE_AREA_MM"].split())
    return SimulatedModel(SERIAL_NUMBER, MODEL, eyes=EyeModel(width_mm=width_mm, height_mm=height_mm))


vars(sys.modules[__name__]).update(vars(look_alike(RealTimeNative(_model(), Path(os.environ["TOBII_LOOKALIKE_EYES"])))))
