"""UIDs for files that have none: always the same ones for the same bytes."""

from __future__ import annotations

import hashlib
import re

_VALID_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
MAX_UID_LENGTH = 64


def derived_uid(file_sha256: str, level: str) -> str:
    """UID under the root 2.25 (PS3.5 B.2) made from a file's SHA-256 and a level name as salt.

    Parameters
    ----------
    file_sha256 : str
        SHA-256 of the file as hexadecimal text.
    level : str
        ``study``, ``series`` or ``instance``: the three differ for one file.
    """
    salted = hashlib.sha256(f"{level}:{file_sha256}".encode("ascii")).digest()
    return f"2.25.{int.from_bytes(salted[:16], 'big')}"


def is_valid_uid(text: str) -> bool:
    """Whether a text is a UID: digits and dots only, so that it is also harmless as a file name."""
    return len(text) <= MAX_UID_LENGTH and _VALID_UID.fullmatch(text) is not None
