"""The files that the architecture tests look at."""

from __future__ import annotations

import fnmatch
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
    """Every file that git knows or would take; where git is not there, every file outside what git would ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return sorted(path for path in ROOT.rglob("*") if path.is_file() and not is_ignored(path.relative_to(ROOT)))
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def is_ignored(path: Path) -> bool:
    """Say whether .gitignore names the file or a folder it lies in; knows the forms of pattern used there."""
    patterns = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()] + [".git"]
    return any(fnmatch.fnmatch(part, pattern) for part in path.parts for pattern in patterns)
