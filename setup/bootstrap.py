"""Make the virtual environment, install the program into it, check Qt's system libraries, fetch the language model.

Standard library only, because it runs before anything is installed. A second run finds its stamp and installs
nothing. Run by the Makefile: ``python3.11 setup/bootstrap.py --extras demo,test``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "gaze2report-setup.json"
LOWEST_PYTHON = (3, 11)
KNOWN_EXTRAS = {"demo", "test", "check", "weights", "training"}

sys.path.insert(0, str(ROOT))

from gaze2report import system_libraries  # noqa: E402  (needs the path above; the package is not installed yet)


class SetupError(Exception):
    """The set-up cannot go on; the text says why and what to do."""


def say(sentence: str) -> None:
    """Tell the user what is being done; on stderr, so that a command's own output stays clean."""
    print(sentence, file=sys.stderr, flush=True)


def run(command: list[str], *, env: dict[str, str] | None = None) -> int:
    """Run a command with its output shown and no standard input; return its exit status."""
    return subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, check=False).returncode


def read_stamp() -> dict[str, object]:
    """Return what the last complete set-up noted, or an empty dictionary."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def wanted_hash() -> str:
    """Hash of the files that decide what is installed; the folder too, because a virtual environment cannot move."""
    digest = hashlib.sha256(str(ROOT).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def pip_environment() -> dict[str, str]:
    """Environment for pip: the user's index settings stay, a constraint file of the machine does not count."""
    return {**os.environ, "PIP_CONSTRAINT": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def venv_works() -> bool:
    """Say whether .venv has a new enough Python that can run pip."""
    if not VENV_PYTHON.exists():
        return False
    code = f"import sys, pip; sys.exit(sys.version_info[:2] < {LOWEST_PYTHON!r})"
    return run([str(VENV_PYTHON), "-I", "-c", code]) == 0


def make_venv() -> None:
    """Create .venv, also where Debian has split `ensurepip` from Python."""
    if VENV.exists():
        if not (VENV / "pyvenv.cfg").exists():
            raise SetupError(f"{VENV} is in the way and is no virtual environment; move it and start again.")
        say("The virtual environment .venv cannot be used; making it anew ...")
        shutil.rmtree(VENV)
    say(f"Making the virtual environment .venv with Python {sys.version.split()[0]} ...")
    try:
        import ensurepip  # noqa: F401  (only asked whether it is there)
    except ImportError:
        # `pip --python` (pip 22.3 or later) installs into an environment that has no pip of its own.
        commands = [
            [sys.executable, "-m", "venv", "--without-pip", str(VENV)],
            [sys.executable, "-m", "pip", "--python", str(VENV_PYTHON), "install", "--quiet", "pip"],
        ]
    else:
        commands = [[sys.executable, "-m", "venv", str(VENV)]]
    for command in commands:
        if run(command, env=pip_environment()) != 0:
            major_minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
            raise SetupError(
                "The virtual environment could not be made. On Debian and Ubuntu this installs what it needs: "
                f"apt-get install python{major_minor}-venv"
            )


def install_packages(extras: set[str]) -> None:
    """Install the program, editable, with its extras, in exactly the releases of constraints.txt."""
    say("Installing the packages (about 5.5 GB with torch; a few minutes the first time) ...")
    target = f".[{','.join(sorted(extras))}]" if extras else "."
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "-c", "constraints.txt", "-e", target]
    if run(command, env=pip_environment()) != 0:
        raise SetupError("pip could not install the packages; its own words are above. Start again to go on.")


def check_system_libraries() -> None:
    """Install the shared libraries that Qt needs (as root with apt-get), or say which are missing."""
    missing = system_libraries.missing_libraries()
    if not missing:
        return
    command = system_libraries.install_command(missing)
    if shutil.which("apt-get") and os.geteuid() == 0:
        say(f"Installing Qt's system libraries: {' '.join(command[4:])} ...")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        quiet = [command[0], "-qq", "-o", "Dpkg::Use-Pty=0", *command[1:]]
        # The package lists of a fresh machine are empty or old: they are brought up to date only when needed.
        if run(quiet, env=env) != 0 and (run(["apt-get", "-qq", "update"], env=env) != 0 or run(quiet, env=env) != 0):
            say("apt-get could not install them all; its own words are above.")
        missing = system_libraries.missing_libraries()
    needed = [library for library in missing if not library.only_for_x11_windows]
    if missing:
        names = ", ".join(library.soname for library in missing)
        say(f"Qt's system libraries are missing: {names}. Install them with:")
        say(f"    sudo {' '.join(system_libraries.install_command(missing))}")
    if needed:
        raise SetupError("Qt cannot start without them, with or without a display.")
    if missing:
        say("Without them the workstation runs without a window only (and on Wayland).")


def fetch_language_model() -> None:
    """Fetch and convert the base language model unless it is there."""
    done = subprocess.run(
        [str(VENV_PYTHON), "-m", "gaze2report.language_model", "fetch"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        raise SetupError("The language model could not be fetched; the reason is above.")


def set_up(extras: set[str]) -> None:
    """Bring .venv to the state that pyproject.toml and constraints.txt ask for; do nothing where it already is."""
    stamp = read_stamp()
    noted = stamp.get("extras")
    installed = set(noted) if isinstance(noted, list) else set()
    is_current = stamp.get("hash") == wanted_hash() and extras <= installed and VENV_PYTHON.exists()
    if not is_current:
        if not venv_works():
            make_venv()
            installed = set()
        STAMP.unlink(missing_ok=True)
        install_packages(extras | (installed & KNOWN_EXTRAS))
    check_system_libraries()
    fetch_language_model()
    if not is_current:
        content = {"hash": wanted_hash(), "extras": sorted(extras | (installed & KNOWN_EXTRAS))}
        STAMP.write_text(json.dumps(content) + "\n", encoding="utf-8")


def main() -> int:
    """Run the set-up; return 0, or 1 with one sentence on stderr."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--extras", default="", help=f"comma-separated, of: {', '.join(sorted(KNOWN_EXTRAS))}")
    extras = {extra for extra in parser.parse_args().extras.split(",") if extra}
    if sys.version_info[:2] < LOWEST_PYTHON:
        say(f"Python {sys.version.split()[0]} is too old; 3.11 or newer is needed (make PYTHON=/path/to/python3.11).")
        return 1
    if not extras <= KNOWN_EXTRAS:
        say(f"unknown extras: {', '.join(sorted(extras - KNOWN_EXTRAS))}")
        return 2
    try:
        set_up(extras)
    except SetupError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Interrupted; start again to go on.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
