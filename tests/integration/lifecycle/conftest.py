"""The worlds of the lifecycle's tests with their executions in a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from orchestrator.store.opening import Storage, open_storage
from tests.fakes import sqlite
from tests.fakes.postgres import PostgresDatabases
from tests.fakes.world import World


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """Empty, and of this test alone."""
    if request.param == "postgresql":
        databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
        url = databases.emptied()
    else:
        url = sqlite.with_tables(tmp_path / "home")
    opened = open_storage(url, home=tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def world_with(storage: Storage, tmp_path: Path) -> Callable[..., World]:
    return partial(World, tmp_path, storage=storage)


@pytest.fixture
def world(world_with: Callable[..., World]) -> World:
    return world_with()
