"""`run --event` for a pull request: its nodes work on the head, also where the checkout is GitHub's trial merge of it.

`actions/checkout` puts `refs/pull/N/merge` there, a commit that exists nowhere else: nothing that is built on it can be
pushed to the head, and a pull request of it would have the base's changes too.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.cli.console import Console
from orchestrator.definition.event import Event, PullRequestState, as_payload, read_event
from orchestrator.errors import MyceliumError
from orchestrator.lifecycle.intake.occasion import state_of
from orchestrator.lifecycle.ports import Git, Snapshot
from orchestrator.lifecycle.ports.github import GitHub
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.start import StartRequest


def pinned(services: Services, request: StartRequest, *, as_it_is: bool) -> StartRequest:
    """The request with the pull request that its event belongs to, and the head's code where the checkout merges it.

    With `as_it_is` somebody has named the commit to start from. What cannot be had is told, and keeps nothing from
    running.
    """
    request = _with_pull_request(services.github, request)
    state = read_event(request.event_name, request.event).pull_request
    if state is None or request.snapshot is None or as_it_is or not _merges(services.git, request.snapshot, state):
        return request
    if missing := _missing(services.git, state.head_sha):
        _tell(
            f"The checkout is GitHub's trial merge of pull request {state.number}, and nodes work on that: {missing}.",
            "Nothing can be pushed to the head so, and a pull request would show the base's changes too. Check out the",
            "head: `ref: ${{ github.event.pull_request.head.sha }}` of actions/checkout, or `fetch-depth: 2`.",
        )
        return request
    _tell(
        f"Nodes work on the head of pull request {state.number}, {state.head_sha[:12]}, not on GitHub's trial merge"
        + (", and without the checkout's uncommitted changes." if request.snapshot.dirty else ".")
    )
    head = replace(request.snapshot, head=state.head_sha, base=state.head_sha, dirty=False)
    return replace(request, snapshot=head)


def _with_pull_request(github: GitHub | None, request: StartRequest) -> StartRequest:
    """The payload of a comment says of its pull request only the number."""
    event = read_event(request.event_name, request.event)
    if github is None or not event.on_pull_request or event.pull_request or event.number is None:
        return request
    if not _ours(github, event):
        return request
    try:
        state = state_of(github.pull_request(event.number))
    except MyceliumError:
        return request  # whoever asks next where it is to be shown tells why
    return replace(request, event={**request.event, "pull_request": as_payload(state)})


def _merges(git: Git, snapshot: Snapshot, state: PullRequestState) -> bool:
    """Whether the checkout is the merge of the head into its base, which GitHub makes by itself."""
    if not state.head_sha or snapshot.head == state.head_sha:
        return False
    parents = git.parents(snapshot.head)
    return len(parents) == 2 and parents[1] == state.head_sha


def _missing(git: Git, commit: str) -> str:
    """Why the commit cannot be had; empty where it is here, or could be fetched."""
    try:
        here = git.has(commit) or git.fetch(commit)
    except MyceliumError as error:
        return str(error)
    return "" if here else f"its head {commit[:12]} is neither here nor at `origin`"


def _ours(github: GitHub, event: Event) -> bool:
    return not event.repository or event.repository.lower() == github.repository.lower()


def _tell(*lines: str) -> None:
    for line in lines:
        Console.stderr().line(line)
