"""Executions on several machines, which share a network and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from tests.fakes.checkout import Checkout, alive, eventually, family, runs, statuses
from tests.integration.machines.conftest import Network

End = Callable[[Checkout], None]

APART = """
name: Apart
nodes:
  first: {run: "echo first"}
  left: {needs: first, run: "echo left"}
  right: {needs: first, run: "echo right"}
  last: {needs: [left, right], workspace: write, run: "echo last > last.txt"}
"""

TOGETHER = """
name: Together
nodes:
  start:
    queue: one
    workspace: write
    artifacts: [report.bin]
    run: |
      echo "from one, ${HOME##*/}" > one.txt
      cat uncommitted.txt > seen-by-one.txt
      head --bytes=700000 /dev/urandom > report.bin
      sha256sum < report.bin > report.sum
      rm -f report.bin.tmp
  follow: {needs: start, queue: two, workspace: write, run: "cat one.txt uncommitted.txt > two.txt"}
  beside: {queue: two, workspace: write, run: "echo beside > beside.txt"}
  gather: {queue: one, merge: [follow, beside]}
  check:
    needs: gather
    queue: two
    run: "cat one.txt two.txt beside.txt seen-by-one.txt"
"""


def test_every_process_apart(network: Network, ended: End) -> None:
    starter, steady, *workers = (network.machine(name) for name in ("starter", "steady", "worker-1", "worker-2"))
    starter.workflow("apart", APART)
    processes = [steady.start("scheduler"), *(each.start("worker", "--concurrency", "1") for each in workers)]
    processes.append(steady.start("serve", "--port", "0"))
    ids = [starter.mycelium("run", "apart", "--detach").stdout.strip() for _ in range(4)]
    for id in ids:
        shown = eventually(lambda id=id: branch_of(starter, id), f"the end of {id}")
        assert set(statuses(shown).values()) == {"completed"}
        assert steady.git("show", f"{shown['result_branch']}:last.txt") == "last\n"
    assert processes[-1].stderr
    address = processes[-1].stderr.readline().split()[2]
    with urlopen(f"{address}/healthz", timeout=60) as answer:
        assert answer.status == 200
    trees = [pid for process in processes for pid in family(process.pid)]
    for machine in (steady, *workers):
        ended(machine)
    assert alive(trees) == []


def test_two_machines_work_on_one_execution(network: Network, ended: End) -> None:
    one, two = network.machine("one"), network.machine("two")
    one.write("later.txt", "one has this, and origin does not")
    one.commit("Not pushed")
    one.write("shared.txt", "one\ntwo\nthree, changed\n")
    one.write("uncommitted.txt", "only on one\n")
    one.git("add", "uncommitted.txt")
    one.workflow("together", TOGETHER)
    for machine, label in ((one, "one"), (two, "two")):
        machine.start("worker", "--concurrency", "1", "--queue", label)
    two.start("scheduler")
    id = one.mycelium("run", "together", "--detach").stdout.strip()
    shown = eventually(lambda: branch_of(one, id), "the end of the execution")
    assert set(statuses(shown).values()) == {"completed"}, logs(one, id)
    branch = shown["result_branch"]
    files = {name: two.git("show", f"{branch}:{name}") for name in ("one.txt", "two.txt", "beside.txt", "later.txt")}
    assert files == {
        "one.txt": "from one, home\n",
        "two.txt": "from one, home\nonly on one\n",
        "beside.txt": "beside\n",
        "later.txt": "one has this, and origin does not",
    }
    assert two.git("show", f"{branch}:shared.txt").endswith("three, changed\n")
    for machine in (one, two):
        assert "beside" in logs(machine, id)["check"]
        assert machine.show(id) == shown
    assert branch not in one.git("branch", "--list", "mycelium/*")
    assert one.mycelium("executions", "fetch", id).stdout.strip() == branch
    assert one.git("rev-parse", branch) == two.git("rev-parse", branch)
    (artifact,) = runs(shown)["start"]["artifacts"]
    assert artifact["size"] == 700_000
    for machine in (one, two):
        ended(machine)
        assert list((machine.root / ".mycelium").glob("blobs")) == []


def test_a_base_that_was_pushed_is_fetched_and_not_sent(network: Network, ended: End) -> None:
    """Machine two cloned before the commit existed."""
    one, two = network.machine("one"), network.machine("two")
    one.write("news.txt", "news\n")
    one.commit("News")
    one.git("push", "--quiet", "origin", "main")
    one.workflow("read", 'name: Read\nnodes: {read: {queue: two, run: "cat news.txt"}}')
    two.start("worker", "--concurrency", "1", "--queue", "two")
    two.start("scheduler")
    id = one.mycelium("run", "read", "--detach").stdout.strip()
    shown = eventually(lambda: ended_execution(one, id), "the end of the execution")
    assert statuses(shown) == {"read": "completed"}, logs(one, id)
    assert "news" in logs(two, id)["read"]
    # It is in the mirror: the clone was left alone.
    assert "news.txt" not in two.git("ls-tree", "-r", "--name-only", "origin/main")
    ended(two)


def test_a_base_that_cannot_be_had_is_an_error_with_a_way_out(network: Network, ended: End) -> None:
    """Machine two has a clone of its own of something else; that cannot be told before a node runs there."""
    one, two = network.machine("one"), network.machine("two")
    other = Checkout.create(network.folder / "other")
    two.git("remote", "set-url", "origin", str(other.root))
    one.write("news.txt", "news\n")
    one.commit("News")
    one.git("push", "--quiet", "origin", "main")
    one.workflow("read", 'name: Read\nnodes: {read: {queue: two, run: "cat news.txt"}}')
    two.start("worker", "--concurrency", "1", "--queue", "two")
    two.start("scheduler")
    id = one.mycelium("run", "read", "--detach").stdout.strip()
    shown = eventually(lambda: ended_execution(one, id), "the end of the execution")
    assert runs(shown)["read"]["error_code"] == "RUN_SETUP"
    assert f"commit {shown['base']} is neither on this machine nor at its `origin`" in shown["error_message"]
    assert "push it to `origin`" in shown["error_message"]
    ended(two)


def test_without_an_origin_the_whole_history_travels(network: Network, ended: End, tmp_path: Path) -> None:
    one, two = network.machine("one"), network.machine("two")
    one.git("remote", "remove", "origin")
    one.write("alone.txt", "alone\n")
    one.commit("Alone")
    two.git("checkout", "--quiet", "--orphan", "other")
    two.git("remote", "remove", "origin")
    two.git("update-ref", "-d", "refs/heads/main")
    two.git("reflog", "expire", "--expire=now", "--all")
    two.git("gc", "--quiet", "--prune=now")
    two.commit("Begin anew")
    one.workflow("read", 'name: Read\nnodes: {read: {queue: two, run: "cat alone.txt; git log --format=%s"}}')
    two.start("worker", "--concurrency", "1", "--queue", "two")
    two.start("scheduler")
    id = one.mycelium("run", "read", "--detach").stdout.strip()
    shown = eventually(lambda: ended_execution(one, id), "the end of the execution")
    assert statuses(shown) == {"read": "completed"}, logs(one, id)
    assert {"alone", "Alone", "Begin"} <= set(logs(one, id)["read"])
    ended(two)


def ended_execution(machine: Checkout, id: str) -> dict[str, object] | None:
    shown = machine.show(id)
    return shown if shown["completed_at"] else None


def branch_of(machine: Checkout, id: str) -> dict[str, object] | None:
    """The execution, once it has ended and its result, if it has one, is a branch."""
    shown = ended_execution(machine, id)
    return shown if shown and (shown["result_branch"] or shown["status"] != "completed") else None


def logs(machine: Checkout, id: str) -> dict[str, list[str]]:
    """The messages of each node run, as a machine finds them."""
    lines = machine.mycelium("executions", "logs", id).stdout.splitlines()
    found: dict[str, list[str]] = {}
    for line in lines:
        node, _, text = line.split(" ", 1)[1].partition(" | ")
        found.setdefault(node, []).append(text)
    return found
