"""What an installed program must bring: its recipes, the embedded weights and the migrations, and no tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest
from architecture.source_tree import PACKAGES, ROOT, files_not_ignored, tracked_files


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Wheel and source distribution, built from a copy of the tree; returns the names of the files in each."""
    tree = tmp_path_factory.mktemp("tree")
    for path in tracked_files():
        copy = tree / path.relative_to(ROOT)
        if copy.relative_to(tree).parts[0] in (*PACKAGES, "pyproject.toml", "README.md", "LICENSE", "tests"):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    code = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next((tree / "dist").glob("*.whl"))) as wheel:
        in_wheel = set(wheel.namelist())
    with tarfile.open(next((tree / "dist").glob("*.tar.gz"))) as sdist:
        in_sdist = {name.partition("/")[2] for name in sdist.getnames()}
    return {"wheel": in_wheel, "sdist": in_sdist}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_every_tracked_file_of_the_packages_is_installed(kind, distributions):
    tracked = [path.relative_to(ROOT) for path in tracked_files()]
    expected = {path.as_posix() for path in tracked if path.parts[0] in PACKAGES}
    assert expected - distributions[kind] == set()


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_recipes_and_embedded_weights_are_among_them(kind, distributions):
    names = distributions[kind]
    assert any(name.startswith("gaze2report/recipes/") and name.endswith(".yaml") for name in names)
    assert "gaze2report/adapters/embedded/manifest.json" in names
    assert any(name.startswith("gaze2report/adapters/embedded/") and name.endswith(".safetensors") for name in names)


def test_the_tests_are_not_installed(distributions):
    assert [name for name in distributions["wheel"] if name.startswith(("tests/", "setup/"))] == []


def test_without_git_the_same_files_are_found():
    assert set(tracked_files()) - set(files_not_ignored()) == set()
