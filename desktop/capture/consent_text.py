"""What a reader agrees to before their gaze is recorded. A changed text gets another version."""

from __future__ import annotations

CONSENT_VERSION = "2"
PURPOSE = "research on reading radiographs, and training of models from it"
DICTATION_PURPOSE = f"{PURPOSE}; dictation"

CONSENT_TEXT = (
    "Your eye movements will be recorded while you read. Taking part is up to you. You can pause at any time "
    "(the key is shown below), switch the recording off at any time, and withdraw your consent later; then what was "
    "recorded of you is deleted, with everything that was made from it."
)

STORED = (
    ("Stored", "where each eye looks, its distance, pupil size and lid opening, many times a second"),
    ("Stored", "which film was shown and how (zoom, window, overlays), and when the draft could be read"),
    ("Stored", "times of opening, signing, pausing; never what you type or click on"),
    ("If you tick it", "your voice, from the microphone of this computer; it is never exported"),
    ("Under", "your pseudonym; never your name or account"),
    ("Where", "in this workspace, on this computer; it leaves it only by an export that somebody makes"),
    ("For", PURPOSE),
)
"""What is kept, line by line."""

CAUTION = (
    "Gaze can tell a person from others and says something about health and tiredness, and here it is also about your "
    "work. It must not be used to rate you."
)
