"""Answers by a schema, from real agent programs: given at once, repaired, and never given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.execution.outcome import FailureClass
from tests.fakes.agent_clis import Cli, every_cli
from tests.fakes.agent_runs import run
from tests.fakes.model_server import Asked, Break, Turn, say, turns

pytestmark = pytest.mark.parametrize("cli", every_cli())

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["keep", "discard"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}


def test_an_answer_that_fits(cli: Cli, tmp_path: Path) -> None:
    ran = run(cli, tmp_path, turns(say(cli.shell("true")), cli.answer(verdict="keep")), action={"answer": SCHEMA})
    assert ran.outcome.succeeded, ran.outcome.message
    assert ran.outcome.outputs["verdict"] == "keep"
    assert len(ran.model.asked) == 2


def test_an_answer_is_repaired(cli: Cli, tmp_path: Path) -> None:
    """In the same session: the model sees what it did before."""

    def script(asked: Asked) -> Turn:
        if "its result cannot be used" in str(asked.body):
            return cli.answer(verdict="discard")
        return say(cli.write("made.txt", "x\n")) if asked.turn == 0 else say("I had rather talk.")

    ran = run(cli, tmp_path, script, action={"answer": SCHEMA})
    assert ran.outcome.succeeded, ran.outcome.message
    assert ran.outcome.outputs == {"verdict": "discard", "text": "I had rather talk."}
    assert any("asked once more" in text for text in ran.log.texts)
    assert "made.txt" in str(ran.model.asked[-1].body)
    assert (ran.workspace / "made.txt").exists()


def test_an_answer_that_never_fits(cli: Cli, tmp_path: Path) -> None:
    ran = run(cli, tmp_path, turns(say("I had rather talk.")), action={"answer": SCHEMA})
    assert ran.outcome.failure is FailureClass.BAD_OUTPUT, ran.outcome.message
    assert sum("asked once more" in text for text in ran.log.texts) == 1
    usage = ran.outcome.usage
    assert usage is not None
    assert usage.input_tokens == 100 * len(ran.model.asked)


@pytest.mark.parametrize("resumes", [False, True])
def test_turns_are_used_up(cli: Cli, resumes: bool, tmp_path: Path) -> None:
    """A session that may go on does so once, with as many turns again."""

    def script(asked: Asked) -> Turn:
        """Whoever wants more than it may have waits for it, so that nobody is faster than who ends it. One that does
        not count its turns is ended when it has taken one too many."""
        calls = 2 if "your turns were used up" in str(asked.body) else 1
        return say(cli.shell("true")) if asked.turn < (2 + cli.late) * calls else Turn(breaks=Break.SILENT)

    ran = run(cli, tmp_path, script, action={"max_turns": 2, "resumes": resumes})
    assert ran.outcome.failure is FailureClass.MAX_TURNS, ran.outcome.message
    calls = 2 if resumes else 1
    assert 2 * calls <= len(ran.model.asked) <= (2 + 2 * cli.late) * calls
    assert {asked.turn for asked in ran.model.asked} >= set(range(2 * calls))


def test_a_session_goes_on_to_its_end(cli: Cli, tmp_path: Path) -> None:
    script = turns(*[say(cli.shell(f"echo {number} >> made")) for number in range(3)], say("Done."))
    ran = run(cli, tmp_path, script, action={"max_turns": 2, "resumes": True})
    assert ran.outcome.succeeded, ran.outcome.message
    assert (ran.workspace / "made").read_text() == "0\n1\n2\n"
    assert ran.outcome.outputs == {"text": "Done."}
