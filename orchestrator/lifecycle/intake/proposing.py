"""Events that may change definitions: what they change is shown, also where they start nothing."""

from __future__ import annotations

import logging
from typing import Final

from orchestrator.definition.event import BRANCH, Event
from orchestrator.lifecycle.intake.occasion import Delivery, Desk, occasion
from orchestrator.lifecycle.ports.github import Forbidden
from orchestrator.lifecycle.projection.proposing import concerned, propose_pull_request, propose_push

_LOG = logging.getLogger(__name__)
_CHANGING: Final = frozenset({"opened", "synchronize", "reopened", "edited"})
"""By an edit the base may be another one."""


def note_changes(desk: Desk, delivery: Delivery, event: Event) -> None:
    """Have GitHub shown what a pull request changes in workflows, and on a commit of the default branch what it breaks.

    Our own pull requests too: people decide on those. GitHub's errors pass on, unless we may not look: then nobody is
    told, and neither where the desk is silent.
    """
    if desk.silent:
        return
    try:
        _note(desk, delivery, event)
    except Forbidden as error:
        _LOG.warning("what delivery %s changes in workflows is not shown: %s", delivery.id, error)


def _note(desk: Desk, delivery: Delivery, event: Event) -> None:
    if event.name == "pull_request" and event.action in _CHANGING and event.number is not None:
        propose_pull_request(desk.services, desk.github, event.number)
    elif _may_break(desk, event) and concerned(desk.services, occasion(desk, delivery).changed.paths):
        propose_push(desk.services, desk.github, event.before, event.after)


def _may_break(desk: Desk, event: Event) -> bool:
    return bool(event.before.strip("0")) and _is_of_default_branch(desk, event)


def _is_of_default_branch(desk: Desk, event: Event) -> bool:
    if event.name != "push" or event.gone or not event.ref.startswith(BRANCH):
        return False
    return event.ref.removeprefix(BRANCH) == (event.default_branch or desk.github.facts().default_branch)
