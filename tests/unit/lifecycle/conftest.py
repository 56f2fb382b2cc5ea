"""A world of fakes for each test. `tests/integration/lifecycle` runs the same tests on databases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.world import World


@pytest.fixture
def world_with(tmp_path: Path) -> Callable[..., World]:
    """Makes the world of this test, where it is not to be an ordinary one."""
    return partial(World, tmp_path)


@pytest.fixture
def world(world_with: Callable[..., World]) -> World:
    return world_with()
