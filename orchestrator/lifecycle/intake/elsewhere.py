"""Executions that are known here, and that no command can do anything with: others run them, say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.definition.reasons import Reason, Rule
from orchestrator.execution.state import ExecutionStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """One of them, as it was kept last. `why` is a sentence that says what keeps it from being acted on here.

    `heard` says that whoever runs it hears commands itself: then nothing is refused, and somebody else answers.
    """

    execution_id: str
    workflow_id: str
    number: int
    status: ExecutionStatus
    why: str
    heard: bool = False

    @property
    def line(self) -> str:
        """How it stands, for a list."""
        return f"`{self.workflow_id}` number {self.number}, {self.status.value}: {self.why}"


def left_open(elsewhere: Iterable[Elsewhere]) -> list[Elsewhere]:
    """Those that have not ended, newest first."""
    return [each for each in _newest_first(elsewhere) if not each.status.ended]


def last_ended(elsewhere: Iterable[Elsewhere]) -> Elsewhere | None:
    return next((each for each in _newest_first(elsewhere) if each.status.ended), None)


def told(elsewhere: Iterable[Elsewhere]) -> Reason | None:
    """Why a command does nothing here; None where nothing is elsewhere."""
    known = list(elsewhere)
    if not known:
        return None
    text = "; ".join(dict.fromkeys(each.why for each in known))
    return Reason(starts=None if all(each.heard for each in known) else False, text=text, rule=Rule.COMMAND)


def _newest_first(elsewhere: Iterable[Elsewhere]) -> list[Elsewhere]:
    return sorted(elsewhere, key=lambda each: each.execution_id, reverse=True)
