"""How runs end before they are done, and that nothing of them stays alive."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from orchestrator.execution.effects import Effect
from orchestrator.store.opening import open_store
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


@pytest.mark.parametrize(
    "text", ["nodes: {a: {run: 'true', needs: b}, b: {run: 'true', needs: a}}", "nodes: [", "x: 1"]
)
def test_a_broken_workflow_starts_nothing(text: str, checkout: Checkout) -> None:
    checkout.workflow("broken", text)
    assert "workflows/broken.yaml" in checkout.mycelium("run", "broken", code=2).stderr
    assert not (checkout.root / ".mycelium").exists()


def test_a_branch_that_nobody_came_to_make_is_made_by_resume(checkout: Checkout) -> None:
    checkout.workflow(
        "writes",
        """
        name: Writes
        nodes:
          write:
            workspace: write
            run: echo new > new.txt
        """,
    )
    ended = checkout.run("writes")
    id, branch = ended["id"], ended["result_branch"]
    home = checkout.root / ".mycelium"
    checkout.git("branch", "--delete", "--force", branch)
    store = open_store(f"sqlite:///{home / 'state.db'}", home=home)
    with store.begin() as tx:
        tx.save(replace(tx.lock(id), result_branch=None))
        tx.add_effects(id, [Effect(kind="finish")])
    store.close()
    assert f"mycelium executions resume {id}" in checkout.mycelium("executions", "show", id).stdout
    assert checkout.mycelium("executions", "resume", id, "--json").json()["result_branch"] == branch
    assert checkout.git("show", f"{branch}:new.txt") == "new\n"
    assert "resume" not in checkout.mycelium("executions", "show", id).stdout
    assert checkout.mycelium("executions", "resume", id, code=2).stderr
