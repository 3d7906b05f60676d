"""The files that the architecture tests look at."""

from __future__ import annotations

import fnmatch
import os
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
    """Every file that git knows or would take; where git is not there, every file that .gitignore does not name."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return files_not_ignored()
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def files_not_ignored() -> list[Path]:
    """Every file that no pattern of .gitignore names; knows the forms of pattern used there."""
    patterns = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()] + [".git"]

    def is_kept(name: str) -> bool:
        return not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)

    files = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = filter(is_kept, folders)  # .venv alone has tens of thousands of files
        files += [Path(folder) / name for name in names if is_kept(name)]
    return sorted(files)
