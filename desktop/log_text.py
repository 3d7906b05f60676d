"""What may stand in a log: places in the program and kinds of errors. Never a value: any value can name a patient."""

from __future__ import annotations

import logging
import re
import traceback

_KIND = re.compile(r"((?:\w+\.)*\w*(?:Error|Exception|Warning|Interrupt|Exit|Failed|Missing))\b")
_FRAME = re.compile(r'\s*File "[^"]*", line \d+')
_MASK = "..."


class Plain(str):
    """Text that is known to hold nothing of a patient's: of the program itself, or stripped by this module."""

    __slots__ = ()


class ValueFreeFormatter(logging.Formatter):
    """Writes the words of the log call, numbers and :class:`Plain` text; every other argument becomes "..."."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        kept = logging.makeLogRecord(record.__dict__)
        kept.args = tuple(_masked(arg) for arg in record.args) if isinstance(record.args, tuple) else ()
        kept.exc_text, kept.stack_info = None, None
        if record.exc_info and record.exc_info[1] is not None:
            kept.exc_text = error_text(record.exc_info[1])
        kept.exc_info = None
        return super().format(kept)


def _masked(argument: object) -> object:
    return argument if isinstance(argument, (int, float, Plain)) else Plain(_MASK)


def error_text(error: BaseException) -> Plain:
    """The traceback of an error and of those that led to it, without their messages."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.StackSummary.extract(traceback.walk_tb(current.__traceback__)).format())
        parts.insert(0, f"Traceback (most recent call last):\n{frames}{kind_of(current)}\n")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return Plain("\nwhich led to:\n".join(parts))


def kind_of(error: BaseException) -> Plain:
    """The class of an error, with its stable code or error number where it has one."""
    number = getattr(error, "errno", None)
    detail = f" [errno {number}]" if isinstance(number, int) else ""
    code = getattr(error, "code", None)
    if isinstance(code, str) and re.fullmatch(r"[a-z_]+", code):
        detail = f" [{code}]"
    return Plain(f"{type(error).__name__}{detail}")


def foreign_line(line: str) -> Plain:
    """A line that another process wrote, as far as it is traceback or the kind of an error."""
    if _FRAME.match(line) or line.startswith(("Traceback (most recent", "    ")):
        return Plain(line)
    kind = _KIND.match(line)
    return Plain(f"{kind.group(1)}: {_MASK}" if kind else f"{_MASK} ({len(line)} characters)")
