"""Where measuring takes place: a repository, databases that are made for it, and a warm process tree."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestrator import app
from orchestrator import settings as configuration
from orchestrator.lifecycle.services import Services
from orchestrator.settings import Settings

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
DATABASES = (SQLITE, POSTGRESQL)
# A program of this environment, such as redis-server on PATH, is found; settings and other tools' state are not.
PASSED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "PYTHONPATH")


class Scene:
    """A repository below `folder`, with caches and the data of Mycelium beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "repository"
        self.repository.mkdir(parents=True)
        self.git("init", "--quiet")
        self.git("config", "user.name", "Bench")
        self.git("config", "user.email", "bench@example.invalid")
        self.git("commit", "--quiet", "--allow-empty", "--message", "Begin")

    def git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.repository, env=self.environment(), check=True)

    def write(self, name: str, workflow: Mapping[str, object]) -> None:
        """A workflow file of the repository. JSON is YAML."""
        folder = self.repository / "workflows"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text(json.dumps(workflow), encoding="utf-8")

    def environment(self, **settings: str) -> dict[str, str]:
        """For a program that is measured; `settings` without their prefix."""
        passed = {name: os.environ[name] for name in PASSED if name in os.environ}
        return {**passed, "HOME": str(self.folder), **{f"MYCELIUM_{name}": settings[name] for name in settings}}

    def settings(self, **settings: str) -> Settings:
        return configuration.load(self.repository, self.environment(**settings))


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new, empty database with our tables."""
    if kind == SQLITE:
        yield f"sqlite:///{folder}/{kind}.db"
        return
    from tests.fakes.postgres import PostgresDatabases

    with warnings.catch_warnings(action="ignore"):  # of a missing XDG_RUNTIME_DIR
        databases = PostgresDatabases(folder)
    try:
        yield databases.create()
    finally:
        databases.close()


@contextmanager
def tree(scene: Scene, beside: Mapping[str, str] | None = None, **settings: str) -> Iterator[Services]:
    """A process tree as that of `mycelium run`, and services to hand it executions. `beside` are variables of its
    environment that are no settings."""
    with (
        taken_on({**scene.environment(**settings), **(beside or {})}),
        app.embedded(scene.settings(**settings), ("default",)) as services,
    ):
        yield services


@contextmanager
def taken_on(environment: Mapping[str, str]) -> Iterator[None]:
    """This process has that environment for as long; the processes of a tree read their settings from it."""
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environment)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
