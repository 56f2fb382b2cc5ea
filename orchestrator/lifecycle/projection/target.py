"""Where GitHub shows an execution that an event of a file belongs to."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.definition.event import Event, read_event
from orchestrator.definition.model import JsonValue
from orchestrator.execution.showing import Target
from orchestrator.lifecycle.ports.github import GitHub


def target_of(
    github: GitHub, name: str, payload: Mapping[str, JsonValue], *, head: str | None, environ: Mapping[str, str]
) -> Target | None:
    """On the commit of the event, and below its pull request or issue; None where it belongs to another repository.

    A comment's pull request is fetched, since its payload has no commit. An event without any has `head`, the commit of
    the checkout, unless it is about an issue. GitHub's errors pass on.
    """
    event = read_event(name, payload)
    if event.repository and event.repository.lower() != github.repository.lower():
        return None
    return Target(
        repository=github.repository,
        head_sha=_head(github, event) or ("" if event.number is not None else head or ""),
        number=event.number,
        job_url=job_page(environ),
    )


def _head(github: GitHub, event: Event) -> str:
    if event.pull_request:
        return event.pull_request.head_sha
    if event.on_pull_request and event.number is not None:
        return github.pull_request(event.number).head_sha
    return "" if event.gone else event.after


def job_page(environ: Mapping[str, str]) -> str:
    """The page of the run of GitHub Actions that this process is part of; empty elsewhere.

    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    server, repository, run = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
