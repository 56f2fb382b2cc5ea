"""Every promise of the threat model names tests, and they exist."""

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
    if len(cells) == 4 and cells[2].strip() not in ("Tests", "---")
]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")
LIST = re.compile(rf"{NAMED.pattern}(?:, {NAMED.pattern})*")


def test_the_page_has_promises() -> None:
    assert len(ROWS) > 30


@pytest.mark.parametrize(("promise", "told"), ROWS)
def test_the_tests_of_a_promise_exist(promise: str, told: str) -> None:
    assert LIST.fullmatch(told), promise
    for path, test in NAMED.findall(told):
        tree = ast.parse((ROOT / path).read_text())
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        tests = {name for name in names if name.startswith("test_")}
        assert test in tests if test else tests


def test_every_attack_of_the_suite_is_behind_a_promise() -> None:
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/security").glob("test_*.py")}
    named = {path for _, told in ROWS for path, _ in NAMED.findall(told)}
    assert files - named == {"tests/security/test_threat_model.py"}
