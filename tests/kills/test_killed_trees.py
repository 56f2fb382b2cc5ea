"""Parts of the process tree of a run that are killed, and all of it at once."""

from __future__ import annotations

import os
import signal
import subprocess

from tests.fakes.checkout import Checkout, alive, eventually
from tests.fakes.evidence import LONG, LONG_ATTEMPTS, Evidence, left_behind
from tests.fakes.tree_members import Members, everyone, everyone_above, kill_together

SILENT = LONG.replace('echo "$MYCELIUM_NODE_RUN $n"', ":")
"""The same with a node that does not notice that nobody listens to it any more."""


def begin(checkout: Checkout, text: str = LONG) -> tuple[subprocess.Popen[str], Evidence]:
    """Run a long workflow up to its long node, with log lines of it in sight where it says something."""
    checkout.workflow("long", text)
    process = checkout.start("run", "long")
    evidence = Evidence.of_first(checkout)
    evidence.await_start("long")
    if text == LONG:
        evidence.look("long")
    return process, evidence


def bury(checkout: Checkout) -> None:
    eventually(lambda: not left_behind(checkout.folder), "the end of every process")


def resume(checkout: Checkout, evidence: Evidence) -> None:
    shown = checkout.mycelium("executions", "resume", evidence.execution, "--json").json()
    assert shown["status"] == "completed"


def test_the_control_loop_is_killed_again_and_again(checkout: Checkout) -> None:
    process, evidence = begin(checkout)
    members = eventually(lambda: Members.of(process.pid), "the tree")
    known = {members.server, *members.workers}
    for _ in range(3):
        control = eventually(lambda: members.other_children(known), "a control loop")[0]
        os.kill(control, signal.SIGKILL)
    (checkout.folder / "go").touch()
    assert checkout.finish(process).code == 0
    evidence.check(LONG_ATTEMPTS)


def test_the_command_is_killed(checkout: Checkout) -> None:
    process, evidence = begin(checkout)
    assert "being run" in checkout.mycelium("executions", "resume", evidence.execution, code=2).stderr
    process.kill()
    bury(checkout)
    (checkout.folder / "go").touch()
    resume(checkout, evidence)
    evidence.check(LONG_ATTEMPTS)


def test_the_supervisor_is_killed(checkout: Checkout) -> None:
    process, evidence = begin(checkout)
    os.kill(eventually(lambda: Members.of(process.pid), "the tree").supervisor, signal.SIGKILL)
    done = checkout.finish(process)
    assert done.code == 2, done.stderr
    assert "signal 9" in done.stderr
    assert f"mycelium executions resume {evidence.execution}" in done.stderr
    assert "Traceback" not in done.stderr
    bury(checkout)
    (checkout.folder / "go").touch()
    resume(checkout, evidence)
    evidence.check(LONG_ATTEMPTS)


def test_everything_is_killed_at_once_and_the_resumed_run_again(checkout: Checkout) -> None:
    process, evidence = begin(checkout)
    kill_together(everyone(process.pid))
    bury(checkout)
    again = checkout.start("executions", "resume", evidence.execution)
    evidence.await_start("long", times=2)
    kill_together(everyone(again.pid))
    bury(checkout)
    (checkout.folder / "go").touch()
    resume(checkout, evidence)
    evidence.check(LONG_ATTEMPTS)


def test_a_node_outlives_everything_above_it_until_it_is_run_again(checkout: Checkout) -> None:
    process, evidence = begin(checkout, SILENT)
    node = evidence.await_start("long").pid
    kill_together(everyone_above(node, process.pid))
    assert node in {each.pid for each in left_behind(checkout.folder)}
    again = checkout.start("executions", "resume", evidence.execution)
    evidence.await_start("long", times=2)
    assert alive([node]) == []
    (checkout.folder / "go").touch()
    assert checkout.finish(again).code == 0
    evidence.check(LONG_ATTEMPTS)


def test_of_two_who_resume_an_execution_one_goes_on(checkout: Checkout) -> None:
    process, evidence = begin(checkout)
    process.kill()
    bury(checkout)
    (checkout.folder / "go").touch()
    both = [checkout.start("executions", "resume", evidence.execution) for _ in range(2)]
    ends = [checkout.finish(each) for each in both]
    assert sorted(end.code for end in ends) == [0, 2], ends
    evidence.check(LONG_ATTEMPTS)
