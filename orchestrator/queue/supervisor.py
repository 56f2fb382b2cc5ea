"""The process at the root of a tree: starts Valkey, workers and control loop, keeps them up, and takes them along.

It runs as a program of its own, has one thread and no connection, and so may fork at any time, whatever threads the
command or web server has that asked for it. Standard input is a socket: the first line names modules to import, the
second says what to do, and comes with open files to keep. It stays open: its end means that whoever asked is gone, by
whatever means.

A command that has nothing else to do is the supervisor of its own tree: `stay`.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import select
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from orchestrator.errors import MyceliumError, SetupError
from orchestrator.log_format import CONSOLE, configure
from orchestrator.queue import mortal
from orchestrator.queue.launch import MODULES
from orchestrator.queue.link import Link
from orchestrator.queue.pool import Pool, Role
from orchestrator.queue.server import BLACKBOARD_LIMITS, EmbeddedServer, find_binary

MOST_KEPT = 8
RESTARTS = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a tree consists of; it survives JSON.

    `embedded` asks for a Valkey of its own, whose address replaces `link.redis_url`, and `blackboard` for another one,
    whose address becomes `link.blackboard_url`. `control` asks for a control
    loop. `preload` names modules to import before the first fork, so that every child shares them.
    """

    link: Link
    workers: int
    embedded: bool = True
    blackboard: bool = False
    control: bool = True
    preload: tuple[str, ...] = field(default=())
    log_level: str = "warning"
    log_format: str = CONSOLE


def decode(message: Mapping[str, Any]) -> Plan:
    """The plan in a message of the parent."""
    link = Link(**{**message["link"], "labels": tuple(message["link"]["labels"])})
    return Plan(**{**message, "link": link, "preload": tuple(message["preload"])})


class Orders:
    """What the supervisor waits for: SIGTERM or `HURRY`, the end of a child, or the end of its parent.

    Without a lifeline to a parent, who would pass a Ctrl-C on, it is told to end by that too.
    """

    def __init__(self, lifeline: int | None) -> None:
        self.terminate = False
        self.hurry = False
        self._lifeline = lifeline
        self._wakeup, wake = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, self._on_terminate if lifeline is None else signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        for number in (signal.SIGTERM, mortal.HURRY):
            signal.signal(number, self._on_terminate)
        signal.signal(signal.SIGCHLD, _on_child)

    def wait(self, seconds: float | None) -> bool:
        """Wait for something to happen; false once the parent is gone."""
        watched = [self._wakeup] if self._lifeline is None else [self._wakeup, self._lifeline]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._wakeup in ready:
            os.read(self._wakeup, 4096)
        return self._lifeline not in ready or bool(os.read(self._lifeline, 4096))

    def _on_terminate(self, number: int, _frame: object) -> None:
        self.terminate = True
        self.hurry = self.hurry or number == mortal.HURRY


def _on_child(*_signal: object) -> None:
    """Only there so that the wake-up descriptor is written to."""


class Supervisor:
    """The tree below this process."""

    def __init__(self, plan: Plan, orders: Orders) -> None:
        self._orders = orders
        self._abandoned = False
        self._server = EmbeddedServer(find_binary()) if plan.embedded else None
        self._blackboard = EmbeddedServer(find_binary(), BLACKBOARD_LIMITS) if plan.blackboard else None
        self._servers = [server for server in (self._server, self._blackboard) if server]
        self.link = plan.link
        if self._server:
            self.link = replace(self.link, redis_url=self._server.url)
        if self._blackboard:
            self.link = replace(self.link, blackboard_url=self._blackboard.url)
        self._pool = Pool(_roles(plan, self.link))

    def start(self) -> None:
        """Start everything."""
        for server in self._servers:
            server.start()
        self._pool.start()

    def watch(self) -> None:
        """Keep the tree up until SIGTERM or until the parent is gone; `SetupError` where it cannot be kept up."""
        due: float | None = 0.0
        while not self._orders.terminate:
            if not self._orders.wait(due):
                self._abandoned = True
                return
            due = self._tend()

    def stop(self) -> None:
        """Drain when told to stop, in a hurry where the tree failed; without a parent there is nobody to drain for."""
        if self._abandoned and not self._orders.terminate:
            self._pool.kill()
        else:
            self._pool.stop(hurry=self._orders.hurry or not self._orders.terminate)
        for server in self._servers:
            server.stop()

    def describe(self) -> dict[str, Any]:
        return {
            "redis_url": self.link.redis_url,
            "server": self._server.pid if self._server else None,
            "blackboard": self._blackboard.pid if self._blackboard else None,
            "children": self._pool.pids(),
        }

    def _tend(self) -> float | None:
        for server in self._servers:
            if not server.alive():
                log.warning("an embedded server ended; starting another one")
                _start_again(server)
        return self._pool.tend()


def _start_again(server: EmbeddedServer) -> None:
    """Whatever ended the server may end the next one too while it starts; `SetupError` where that goes on."""
    for _ in range(RESTARTS - 1):
        with suppress(SetupError):
            return server.start()
    return server.start()


def _roles(plan: Plan, link: Link) -> list[Role]:
    pool = _pool_name()

    # Imported by the child if it was not preloaded: the supervisor itself needs neither redis nor rq.
    def role(name: str, module: str) -> Role:
        return Role(name=name, run=lambda: import_module(module).run(link, f"{pool}.{name}"))

    workers = [role(f"worker-{number}", "orchestrator.queue.worker") for number in range(1, plan.workers + 1)]
    return [*([role("control", "orchestrator.queue.loop")] if plan.control else []), *workers]


def _pool_name() -> str:
    """Host and something random: the seats of a pool are those of no other, and never used again."""
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:40]
    return f"{host}.{secrets.token_hex(4)}"


def main() -> int:
    """Read the plan, answer with one JSON line on standard output once the tree is up, and watch over it.

    A second line says why the tree ended, where it did so by itself.
    """
    mortal.close_to_others()
    orders = Orders(lifeline=0)
    answers = os.dup(1)
    # Whatever a child prints goes to standard error.
    os.dup2(2, 1)
    try:
        if plan := _told():
            configure(level=plan.log_level, form=plan.log_format)
            _oversee(Supervisor(plan, orders), answers)
    except MyceliumError as error:
        _say(answers, {"error": error.message, "hint": error.hint})
        return int(error.exit_code)
    return 0


def stay(plan: Plan) -> None:
    """Be the supervisor of a tree until SIGTERM or Ctrl-C, and drain it then; `SetupError` where it ends by itself.

    The process has one thread and no connection, because it forks.
    """
    orders = Orders(lifeline=None)
    os.dup2(2, 1)  # whatever a child prints
    configure(level=plan.log_level, form=plan.log_format)
    for module in (*MODULES, *plan.preload):
        import_module(module)  # once, here, for all children
    _oversee(Supervisor(plan, orders))


def _oversee(supervisor: Supervisor, answers: int | None = None) -> None:
    try:
        supervisor.start()
        if answers is not None:
            _say(answers, supervisor.describe())
        supervisor.watch()
    finally:
        supervisor.stop()


def _told() -> Plan | None:
    """The plan; None where whoever asked is gone, or has thought better of it."""
    if not (modules := _line(0)):
        return None
    for module in json.loads(modules):
        import_module(module)  # once, here, for all children
    return decode(json.loads(line)) if _kept() and (line := _line(0)) else None


def _kept() -> bool:
    """Wait for the open files that stay with this tree, and with no program that it starts; false where none come."""
    with socket.socket(fileno=os.dup(0)) as line:
        mark, descriptors, _, _ = socket.recv_fds(line, 1, MOST_KEPT)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return bool(mark)


def _line(descriptor: int) -> bytes:
    """One line, byte by byte: what follows is not ours to swallow."""
    line = b""
    while (byte := os.read(descriptor, 1)) not in {b"", b"\n"}:
        line += byte
    return line


def _say(answers: int, message: Mapping[str, Any]) -> None:
    """Whether the listener is gone is noticed elsewhere."""
    with suppress(OSError):
        os.write(answers, json.dumps(message).encode() + b"\n")
