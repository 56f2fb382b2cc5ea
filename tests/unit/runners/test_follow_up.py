"""When an agent is asked again in the same session."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.execution.outcome import FailureClass
from orchestrator.lifecycle.ports.runner import AgentTask
from orchestrator.runners.engine import Ending
from orchestrator.runners.followup import REPAIR_TURNS, Reason, follow_up
from tests.fakes.running import REVIEWER

SCHEMA: dict[str, Any] = {"type": "object", "required": ["verdict"]}


def action(**changes: Any) -> AgentTask:
    return AgentTask(**{"definition": REVIEWER, "engine": "claude", "prompt": "", "max_turns": 20, **changes})


def test_an_answer_that_does_not_fit_is_asked_for_once_more() -> None:
    wanted, ending = action(answer=SCHEMA), Ending(session="s", answer={})
    again = follow_up(ending, "answer: it lacks `verdict`", wanted, ())
    assert again is not None
    assert (again.reason, again.turns) == (Reason.REPAIR, REPAIR_TURNS)
    assert "it lacks `verdict`" in again.prompt
    assert follow_up(ending, "answer: it lacks `verdict`", wanted, {Reason.REPAIR}) is None


def test_an_engine_that_gave_up_on_the_schema_is_asked_too() -> None:
    ending = Ending(failure=FailureClass.BAD_OUTPUT, message="no answer fitted the schema", session="s")
    again = follow_up(ending, "", action(answer=SCHEMA), ())
    assert again is not None
    assert "no answer fitted the schema" in again.prompt


def test_used_up_turns_are_resumed_where_the_author_wants_it() -> None:
    ending = Ending(failure=FailureClass.MAX_TURNS, session="s")
    again = follow_up(ending, "", action(resumes=True), ())
    assert again is not None
    assert (again.reason, again.turns) == (Reason.RESUME, 20)
    assert follow_up(ending, "", action(resumes=True), {Reason.RESUME}) is None
    assert follow_up(ending, "", action(), ()) is None


@pytest.mark.parametrize(
    "ending",
    [
        Ending(session="s"),
        Ending(answer={}),
        Ending(failure=FailureClass.BAD_OUTPUT),
        *(
            Ending(failure=each, session="s")
            for each in FailureClass
            if each not in (FailureClass.BAD_OUTPUT, FailureClass.MAX_TURNS)
        ),
    ],
)
def test_nothing_else_is(ending: Ending) -> None:
    problems = "" if ending.session else "answer: it lacks `verdict`"
    assert follow_up(ending, problems, action(answer=SCHEMA, resumes=True), ()) is None
