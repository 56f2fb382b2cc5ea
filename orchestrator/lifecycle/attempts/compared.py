"""History for nodes: what a shallow checkout, as that of a job of Actions, leaves out and nodes compare with."""

from __future__ import annotations

from typing import Final

from orchestrator.definition.event import Event, read_event
from orchestrator.errors import MyceliumError
from orchestrator.execution.log_line import Level
from orchestrator.lifecycle.attempts.attempt import Attempt

_BY_HAND: Final = frozenset({"inputs"})
_MERGE_GROUP: Final = "merge_group"


def have_history(attempt: Attempt) -> None:
    """Have what the event's commits are compared with on this machine; where that cannot be, the node's log says so.

    What somebody starts by hand has no event: their own clone has the history that they want.
    """
    execution = attempt.execution
    if execution.base is None or execution.event.keys() <= _BY_HAND:
        return
    other = compared_with(read_event(execution.event_name, execution.event))
    try:
        attempt.services.git.deepen(execution.base, other)
    except MyceliumError as error:
        what = f"History down to {other[:12]}" if other else "Recent history"
        more = "What compares commits here may fail; `fetch-depth: 0` of actions/checkout brings all there is."
        attempt.log.say(f"{what} is not here and cannot be fetched: {error}. {more}", level=Level.WARNING)


def compared_with(event: Event) -> str | None:
    """The commit that those of the event would be merged into; None where there is no such."""
    if event.pull_request:
        return event.pull_request.base_sha or None
    return event.before or None if event.name == _MERGE_GROUP else None
