"""Which tracker the reader has chosen, and what else of gaze recording is kept in the settings."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.settings import Settings

BACKENDS: dict[str, str] = {
    "": "None",
    "tobii_research": "Tobii eye tracker",
    "tittapy": "Tobii eye tracker, through TittaPy",
    "simulated": "Simulated tracker (no eyes, for trying out)",
    "mouse": "Mouse (no eye tracker, for trying out)",
}
"""What can be chosen, with the words for it. Nothing else is ever used in place of what was chosen."""

SOURCE_WORDS = {"eye": "gaze", "simulation": "SIMULATED gaze", "mouse": "MOUSE, not gaze", "replay": "REPLAYED gaze"}
"""What samples of a source are called wherever they are shown."""

TOBII_ACKNOWLEDGEMENT = "Eye tracking by Tobii"
"""Asked for by the vendor's licence wherever its tracker is in use."""


@dataclass(frozen=True)
class TrackerChoice:
    """The tracker to be used.

    Attributes
    ----------
    backend : str
        One of :data:`BACKENDS`; "" is none.
    serial_number : str
        "" for the only one there is.
    frequency_hz : float
        0 as the tracker is set.
    python : str
        Interpreter for the agent; "" for the one that is looked for.
    """

    backend: str = ""
    serial_number: str = ""
    frequency_hz: float = 0.0
    python: str = ""


class CaptureSettings:
    """Typed view of what the settings keep of gaze recording."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def choice(self) -> TrackerChoice:
        """The tracker chosen last."""
        backend = self._text("backend")
        try:
            frequency_hz = float(self._text("frequency_hz") or 0)
        except ValueError:
            frequency_hz = 0.0
        return TrackerChoice(
            backend if backend in BACKENDS else "", self._text("serial_number"), frequency_hz, self._text("python")
        )

    @choice.setter
    def choice(self, choice: TrackerChoice) -> None:
        self._keep("backend", choice.backend)
        self._keep("serial_number", choice.serial_number)
        self._keep("frequency_hz", f"{choice.frequency_hz:g}")
        self._keep("python", choice.python)

    @property
    def screen(self) -> str:
        """Fingerprint of the monitor that the tracker is mounted on; "" while nobody has said."""
        return self._text("screen")

    @screen.setter
    def screen(self, fingerprint: str) -> None:
        self._keep("screen", fingerprint)

    @property
    def pseudonym(self) -> str:
        """The reader's pseudonym, as given last."""
        return self._text("pseudonym")

    @pseudonym.setter
    def pseudonym(self, pseudonym: str) -> None:
        self._keep("pseudonym", pseudonym)

    def _text(self, name: str) -> str:
        return self._settings.capture_text(name)

    def _keep(self, name: str, text: str) -> None:
        self._settings.set_capture_text(name, text)
