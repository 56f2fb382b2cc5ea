"""A commit as a branch of the repository on GitHub, and as what a pull request's head points at."""

from __future__ import annotations

from orchestrator.definition.publish import PublishKind
from orchestrator.errors import Conflict
from orchestrator.execution.publication import Fate, PublicationState
from orchestrator.lifecycle.finish import branch_name
from orchestrator.lifecycle.ports.github import PullRequest
from orchestrator.lifecycle.publishing.outgoing import Done, Outgoing
from orchestrator.lifecycle.travel import bring

_OWN_ENDING = 8
"""Characters of an execution's id that make a branch its own, where another store has used up the number."""


def push_branch(out: Outgoing) -> str:
    """Have the commit on a branch of ours, and tell which. `Conflict` where somebody has changed that branch."""
    commit = out.planned.commit
    bring(out.services, out.execution, commit)
    for name in _names(out):
        at = out.github.branch(name)
        ours = name == out.publication.branch and at == out.publication.commit
        if at in (None, commit) or ours:
            remote = out.github.remote()
            out.services.git.push(remote, name, commit, expected=at, rewrite=ours)
            return name
    raise Conflict(f"the branch {name} is not as we left it: somebody has changed it")


def push_to_head(out: Outgoing) -> Done:
    """Move the head of the pull request on to the commit, if it is where the execution found it."""
    pull_request = out.github.pull_request(out.event.number or 0)
    commit, found = out.planned.commit, out.event.pull_request.head_sha if out.event.pull_request else ""
    if pull_request.head_sha != commit:
        if reason := _standing_still(pull_request, found):
            return Done(state=PublicationState.REFUSED, reason=reason, url=pull_request.url)
        bring(out.services, out.execution, commit)
        out.services.git.push(out.github.remote(), pull_request.head_ref, commit, expected=found)
    return Done(
        number=pull_request.number,
        url=pull_request.url,
        title=f"{commit[:12]} on {pull_request.head_ref}",
        branch=pull_request.head_ref,
        commit=commit,
        fate=Fate.OPEN,
    )


def _standing_still(pull_request: PullRequest, found: str) -> str:
    """Why nothing may be pushed there."""
    if pull_request.state != "open":
        return "the pull request is closed"
    if pull_request.from_fork:
        return "the pull request comes from a fork, whose code stays there"
    if pull_request.head_sha != found:
        return f"the head of the pull request has moved from {found[:12]} to {pull_request.head_sha[:12]}"
    return ""


def _names(out: Outgoing) -> list[str]:
    """What the branch may be called, best first: where it is already, by the execution's number, by its id."""
    ordinal = out.planned.ordinal
    name = branch_name(out.execution) + (f"-{ordinal}" if ordinal > 1 else "")
    own = f"{name}-{out.execution.id[-_OWN_ENDING:].lower()}"
    known = out.publication.branch if out.publication.kind is PublishKind.PULL_REQUEST else ""
    return [known] if known else [name, own]
