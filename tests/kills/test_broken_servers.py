"""A Valkey that is killed, wiped or stopped while executions run."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from orchestrator.queue.connection import connect
from orchestrator.queue.server import EmbeddedServer
from tests.fakes.checkout import Checkout, eventually, statuses
from tests.fakes.evidence import LONG, LONG_ATTEMPTS, Evidence
from tests.fakes.hosts import serving
from tests.fakes.tree_members import Members


@pytest.fixture
def server(checkout: Checkout) -> Iterator[EmbeddedServer]:
    """A server that runs of this checkout share with nobody."""
    with serving() as found:
        checkout.environ["MYCELIUM_REDIS_URL"] = found.url
        yield found


def test_the_tree_s_own_server_is_killed_twice(checkout: Checkout) -> None:
    checkout.workflow("long", LONG)
    process = checkout.start("run", "long")
    evidence = Evidence.of_first(checkout)
    evidence.await_start("long")
    evidence.look("long")
    members = eventually(lambda: Members.of(process.pid), "the tree")
    os.kill(members.server, signal.SIGKILL)
    known = {members.server, members.control, *members.workers}
    os.kill(eventually(lambda: members.other_children(known), "another server")[0], signal.SIGKILL)
    (checkout.folder / "go").touch()
    done = checkout.finish(process)
    assert done.code == 0, done.stderr
    assert "Traceback" not in done.stderr
    evidence.check(LONG_ATTEMPTS)


def test_the_server_loses_its_memory_while_nodes_wait(checkout: Checkout, server: EmbeddedServer) -> None:
    checkout.workflow("long", LONG)
    checkout.environ["MYCELIUM_CONCURRENCY"] = "1"
    process = checkout.start("run", "long")
    evidence = Evidence.of_first(checkout)
    evidence.await_start("long")
    evidence.look("long")
    with connect(server.url) as client:
        client.flushall()
        (checkout.folder / "go").touch()
        evidence.await_start("retried")
        client.flushall()
    assert checkout.finish(process).code == 0
    evidence.check(LONG_ATTEMPTS)


def test_the_server_is_stopped_for_a_while(checkout: Checkout, server: EmbeddedServer) -> None:
    checkout.workflow("long", LONG)
    process = checkout.start("run", "long")
    evidence = Evidence.of_first(checkout)
    evidence.await_start("long")
    evidence.look("long")
    assert server.pid
    os.kill(server.pid, signal.SIGSTOP)
    (checkout.folder / "go").touch()
    eventually(lambda: statuses(evidence.shown())["long"] == "completed", "the end of the node")
    os.kill(server.pid, signal.SIGCONT)
    assert checkout.finish(process).code == 0
    evidence.check(LONG_ATTEMPTS)
