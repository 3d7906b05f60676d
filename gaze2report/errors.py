"""What a user can be told: every known error is one sentence that says what and why.

Anything that is not a :class:`Gaze2ReportError` is a bug and is reported with a traceback and a log path.
"""

from __future__ import annotations

from pathlib import Path

EXIT_OK = 0
EXIT_OUR_FAULT = 1
EXIT_WRONG_USE = 2
EXIT_REFUSED = 3


class Gaze2ReportError(Exception):
    """A known error; ``str(error)`` is the sentence the user reads.

    Attributes
    ----------
    code : str
        Stable machine-readable name of the error, for ``--json`` and messages.
    exit_code : int
        Exit status of a command that ends with this error.
    """

    code = "error"
    exit_code = EXIT_WRONG_USE


class UnreadableInput(Gaze2ReportError):
    """A file or folder that cannot be read as what it should be."""

    code = "unreadable"

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = str(path)
        self.reason = reason


class NotAnImage(UnreadableInput):
    """A file that is not a radiograph this program can show."""

    code = "not_an_image"


class ImageTooLarge(UnreadableInput):
    """A file whose header announces more pixels than the limits allow."""

    code = "too_large"


class IntakeFailed(UnreadableInput):
    """The intake worker ran out of time or memory, or crashed, on this file."""

    code = "intake_failed"


class Refused(Gaze2ReportError):
    """A readable image that the model must not draft a report for."""

    code = "refused"
    exit_code = EXIT_REFUSED

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class SplitLeaks(Gaze2ReportError):
    """A split into training, validation and test that would let one be known from another."""

    code = "split_leaks"
    exit_code = EXIT_REFUSED


class TrainingSetUnusable(Gaze2ReportError):
    """A training-set folder that is incomplete, altered, or of another form."""

    code = "training_set_unusable"


class ExampleRefused(Gaze2ReportError):
    """An example that must not be written into a training set: wrong units, frame, order or names."""

    code = "example_refused"
    exit_code = EXIT_REFUSED


class AdapterUnusable(Gaze2ReportError):
    """An adapter folder that is incomplete, altered, or made for another base model."""

    code = "adapter_unusable"


class LanguageModelMissing(Gaze2ReportError):
    """The base language model is not installed or does not match its checksum."""

    code = "language_model_missing"


class StorageFailed(Gaze2ReportError):
    """The disk refused a write (full, read-only, no permission); nothing was half-written."""

    code = "storage_failed"


class DraftCancelled(Gaze2ReportError):
    """The caller asked for the running draft to stop."""

    code = "cancelled"
