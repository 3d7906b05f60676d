"""What this machine has and lacks: ``python -m gaze2report doctor [--json]``.

Every finding is one sentence; a missing thing's sentence ends with the command that brings it. torch is asked in a
process of its own, so the answers are there in a few seconds and a broken driver cannot take them along.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json as json_module
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import platformdirs
import psutil
from packaging.requirements import Requirement

from gaze2report import language_model, system_libraries, tracker_python
from gaze2report.errors import EXIT_OK, EXIT_REFUSED, LanguageModelMissing

State = Literal["ok", "warning", "missing"]

DISTRIBUTION = "gaze2report-workstation"
INSTALL_COMMAND = "make run"
LOWEST_PYTHON = (3, 11)
ADAPTER_FOLDER = Path(__file__).resolve().parent / "adapters" / "embedded"

_TORCH_LIMIT_S = 120
_TRACKER_LIMIT_S = 60
_LOW_DISK_BYTES = 2_000_000_000
_LEAST_DISK_BYTES = 200_000_000
_LOW_MEMORY_BYTES = 6_000_000_000
_LEAST_MEMORY_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What was looked at, for example "torch" or "disk".
    state : {"ok", "warning", "missing"}
        "missing" prevents reading or drafting; "warning" costs something else.
    sentence : str
        What was found and, where something is to be done, how.
    """

    name: str
    state: State
    sentence: str


def collect() -> list[Finding]:
    """Look at everything that reading and drafting need; takes a few seconds, most of them torch's."""
    return [
        _check_python(),
        *_check_packages(_own_requirements()),
        _check_qt_libraries(),
        _check_torch_device(),
        _check_language_model(),
        _check_adapter(ADAPTER_FOLDER),
        _check_tracker(),
        _check_tittapy(),
        _check_sound(),
        _check_disk(),
        _check_memory(),
    ]


def verdict(findings: Iterable[Finding]) -> str:
    """Return the closing sentence: ready, or what is missing and how to get it."""
    missing = [f"{finding.name}: {finding.sentence}" for finding in findings if finding.state == "missing"]
    if not missing:
        return "Ready to read and draft."
    return "Not ready to read and draft. " + " ".join(missing)


def main(json: bool = False) -> int:
    """Print the findings and the verdict; return 0 when everything needed is there, else 3."""
    findings = collect()
    is_ready = all(finding.state != "missing" for finding in findings)
    if json:
        answer = {"ready": is_ready, "verdict": verdict(findings), "findings": [asdict(item) for item in findings]}
        print(json_module.dumps(answer))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            print(f"{finding.state:<7}  {finding.name:<{width}}  {finding.sentence}")
        print(verdict(findings))
    return EXIT_OK if is_ready else EXIT_REFUSED


# ---- packages ------------------------------------------------------------------------------------------------------


def _check_python() -> Finding:
    version = platform.python_version()
    if sys.version_info[:2] < LOWEST_PYTHON:
        return Finding("Python", "missing", f"{version} is too old; 3.11 or newer is needed.")
    return Finding("Python", "ok", f"{version}, {sys.executable}")


def _own_requirements() -> list[Requirement]:
    """What pyproject.toml asks for on this machine, extras left out."""
    try:
        lines = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    requirements = [Requirement(line) for line in lines]
    return [item for item in requirements if item.marker is None or item.marker.evaluate({"extra": ""})]


def _check_packages(requirements: list[Requirement]) -> list[Finding]:
    """Compare what is installed with what pyproject.toml asks for, without importing anything."""
    if not requirements:
        return [Finding(DISTRIBUTION, "missing", f"The program itself is not installed here; run: {INSTALL_COMMAND}")]
    findings = []
    for requirement in requirements:
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            findings.append(Finding(requirement.name, "missing", f"not installed; run: {INSTALL_COMMAND}"))
            continue
        if requirement.specifier.contains(version, prereleases=True):
            findings.append(Finding(requirement.name, "ok", version))
        else:
            sentence = f"{version} is installed and {requirement.specifier} is needed; run: {INSTALL_COMMAND}"
            findings.append(Finding(requirement.name, "missing", sentence))
    return findings


# ---- the machine ---------------------------------------------------------------------------------------------------


def _check_qt_libraries() -> Finding:
    name = "Qt libraries"
    missing = system_libraries.missing_libraries()
    if not missing:
        return Finding(name, "ok", "All system libraries that Qt needs are there.")
    sonames = ", ".join(library.soname for library in missing)
    command = f"sudo {' '.join(system_libraries.install_command(missing))}"
    if any(not library.only_for_x11_windows for library in missing) or os.environ.get("DISPLAY"):
        return Finding(name, "missing", f"Qt does not start without {sonames}; run: {command}")
    return Finding(name, "warning", f"Without {sonames} no X11 window can be opened; run: {command}")


def _check_torch_device() -> Finding:
    name = "device"
    code = (
        "import torch, json\n"
        "gpu = torch.cuda.is_available()\n"
        "print(json.dumps([torch.cuda.get_device_name(0), torch.cuda.mem_get_info(0)[1]] if gpu else None))\n"
    )
    done = _run_python(sys.executable, code, _TORCH_LIMIT_S)
    if done is None:
        return Finding(name, "missing", f"torch did not load within {_TORCH_LIMIT_S} s.")
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return Finding(name, "missing", f"torch does not load ({said}); run: {INSTALL_COMMAND}")
    gpu = json_module.loads(done.stdout.strip().splitlines()[-1])
    if gpu:
        return Finding(name, "ok", f"GPU {gpu[0]}, {gpu[1] / 2**30:.0f} GiB")
    return Finding(
        name, "ok", f"CPU, {psutil.cpu_count(logical=False) or os.cpu_count()} cores (no GPU that torch can use)"
    )


def _check_disk() -> Finding:
    folder = Path(platformdirs.user_data_dir("gaze2report"))
    while not folder.exists():
        folder = folder.parent
    free_bytes = shutil.disk_usage(folder).free
    sentence = f"{free_bytes / 1e9:.1f} GB free under {folder}"
    if free_bytes < _LEAST_DISK_BYTES:
        return Finding("disk", "missing", f"{sentence}; at least {_LEAST_DISK_BYTES / 1e9:.1f} GB are needed.")
    return Finding("disk", "warning" if free_bytes < _LOW_DISK_BYTES else "ok", sentence)


def _check_memory() -> Finding:
    memory = psutil.virtual_memory()
    sentence = f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB of it available"
    if memory.total < _LEAST_MEMORY_BYTES:
        return Finding("memory", "missing", f"{sentence}; drafting needs {_LEAST_MEMORY_BYTES / 1e9:.0f} GB.")
    return Finding("memory", "warning" if memory.available < _LOW_MEMORY_BYTES / 2 else "ok", sentence)


# ---- the model -----------------------------------------------------------------------------------------------------


def _check_language_model() -> Finding:
    name = "language model"
    try:
        folder = language_model.verify(deep=True)
    except LanguageModelMissing as error:
        return Finding(name, "missing", str(error))
    return Finding(name, "ok", f"SHA-256 {folder.sha256[:12]}… verified, {folder.path}")


def _check_adapter(folder: Path) -> Finding:
    """Compare every file of the embedded adapter with the hash in its manifest."""
    name = "embedded adapter"
    repair = "restore it with: git checkout -- gaze2report/adapters"
    manifest = folder / "manifest.json"
    try:
        content = json_module.loads(manifest.read_text(encoding="utf-8"))
        expected = dict(content["files"])
    except FileNotFoundError:
        return Finding(name, "missing", f"{folder} has no manifest; {repair}")
    except (OSError, ValueError, TypeError, KeyError) as error:
        return Finding(name, "missing", f"{manifest} cannot be read ({error}); {repair}")
    for file, sha256 in expected.items():
        try:
            with (folder / file).open("rb") as opened:
                found = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            return Finding(name, "missing", f"{folder / file} cannot be read ({error.strerror}); {repair}")
        if found != sha256:
            return Finding(name, "missing", f"{folder / file} is altered; {repair}")
    return Finding(name, "ok", f"{content.get('name', 'embedded')} verified, {folder}")


# ---- the tracker ---------------------------------------------------------------------------------------------------


def find_python310() -> list[str]:
    """Return the CPython 3.10 interpreters of this machine that answer, those with the tracker's library first."""
    return [found.path for found in tracker_python.find_all()]


def _check_tracker() -> Finding:
    """Look for an interpreter that loads the tracker SDK; reading and drafting do without one."""
    name = "tracker SDK"
    try:
        found = tracker_python.find()
    except tracker_python.NoTrackerPython as error:
        return Finding(name, "warning", f"{error}. Without it no gaze is recorded with a Tobii tracker this way.")
    return Finding(name, "ok", f"tobii-research {found.sdk} under CPython {found.version}, {found.path}")


def _check_tittapy() -> Finding:
    """Look for the other way to a Tobii tracker, in this interpreter."""
    name, get = "TittaPy", f"{sys.executable} -m pip install tittapy==2.1.0"
    done = _run_python(sys.executable, "import TittaPy_v2; print(TittaPy_v2.get_SDK_version())", _TRACKER_LIMIT_S)
    if done is not None and done.returncode == 0:
        return Finding(name, "ok", f"the tracker's library {done.stdout.strip().splitlines()[-1]} loads here")
    if done is not None and "No module named" in done.stderr:
        return Finding(name, "warning", f"not installed; to record gaze without a CPython 3.10 run: {get}")
    return Finding(name, "warning", f"does not load here ({_last_line(done)}); a glibc of 2.34 or later is needed")


def _check_sound() -> Finding:
    """Look for what records dictation; everything else does without."""
    name, get = "sounddevice", f"{sys.executable} -m pip install sounddevice"
    code = "import sounddevice; print(sounddevice.__version__)"
    done = _run_python(sys.executable, code, _TRACKER_LIMIT_S)
    if done is not None and done.returncode == 0:
        return Finding(name, "ok", f"{done.stdout.strip()}, dictation can be recorded beside gaze")
    if done is not None and "No module named" in done.stderr:
        return Finding(name, "warning", f"not installed; to record dictation beside gaze run: {get}")
    said = _last_line(done)
    return Finding(name, "warning", f"does not load ({said}); PortAudio may be missing: apt install libportaudio2")


def _last_line(done: subprocess.CompletedProcess[str] | None) -> str:
    return (done.stderr.strip().splitlines() or ["it said nothing"])[-1] if done is not None else "it did not end"


def _run_python(interpreter: str, code: str, limit_s: float) -> subprocess.CompletedProcess[str] | None:
    """Run a line of Python elsewhere; None if it did not end in time or could not be started."""
    try:
        return subprocess.run(
            [interpreter, "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
