"""What a repository is taken for, by its files alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestrator.cli.init.found import look

NPM = '{"scripts": {"test": "vitest"}}'
MONOREPO = '{"workspaces": ["packages/*"], "scripts": {"test": "echo no test specified"}}'
PROJECT = '[project]\n[project.optional-dependencies]\ndocs = []\ntest = ["pytest"]\n'
GROUPS = '[project]\n[dependency-groups]\ndev = ["pytest"]\n'
YARN = "yarn workspaces run test"
VENV = "python3 -m venv .venv && .venv/bin/python -m pip install --quiet"
GO_WITH_WEB = "go test ./... && (cd web && npm test)"
PYTEST = ".venv/bin/python -m pytest -q"


@pytest.mark.parametrize(
    ("files", "test", "setup"),
    [
        ({}, "", ""),
        ({"Makefile": "all:\n\ntest: all\n\ttrue\n", "go.mod": ""}, "make test", ""),
        ({"Makefile": "test:\n", "package.json": "", "yarn.lock": ""}, "make test", "yarn install"),
        ({"Makefile": "tests-of-mine:\n", "go.mod": ""}, "go test ./...", "go mod download"),
        ({"package.json": NPM, "package-lock.json": ""}, "npm test", "npm ci"),
        ({"package.json": NPM}, "npm test", "npm install"),
        ({"package.json": NPM, "pnpm-lock.yaml": ""}, "pnpm test", "pnpm install --frozen-lockfile"),
        ({"package.json": NPM, "bun.lock": ""}, "bun run test", "bun install --frozen-lockfile"),
        ({"package.json": NPM, "bun.lockb": ""}, "bun run test", "bun install --frozen-lockfile"),
        (
            {"package.json": '{"scripts": {"test": "echo no test specified"}}', "Cargo.toml": ""},
            "cargo test",
            "cargo fetch",
        ),
        ({"package.json": "[3", "package-lock.json": ""}, "", ""),
        (
            {"package.json": MONOREPO, "packages/a/package.json": NPM, "package-lock.json": ""},
            "npm test --workspaces --if-present",
            "npm ci",
        ),
        (
            {"package.json": "{}", "pnpm-workspace.yaml": "", "pnpm-lock.yaml": "", "a/package.json": NPM},
            "pnpm --recursive test",
            "pnpm install --frozen-lockfile",
        ),
        (
            {"package.json": MONOREPO, "a/package.json": NPM, "yarn.lock": ""},
            "yarn workspaces run test",
            "yarn install",
        ),
        (
            {"web app/package.json": NPM, "web app/yarn.lock": "", "api/package.json": NPM},
            "(cd api && npm test) && (cd 'web app' && yarn test)",
            "(cd api && npm install) && (cd 'web app' && yarn install)",
        ),
        ({"node_modules/x/package.json": NPM}, "", ""),
        ({"pyproject.toml": "", "tests/a.py": "", "examples/go.mod": ""}, PYTEST, f"{VENV} pytest"),
        ({"services/x/go.mod": ""}, "go -C services/x test ./...", "go -C services/x mod download"),
        ({"pyproject.toml": "", "src/a/test_b.py": ""}, PYTEST, f"{VENV} pytest"),
        ({"pyproject.toml": PROJECT, "tests/a.py": ""}, PYTEST, f"{VENV} -e '.[test]' pytest"),
        (
            {"pyproject.toml": f"{GROUPS}[tool.pytest.ini_options]\n", "tests/a.py": ""},
            PYTEST,
            f"{VENV} -e . pytest",
        ),
        (
            {"requirements.txt": "pytest-cov\nmypytest\n", "tests/a.py": ""},
            PYTEST,
            f"{VENV} -r requirements.txt pytest",
        ),
        (
            {"setup.py": "", "requirements-dev.txt": "pytest==8", "requirements.txt": "x", "tests/a.py": ""},
            PYTEST,
            f"{VENV} -e . -r requirements.txt -r requirements-dev.txt",
        ),
        (
            {"a/pyproject.toml": "[project]", "b/pyproject.toml": PROJECT, "b/tests/test_b.py": ""},
            PYTEST,
            f"{VENV} -e ./a -e './b[test]' pytest",
        ),
        ({"pyproject.toml": "", "uv.lock": "", "tests/a.py": ""}, "uv run pytest -q", "uv sync"),
        ({"pyproject.toml": PROJECT, "uv.lock": "", "tests/a.py": ""}, "uv run pytest -q", "uv sync --extra test"),
        ({"pyproject.toml": "", "poetry.lock": "", "tests/a.py": ""}, "poetry run pytest -q", "poetry install"),
        ({"pyproject.toml": "", "a.py": ""}, "", ""),
        ({"test_a.py": ""}, "", ""),
        ({"test_a.py": "", "requirements.txt": "pytest"}, PYTEST, f"{VENV} -r requirements.txt"),
        ({"test_a.py": "", "uv.lock": ""}, PYTEST, f"{VENV} pytest"),
        (
            {"pyproject.toml": "", "app/test_a.py": "", "frontend/package.json": NPM, "frontend/package-lock.json": ""},
            f"{PYTEST} && (cd frontend && npm test)",
            f"{VENV} pytest && (cd frontend && npm ci)",
        ),
        (
            {"pyproject.toml": "", "frontend/package.json": NPM},
            "(cd frontend && npm test)",
            "(cd frontend && npm install)",
        ),
        ({"go.mod": "", "web/package.json": NPM}, GO_WITH_WEB, "go mod download && (cd web && npm install)"),
    ],
)
def test_the_command_of_its_tests(files: Mapping[str, str], test: str, setup: str) -> None:
    found = look(list(files), lambda path: files.get(path, ""))
    assert (found.test, found.setup) == (test, setup)


def test_languages_and_agents() -> None:
    paths = ["a.py", "b.py", "c.ts", "node_modules/x/a.js", "node_modules/x/b.js", "d.rs", "e.go", "f.go", "README.md"]
    found = look([*paths, ".claude/agents/mine.md"], lambda _: "")
    assert found.languages == ("Python", "Go", "TypeScript")
    assert found.agents == (".claude/agents/mine.md",)
