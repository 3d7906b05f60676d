"""Where a spool folder's agent is found, and that it is the only one.

The address and token lie in a file that only the user can read; holding a lock that the system gives back when the
process dies, whatever it dies of, is what makes an agent the owner of the folder.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from dataclasses import asdict, dataclass
from pathlib import Path

_ENDPOINT = "agent.json"
_LOCK = "agent.lock"


class FolderInUse(Exception):
    """Another agent owns the spool folder."""


class NoAgent(Exception):
    """No agent can be reached for a spool folder; the text says why."""


@dataclass(frozen=True)
class Endpoint:
    """Address of an agent on this machine, and the token it asks for."""

    port: int
    token: str
    pid: int


def new_token() -> str:
    """Make a token that cannot be guessed."""
    return secrets.token_urlsafe(32)


def write_endpoint(folder: Path, endpoint: Endpoint) -> None:
    """Leave the address where clients look, readable by the user only."""
    aside = folder / f"{_ENDPOINT}.new"
    aside.unlink(missing_ok=True)
    file = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        json.dump(asdict(endpoint), out)
    os.replace(aside, folder / _ENDPOINT)


def read_endpoint(folder: Path) -> Endpoint:
    """Read where the folder's agent listens.

    Raises
    ------
    NoAgent
        If none has left its address.
    """
    try:
        content = json.loads((folder / _ENDPOINT).read_text(encoding="utf-8"))
        return Endpoint(int(content["port"]), str(content["token"]), int(content["pid"]))
    except FileNotFoundError:
        raise NoAgent(f"No capture agent runs for {folder}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise NoAgent(f"The address of the capture agent in {folder} cannot be read: {error}") from error


def remove_endpoint(folder: Path) -> None:
    """Take the address away when the agent ends."""
    (folder / _ENDPOINT).unlink(missing_ok=True)


class SpoolLock:
    """The right to write in a spool folder: an exclusive transaction that ends with the process.

    Raises
    ------
    FolderInUse
        If another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._db = sqlite3.connect(folder / _LOCK, timeout=0.2, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._db.close()
            raise FolderInUse(f"Another capture agent owns {folder}.") from error

    def release(self) -> None:
        """Give it back."""
        self._db.close()
