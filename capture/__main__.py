"""Command line of the eye-tracking side: ``python -m capture agent|list|check|record|verify``.

For CPython 3.10 to 3.13: the tracker SDK exists for 3.10 alone, so this is run by whatever interpreter the tracker
would be used with, from the program's folder, without being installed. ``check`` needs the standard library only, the
other commands numpy.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass

SDK_PACKAGE = "tobii-research"
SDK_VERSION = "2.1.0"
SDK_PYTHON = (3, 10)
EXIT_OK = 0
EXIT_REFUSED = 3

_LOAD_LIMIT_S = 60


@dataclass(frozen=True)
class TrackerSupport:
    """Whether an interpreter can drive an eye tracker, and why not.

    Attributes
    ----------
    can_load_sdk : bool
    python : str
        Version of the interpreter, for example "3.10.13".
    sdk_version : str or None
        Version of the tracker SDK where it loads.
    reason : str
        One sentence: what was found, or what is missing and how to get it.
    """

    can_load_sdk: bool
    python: str
    sdk_version: str | None
    reason: str


def check() -> TrackerSupport:
    """Say whether this interpreter can load the tracker SDK; a crash or hang of the SDK stays in a child process."""
    python = platform.python_version()
    code = "import tobii_research; print(tobii_research.__version__)"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LOAD_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return TrackerSupport(False, python, None, f"The tracker SDK did not load within {_LOAD_LIMIT_S} s.")
    if done.returncode == 0:
        version = done.stdout.strip()
        return TrackerSupport(True, python, version, f"Python {python} loads the tracker SDK {version}.")
    if sys.version_info[:2] != SDK_PYTHON:
        reason = f"The tracker SDK exists for CPython 3.10 only and this is {python}; run this with python3.10."
    elif "No module named 'tobii_research'" in done.stderr:
        reason = (
            f"The tracker SDK is not installed for {sys.executable}; install it with: "
            f"{sys.executable} -m pip install {SDK_PACKAGE}=={SDK_VERSION}"
        )
    else:
        said = done.stderr.strip().splitlines()[-1:] or [f"it ended with status {done.returncode}"]
        reason = f"The tracker SDK is installed but does not load: {said[0]}"
    return TrackerSupport(False, python, None, reason)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return its exit status: 0 done, 3 refused with a reason, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m capture", description="The eye-tracking side of the workstation.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    checking = verbs.add_parser("check", help="say whether this interpreter can load the tracker SDK")
    checking.add_argument("--json", action="store_true", help="print one JSON object")
    try:
        from capture import commands
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        parser.epilog = f"The other commands need numpy: {sys.executable} -m pip install numpy"
        wanted = parser.parse_args(arguments)
    else:
        commands.add_commands(verbs)
        wanted = parser.parse_args(arguments)
        if wanted.verb != "check":
            return commands.run(wanted)
    support = check()
    print(json.dumps(asdict(support)) if wanted.json else support.reason)
    return EXIT_OK if support.can_load_sdk else EXIT_REFUSED


if __name__ == "__main__":
    sys.exit(main())
