from __future__ import annotations

import ast
from pathlib import Path

import db

FOLDER = Path(db.__file__).parent
SQLITE_WORDS = ("sqlite3", "PRAGMA", "AUTOINCREMENT", "CREATE TRIGGER", "sqlite_master")


def test_only_the_sqlite_folder_speaks_sqlite():
    """So that another database can take its place there."""
    found = []
    for path in FOLDER.rglob("*.py"):
        if (FOLDER / "sqlite") in path.parents:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        texts = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        found += [(path.name, word) for word in SQLITE_WORDS if any(word in text for text in [*texts, *names])]
    assert found == []
