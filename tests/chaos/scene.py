"""One machine under load: a repository, database, Valkey, and workers and schedulers that are started when they end."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

from orchestrator.queue.server import EmbeddedServer, find_binary
from orchestrator.settings import Settings
from orchestrator.store.opening import upgrade_store
from tests.chaos.load import KINDS
from tests.fakes.checkout import Checkout
from tests.fakes.evidence import MARK
from tests.fakes.postgres import PostgresServer

ROOT = Path(__file__).parents[2]
PROGRAM = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); import tests.chaos.hurried; "
    "from orchestrator.cli import main; main()"
)
MEMBERS = {
    "scheduler-1": ("scheduler",),
    "scheduler-2": ("scheduler",),
    "workers-1": ("worker", "--concurrency", "2"),
    "workers-2": ("worker", "--concurrency", "2"),
}
STOP_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Fork:
    """A process below a supervisor: a worker or a control loop."""

    member: str
    process: psutil.Process


class Scene:
    """Everything that a soak starts, below one folder."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.database = f"soak_{secrets.token_hex(4)}"
        (folder / "tmp").mkdir(parents=True)
        (folder / "output").mkdir()
        self.checkout = Checkout.create(folder, **{MARK: f"{folder}/", "TMPDIR": str(folder / "tmp")})
        for kind in KINDS:
            self.checkout.workflow(kind.name, kind.text, dict(kind.transcripts))
        self.checkout.commit("Add workflows")
        self.postgres = PostgresServer() if database == "postgresql" else None
        if self.postgres:
            self.postgres.execute(f"CREATE DATABASE {self.database}")
            url = self.postgres.url(self.database, tcp=True)
            upgrade_store(url, home=folder)
            self.checkout.environ["MYCELIUM_DATABASE_URL"] = url
        self.valkey = EmbeddedServer(find_binary())
        self.valkey.start()
        self.members: dict[str, subprocess.Popen[bytes]] = {}
        self.down: dict[str, float] = {}
        """Servers that are out of order, and when they come back."""
        self._commands = 0

    @property
    def settings(self) -> Settings:
        return replace(self.checkout.settings(), redis_url=self.valkey.url)

    def command(self, *words: str, shared: bool = False) -> subprocess.Popen[bytes]:
        """Start `mycelium`; what it prints goes to a file in `output`."""
        self._commands += 1
        environ = self.checkout.environment() | ({"MYCELIUM_REDIS_URL": self.valkey.url} if shared else {})
        with (self.folder / "output" / f"{self._commands:04d}-{words[0]}").open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-P", "-c", PROGRAM, *words],
                cwd=self.checkout.root,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def note(self, text: str) -> None:
        """Write down what happened when, for whoever looks for the cause of a violation."""
        with (self.folder / "output" / "soak.log").open("a") as log:
            log.write(f"{datetime.now(UTC):%H:%M:%S.%f} {text}\n")

    def tend(self) -> None:
        """Bring back servers whose time has come, and members that have ended."""
        for name in [name for name, due in self.down.items() if due <= time.monotonic()]:
            self._start_server(name)
            self.note(f"{name} is back")
            del self.down[name]
        if self.down:
            return
        for name, words in MEMBERS.items():
            if name not in self.members or self.members[name].poll() is not None:
                self.note(f"{name} starts")
                self.members[name] = self.command(*words, shared=True)

    def forks(self, role: str) -> list[Fork]:
        """The living worker (or control) processes of all members."""
        wanted = "workers" if role == "worker" else "scheduler"
        return [
            Fork(member=name, process=process)
            for name, member in self.members.items()
            if name.startswith(wanted)
            for process in _children(member.pid)
        ]

    def supervisors(self) -> list[psutil.Process]:
        return [psutil.Process(member.pid) for member in self.members.values() if member.poll() is None]

    def close_members(self) -> list[str]:
        """Stop everything that runs nodes, in good order; what went wrong with that."""
        wrong = []
        for member in self.members.values():
            if member.poll() is None:
                member.terminate()
        for name, member in self.members.items():
            try:
                member.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                wrong.append(f"{name} does not end")
                member.kill()
                member.wait()
        return wrong

    def close(self) -> None:
        """Stop the servers."""
        self.valkey.stop()
        if self.postgres:
            self.postgres.remove()

    def _start_server(self, name: str) -> None:
        if name == "valkey":
            self.valkey.start()
        elif self.postgres:
            self.postgres.start()


def _children(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return [child for child in psutil.Process(pid).children() if child.status() != psutil.STATUS_ZOMBIE]
    return []
