"""The files that the architecture tests look at."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("desktop", "capture", "db", "gaze2report")


def product_files() -> list[Path]:
    """Python files of the four packages."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def other_files() -> list[Path]:
    """Python files of the tests and of the set-up."""
    return sorted(path for folder in ("tests", "setup") for path in (ROOT / folder).rglob("*.py"))


def tracked_files() -> list[Path]:
    """Every file that git knows or would take; where there is no git, every file outside ignored folders."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]
