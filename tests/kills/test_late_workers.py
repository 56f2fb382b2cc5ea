"""Workers that are stopped in the middle of a node and wake too late, or that are told to drain."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from tests.fakes.checkout import Checkout, alive, eventually, runs, statuses
from tests.fakes.evidence import NOTE
from tests.fakes.hosts import Hosts, hosting, serving

LATE = f"""
name: Late
nodes:
  before: {{run: '{NOTE}'}}
  slow:
    needs: before
    run: |
      {NOTE}
      case "$MYCELIUM_NODE_RUN" in
        */1) until test -e "$HOME/../end-the-first"; do sleep 0.02; done;;
        *) until test -e "$HOME/../go"; do sleep 0.02; done;;
      esac
      echo "epoch=${{MYCELIUM_NODE_RUN##*/}}" >> "$GITHUB_OUTPUT"
  after: {{needs: slow, run: '{NOTE}'}}
"""
AGENT = """
name: Agent
defaults: {sandbox: none}
nodes:
  agent: {agent: reviewer, prompt: Look., engine: claude}
  after: {needs: agent, run: 'printf "%s\\t%s\\n" "$MYCELIUM_NODE_RUN" "$$" >> "$HOME/../ledger"'}
"""
CLAUDE = """#!{python}
import json, os, pathlib, time
folder = pathlib.Path({folder!r})
with (folder / "ledger").open("a") as ledger:
    ledger.write(os.environ["MYCELIUM_NODE_RUN"] + "\\t" + str(os.getpid()) + "\\n")
print(json.dumps({{"type": "system", "subtype": "init", "model": "m", "mcp_servers": []}}), flush=True)
while not (folder / "go").exists():
    time.sleep(0.02)
print(json.dumps({result!r}), flush=True)
"""
RESULT = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "result": "Fine.",
    "num_turns": 1,
    "total_cost_usd": 0.01,
    "usage": {"input_tokens": 1, "output_tokens": 1, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
    "permission_denials": [],
}


@pytest.fixture
def hosts(checkout: Checkout) -> Iterator[Hosts]:
    with serving() as server, hosting(checkout, server.url) as found:
        yield found


def stop_between_writes(pid: int, home: Path) -> None:
    """SIGSTOP at a moment at which the process holds no lock of SQLite: nobody could go on without it."""

    def stopped() -> bool:
        os.kill(pid, signal.SIGSTOP)
        if all(map(is_free, home.glob("*.db"))):
            return True
        os.kill(pid, signal.SIGCONT)
        return False

    eventually(stopped, "a moment between two writes")


def is_free(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=1.0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
        return True


def at_work(program: Path) -> list[int]:
    """The processes that run a script, which knows itself by other numbers where it lives."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(program) in process.cmdline():
                found.append(process.pid)
    return found


@pytest.mark.parametrize("finished", [False, True], ids=["its-node-still-runs", "its-node-has-ended"])
def test_a_stopped_worker_wakes_past_its_lease(finished: bool, hosts: Hosts) -> None:
    checkout = hosts.checkout
    checkout.workflow("late", LATE)
    evidence = hosts.submit("late")
    late = hosts.start("late", workers=1)
    first = evidence.await_start("slow")
    stop_between_writes(late.pids["worker-1"], checkout.root / ".mycelium")
    if finished:
        (checkout.folder / "end-the-first").touch()
        eventually(lambda: not alive([first.pid]), "the end of the first node")
    hosts.start(workers=1, control=True)
    second = evidence.await_start("slow", times=2)
    os.kill(late.pids["worker-1"], signal.SIGCONT)
    eventually(lambda: not alive([first.pid]), "the end of the first node")
    # The late worker has dropped its work once it takes something else.
    checkout.workflow("next", f"{{name: Next, nodes: {{after: {{queue: late, run: '{NOTE}'}}}}}}")
    following = hosts.submit("next")
    (checkout.folder / "go").touch()
    evidence.await_end()
    following.await_end()
    hosts.stop()
    shown = evidence.check({"before": 1, "slow": 1, "after": 1})
    assert runs(shown)["slow"]["outputs"]["epoch"] == str(second.epoch)
    assert [entry.epoch for entry in evidence.began("slow")] == [1, 2]
    assert len(evidence.began("after")) == 1


def test_a_worker_is_told_to_end_while_its_agent_works(hosts: Hosts) -> None:
    checkout = hosts.checkout
    program = checkout.folder / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(CLAUDE.format(python=sys.executable, folder=str(checkout.folder), result=RESULT))
    program.chmod(0o755)
    checkout.environ["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    checkout.environ["ANTHROPIC_API_KEY"] = "not-a-key"
    checkout.write(".claude/agents/reviewer.md", "---\nname: reviewer\ndescription: Reviews.\n---\nYou review.\n")
    checkout.workflow("agent", AGENT)
    evidence = hosts.submit("agent")
    draining = hosts.start(workers=1)
    evidence.await_start("agent")
    assert at_work(program)
    draining.stop()
    assert at_work(program) == []
    shown = evidence.shown()
    assert statuses(shown) == {"agent": "queued", "after": "pending"}
    assert runs(shown)["agent"]["attempt"] == 0
    hosts.start(workers=1, control=True)
    assert evidence.await_start("agent", times=2).epoch == 2
    (checkout.folder / "go").touch()
    evidence.await_end()
    hosts.stop()
    evidence.check({"agent": 1, "after": 1})
