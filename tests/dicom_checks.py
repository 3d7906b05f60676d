"""Validators of others for DICOM files, where they are installed (Debian: dicom3tools and dcmtk)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

DCIODVFY = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="dciodvfy (Debian: dicom3tools) is not installed"
)
DSRDUMP = pytest.mark.skipif(shutil.which("dsrdump") is None, reason="dsrdump (Debian: dcmtk) is not installed")


def dciodvfy_messages(content: bytes, folder: Path) -> list[str]:
    """What dciodvfy says, apart from the name of the IOD and from hints about DICOMDIR, which we do not make."""
    done = _run(["dciodvfy", "-new"], content, folder)
    said = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    problems = [line for line in said if line.startswith(("Error", "Warning")) and "DICOMDIR" not in line]
    assert done.returncode == 0, said
    return problems


def dsrdump_text(content: bytes, folder: Path) -> str:
    """The document tree as dcmtk reads it."""
    done = _run(["dsrdump", "--print-all-codes", "--print-long-values"], content, folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "replace")


def _run(command: list[str], content: bytes, folder: Path) -> subprocess.CompletedProcess[bytes]:
    path = folder / "report.dcm"
    path.write_bytes(content)
    return subprocess.run([*command, str(path)], capture_output=True, timeout=60, check=False)
