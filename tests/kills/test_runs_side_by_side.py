"""Two runs in one repository at once, one of which is killed."""

from __future__ import annotations

from tests.fakes.checkout import Checkout, eventually
from tests.fakes.evidence import LONG, LONG_ATTEMPTS, Evidence, ledger
from tests.fakes.tree_members import everyone, kill_together


def test_a_killed_run_does_not_disturb_the_one_beside_it(checkout: Checkout) -> None:
    checkout.workflow("long", LONG)
    both = [checkout.start("run", "long", "--json") for _ in range(2)]
    ids = eventually(lambda: _executions(checkout, 2), "both executions")
    first, second = (Evidence(checkout=checkout, execution=id) for id in ids)
    for evidence in (first, second):
        evidence.await_start("long")
        evidence.look("long")
    owner = {
        evidence.execution: both[_started_by(evidence, [each.pid for each in both])] for evidence in (first, second)
    }
    kill_together(everyone(owner[first.execution].pid))
    (checkout.folder / "go").touch()
    assert checkout.finish(owner[second.execution]).code == 0
    assert len(second.began("long")) == 1
    resumed = checkout.mycelium("executions", "resume", first.execution, "--json").json()
    shown = [evidence.check(LONG_ATTEMPTS) for evidence in (first, second)]
    assert sorted(each["number"] for each in shown) == [1, 2]
    assert resumed["status"] == "completed"


def _executions(checkout: Checkout, many: int) -> list[str]:
    found = sorted({entry.execution for entry in ledger(checkout.folder)})
    return found if len(found) == many else []


def _started_by(evidence: Evidence, commands: list[int]) -> int:
    """Which of the commands is above the node that runs."""
    node = evidence.await_start("long").pid
    below = [{process.pid for process in everyone(command)} for command in commands]
    return next(number for number, pids in enumerate(below) if node in pids)
