"""Workers and control loops that are started apart, each as the process tree of a host, on one server and database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from orchestrator import app
from orchestrator.queue.link import Link
from orchestrator.queue.server import EmbeddedServer, find_binary
from orchestrator.queue.supervisor import Plan
from orchestrator.queue.tree import ProcessTree
from tests.fakes.checkout import Checkout
from tests.fakes.evidence import Evidence


@dataclass(kw_only=True)
class Hosts:
    """What a checkout's executions are run by. Leases run out after a few seconds, and drains are short."""

    checkout: Checkout
    redis_url: str
    clock: str = ""
    trees: list[ProcessTree] = field(default_factory=list)

    def start(self, *labels: str, workers: int = 0, control: bool = False) -> ProcessTree:
        """Start a host, whose workers serve these queues besides `default`."""
        link = Link(
            redis_url=self.redis_url,
            instance=app.SHARED_INSTANCE,
            services="tests.fakes.hasty:services",
            arguments={
                "root": str(self.checkout.root),
                "environ": json.dumps(self.checkout.environment()),
                **({"clock": self.clock} if self.clock else {}),
            },
            labels=("default", *labels),
            control="tests.fakes.hasty:control",
        )
        tree = ProcessTree(Plan(link=link, workers=workers, embedded=False, control=control, preload=app.PRELOAD))
        self.trees.append(tree)
        tree.start()
        return tree

    def submit(self, workflow: str) -> Evidence:
        """Start an execution that any host may work on."""
        id = self.checkout.mycelium("run", workflow, "--detach").stdout.strip()
        return Evidence(checkout=self.checkout, execution=id)

    def stop(self) -> None:
        """End all hosts, in a hurry."""
        for tree in self.trees:
            tree.stop(hurry=True)


@contextmanager
def hosting(checkout: Checkout, redis_url: str) -> Iterator[Hosts]:
    """Hosts for a checkout, which end with the block."""
    checkout.environ["MYCELIUM_REDIS_URL"] = redis_url
    hosts = Hosts(checkout=checkout, redis_url=redis_url)
    try:
        yield hosts
    finally:
        hosts.stop()


@contextmanager
def serving() -> Iterator[EmbeddedServer]:
    """A Valkey of the test's own."""
    server = EmbeddedServer(find_binary())
    server.start()
    try:
        yield server
    finally:
        server.stop()
