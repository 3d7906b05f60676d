"""Who may import whom, what starting a part loads, and that a breach is noticed."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from architecture.source_tree import PACKAGES, ROOT

from gaze2report import doctor

MODEL_PACKAGES = ("torch", "torchvision", "timm", "torch_geometric", "transformers", "peft")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    return subprocess.run(
        [*command, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def modules_loaded_by(code: str) -> set[str]:
    """Top-level names in sys.modules after running the code in an interpreter of its own."""
    code += "\nimport sys; print('\\n'.join({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_import_contracts_hold():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "planted", "contract"),
    [
        pytest.param("gaze2report/types.py", "import PySide6", "Only desktop knows Qt", id="qt_in_the_science"),
        pytest.param("gaze2report/errors.py", "import db", "desktop -> capture | db -> gaze2report", id="upwards"),
        pytest.param("db/__init__.py", "import capture", "desktop -> capture | db -> gaze2report", id="sideways"),
        pytest.param("db/__init__.py", "import torch", "start without the model", id="model_in_the_database"),
        pytest.param("desktop/__init__.py", "import sqlalchemy", "Only db knows SQLAlchemy", id="rows_in_a_window"),
        pytest.param(
            "capture/__init__.py",
            "import gaze2report.types",
            "capture takes only the message lines",
            id="science_in_the_agent",
        ),
    ],
)
def test_a_planted_breach_is_noticed(file, planted, contract, tmp_path):
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("*.safetensors", "*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{planted}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [line for line in done.stdout.splitlines() if "BROKEN" in line]
    assert any(contract in line for line in broken), done.stdout


def test_opening_the_workstation_loads_no_model_code():
    loaded = modules_loaded_by("import desktop.app")
    assert not loaded & set(MODEL_PACKAGES)


def test_the_whole_database_package_loads_neither_model_nor_qt():
    code = (
        "import importlib, pkgutil, db\n"
        "names = [m.name for m in pkgutil.iter_modules(db.__path__, 'db.') if not m.name.endswith('__main__')]\n"
        "for name in names: importlib.import_module(name)"
    )
    assert not modules_loaded_by(code) & {*MODEL_PACKAGES, "PySide6", "pyqtgraph"}


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_loads_nothing_heavy(package):
    heavy = {*MODEL_PACKAGES, "PySide6", "pydicom", "sqlalchemy", "numpy", "PIL"}
    assert not modules_loaded_by(f"import {package}") & heavy


@pytest.mark.parametrize("file", ["gaze2report/messages.py", "gaze2report/system_libraries.py"])
def test_what_runs_outside_the_virtual_environment_needs_the_standard_library_only(file):
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.split(".")[0] in sys.stdlib_module_names, f"{file} imports {name}"


AGENT_FILES = sorted(set((ROOT / "capture").glob("*.py")) - {ROOT / "capture" / "export_command.py"})


def test_the_agent_never_loads_the_one_file_that_exports():
    """It needs the science, and is loaded when somebody exports, in the workstation's Python."""
    assert not modules_loaded_by("import capture.agent, capture.commands") & {"scipy", "pydicom", "pyarrow"}
    for path in AGENT_FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        at_top = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        assert all(node.module != "capture.export_command" for node in at_top), path.name


@pytest.mark.parametrize("path", AGENT_FILES, ids=lambda path: path.name)
def test_the_capture_agent_needs_numpy_the_message_lines_and_nothing_else(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            is_allowed = name.split(".")[0] in {*sys.stdlib_module_names, "capture", "numpy"}
            shared = ("gaze2report.messages", "gaze2report.gaze.sample_layout")
            assert is_allowed or name in shared, f"{path.name} imports {name}"


def test_the_message_lines_run_on_the_trackers_python(monkeypatch):
    monkeypatch.setenv("HOME", os.environ["GAZE2REPORT_REAL_HOME"])
    interpreters = doctor.find_python310()
    if not interpreters:
        pytest.skip("no CPython 3.10 on this machine")
    code = (
        "from gaze2report.messages import *\n"
        "message = Message('gaze', '7', {'x_norm': 0.5})\n"
        "assert decode(encode(message)) == message\n"
        "assert [decode(line) for line in LineBuffer().feed(encode(message))] == [message]\n"
    )
    done = subprocess.run(
        [interpreters[0], "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
