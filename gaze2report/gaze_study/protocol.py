"""The protocol of a gaze study: one YAML file that says what every reader is shown, asked and not told.

See ``docs/gaze-study.md`` for an example with every key.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from gaze2report.errors import UnreadableInput

FORMAT, VERSION = "gaze2report-gaze-study", 1
MOST_BYTES = 1_000_000
QuestionKind = Literal["choice", "scale", "text"]
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_QUESTION_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KEYS = {
    "format", "version", "name", "title", "instructions", "cases", "order", "seed", "blinding", "report",
    "calibrate_every", "break_every", "break_text", "questions",
}  # fmt: skip


class _Wrong(Exception):
    """What is wrong with the content, as the end of a sentence."""


@dataclass(frozen=True)
class Question:
    """One question after each case.

    Attributes
    ----------
    id : str
        Column of the answers.
    choices : tuple of str
        For a choice.
    low, high : int
        For a scale, both included.
    """

    id: str
    text: str
    kind: QuestionKind
    choices: tuple[str, ...] = ()
    low: int = 1
    high: int = 5
    low_text: str = ""
    high_text: str = ""
    is_required: bool = True


@dataclass(frozen=True)
class Protocol:
    """A gaze study.

    Attributes
    ----------
    name : str
        Names its folder: lower-case letters, digits and "-".
    cases : tuple of str
        Accession numbers or Study Instance UIDs of the workspace, in the order of the file.
    is_order_random : bool
        Whether each reader has an order of their own; it follows from seed and pseudonym alone.
    hides_ai, hides_patient : bool
        What the readers must not see.
    has_report : bool
        Whether a report is written for each case.
    calibrate_every, break_every : int
        After so many cases; 0 for never. The first case is always calibrated for when ``calibrate_every`` is above 0.
    text : str
        The file as it was, which every export carries.
    """

    name: str
    title: str
    instructions: str
    cases: tuple[str, ...]
    is_order_random: bool
    seed: int
    hides_ai: bool
    hides_patient: bool
    has_report: bool
    calibrate_every: int
    break_every: int
    break_text: str
    questions: tuple[Question, ...]
    text: str

    @property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def order_for(self, reader: str) -> tuple[str, ...]:
        """The cases in the order for a reader: the same for the same protocol, seed and pseudonym, on any machine."""
        cases = list(self.cases)
        if self.is_order_random:
            random.Random(f"{self.name}/{self.seed}/{reader}").shuffle(cases)
        return tuple(cases)

    def needs_calibration(self, n_done: int) -> bool:
        """Whether to calibrate before the case that follows ``n_done`` others."""
        return self.calibrate_every > 0 and n_done % self.calibrate_every == 0

    def needs_break(self, n_done: int) -> bool:
        """Whether to rest before the case that follows ``n_done`` others."""
        return self.break_every > 0 and 0 < n_done < len(self.cases) and n_done % self.break_every == 0


def read_protocol(path: Path) -> Protocol:
    """Read a protocol.

    Raises
    ------
    UnreadableInput
        With the place and the reason; a protocol that is wrong anywhere is refused whole.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableInput(path, f"a protocol has at most {MOST_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
    except OSError as error:
        raise UnreadableInput(path, error.strerror or str(error)) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise UnreadableInput(path, f"it is no YAML ({' '.join(str(error).split())[:200]})") from error
    try:
        return _protocol(content, text)
    except _Wrong as error:
        raise UnreadableInput(path, str(error)) from error


def _protocol(content: Any, text: str) -> Protocol:
    if not isinstance(content, Mapping):
        raise _Wrong("a protocol is a mapping of keys to values")
    if content.get("format") != FORMAT or content.get("version") != VERSION:
        raise _Wrong(f"it does not say format: {FORMAT} and version: {VERSION}")
    unknown = sorted(str(key) for key in set(content) - _KEYS)
    if unknown:
        raise _Wrong(f"it has keys that mean nothing here: {', '.join(unknown)}")
    name = _text(content, "name")
    if not _NAME.fullmatch(name):
        raise _Wrong("name: has 2 to 40 lower-case letters, digits and '-'")
    cases = content.get("cases")
    if not isinstance(cases, list) or not cases or not all(isinstance(case, str) and case.strip() for case in cases):
        raise _Wrong("cases: must be a list of accession numbers or Study Instance UIDs, in quotes")
    if len(set(cases)) < len(cases):
        raise _Wrong("cases: names a case twice")
    order = content.get("order", "random")
    if order not in ("random", "listed"):
        raise _Wrong("order: is random or listed")
    blinding = content.get("blinding", {})
    if not isinstance(blinding, Mapping) or set(blinding) - {"ai", "patient"}:
        raise _Wrong("blinding: has the keys ai and patient, true or false")
    return Protocol(
        name,
        _text(content, "title"),
        _text(content, "instructions"),
        tuple(case.strip() for case in cases),
        order == "random",
        _whole(content, "seed", 0, 0, 2**31),
        _switch(blinding, "ai", True),
        _switch(blinding, "patient", True),
        _switch(content, "report", False),
        _whole(content, "calibrate_every", 5, 0, 1000),
        _whole(content, "break_every", 0, 0, 1000),
        str(content.get("break_text", "Rest your eyes. Go on when you are ready.")),
        _questions(content.get("questions", [])),
        text,
    )


def _questions(items: Any) -> tuple[Question, ...]:
    if not isinstance(items, list):
        raise _Wrong("questions: must be a list")
    found = [_question(item, f"question {number}") for number, item in enumerate(items, 1)]
    if len({question.id for question in found}) < len(found):
        raise _Wrong("questions: two have the same id")
    return tuple(found)


def _question(item: Any, where: str) -> Question:
    keys = {"id", "text", "kind", "choices", "low", "high", "low_text", "high_text", "required"}
    if not isinstance(item, Mapping) or set(item) - keys:
        raise _Wrong(f"{where}: has the keys {', '.join(sorted(keys))}")
    question_id, text, kind = _text(item, "id", where), _text(item, "text", where), _text(item, "kind", where)
    if not _QUESTION_ID.fullmatch(question_id):
        raise _Wrong(f"{where}: id has lower-case letters, digits and '_'")
    is_required = _switch(item, "required", kind != "text", where)
    if kind == "choice":
        choices = item.get("choices")
        if not isinstance(choices, list) or len(choices) < 2 or not all(isinstance(one, str) for one in choices):
            raise _Wrong(f"{where}: choices must be a list of two texts or more")
        return Question(question_id, text, "choice", tuple(choices), is_required=is_required)
    if kind == "scale":
        low, high = _whole(item, "low", 1, -100, 100, where), _whole(item, "high", 5, -100, 100, where)
        if not 1 <= high - low <= 20:
            raise _Wrong(f"{where}: a scale has 2 to 21 steps")
        ends = str(item.get("low_text", "")), str(item.get("high_text", ""))
        return Question(question_id, text, "scale", (), low, high, *ends, is_required)
    if kind == "text":
        return Question(question_id, text, "text", is_required=is_required)
    raise _Wrong(f"{where}: kind is choice, scale or text")


def _text(content: Mapping[Any, Any], name: str, where: str = "") -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _Wrong(f"{where}{': ' if where else ''}{name} is missing or no text")
    return value.strip()


def _whole(content: Mapping[Any, Any], name: str, usual: int, low: int, high: int, where: str = "it") -> int:
    value = content.get(name, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _Wrong(f"{where}: {name} is a whole number from {low} to {high}")
    return value


def _switch(content: Mapping[Any, Any], name: str, usual: bool, where: str = "it") -> bool:
    value = content.get(name, usual)
    if not isinstance(value, bool):
        raise _Wrong(f"{where}: {name} is true or false")
    return value
