"""How runs end before they are done, and that nothing of them stays alive."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from tests.fakes.checkout import Checkout, alive, eventually, family, nodes_of, runs, statuses

HANG = """
name: Hang
nodes:
  before: {run: echo before}
  hang:
    needs: before
    run: |
      echo $$ >> "$HOME/../pids"
      test -e "$HOME/../go" || sleep 600
  after: {needs: hang, run: echo after}
"""


def hanging(checkout: Checkout) -> tuple[str, list[int]]:
    """Wait until the node hangs; the execution's id, and the node's processes."""
    pids = eventually(lambda: checkout.pids("pids"), "the node's start")
    return checkout.show()["id"], pids


def worker_above(node: int, command: int) -> int:
    """The worker process that runs a node: the command's supervisor's child."""
    above = [parent.pid for parent in psutil.Process(node).parents()]
    return above[above.index(command) - 2]


def test_a_node_past_its_time_is_killed_with_its_children(checkout: Checkout) -> None:
    checkout.workflow(
        "slow",
        """
        name: Slow
        nodes:
          slow:
            timeout-minutes: 0.01
            run: |
              setsid sleep 600 & echo $! >> "$HOME/../pids"
              sleep 600
        """,
    )
    slow = runs(checkout.run("slow", code=1))["slow"]
    assert (slow["status"], slow["error_code"]) == ("failed", "RUN_TIMEOUT")
    assert alive(checkout.pids("pids")) == []


def test_an_execution_is_cancelled_from_another_process(checkout: Checkout) -> None:
    checkout.workflow("hang", HANG)
    process = checkout.start("run", "hang", "--json")
    id, pids = hanging(checkout)
    tree = family(process.pid)
    assert id in checkout.mycelium("executions", "cancel").stdout
    done = checkout.finish(process)
    assert done.code == 1, done.stderr
    shown = done.json()
    assert shown["status"] == "cancelled"
    assert statuses(shown) == {"before": "completed", "hang": "cancelled", "after": "cancelled"}
    assert alive([*pids, *tree]) == []
    assert checkout.mycelium("executions", "cancel", id, code=2).stderr


def test_an_interrupted_run_is_resumed(checkout: Checkout) -> None:
    checkout.workflow("hang", HANG)
    process = checkout.start("run", "hang")
    id, pids = hanging(checkout)
    tree = family(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    done = checkout.finish(process)
    assert done.code == 130, done.stderr
    assert f"mycelium executions resume {id}" in done.stdout
    assert "Traceback" not in done.stderr
    assert alive([*pids, *tree, *nodes_of(id)]) == []
    assert statuses(checkout.show(id))["hang"] == "queued"
    (checkout.folder / "go").touch()
    shown = checkout.mycelium("executions", "resume", id, "--json").json()
    assert statuses(shown) == {"before": "completed", "hang": "completed", "after": "completed"}
    assert runs(shown)["hang"]["attempt"] == 1
    assert checkout.mycelium("executions", "resume", id, code=2).stderr


def test_a_killed_run_takes_everything_along_and_is_resumed(checkout: Checkout) -> None:
    checkout.workflow("hang", HANG)
    process = checkout.start("run", "hang")
    id, pids = hanging(checkout)
    tree = family(process.pid)
    assert checkout.mycelium("executions", "resume", id, code=2).stderr
    process.kill()
    eventually(lambda: not alive([*pids, *tree, *nodes_of(id)]), "the end of every process")
    (checkout.folder / "go").touch()
    shown = checkout.mycelium("executions", "resume", id, "--json").json()
    assert shown["status"] == "completed"
    assert runs(shown)["hang"]["attempt"] == 1


def test_a_run_whose_processes_were_killed_ends_and_is_resumed(checkout: Checkout) -> None:
    checkout.workflow("hang", HANG)
    process = checkout.start("run", "hang")
    id, pids = hanging(checkout)
    tree = family(process.pid)
    os.kill(psutil.Process(worker_above(pids[0], process.pid)).ppid(), signal.SIGKILL)
    done = checkout.finish(process)
    assert done.code == 2, done.stderr
    assert "signal 9" in done.stderr
    assert f"mycelium executions resume {id}" in done.stderr
    assert "Traceback" not in done.stderr
    eventually(lambda: not alive([*pids, *tree, *nodes_of(id)]), "the end of every process")
    (checkout.folder / "go").touch()
    assert checkout.mycelium("executions", "resume", id, "--json").json()["status"] == "completed"


def test_what_a_killed_worker_ran_starts_anew(checkout: Checkout) -> None:
    checkout.workflow("hang", HANG)
    process = checkout.start("run", "hang", "--json")
    _, pids = hanging(checkout)
    (checkout.folder / "go").touch()
    os.kill(worker_above(pids[0], process.pid), signal.SIGKILL)
    done = checkout.finish(process)
    assert done.code == 0, done.stderr
    assert statuses(done.json())["after"] == "completed"
    assert alive(pids) == []


@pytest.mark.parametrize(
    "text", ["nodes: {a: {run: 'true', needs: b}, b: {run: 'true', needs: a}}", "nodes: [", "x: 1"]
)
def test_a_broken_workflow_starts_nothing(text: str, checkout: Checkout) -> None:
    checkout.workflow("broken", text)
    assert "workflows/broken.yaml" in checkout.mycelium("run", "broken", code=2).stderr
    assert not (checkout.root / ".mycelium").exists()
