"""What attacks are tried on: worlds in memory, and a repository with real git."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.world import World
from tests.integration.git.user_repository import UserRepository


@pytest.fixture
def world_with(tmp_path: Path) -> Callable[..., World]:
    """Makes the world of this test."""
    return partial(World, tmp_path)


@pytest.fixture
def user(tmp_path: Path) -> UserRepository:
    """A user's repository without a commit."""
    for name in ("home", "checkout"):
        (tmp_path / name).mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
    made = UserRepository(folder=tmp_path / "checkout", cache=tmp_path / "cache", environ=environ)
    made.run("init", "-q", "-b", "main")
    return made
