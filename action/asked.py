"""What the comment of a job's event asks for, as far as the history has to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from orchestrator.definition.commands import Command, Verb, parse_command
from orchestrator.definition.event import read_event
from orchestrator.definition.model import JsonValue

if TYPE_CHECKING:
    from orchestrator.lifecycle.intake.occasion import Delivery

DECIDING: Final = frozenset({Verb.APPROVE, Verb.REJECT, Verb.CANCEL})
"""Commands about executions that have not ended."""

_LOOKING_BACK: Final = DECIDING | {Verb.RERUN, Verb.STATUS, Verb.EXPLAIN}
"""Those about executions of earlier jobs. All others start something, and must not wait for what such a job left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The verb of a comment, if it is a known one, the number of what it stands below, and when it was written."""

    verb: Verb | None = None
    thread: int | None = None
    at: datetime | None = None

    @property
    def decides(self) -> bool:
        return self.verb in DECIDING

    @property
    def looks_back(self) -> bool:
        return self.verb in _LOOKING_BACK


def asked(deliveries: Sequence[Delivery]) -> Asked:
    """Of the last comment among them: those before it are what it is about."""
    for each in reversed(deliveries):
        event = read_event(each.event, each.payload)
        if each.event == "issue_comment" and event.comment:
            found = parse_command(event.comment.body, (), ())
            verb = found.verb if isinstance(found, Command) else None
            return Asked(verb=verb, thread=event.number, at=_written_at(each.payload))
    return Asked()


def _written_at(payload: Mapping[str, JsonValue]) -> datetime | None:
    comment = payload.get("comment")
    text = comment.get("created_at") if isinstance(comment, dict) else None
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found and found.tzinfo else None
