"""Whatever is killed above an agent, nothing of the agent lives on, however it hides."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

import pytest

from orchestrator.runners import process
from orchestrator.runners.guards.way import Way
from tests.fakes.checkout import Checkout, eventually
from tests.fakes.contained import DAEMON, Contained
from tests.fakes.evidence import left_behind
from tests.fakes.tree_members import Members, everyone, kill_together

WORKFLOW = """
name: Agent
nodes:
  review: {agent: code-reviewer, prompt: Look at it.}
"""
CLAUDE = """#!{python}
import sys
sys.argv[1] = {mark!r}
{daemon}
daemon()
open({ready!r}, "w").close()
time.sleep(1000)
"""


@pytest.fixture
def agent(checkout: Checkout) -> Contained:
    """A stand-in for Claude Code on `PATH`, which has started a daemon once the file `ready` is there."""
    contained = Contained(checkout.folder)
    program = checkout.folder / "bin" / "claude"
    program.parent.mkdir()
    ready = str(checkout.folder / "ready")
    program.write_text(CLAUDE.format(python=sys.executable, mark=contained.mark, daemon=DAEMON, ready=ready))
    program.chmod(0o755)
    checkout.environ |= {"PATH": f"{program.parent}:{os.environ['PATH']}", "ANTHROPIC_API_KEY": "not-a-key"}
    checkout.workflow("agent", WORKFLOW)
    return contained


def kill_command(command: int) -> None:
    os.kill(command, signal.SIGKILL)


def kill_supervisor(command: int) -> None:
    os.kill(eventually(lambda: Members.of(command), "the tree").supervisor, signal.SIGKILL)


def interrupt(command: int) -> None:
    os.kill(command, signal.SIGINT)


def kill_everything_above(command: int) -> None:
    """All of the tree but what the kernel keeps in the namespace, whose init is a guard."""
    tree = everyone(command)
    inside = [each for each in tree if "claude" in " ".join(each.cmdline())]
    assert inside, "the agent is not in the tree"
    kill_together(each for each in tree if each not in inside)


@pytest.mark.parametrize("deed", [kill_command, kill_supervisor, interrupt, kill_everything_above])
def test_nothing_of_an_agent_lives_on(checkout: Checkout, agent: Contained, deed: Callable[[int], None]) -> None:
    if deed is kill_everything_above and process.containment().way is not Way.PID_NAMESPACE:
        pytest.skip("without a PID namespace somebody has to be left who ends it")
    command = checkout.start("run", "agent")
    eventually((checkout.folder / "ready").exists, "the agent")
    assert agent.alive()
    deed(command.pid)
    checkout.finish(command)
    eventually(lambda: agent.alive() == [] and not left_behind(checkout.folder), "the end of all")


def test_a_cancelled_agent_is_gone(checkout: Checkout, agent: Contained) -> None:
    command = checkout.start("run", "agent")
    eventually((checkout.folder / "ready").exists, "the agent")
    checkout.mycelium("executions", "cancel", "latest")
    assert checkout.finish(command).code == 1
    assert agent.alive() == []
