"""Known errors are sentences; anything else is a bug, kept with its place in the program in a log file."""

from __future__ import annotations

import logging
import sys
import threading
from datetime import datetime, timezone
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from desktop.log_text import Plain, ValueFreeFormatter, error_text, kind_of
from gaze2report.errors import Gaze2ReportError, StorageFailed

LOG_NAME = "desktop.log"
_log = logging.getLogger("desktop")


class ErrorReporter(QObject):
    """Turns what went wrong into what the user reads.

    Signals
    -------
    known_error(str)
        One sentence that says what happened and why.
    bug_found(str, str)
        A short description for the screen, which may name what it was about, and the path of the log with the place in
        the program ("" when no log could be written).
    """

    known_error = Signal(str)
    bug_found = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._log_path: Path | None = None
        self._log_handler: logging.Handler | None = None

    @property
    def log_path(self) -> Path | None:
        """The file that bugs are written to, once there is one."""
        return self._log_path

    def log_to(self, folder: Path) -> None:
        """Write the log into ``folder`` from now on; a folder that cannot be written is not an error of its own."""
        self.close_log()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(folder / LOG_NAME, maxBytes=1_000_000, backupCount=3, encoding="utf-8")
        except OSError as error:
            print(f"no log can be written to {folder}: {error}", file=sys.stderr)
            return
        handler.setFormatter(ValueFreeFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        _log.addHandler(handler)
        _log.setLevel(logging.INFO)
        self._log_handler, self._log_path = handler, folder / LOG_NAME

    def close_log(self) -> None:
        """Close the log file; needed before its folder can be moved or removed."""
        if self._log_handler is not None:
            _log.removeHandler(self._log_handler)
            self._log_handler.close()
        self._log_handler = self._log_path = None

    def report(self, error: BaseException) -> None:
        """Show an error that nobody else dealt with. GUI thread only."""
        sentence = known_sentence(error)
        if sentence is not None:
            _log.warning("told the reader of %s", kind_of(error))
            self.known_error.emit(sentence)
        else:
            self.report_bug(type(error), error, error.__traceback__)

    def report_bug(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Keep the traceback and tell the user where; fits ``sys.excepthook``."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        text = error_text(error.with_traceback(trace))
        _log.error("unexpected error\n%s", text)
        print(text, file=sys.stderr, end="")  # a desktop session keeps this too, in a file of its own
        if isinstance(error, Gaze2ReportError):
            self.known_error.emit(str(error))
            return
        summary = f"{kind.__name__}: {error}" if str(error) else kind.__name__
        self.bug_found.emit(summary, str(self._log_path) if self._log_path else "")

    def install(self) -> None:
        """Catch what no slot and no thread caught."""
        sys.excepthook = self.report_bug
        threading.excepthook = _log_thread_error


def _log_thread_error(args: threading.ExceptHookArgs) -> None:
    name = Plain(args.thread.name if args.thread else "?")
    _log.error("unexpected error in thread %s\n%s", name, error_text(args.exc_value or args.exc_type()))


def known_sentence(error: BaseException) -> str | None:
    """The sentence for an error that the user can do something about, or None for a bug."""
    if isinstance(error, Gaze2ReportError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return str(StorageFailed(f"{where}{error.strerror}"))
    return None


def utc_now_text() -> str:
    """The time of day, UTC, for the user's eyes."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
