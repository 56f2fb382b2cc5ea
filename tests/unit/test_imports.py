"""No modules need each other: an import inside a function hides a circle, and does not undo it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import networkx as nx

ROOT: Final = Path(__file__).resolve().parents[2]


def modules() -> dict[str, Path]:
    files = (file for room in ("orchestrator", "action", "webhooks") for file in (ROOT / room).rglob("*.py"))
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def needed(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that happen when it runs, sooner or later; not those for the type checker alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        yield from needed(node)


def test_no_modules_need_each_other() -> None:
    known, needs = modules(), nx.DiGraph()
    for module, file in known.items():
        for each in needed(ast.parse(file.read_text(encoding="utf-8"))):
            source = f"{each.module}." if isinstance(each, ast.ImportFrom) else ""
            for alias in each.names:
                name = f"{source}{alias.name}"
                needs.add_edge(module, name if name in known else source.removesuffix("."))
    assert needs.has_edge("orchestrator.lifecycle.archive.copies", "orchestrator.lifecycle.secrecy")
    assert [sorted(circle) for circle in nx.strongly_connected_components(needs) if len(circle) > 1] == []
