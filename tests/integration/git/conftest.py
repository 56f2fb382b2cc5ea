"""A user's repository with one commit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.git.user_repository import UserRepository


@pytest.fixture
def user(tmp_path: Path) -> UserRepository:
    home = tmp_path / "home"
    home.mkdir()
    folder = tmp_path / "checkout"
    folder.mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
    made = UserRepository(folder=folder, cache=tmp_path / "cache", environ=environ)
    made.run("init", "-q", "-b", "main")
    made.save({"README.md": b"# Example\n", "src/app.py": b"one\ntwo\nthree\n"}, "Begin")
    return made
