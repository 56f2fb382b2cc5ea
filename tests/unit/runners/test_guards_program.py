"""The guards are a program of their own, for which nothing is installed."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import orchestrator.runners.guards as package

FILES = sorted(Path(package.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_guards_import_the_standard_library_and_each_other(file: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    foreign = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith(package.__name__)} == set()


def test_what_is_imported_with_the_guards_imports_nothing() -> None:
    for folder in Path(package.__file__).parents[1:3]:
        tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
