"""Whether an agent that ended badly is asked again in the same session, and what it is told then."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orchestrator.execution.outcome import FailureClass
from orchestrator.lifecycle.ports.runner import AgentTask
from orchestrator.runners.engine import Ending

REPAIR_TURNS: Final = 4
"""How many turns an agent gets to give its answer again: it has done its work by then."""


class Reason(StrEnum):
    """Each one at most once in an attempt."""

    REPAIR = "its answer does not fit; it is asked once more"
    RESUME = "it used up its turns; the session goes on once"


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowUp:
    """Another call: what the agent is told, and how many turns it has (None: as many as the program allows)."""

    reason: Reason
    prompt: str
    turns: int | None


def follow_up(ending: Ending, problems: str, action: AgentTask, done: Container[Reason]) -> FollowUp | None:
    """What may mend `ending`, whose answer has `problems`; None where nothing does, or it was tried already."""
    if not ending.session:
        return None
    misfit = ending.failure is FailureClass.BAD_OUTPUT or (ending.failure is None and problems)
    if misfit and action.answer is not None and Reason.REPAIR not in done:
        return FollowUp(reason=Reason.REPAIR, prompt=_repair(problems or ending.message), turns=REPAIR_TURNS)
    if ending.failure is FailureClass.MAX_TURNS and action.resumes and Reason.RESUME not in done:
        return FollowUp(reason=Reason.RESUME, prompt=_GO_ON, turns=action.max_turns)
    return None


_GO_ON: Final = "You were stopped because your turns were used up. Go on where you stopped, and come to an end."


def _repair(problems: str) -> str:
    return (
        f"Your work is done, but its result cannot be used: {problems}. Change nothing else, and give the result again "
        "so that it fits the schema you were given."
    )
