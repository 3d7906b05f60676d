"""Whether there is a screen to show a window on, asked before Qt asks and aborts."""

from __future__ import annotations

import os
import re
import socket
import sys


def missing_display() -> str | None:
    """Say in one sentence why no window can be shown; None when one can (as far as can be told)."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return None
    if os.environ.get("WAYLAND_DISPLAY"):
        return None
    display = os.environ.get("DISPLAY", "")
    advice = "run it on a desktop, or make a picture without one: python -m desktop --screenshot FILE"
    if not display:
        return f"there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set); {advice}"
    local = re.fullmatch(r":(\d+)(\.\d+)?", display)
    if local and not _answers(f"/tmp/.X11-unix/X{local.group(1)}"):
        return f"no X server answers on DISPLAY={display}; {advice}"
    return None


def _answers(path: str) -> bool:
    for address in (path, "\0" + path):  # the file, and the abstract name that a container may see instead
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(address)
            except OSError:
                continue
            return True
    return False
