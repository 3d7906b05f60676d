"""The shared libraries of the system that Qt's wheels expect and do not bring, on Debian and Ubuntu.

Standard library only: the set-up reads this list before anything is installed, `doctor` reads it afterwards.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class SystemLibrary:
    """A shared library, the Debian package that has it, and what cannot be done without it.

    Attributes
    ----------
    soname : str
        Name for the dynamic loader.
    debian_package : str
        Package of Debian 12 and Ubuntu 22.04 and later (newer names are provided under these).
    only_for_x11_windows : bool
        True if Qt starts without it where there is no X11 display.
    """

    soname: str
    debian_package: str
    only_for_x11_windows: bool = False


QT_LIBRARIES = (
    SystemLibrary("libEGL.so.1", "libegl1"),
    SystemLibrary("libGL.so.1", "libgl1"),
    SystemLibrary("libxkbcommon.so.0", "libxkbcommon0"),
    SystemLibrary("libdbus-1.so.3", "libdbus-1-3"),
    SystemLibrary("libfontconfig.so.1", "libfontconfig1"),
    SystemLibrary("libglib-2.0.so.0", "libglib2.0-0"),
    SystemLibrary("libgthread-2.0.so.0", "libglib2.0-0"),
    SystemLibrary("libxcb-cursor.so.0", "libxcb-cursor0", only_for_x11_windows=True),
    SystemLibrary("libxcb-icccm.so.4", "libxcb-icccm4", only_for_x11_windows=True),
    SystemLibrary("libxcb-image.so.0", "libxcb-image0", only_for_x11_windows=True),
    SystemLibrary("libxcb-keysyms.so.1", "libxcb-keysyms1", only_for_x11_windows=True),
    SystemLibrary("libxcb-randr.so.0", "libxcb-randr0", only_for_x11_windows=True),
    SystemLibrary("libxcb-render-util.so.0", "libxcb-render-util0", only_for_x11_windows=True),
    SystemLibrary("libxcb-shape.so.0", "libxcb-shape0", only_for_x11_windows=True),
    SystemLibrary("libxcb-sync.so.1", "libxcb-sync1", only_for_x11_windows=True),
    SystemLibrary("libxcb-xfixes.so.0", "libxcb-xfixes0", only_for_x11_windows=True),
    SystemLibrary("libxcb-xkb.so.1", "libxcb-xkb1", only_for_x11_windows=True),
    SystemLibrary("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", only_for_x11_windows=True),
)


def missing_libraries(libraries: tuple[SystemLibrary, ...] = QT_LIBRARIES) -> list[SystemLibrary]:
    """Return the libraries that the dynamic loader does not find; none on systems whose Qt brings everything."""
    if not sys.platform.startswith("linux"):
        return []
    missing = []
    for library in libraries:
        try:
            ctypes.CDLL(library.soname)
        except OSError:
            missing.append(library)
    return missing


def install_command(libraries: list[SystemLibrary]) -> list[str]:
    """Return the command, to be run as root, that installs the packages of these libraries."""
    packages = sorted({library.debian_package for library in libraries})
    return ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
