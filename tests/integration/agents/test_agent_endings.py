"""What a model, its service and the wire may do to a real agent program, and what becomes of its node."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.definition.model import SandboxMode
from orchestrator.execution.outcome import FailureClass
from tests.fakes.agent_clis import Cli, every_cli
from tests.fakes.agent_runs import Ran, nothing_left, run
from tests.fakes.model_server import Break, Turn, flood, model_server, say, turns

pytestmark = pytest.mark.parametrize("cli", every_cli())

NO = say("No.").blocks


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """`told` is a part of the message."""

    turn: Turn
    failure: FailureClass
    told: str = ""


ERRORS = {
    "400": Case(turn=Turn(status=400), failure=FailureClass.EXIT, told="scripted 400"),
    "401": Case(turn=Turn(status=401), failure=FailureClass.AUTH, told="KEY`"),
    "403": Case(turn=Turn(status=403), failure=FailureClass.AUTH, told="KEY`"),
    "404": Case(turn=Turn(status=404), failure=FailureClass.EXIT),
    "429": Case(turn=Turn(status=429), failure=FailureClass.OVERLOADED),
    "500": Case(turn=Turn(status=500), failure=FailureClass.OVERLOADED),
    "529": Case(turn=Turn(status=529), failure=FailureClass.OVERLOADED),
    "error in the stream": Case(turn=Turn(status=500, breaks=Break.ERROR), failure=FailureClass.OVERLOADED),
    "reset": Case(turn=Turn(breaks=Break.RESET), failure=FailureClass.OVERLOADED),
    "cut": Case(turn=Turn(blocks=NO, breaks=Break.CUT), failure=FailureClass.OVERLOADED),
    "refusal": Case(turn=Turn(blocks=NO, stop_reason="refusal"), failure=FailureClass.REFUSED),
}
STALLS = {
    "before its first event": Turn(breaks=Break.SILENT),
    "within a block": Turn(blocks=NO, breaks=Break.HALFWAY),
    "after its blocks": Turn(blocks=NO, stall=True),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in ERRORS.items()])
def test_errors(cli: Cli, case: Case, tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        ran = run(cli, tmp_path, turns(case.turn))
    assert ran.outcome.failure is case.failure, ran.outcome.message
    assert case.told in ran.outcome.message
    # A program may try again by itself, but not for minutes.
    assert len(ran.model.asked) <= cli.tries + 1


def test_a_stream_stalls(cli: Cli, tmp_path: Path) -> None:
    """All at the same time, as each takes until the idle clock has run down."""

    def stalled(name: str) -> Ran:
        folder = tmp_path / name
        folder.mkdir()
        return run(cli, folder, turns(STALLS[name]), idle_seconds=10.0)

    with nothing_left(tmp_path), ThreadPoolExecutor(len(STALLS)) as pool:
        found = dict(zip(STALLS, pool.map(stalled, STALLS), strict=True))
    assert {name: ran.outcome.failure for name, ran in found.items()} == dict.fromkeys(STALLS, FailureClass.IDLE)
    assert all(ran.model.asked for ran in found.values())


@pytest.mark.parametrize("sandbox", [SandboxMode.NONE, SandboxMode.AUTO])
def test_nobody_listens(cli: Cli, sandbox: SandboxMode, tmp_path: Path) -> None:
    with model_server(turns(say("Never."))) as gone:
        environ = cli.environ(gone.url)
    ran = run(cli, tmp_path, turns(say("Never.")), environ=environ, action={"sandbox": sandbox})
    assert ran.outcome.failure is FailureClass.OVERLOADED, ran.outcome.message


def test_it_calls_the_model_and_nobody_else(cli: Cli, tmp_path: Path) -> None:
    """Where there is a sandbox, what else a program calls is refused and told; the command gives it time."""
    ran = run(cli, tmp_path, turns(say(cli.shell("sleep 2")), say("Done.")))
    assert ran.outcome.succeeded, ran.outcome.message
    assert not [text for text in ran.log.texts if "the sandbox refused" in text]
    assert set(ran.model.others) <= {"HEAD /"}


def test_a_service_says_how_long_to_wait(cli: Cli, tmp_path: Path) -> None:
    ran = run(cli, tmp_path, turns(Turn(status=429, headers={"retry-after": "2"})))
    assert ran.outcome.failure is FailureClass.OVERLOADED, ran.outcome.message
    # Codex waits as it is asked to, and tells nobody.
    assert (ran.outcome.retry_after_seconds or 0) >= (2 if cli.name == "claude" else 0)


def test_what_goes_wrong_once_is_survived(cli: Cli, tmp_path: Path) -> None:
    broken = iter([Turn(status=529), Turn(blocks=NO, breaks=Break.CUT)])
    ran = run(cli, tmp_path, lambda _asked: next(broken, say("Fine.")))
    assert ran.outcome.succeeded, ran.outcome.message
    assert ran.outcome.outputs == {"text": "Fine."}
    assert len(ran.model.asked) == 3


def test_all_tools_are_denied(cli: Cli, tmp_path: Path) -> None:
    """By the program itself: in a sandbox of ours Codex lets its model write, and what it wrote is thrown away."""
    script = turns(say(cli.write("new.txt", "x\n")), say("All done!"))
    ran = run(cli, tmp_path, script, action={"tools": ("Read",), "sandbox": SandboxMode.NONE}, writable=False)
    assert (ran.outcome.failure, ran.outcome.exit_code) == (FailureClass.DENIED, 0)
    assert not (ran.workspace / "new.txt").exists()


def test_a_slow_answer_is_waited_for(cli: Cli, tmp_path: Path) -> None:
    text = "It takes its time. " * 10
    ran = run(cli, tmp_path, turns(Turn(blocks=say(text).blocks, pieces=40, pause=0.05)))
    assert ran.outcome.succeeded, ran.outcome.message
    assert str(ran.outcome.outputs["text"]).strip() == text.strip()


def test_a_flood_of_text(cli: Cli, tmp_path: Path) -> None:
    turn = flood(5)
    ran = run(cli, tmp_path, turns(turn))
    assert ran.outcome.succeeded, ran.outcome.message
    assert str(ran.outcome.outputs["text"]).strip() == turn.blocks[0]["text"].strip()
    assert len(ran.log.lines) > 50_000


def test_a_flood_of_output(cli: Cli, tmp_path: Path) -> None:
    flooding = cli.shell("head -c 40000000 /dev/zero | tr '\\0' x | fold -w 100; echo the end")
    with nothing_left(tmp_path):
        ran = run(cli, tmp_path, turns(say(flooding), say("Done.")))
    assert ran.outcome.succeeded, ran.outcome.message
    assert len(ran.everything) < 5_000_000


def test_a_flood_of_calls(cli: Cli, tmp_path: Path) -> None:
    names = [f"{number}.txt" for number in range(30)]
    ran = run(cli, tmp_path, turns(say(*[cli.write(name, "x\n") for name in names]), say("Done.")))
    assert ran.outcome.succeeded, ran.outcome.message
    assert sorted(file.name for file in ran.workspace.iterdir()) == sorted(names)
