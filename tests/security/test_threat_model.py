"""Every promise of the threat model names a test, and the test exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/threat-model.md"
ROWS = [
    (cells[1].strip(), cells[2].strip())
    for cells in (line.split("|") for line in PAGE.read_text().splitlines())
    if len(cells) == 4 and cells[2].strip() not in ("Test", "---")
]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")


def test_the_page_has_promises() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize(("promise", "told"), ROWS)
def test_the_test_of_a_promise_exists(promise: str, told: str) -> None:
    found = NAMED.fullmatch(told)
    assert found, promise
    tree = ast.parse((ROOT / found[1]).read_text())
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    tests = {name for name in names if name.startswith("test_")}
    assert found[2] in tests if found[2] else tests


def test_every_attack_of_the_suite_is_behind_a_promise() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/security").glob("test_*.py")}
    named = {found[1] for _, told in ROWS if (found := NAMED.fullmatch(told))}
    assert files - named == {"tests/security/test_threat_model.py"}
