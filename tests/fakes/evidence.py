"""What an execution leaves behind while parts of it are killed, and what must be true of that in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from orchestrator import app
from orchestrator.lifecycle import report
from orchestrator.lifecycle.log_reading import lines
from orchestrator.lifecycle.ports import StoredEffect
from orchestrator.lifecycle.services import Services
from tests.fakes.checkout import Checkout, eventually, runs, statuses

MARK = "DYLD_LIBRARY_PATH"
"""A variable that every process of a tree passes on, guards and servers included, and that Linux has no use for."""

NOTE = r'printf "%s\t%s\n" "$MYCELIUM_NODE_RUN" "$$" >> "$HOME/../ledger"'
"""A line of shell with which a node tells that it ran: its execution, key and epoch, and its process."""

COUNT = 'n=0; until test -e "$HOME/../go"; do n=$((n+1)); echo "$MYCELIUM_NODE_RUN $n"; sleep 0.02; done'
"""A line of shell that logs numbered lines until the test lets it end."""

LONG = f"""
name: Long
nodes:
  before: {{run: '{NOTE}'}}
  long:
    needs: before
    run: |
      {NOTE}
      {COUNT}
  retried:
    needs: before
    retry: {{attempts: 2, delay-seconds: 0.2, on: [exit, lost]}}
    run: |
      {NOTE}
      test "$MYCELIUM_ATTEMPT" = 2
  after: {{needs: [long, retried], run: '{NOTE}'}}
"""
"""A workflow whose node `long` runs until `go` exists."""

LONG_ATTEMPTS = {"before": 1, "long": 1, "retried": 2, "after": 1}
"""How many attempts each node of `LONG` uses up, whatever is killed."""

Line = tuple[int, str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A node run that began, as it told itself."""

    execution: str
    key: str
    epoch: int
    pid: int


@dataclass(kw_only=True)
class Evidence:
    """All that can be seen of one execution from outside."""

    checkout: Checkout
    execution: str
    seen: list[Line] = field(default_factory=list)

    @classmethod
    def of_first(cls, checkout: Checkout) -> Evidence:
        """Wait until the first node of a checkout's first execution has begun."""
        return cls(checkout=checkout, execution=eventually(lambda: ledger(checkout.folder), "a node")[0].execution)

    def began(self, key: str) -> list[Entry]:
        """The times that a node run began, oldest first."""
        return [
            entry for entry in ledger(self.checkout.folder) if (entry.execution, entry.key) == (self.execution, key)
        ]

    def await_start(self, key: str, *, times: int = 1) -> Entry:
        """Wait until a node run has begun so many times; the latest."""
        return eventually(lambda: self.began(key)[times - 1 :], f"start {times} of {key}")[-1]

    def look(self, key: str) -> None:
        """Wait until the log shows lines of a node run that is at work; from now on they must stay."""
        with self._services() as services:
            eventually(lambda: list(lines(services, self.execution, node=key)), f"a log line of {key}")
            self.seen = self._lines(services)

    def shown(self) -> dict[str, Any]:
        """The execution as it is now."""
        with self._services() as services:
            return report.as_json(report.view(services, self.execution))

    def await_end(self) -> None:
        """Wait until the execution has ended and all that follows from it is done."""
        with self._services() as services:
            eventually(
                lambda: services.store.execution(self.execution).status.ended and not self._outbox(services), "the end"
            )

    def check(self, attempts: dict[str, int]) -> dict[str, Any]:
        """All completed, nothing ran twice at one epoch, nothing is lost, doubled, left to do or left alive."""
        with self._services() as services:
            shown = report.as_json(report.view(services, self.execution))
            log = self._lines(services)
            outbox = self._outbox(services)
        assert shown["status"] == "completed", shown
        assert statuses(shown) == dict.fromkeys(attempts, "completed")
        assert {key: run["attempt"] for key, run in runs(shown).items()} == attempts
        assert outbox == []
        self._check_ledger()
        self._check_log(log)
        eventually(lambda: not left_behind(self.checkout.folder), "the end of every process")
        return shown

    def _check_ledger(self) -> None:
        entries = self._entries()
        times = Counter((entry.key, entry.epoch) for entry in entries)
        assert set(times.values()) == {1}, times
        places = {entry.key: number for number, entry in enumerate(entries)}
        assert places["after"] == max(places.values()), entries

    def _check_log(self, log: list[Line]) -> None:
        missing = set(self.seen) - set(log)
        assert not missing, sorted(missing)[:5]
        numbers = [number for number, _, _ in log]
        assert numbers == sorted(set(numbers))
        counted: dict[str, list[int]] = {}
        for _, _, text in log:
            run, _, number = text.rpartition(" ")
            if run.startswith(f"{self.execution}/"):
                counted.setdefault(run, []).append(int(number))
        for run, found in counted.items():
            assert found == list(range(1, len(found) + 1)), (run, found)

    def _entries(self) -> list[Entry]:
        return [entry for entry in ledger(self.checkout.folder) if entry.execution == self.execution]

    def _lines(self, services: Services) -> list[Line]:
        return [(line.id, line.key, line.text) for line in lines(services, self.execution)]

    def _outbox(self, services: Services) -> list[StoredEffect]:
        owner = services.store.execution(self.execution).instance
        return services.store.effects(instance=owner, execution_id=self.execution)

    def _services(self) -> AbstractContextManager[Services]:
        return app.offline(self.checkout.settings())


def ledger(folder: Path) -> list[Entry]:
    """What the nodes of a checkout's executions have told, in the order of their telling."""
    path = folder / "ledger"
    return list(map(_entry, path.read_text().splitlines())) if path.exists() else []


def marked(checkouts: Iterator[Checkout]) -> Iterator[Checkout]:
    """Checkouts whose processes can be told from all others by `left_behind`."""
    for checkout in checkouts:
        checkout.environ[MARK] = f"{checkout.folder}/"
        yield checkout


def left_behind(folder: Path) -> list[psutil.Process]:
    """Every living process whose environment tells that it came from this folder's checkout."""
    return [process for process in psutil.process_iter() if f"{folder}/" in _environment(process)]


def _entry(line: str) -> Entry:
    run, pid = line.split("\t")
    execution, key, epoch = run.split("/")
    return Entry(execution=execution, key=key, epoch=int(epoch), pid=int(pid))


def _environment(process: psutil.Process) -> str:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        return "\n".join(process.environ().values())
    except (psutil.Error, OSError):
        return ""
