"""What a folder has, as it is read from a disk."""

from __future__ import annotations

import json

from orchestrator.cli.init.place import Place
from tests.unit.cli.init.repository import Repository


def test_what_cannot_be_read_counts_as_empty(repository: Repository) -> None:
    """The packages of Node lie in a folder, and the file at the root that would tell of more is missing."""
    repository.write("pyproject.toml", "")
    repository.write("frontend/package.json", json.dumps({"scripts": {"test": "vitest"}}))
    assert found(repository) == ("(cd frontend && npm test)", "(cd frontend && npm install)")
    (repository.root / "package.json").mkdir()
    (repository.root / "uv.lock").write_bytes(b"\xff\xfe")
    (repository.root / "pyproject.toml").write_bytes(b"[project]\n# caf\xe9\n")
    (repository.root / "Makefile").symlink_to("nowhere")
    repository.write("tests/test_a.py", "")
    assert found(repository) == (
        "uv run pytest -q && (cd frontend && npm test)",
        "uv sync && (cd frontend && npm install)",
    )
    (repository.root / "pyproject.toml").unlink()
    assert found(repository)[0] == ".venv/bin/python -m pytest -q && (cd frontend && npm test)"


def found(repository: Repository) -> tuple[str, str]:
    seen = Place.at(repository.root, committing=True).found()
    return seen.test, seen.setup
