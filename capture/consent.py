"""Consent comes first: without it nothing of a reader's gaze is kept.

Gaze is biometric and, at work, data about staff. A consent names its reader by pseudonym only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timezone
from typing import Any

_PSEUDONYM = re.compile(r"[A-Za-z0-9_-]{3,40}")


class NoConsent(ValueError):
    """A recording that nobody has agreed to; the text says what is missing."""


@dataclass(frozen=True)
class Consent:
    """What a reader agreed to.

    Attributes
    ----------
    consent_id : str
    reader_pseudonym : str
        3 to 40 letters, digits, "-" or "_"; never a name.
    text_version : str
        Version of the text that was shown and accepted.
    purpose : str
        What the recording may be used for.
    operator : str
        Who took the consent, by pseudonym.
    given_utc : str
        ISO 8601 with offset, when it was accepted.
    valid_until_utc : str
        ISO 8601 with offset; "" is without end.
    """

    consent_id: str
    reader_pseudonym: str
    text_version: str
    purpose: str
    operator: str
    given_utc: str
    valid_until_utc: str = ""

    def __post_init__(self) -> None:
        for name in ("consent_id", "text_version", "purpose"):
            if not getattr(self, name).strip():
                raise NoConsent(f"The consent lacks its {name}; nothing is recorded without it.")
        for name in ("reader_pseudonym", "operator"):
            if not _PSEUDONYM.fullmatch(getattr(self, name)):
                raise NoConsent(f"{name} must be a pseudonym of 3 to 40 letters, digits, '-' or '_'.")
        _time("given_utc", self.given_utc)
        if self.valid_until_utc:
            _time("valid_until_utc", self.valid_until_utc)

    @classmethod
    def from_body(cls, body: object) -> Consent:
        """Read a consent from a message.

        Raises
        ------
        NoConsent
            If there is none, or it is not whole.
        """
        if not isinstance(body, Mapping):
            raise NoConsent("There is no consent; nothing is recorded without one.")
        names = {f.name for f in fields(cls)}
        given = {str(name): value for name, value in body.items()}
        missing = names - set(given) - {"valid_until_utc"}
        if missing or set(given) - names or not all(isinstance(value, str) for value in given.values()):
            raise NoConsent(f"The consent is not whole: it must have {', '.join(sorted(names))}, each a text.")
        return cls(**given)

    def to_body(self) -> dict[str, Any]:
        """Write it for a message or a table."""
        return asdict(self)

    def check_at(self, utc_us: int) -> None:
        """Refuse a consent that is not yet or no longer valid at a wall-clock time in µs since 1970.

        Raises
        ------
        NoConsent
            If it is not valid then.
        """
        now = datetime.fromtimestamp(utc_us / 1e6, timezone.utc)
        if self.valid_until_utc and now > _time("valid_until_utc", self.valid_until_utc):
            raise NoConsent(f"The consent ended on {self.valid_until_utc[:10]}; ask the reader again.")


def _time(name: str, text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text.replace("Z", "+00:00"))  # 3.10 does not know the Z
    except ValueError:
        raise NoConsent(f"{name} is not a time: {text!r}") from None
    if when.tzinfo is None:
        raise NoConsent(f"{name} needs its offset from UTC: {text!r}")
    return when
