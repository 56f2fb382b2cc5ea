"""Whatever is killed above an agent, nothing of the agent lives on, however it hides."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import psutil
import pytest

from orchestrator.runners import process
from orchestrator.runners.guards.way import Way
from tests.fakes.checkout import Checkout, eventually
from tests.fakes.contained import Contained
from tests.fakes.evidence import left_behind
from tests.fakes.tree_members import Members, everyone, kill_together

WORKFLOW = """
name: Agent
defaults: {{sandbox: {sandbox}}}
nodes:
  review: {{agent: code-reviewer, prompt: Look at it.}}
"""
CLAUDE = """#!/bin/sh
trap '' INT TERM HUP
(setsid env -i /bin/sh -c 'while :; do sleep 0.5; done' '{mark}' &)
while :; do sleep 0.5; done
"""
"""A stand-in for Claude Code that is deaf, and leaves a daemon which is so too and has no environment."""


def begin(checkout: Checkout, sandbox: str) -> tuple[int, Contained]:
    """Run an agent; the command's process, and how to look for what the agent leaves. Its daemon lives."""
    agent = Contained(checkout.folder)
    program = checkout.folder / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(CLAUDE.format(mark=agent.mark))
    program.chmod(0o755)
    checkout.environ |= {"PATH": f"{program.parent}:{os.environ['PATH']}", "ANTHROPIC_API_KEY": "not-a-key"}
    checkout.workflow("agent", WORKFLOW.format(sandbox=sandbox))
    command = checkout.start("run", "agent").pid
    eventually(agent.alive, "the agent's daemon")
    return command, agent


def kill_command(command: int) -> None:
    os.kill(command, signal.SIGKILL)


def kill_supervisor(command: int) -> None:
    os.kill(eventually(lambda: Members.of(command), "the tree").supervisor, signal.SIGKILL)


def interrupt(command: int) -> None:
    os.kill(command, signal.SIGINT)


def kill_everything_above(command: int) -> None:
    """All but the agent's own processes, together."""
    tree = everyone(command)
    (top,) = (each for each in tree if "bin/claude" in " ".join(each.cmdline()) and below_guard(each))
    own = psutil.Process(top.ppid()).children(recursive=True)
    assert len(own) > 1
    kill_together(each for each in tree if each not in own)


def below_guard(process: psutil.Process) -> bool:
    return any("guards.nursery" in word for word in psutil.Process(process.ppid()).cmdline())


@pytest.mark.parametrize(
    ("deed", "sandbox"),
    [
        (kill_command, "none"),
        (kill_supervisor, "none"),
        (interrupt, "none"),
        (kill_everything_above, "none"),
        (kill_everything_above, "auto"),
    ],
)
def test_nothing_of_an_agent_lives_on(checkout: Checkout, deed: Callable[[int], None], sandbox: str) -> None:
    if deed is kill_everything_above and process.containment().way is not Way.PID_NAMESPACE:
        pytest.skip("without a PID namespace somebody has to be left who ends it")
    command, agent = begin(checkout, sandbox)
    deed(command)
    checkout.finish(checkout.started[-1])
    eventually(lambda: agent.alive() == [] and not left_behind(checkout.folder), "the end of all")


def test_a_cancelled_agent_is_gone(checkout: Checkout) -> None:
    _, agent = begin(checkout, "none")
    checkout.mycelium("executions", "cancel", "latest")
    assert checkout.finish(checkout.started[0]).code == 1
    assert agent.alive() == []
