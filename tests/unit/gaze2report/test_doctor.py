"""What ``doctor`` says: a sentence for each finding, the verdict last, and the exit status that goes with it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from gaze2report import doctor, system_libraries
from gaze2report.doctor import Finding
from gaze2report.errors import LanguageModelMissing
from gaze2report.system_libraries import SystemLibrary

OK = Finding("torch", "ok", "2.14.1")
WARNING = Finding("tracker SDK", "warning", "not installed")
SHA256_OF_X = hashlib.sha256(b"x").hexdigest()
MISSING = Finding("language model", "missing", "not installed; fetch it with: a command")


@pytest.fixture
def findings_are(monkeypatch):
    """Let `collect` find what the test says."""

    def place(*findings):
        monkeypatch.setattr(doctor, "collect", lambda: list(findings))

    return place


def test_a_machine_with_everything_is_ready_and_gives_0(findings_are, capsys):
    findings_are(OK, WARNING)
    assert doctor.main() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Ready to read and draft."


def test_a_missing_thing_gives_3_and_the_last_line_says_what_to_do(findings_are, capsys):
    findings_are(OK, MISSING)
    assert doctor.main() == 3
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("Not ready")
    assert "language model" in last
    assert "a command" in last


def test_json_is_one_object_with_the_same_content(findings_are, capsys):
    findings_are(OK, MISSING)
    assert doctor.main(json=True) == 3
    answer = json.loads(capsys.readouterr().out)
    assert answer["ready"] is False
    assert answer["findings"][1] == {"name": MISSING.name, "state": "missing", "sentence": MISSING.sentence}


def test_a_package_that_is_not_installed_is_missing_with_the_command():
    (finding,) = doctor._check_packages([Requirement("no-such-package-at-all>=1")])
    assert finding.state == "missing"
    assert "make run" in finding.sentence


def test_a_package_of_the_wrong_version_is_missing():
    (finding,) = doctor._check_packages([Requirement("pytest<1")])
    assert finding.state == "missing"
    assert "<1" in finding.sentence


def test_an_installed_package_is_ok_with_its_version():
    (finding,) = doctor._check_packages([Requirement("pytest>=8")])
    assert finding == Finding("pytest", "ok", pytest.__version__)


def test_the_requirements_are_those_of_the_program_without_extras():
    names = {requirement.name for requirement in doctor._own_requirements()}
    assert {"torch", "PySide6-Essentials", "pydicom"} <= names
    assert not names & {"pytest", "tobii-research", "pydicom-data"}


@pytest.mark.parametrize(
    ("only_for_windows", "display", "state"),
    [
        pytest.param(False, "", "missing", id="without_it_qt_cannot_start"),
        pytest.param(True, "", "warning", id="without_it_no_window_and_no_display_is_there"),
        pytest.param(True, ":0", "missing", id="without_it_no_window_on_this_display"),
    ],
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Qt brings its libraries on other systems")
def test_a_missing_system_library_names_the_package_to_install(only_for_windows, display, state, monkeypatch):
    library = SystemLibrary("libnosuch.so.9", "libnosuch9", only_for_windows)
    found = system_libraries.missing_libraries((library,))
    assert found == [library]
    monkeypatch.setattr(system_libraries, "missing_libraries", lambda: found)
    monkeypatch.setenv("DISPLAY", display)
    finding = doctor._check_qt_libraries()
    assert finding.state == state
    assert finding.sentence.endswith("libnosuch9")


def test_an_absent_language_model_names_the_command(monkeypatch):
    def verify(*, deep):
        raise LanguageModelMissing("it is not there; fetch it with: a command")

    monkeypatch.setattr(doctor.language_model, "verify", verify)
    assert doctor._check_language_model() == Finding(
        "language model", "missing", "it is not there; fetch it with: a command"
    )


@pytest.mark.parametrize(
    ("stdout", "returncode", "state", "word"),
    [
        pytest.param('["H100", 85899345920]\n', 0, "ok", "80 GiB", id="gpu"),
        pytest.param("null\n", 0, "ok", "CPU", id="cpu"),
        pytest.param("", 1, "missing", "does not load", id="torch_broken"),
    ],
)
def test_the_device_is_what_torch_says_in_its_own_process(stdout, returncode, state, word, monkeypatch):
    done = subprocess.CompletedProcess([], returncode, stdout, "ImportError: libcuda")
    monkeypatch.setattr(doctor, "_run_python", lambda *arguments: done)
    finding = doctor._check_torch_device()
    assert finding.state == state
    assert word in finding.sentence


def test_torch_that_hangs_is_said_to(monkeypatch):
    monkeypatch.setattr(doctor, "_run_python", lambda *arguments: None)
    assert doctor._check_torch_device().state == "missing"


def test_looking_at_another_python_ends_in_time():
    assert doctor._run_python(sys.executable, "import time; time.sleep(60)", 0.3) is None
    assert doctor._run_python("no-such-python", "", 1) is None


@pytest.mark.parametrize(
    ("manifest", "weights", "state", "word"),
    [
        pytest.param(None, b"x", "missing", "no manifest", id="no_manifest"),
        pytest.param("{", b"x", "missing", "cannot be read", id="manifest_cut"),
        pytest.param("[]", b"x", "missing", "cannot be read", id="manifest_a_list"),
        pytest.param({"weights.safetensors": SHA256_OF_X}, None, "missing", "cannot be read", id="file_gone"),
        pytest.param({"weights.safetensors": SHA256_OF_X}, b"y", "missing", "altered", id="file_altered"),
        pytest.param({"weights.safetensors": SHA256_OF_X}, b"x", "ok", "verified", id="whole"),
    ],
)
def test_the_adapter_is_compared_with_its_manifest(manifest, weights, state, word, tmp_path):
    if manifest is not None:
        text = manifest if isinstance(manifest, str) else json.dumps({"name": "embedded-1", "files": manifest})
        (tmp_path / "manifest.json").write_text(text)
    if weights is not None:
        (tmp_path / "weights.safetensors").write_bytes(weights)
    finding = doctor._check_adapter(tmp_path)
    assert finding.state == state
    assert word in finding.sentence


def test_no_python310_means_no_recording_and_nothing_else(monkeypatch):
    monkeypatch.setattr(doctor.tracker_python, "candidates", list)
    finding = doctor._check_tracker()
    assert finding.state == "warning"
    assert "3.10" in finding.sentence


@pytest.mark.parametrize(("free_bytes", "state"), [(10**10, "ok"), (10**9, "warning"), (10**8, "missing")])
def test_a_full_disk_is_seen(free_bytes, state, monkeypatch):
    usage = type("Usage", (), {"free": free_bytes})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: usage)
    assert doctor._check_disk().state == state


def test_importing_the_doctor_loads_neither_torch_nor_qt():
    code = (
        "import sys, gaze2report.doctor;"
        "print([name for name in ('torch', 'transformers', 'PySide6', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("check", ["_check_tittapy", "_check_sound"])
@pytest.mark.parametrize(
    ("returncode", "out", "err", "state", "word"),
    [
        (0, "2.1.0.1\n", "", "ok", "2.1.0.1"),
        (1, "", "ModuleNotFoundError: No module named 'x'", "warning", "pip install"),
        (1, "", "OSError: PortAudio library not found", "warning", "does not load"),
        (None, "", "", "warning", "it did not end"),
    ],
)
def test_what_records_beside_the_tracker_is_looked_for(monkeypatch, check, returncode, out, err, state, word):
    done = None if returncode is None else subprocess.CompletedProcess([], returncode, out, err)
    monkeypatch.setattr(doctor, "_run_python", lambda *_: done)
    finding = getattr(doctor, check)()
    assert finding.state == state
    assert word in finding.sentence
