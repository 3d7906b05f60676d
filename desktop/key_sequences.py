"""What a key can be: where it works, when it would be typed instead, and when two get in each other's way."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

Scope = Literal["window", "film", "worklist", "report"]
"""Where a key works: everywhere in the window, or only while a film, the list of studies or the report has it."""

_TEXT_KEYS = ("Ctrl+C", "Ctrl+X", "Ctrl+V", "Ctrl+A", "Ctrl+Z", "Ctrl+Y", "Ctrl+Shift+Z")
_TYPING_MODIFIERS = (
    Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
)


def sequence_of(key: str) -> QKeySequence:
    """The key for Qt, from its portable text."""
    return QKeySequence.fromString(key, QKeySequence.SequenceFormat.PortableText)


def is_plain(key: str) -> bool:
    """Whether a text editor would take this key as typing or as a move of its cursor: no Ctrl, Alt or function key."""
    chord = sequence_of(key)[0]
    is_function_key = Qt.Key.Key_F1 <= chord.key() <= Qt.Key.Key_F35
    return not chord.keyboardModifiers() & _TYPING_MODIFIERS and not is_function_key


def scope_of_key(scope: Scope, key: str) -> Scope:
    """Where this key of an action works: a plain key of the whole window is one of the film only."""
    return "film" if scope == "window" and is_plain(key) else scope


def key_fault(scope: Scope, key: str) -> str:
    """Why this can be no key of an action with this scope, as a sentence; empty when it can."""
    sequence = sequence_of(key)
    if sequence.isEmpty() or any(sequence[i].key() == Qt.Key.Key_unknown for i in range(sequence.count())):
        return f"'{key}' is not a key."
    works_while_typing = scope_of_key(scope, key) in ("window", "report")
    if works_while_typing and is_plain(key):
        return f"{native_text(key)} is needed for typing in the report; add Ctrl or Alt."
    if works_while_typing and key in _TEXT_KEYS:
        return f"{native_text(key)} is needed for editing text."
    return ""


def do_clash(first_scope: Scope, first: str, second_scope: Scope, second: str) -> bool:
    """Whether two keys could not both work: the same (or one begins the other) where both are listened to."""
    scopes = {scope_of_key(first_scope, first), scope_of_key(second_scope, second)}
    if len(scopes) == 2 and "window" not in scopes:
        return False
    one, other = sequence_of(first), sequence_of(second)
    nothing = QKeySequence.SequenceMatch.NoMatch
    return one.matches(other) != nothing or other.matches(one) != nothing


def portable_text(key: str) -> str:
    """The key as it is kept, the same on every system and in every language."""
    return sequence_of(key).toString(QKeySequence.SequenceFormat.PortableText)


def native_text(key: str) -> str:
    """The key as it is written on this keyboard."""
    return sequence_of(key).toString(QKeySequence.SequenceFormat.NativeText)


def first_chord(key: str) -> str:
    """The first press of the key; two keys can clash only where it is the same."""
    return QKeySequence(sequence_of(key)[0]).toString(QKeySequence.SequenceFormat.PortableText)
