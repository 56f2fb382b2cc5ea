"""Pull requests from forks: their own job may only read, so that others speak for it.

The job of `workflow_run` runs in the repository itself, and tells on the pull request what waits there. It believes
nothing that the fork's job left behind: what it says comes from GitHub and from the repository's own workflows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from orchestrator.definition.commands import Command, Verb, parse_command
from orchestrator.definition.event import read_event
from orchestrator.definition.model import JsonValue

if TYPE_CHECKING:
    from action.job import Job
    from orchestrator.lifecycle.intake.occasion import Delivery, Desk
    from orchestrator.lifecycle.ports.github import PullRequest

ALLOWED_BY: Final = "GitHub, in a job without secrets"
"""Who lets a fork's pull request start where the job says `forks: run`."""

OF_A_FORK: Final = (
    "*This job belongs to a pull request from a fork. Its token may only read, so that nothing of this stands on the "
    "pull request itself; the artifact `mycelium-report-…`, where there is one, has the same.*"
)


def deliveries(job: Job, desk: Desk, name: str = "") -> list[Delivery]:
    """The events that the job is about: its own, and before that what it takes for a pull request that waits.

    `name` is the workflow that the job names, if it does.
    """
    from orchestrator.lifecycle.intake.occasion import Delivery

    own = Delivery(id=job.delivery, event=job.event, payload=job.payload)
    if job.event == "workflow_run":
        return [each for found in _ran_for(desk, job.payload) for each in _opened(job, desk, found, name)] or [own]
    if job.event == "issue_comment" and (waiting := _allowed(desk, job.payload)):
        return [*_opened(job, desk, waiting, name), *_commanded(desk, waiting), own]
    return [own]


def _ran_for(desk: Desk, payload: Mapping[str, JsonValue]) -> list[PullRequest]:
    """The pull requests from forks whose head another workflow has run for; the payload does not name them."""
    run = payload.get("workflow_run")
    if not isinstance(run, dict) or run.get("event") != "pull_request":
        return []
    return [each for each in desk.github.pull_requests() if each.from_fork and each.head_sha == run.get("head_sha")]


def _allowed(desk: Desk, payload: Mapping[str, JsonValue]) -> PullRequest | None:
    """The pull request that a comment allows something on: what waits there is known to no other job."""
    event = read_event("issue_comment", payload)
    if not event.comment or event.action != "created" or not event.on_pull_request or event.number is None:
        return None
    match parse_command(event.comment.body, (), ()):
        case Command(verb=Verb.ALLOW):
            found = desk.github.pull_request(event.number)
            return found if found.state == "open" else None
        case _:
            return None


def _opened(job: Job, desk: Desk, found: PullRequest, name: str) -> list[Delivery]:
    from orchestrator.lifecycle.intake.waiting_anew import made_anew

    return made_anew(desk, found, delivery=job.delivery, repository=job.payload.get("repository"), name=name)


def _commanded(desk: Desk, found: PullRequest) -> list[Delivery]:
    from orchestrator.lifecycle.intake.waiting_anew import commanded_anew

    return commanded_anew(desk, found)
