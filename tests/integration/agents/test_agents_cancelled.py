"""Cancelling a real agent program in each phase of its life: it ends, and nothing of it is left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.lifecycle.ports.runner import McpServer
from tests.fakes.agent_clis import Cli, every_cli
from tests.fakes.agent_runs import Moment, asleep, nothing_left, run
from tests.fakes.model_server import Break, Turn, say, turns

pytestmark = pytest.mark.parametrize("cli", every_cli())


def escaping(seconds: str) -> str:
    """A command that leaves three processes: with a session of its own, without an environment to be found by and
    without a parent, and without descriptors."""
    quiet = "</dev/null >/dev/null 2>&1"
    return f"setsid sleep {seconds} & (env -i /bin/sleep {seconds} &) ; setsid nohup sleep {seconds} {quiet} & touch up"


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """`asked` is how often the model was asked by then, at least."""

    moment: Moment
    turn: Turn
    asked: int = 1


PHASES = {
    "before its first event": Phase(moment=Moment(at_once=True), turn=say("Never."), asked=0),
    "when it waits for the model": Phase(moment=Moment(asked=True), turn=Turn(breaks=Break.SILENT)),
    "while the model speaks": Phase(
        moment=Moment(asked=True), turn=Turn(blocks=say("Well").blocks, breaks=Break.HALFWAY)
    ),
    "before it tries again": Phase(moment=Moment(asked=True), turn=Turn(status=529, headers={"retry-after": "30"})),
}


@pytest.mark.parametrize("phase", [pytest.param(phase, id=name) for name, phase in PHASES.items()])
def test_cancelled(cli: Cli, phase: Phase, tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        ran = run(cli, tmp_path, turns(phase.turn), cancel=phase.moment)
    assert ran.outcome.cancelled, ran.outcome
    assert ran.outcome.message == "cancelled"
    assert len(ran.model.asked) >= phase.asked


def test_cancelled_during_a_command(cli: Cli, seconds: str, tmp_path: Path) -> None:
    command = f"{escaping(seconds)}; sleep {seconds}"
    with nothing_left(tmp_path):
        ran = run(cli, tmp_path, turns(say(cli.shell(command))), cancel=Moment(file="up"))
    assert (ran.workspace / "up").exists()
    assert ran.outcome.cancelled, ran.outcome
    assert asleep(seconds) == []


def test_cancelled_while_a_server_starts(cli: Cli, seconds: str, tmp_path: Path) -> None:
    """An MCP server that never answers, which the program waits for."""
    up = tmp_path / "workspace" / "up"
    server = McpServer(name="slow", command="/bin/sh", args=("-c", f"touch {up}; sleep {seconds}"))
    with nothing_left(tmp_path):
        ran = run(cli, tmp_path, turns(say("Never.")), cancel=Moment(file="up"), action={"servers": (server,)})
    assert up.exists()
    assert ran.outcome.cancelled, ran.outcome
    assert not ran.model.asked
    assert asleep(seconds) == []


def test_cancelled_with_processes_in_the_background(cli: Cli, seconds: str, tmp_path: Path) -> None:
    script = turns(say(cli.shell(escaping(seconds))), Turn(blocks=say("Wait").blocks, stall=True))
    with nothing_left(tmp_path):
        ran = run(cli, tmp_path, script, cancel=Moment(file="up"))
    assert ran.outcome.cancelled, ran.outcome
    assert asleep(seconds) == []


def test_what_it_leaves_running_is_ended_and_named(cli: Cli, seconds: str, tmp_path: Path) -> None:
    leaving = f"setsid sleep {seconds} >/dev/null 2>&1 & echo up"
    with nothing_left(tmp_path):
        ran = run(cli, tmp_path, turns(say(cli.shell(leaving)), say("Done.")))
    assert ran.outcome.succeeded, ran.outcome.message
    assert asleep(seconds) == []
    assert cli.confines or any("left running" in text and "sleep" in text for text in ran.log.texts)
