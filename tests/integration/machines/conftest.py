"""Machines: clones of one repository, each with a home, a cache and temporary files of its own, and a network."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.errors import Unavailable
from orchestrator.queue.connection import check
from orchestrator.queue.server import find_binary
from tests.fakes.checkout import PATIENCE_SECONDS, Checkout
from tests.fakes.postgres import PostgresDatabases


class Valkey:
    """A server on a loopback port, with a password."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        password = secrets.token_urlsafe(16)
        self.url = f"redis://:{password}@127.0.0.1:{port}"
        settings = f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder}"\nsave ""\n'
        with (folder / "valkey.log").open("wb") as log:
            self._process = subprocess.Popen([find_binary(), "-"], stdin=subprocess.PIPE, stdout=log, stderr=log)
        assert self._process.stdin
        with self._process.stdin as stdin:
            stdin.write(settings.encode())
        self._await_answer()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _await_answer(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return check(self.url)
            except Unavailable:
                assert self._process.poll() is None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


@dataclass
class Network:
    """What machines have in common: a database, a Valkey, and the repository they cloned."""

    folder: Path
    database_url: str
    redis_url: str
    machines: list[Checkout] = field(default_factory=list)

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    def machine(self, name: str) -> Checkout:
        """A clone with nothing else of the others in reach: home, cache, temporary files are its own."""
        folder = self.folder / name
        (folder / "home").mkdir(parents=True)
        (folder / "tmp").mkdir()
        machine = Checkout(
            folder=folder,
            environ={
                "MYCELIUM_DATABASE_URL": self.database_url,
                "MYCELIUM_REDIS_URL": self.redis_url,
                "TMPDIR": str(folder / "tmp"),
            },
        )
        machine.root.mkdir()
        machine.git("clone", "--quiet", str(self.origin), ".")
        machine.git("config", "user.name", name)
        machine.git("config", "user.email", f"{name}@example.invalid")
        self.machines.append(machine)
        return machine

    def end(self) -> None:
        for machine in self.machines:
            machine.end()


@pytest.fixture
def network(tmp_path: Path, postgres_databases: PostgresDatabases) -> Iterator[Network]:
    valkey = Valkey(tmp_path)
    made = Network(folder=tmp_path, database_url=postgres_databases.create(tcp=True), redis_url=valkey.url)
    first = Checkout.create(tmp_path / "author")
    first.git("clone", "--quiet", "--bare", ".", str(made.origin))
    yield made
    made.end()
    valkey.stop()


@pytest.fixture
def ended() -> Callable[[Checkout], None]:
    """Ends what a machine runs as a service manager does, and expects it to end well."""

    def end(machine: Checkout) -> None:
        running = [process for process in machine.started if process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            done = machine.finish(process)
            # The HTTP server ends itself by the signal once its last answer is out.
            assert done.code in ((-signal.SIGTERM, 0) if "serve" in process.args else (0,)), done.stderr

    return end
