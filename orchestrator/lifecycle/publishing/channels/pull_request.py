"""A pull request with the commit of a node; at the least its branch, and a link that opens one by hand."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from orchestrator.errors import BadInput, Conflict, NotFound
from orchestrator.execution.publication import Fate, PublicationState
from orchestrator.lifecycle.ports.github import Forbidden, NewPullRequest, PullRequest
from orchestrator.lifecycle.publishing.channels.branches import push_branch
from orchestrator.lifecycle.publishing.outgoing import Done, Outgoing
from orchestrator.report.publishing import pull_request_body


def open_pull_request(out: Outgoing) -> Done:
    """Push the branch, and open the pull request or bring the one that is open up to date."""
    branch = push_branch(out)
    try:
        base = _base(out)
    except NotFound as error:
        url = f"{out.github.url}/compare/{quote(branch, safe='/')}?expand=1"
        reason = f"the branch is there, but no pull request: {error.message}. Open one by the link"
        gone = Done(title=out.title(), branch=branch, commit=out.planned.commit, url=url)
        return replace(gone, state=PublicationState.FAILED, reason=reason)
    pushed = Done(
        title=out.title(),
        branch=branch,
        commit=out.planned.commit,
        url=f"{out.github.url}/compare/{quote(base, safe='/')}...{quote(branch, safe='/')}?expand=1",
    )
    new = NewPullRequest(
        head=branch,
        base=base,
        title=pushed.title,
        body=out.masked(pull_request_body(out.view, out.said(out.planned.target.body), out.mark())),
        draft=out.planned.target.draft,
    )
    try:
        made, notes = _opened(out, new)
    except (Forbidden, BadInput) as error:
        needs = f"; it needs {error.needs}" if isinstance(error, Forbidden) else ""
        reason = f"the branch is there, but no pull request: {error.message}{needs}. Open one by the link"
        return replace(pushed, state=PublicationState.FAILED, reason=reason)
    notes += _dressed(out, made)
    return replace(pushed, number=made.number, url=made.url or pushed.url, reason="; ".join(notes), fate=Fate.OPEN)


def _opened(out: Outgoing, new: NewPullRequest) -> tuple[PullRequest, list[str]]:
    """The open one of this branch, changed where it differs, or a new one; and what is not as it was asked for."""
    found = _known(out, new)
    if found is None:
        try:
            return out.github.open_pull_request(new), []
        except Conflict:
            found = _known(out, new)
            if found is None:
                raise
        except BadInput as error:
            if not new.draft or "draft" not in error.message.lower():
                raise
            return out.github.open_pull_request(replace(new, draft=False)), ["drafts are not supported here"]
    if found.body != new.body or found.title != new.title:
        # A title that somebody has changed stays.
        title = new.title if found.title in ("", out.publication.title) else None
        out.github.edit_pull_request(found.number, title=title, body=new.body)
    return found, []


def _known(out: Outgoing, new: NewPullRequest) -> PullRequest | None:
    return next(iter(out.github.pull_requests(head=new.head, base=new.base)), None)


def _dressed(out: Outgoing, made: PullRequest) -> list[str]:
    """Labels and reviewers; what GitHub does not take of them keeps nothing else back."""
    notes = []
    if missing := [label for label in out.planned.labels if label not in made.labels]:
        try:
            out.github.add_labels(made.number, missing)
        except (Forbidden, BadInput) as error:
            notes.append(f"no labels: {error.message}")
    if out.planned.reviewers and out.publication.number is None:
        try:
            out.github.request_reviewers(made.number, out.planned.reviewers)
        except (Forbidden, BadInput) as error:
            notes.append(f"no reviewers: {error.message}")
    return notes


def _base(out: Outgoing) -> str:
    """The branch it is for: as written, else the head of the pull request, else the branch that was run on."""
    if out.planned.base:
        if out.github.branch(out.planned.base) is None:
            raise NotFound(f"there is no branch `{out.planned.base}` to open a pull request for")
        return out.planned.base
    pull_request = out.event.pull_request
    wanted = pull_request.head_ref if pull_request else out.execution.branch
    if wanted and out.github.branch(wanted) is not None:
        return wanted
    return out.github.facts().default_branch
