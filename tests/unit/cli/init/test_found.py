"""What a repository is taken for, by its files alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestrator.cli.init.found import look

NPM = '{"scripts": {"test": "vitest"}}'


@pytest.mark.parametrize(
    ("files", "test", "setup"),
    [
        ({}, "", ""),
        ({"Makefile": "all:\n\ntest: all\n\ttrue\n", "go.mod": ""}, "make test", ""),
        ({"Makefile": "tests-of-mine:\n", "go.mod": ""}, "go test ./...", ""),
        ({"package.json": NPM, "package-lock.json": ""}, "npm test", "npm ci"),
        ({"package.json": NPM, "pnpm-lock.yaml": ""}, "pnpm test", "pnpm install --frozen-lockfile"),
        ({"package.json": '{"scripts": {"test": "echo no test specified"}}', "Cargo.toml": ""}, "cargo test", ""),
        ({"package.json": "[3", "package-lock.json": ""}, "", ""),
        ({"pyproject.toml": "", "src/a/test_b.py": ""}, "python -m pytest -q", ""),
        ({"pyproject.toml": "", "uv.lock": "", "tests/a.py": ""}, "uv run pytest -q", ""),
        ({"pyproject.toml": "", "a.py": ""}, "", ""),
    ],
)
def test_the_command_of_its_tests(files: Mapping[str, str], test: str, setup: str) -> None:
    found = look(list(files), lambda path: files[path])
    assert (found.test, found.setup) == (test, setup)


def test_languages_and_agents() -> None:
    paths = ["a.py", "b.py", "c.ts", "node_modules/x/a.js", "node_modules/x/b.js", "d.rs", "e.go", "f.go", "README.md"]
    found = look([*paths, ".claude/agents/mine.md"], lambda _: "")
    assert found.languages == ("Python", "Go", "TypeScript")
    assert found.agents == (".claude/agents/mine.md",)
