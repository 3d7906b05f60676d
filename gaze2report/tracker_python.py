"""The interpreter that the tracker's library needs: found by running candidates, or made.

``tobii-research`` 2.1.0 exists for CPython 3.10 alone, on no other version and system than its wheels. A name on PATH
may be a shim that leads nowhere, so nothing is believed that has not answered. A virtual environment made here lies in
the user's data folder and holds nothing but that package and numpy.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from gaze2report.errors import EXIT_REFUSED, Gaze2ReportError

SDK_PACKAGE, SDK_VERSION = "tobii-research", "2.1.0"
PYTHON = (3, 10)
NAMED_BY = "GAZE2REPORT_TRACKER_PYTHON"
HOW_TO_GET = "get it with `uv python install 3.10`, `pyenv install 3.10`, or from python.org"

_ANSWER_LIMIT_S, _INSTALL_LIMIT_S = 60.0, 900.0
_ASK = """
import json, platform, sys
said = {"version": platform.python_version(), "is_310": sys.version_info[:2] == (3, 10),
        "implementation": platform.python_implementation(), "numpy": "", "sdk": "", "fault": ""}
try:
    import numpy
    said["numpy"] = numpy.__version__
    import tobii_research
    said["sdk"] = tobii_research.__version__
except Exception as error:
    said["fault"] = f"{type(error).__name__}: {error}"
print(json.dumps(said))
sys.stdout.flush()
import os
os._exit(0)
"""


class NoTrackerPython(Gaze2ReportError):
    """No interpreter that can drive a tracker; the sentence says how to get one."""

    code = "no_tracker_python"
    exit_code = EXIT_REFUSED


@dataclass(frozen=True)
class TrackerPython:
    """An interpreter that answered.

    Attributes
    ----------
    path : str
    version : str
        For example "3.10.13".
    is_310 : bool
        Whether it is a CPython 3.10.
    numpy, sdk : str
        Versions; empty where they are not there or do not load.
    fault : str
        What kept them from loading.
    """

    path: str
    version: str
    is_310: bool
    numpy: str
    sdk: str
    fault: str

    @property
    def can_record(self) -> bool:
        """Whether the agent can drive a Tobii tracker under it."""
        return self.is_310 and bool(self.numpy and self.sdk)


def environment_folder() -> Path:
    """Where the virtual environment lies that is made here."""
    return Path(platformdirs.user_data_dir("gaze2report")) / "tracker-python"


def candidates() -> list[str]:
    """Where a CPython 3.10 may be, the likeliest first; none has been asked yet."""
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local" / "share" / "uv" / "python")
    listed = [
        os.environ.get(NAMED_BY, ""),
        str(_python_of(environment_folder())),
        shutil.which("python3.10") or "",
        *sorted(map(str, pyenv.glob("versions/3.10.*/bin/python3.10")), reverse=True),
        *sorted(map(str, uv.glob("cpython-3.10.*/bin/python3.10")), reverse=True),
        *(f"{folder}/python3.10" for folder in ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")),
        *map(str, (home / "AppData/Local/Programs/Python/Python310").glob("python.exe")),
    ]
    return [path for path in dict.fromkeys(listed) if path and Path(path).exists()]


def ask(path: str, limit_s: float = _ANSWER_LIMIT_S) -> TrackerPython | None:
    """Run an interpreter and let it say what it is; None where it does not answer, whatever the file is."""
    try:
        said = json.loads(_output_of([path, "-c", _ASK], limit_s).strip().splitlines()[-1])
        is_310 = bool(said["is_310"]) and said["implementation"] == "CPython"
        return TrackerPython(path, said["version"], is_310, said["numpy"], said["sdk"], said["fault"])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError, KeyError, TypeError):
        return None


def _output_of(command: list[str], limit_s: float) -> str:
    """What a command prints; one that takes too long is ended with whatever it has started.

    A shim is a shell script: were it alone ended, what it started would keep its output open, and us waiting.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    try:
        return process.communicate(timeout=limit_s)[0]
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.communicate()
        raise


def find_all(paths: Iterable[str] | None = None) -> list[TrackerPython]:
    """Every CPython 3.10 that answers, those that can record first."""
    answered = [ask(path) for path in (candidates() if paths is None else paths)]
    return sorted((one for one in answered if one is not None and one.is_310), key=lambda one: not one.can_record)


def find() -> TrackerPython:
    """The interpreter for the tracker's library.

    Raises
    ------
    NoTrackerPython
        If there is none, with what is missing and how to get it.
    """
    found = find_all()
    if found and found[0].can_record:
        return found[0]
    raise NoTrackerPython(_what_is_missing(found))


def make(folder: Path | None = None) -> TrackerPython:
    """Find the interpreter or make one: a virtual environment of a CPython 3.10 with the tracker's library.

    Raises
    ------
    NoTrackerPython
        If there is no CPython 3.10, or its packages cannot be installed.
    """
    found = find_all()
    if found and found[0].can_record:
        return found[0]
    if not found:
        raise NoTrackerPython(_what_is_missing(found))
    folder = folder or environment_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    _run([found[0].path, "-m", "venv", "--clear", str(folder)], "the virtual environment could not be made")
    python = str(_python_of(folder))
    packages = ["numpy>=1.26,<2.3", f"{SDK_PACKAGE}=={SDK_VERSION}"]
    _run([python, "-m", "pip", "install", "--quiet", *packages], f"{SDK_PACKAGE} could not be installed")
    made = ask(python)
    if made is None or not made.can_record:
        fault = "it does not answer" if made is None else made.fault
        raise NoTrackerPython(f"the interpreter made in {folder} cannot load {SDK_PACKAGE}: {fault}")
    return made


def _what_is_missing(found: list[TrackerPython]) -> str:
    make_it = f"{Path(sys.executable).name} -m gaze2report tracker-python --make"
    if not found:
        return (
            f"There is no CPython 3.10 here, and the tracker's library exists for no other: {HOW_TO_GET}, then run "
            f"{make_it}"
        )
    return f"{found[0].path} is a CPython 3.10 without a working {SDK_PACKAGE} ({found[0].fault}); run {make_it}"


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(command: list[str], what: str) -> None:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_INSTALL_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoTrackerPython(f"{what}: {error}") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or done.stdout.strip().splitlines() or ["it said nothing"])[-1]
        raise NoTrackerPython(f"{what}: {last}")
