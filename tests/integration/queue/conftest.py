"""A real Valkey, and process trees around an application whose truth is a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from redis import Redis

from orchestrator.queue.connection import connect
from orchestrator.queue.instance import Instance
from orchestrator.queue.link import Link
from orchestrator.queue.server import EmbeddedServer, find_binary
from orchestrator.queue.supervisor import Plan
from orchestrator.queue.tree import ProcessTree
from tests.fakes.processes import Eventually, Plant

PATIENCE_SECONDS = 30.0


@pytest.fixture
def eventually() -> Eventually:
    """Wait until a condition holds, and return what made it true; fail after a long while."""

    def wait(condition: Callable[[], object]) -> object:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (value := condition()):
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.01)
        return value

    return wait


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    embedded = EmbeddedServer(find_binary())
    embedded.start()
    yield embedded
    embedded.stop()


@pytest.fixture
def client(server: EmbeddedServer) -> Iterator[Redis]:
    with connect(server.url) as connection:
        connection.flushall()
        yield connection


@pytest.fixture
def link(tmp_path: Path) -> Link:
    return Link(
        redis_url="",
        instance="test",
        services="tests.fakes.folder_application:services",
        arguments={"folder": str(tmp_path)},
        work="tests.fakes.folder_application:work",
        lose="tests.fakes.folder_application:lose",
        control="tests.fakes.folder_application:Sweep",
    )


@pytest.fixture
def plant(link: Link) -> Generator[Plant]:
    """Start a tree; it is stopped after the test."""
    trees: list[ProcessTree] = []

    def start(*, workers: int = 1, control: bool = False, instance: Instance | None = None) -> ProcessTree:
        tree = ProcessTree(Plan(link=link, workers=workers, control=control), instance)
        trees.append(tree)
        tree.start()
        return tree

    yield start
    for tree in trees:
        tree.stop()
