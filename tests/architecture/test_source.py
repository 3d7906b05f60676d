"""What must hold for the text of every source file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from architecture.source_tree import ROOT, other_files, product_files, tracked_files

# Weights that others publish are pickles: only training from them and an importer that the user calls may read one.
MAY_CALL_TORCH_LOAD = ("gaze2report/training/", "gaze2report/evaluation/")
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def is_true(call: ast.Call, keyword: str) -> bool:
    return any(
        item.arg == keyword and isinstance(item.value, ast.Constant) and item.value.value is True
        for item in call.keywords
    )


def unsafe_loads(path: Path, tree: ast.Module) -> list[str]:
    """Lines that could run code from a data file."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"line {node.lineno}: imports {name}" for name in names if name.split(".")[0] in UNSAFE_MODULES]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ast.unparse(node.func)
            may_load = relative(path).startswith(MAY_CALL_TORCH_LOAD) if path.is_relative_to(ROOT) else False
            if called == "torch.load" and not (may_load and is_true(node, "weights_only")):
                found.append(f"line {node.lineno}: torch.load")
            if called in ("np.load", "numpy.load") and is_true(node, "allow_pickle"):
                found.append(f"line {node.lineno}: numpy.load with allow_pickle")
    return found


def test_no_product_code_loads_a_pickle():
    found = {relative(path): lines for path in product_files() if (lines := unsafe_loads(path, tree_of(path)))}
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_a_planted_pickle_is_noticed(source, tmp_path):
    assert unsafe_loads(tmp_path / "planted.py", ast.parse(source))


def test_every_public_module_class_and_function_has_a_docstring():
    missing = []
    for path in product_files():
        if path.name == "__init__.py" or "migrations/versions" in relative(path):
            continue
        tree = tree_of(path)
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        public = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
        for node in [tree, *public]:
            if not ast.get_docstring(node):
                missing.append(f"{relative(path)}: {getattr(node, 'name', 'module')}")
    assert missing == []


@pytest.mark.parametrize(("files", "max_lines"), [(product_files, 400), (other_files, 600)])
def test_no_file_is_longer_than_can_be_held_in_mind(files, max_lines):
    lengths = {relative(path): path.read_text(encoding="utf-8").count("\n") for path in files()}
    assert {name: lines for name, lines in lengths.items() if lines > max_lines} == {}


def test_no_file_has_a_name_that_says_nothing():
    nothing = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "manager.py", "misc.py"}
    assert [relative(path) for path in product_files() + other_files() if path.name in nothing] == []


def test_no_tracked_file_names_a_registry_host_or_a_path_of_one_machine():
    # Written in two halves, so that this file does not name them either.
    forbidden = [
        first + second
        for first, second in (
            ("pypi", ".org"),
            ("python", "hosted.org"),
            ("npm", "js.org"),
            ("deb.", "debian.org"),
            ("/wo", "rk/"),
            ("/ro", "ot/"),
            ("/opt/", "pypi"),
        )
    ]
    found = []
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" in content[:8192]:
            continue
        text = content.decode("utf-8", "replace")
        found += [f"{relative(path)}: {word}" for word in forbidden if word in text]
    assert found == []


def test_the_folder_tests_data_holds_no_large_file():
    large = [relative(path) for path in tracked_files() if path.stat().st_size > 25_000_000]
    assert large == []
