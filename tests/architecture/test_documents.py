"""What the documents name must exist: make targets, commands, files."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from architecture.source_tree import ROOT

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", text_of("Makefile"), re.MULTILINE))


def documented_commands() -> list[tuple[str, str]]:
    """Pairs (module, verb) of every `python -m module verb` in the documents."""
    pattern = r"python -m ((?:desktop|capture|db|gaze2report)[\w.]*) ([a-z][a-z-]+)"
    return sorted({pair for name in DOCUMENTS for pair in re.findall(pattern, text_of(name))})


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_that_is_named_exists(name):
    assert set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text_of(name), re.MULTILINE)) <= make_targets()


def test_the_two_commands_of_the_readme_are_there():
    assert {"make run", "make test"} <= {f"make {target}" for target in make_targets()}
    assert "make run" in text_of("README.md")
    assert "make test" in text_of("README.md")


def test_every_make_target_is_listed_by_make_help():
    helped = set(re.findall(r'@echo "make ([a-z-]+)', text_of("Makefile")))
    assert make_targets() - {"help"} == helped


def test_every_command_that_is_named_exists():
    commands = documented_commands()
    assert commands
    for module in sorted({module for module, _ in commands}):
        done = subprocess.run(
            [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"python -m {module} --help: {done.stderr}"
        for verb in (verb for named, verb in commands if named == module):
            assert re.search(rf"\b{verb}\b", done.stdout), f"python -m {module} has no {verb}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_is_named_exists(name):
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?)`", text_of(name)) + re.findall(r"\]\(([\w./-]+)\)", text_of(name))
    ignored = ("out/", ".venv/")
    assert [path for path in named if not path.startswith(ignored) and not (ROOT / path).exists()] == []
