"""What the model host can do just now, and how patient the window is with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HostPhase = Literal["off", "starting", "loading", "ready", "drafting", "unavailable"]


@dataclass(frozen=True)
class HostTimes:
    """How long the window puts up with silence, seconds."""

    health_every_s: float = 5.0
    silence_s: float = 20.0
    load_silence_s: float = 180.0
    draft_silence_s: float = 180.0
    shutdown_s: float = 1.5
    first_delay_s: float = 1.0
    longest_delay_s: float = 60.0


@dataclass(frozen=True)
class HostState:
    """What the model can do just now.

    Attributes
    ----------
    reason : str
        Why it is unavailable, as a sentence.
    retry_in_s : float or None
        Seconds until it is started again by itself; None when it waits for the user.
    """

    phase: HostPhase = "off"
    stage: str = ""
    done: int = 0
    total: int = 0
    reason: str = ""
    retry_in_s: float | None = None
    adapter: str = ""
    adapter_sha256: str = ""
    base_model: str = ""
    device: str = ""

    @property
    def can_draft(self) -> bool:
        """Whether a request sent now would be worked on."""
        return self.phase in ("ready", "drafting")
