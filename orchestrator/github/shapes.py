"""PyGithub's objects as our own.

Each reads only what every answer holds, lists too: PyGithub fetches an object once more, by itself, to tell what it has
not got. (A list of pull requests has no `merged`, one of issues no `pull_request` where there is none.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orchestrator.execution.commit import FileChange
from orchestrator.lifecycle.ports.github import Comment, Issue, Posted, PullRequest, Review, Role, User

if TYPE_CHECKING:
    import github
    from github.CheckRun import CheckRun
    from github.File import File
    from github.IssueComment import IssueComment
    from github.NamedUser import NamedUser
    from github.Organization import Organization
    from github.PullRequestReview import PullRequestReview

GHOST: Final = User(id=10137, login="ghost")
"""Who GitHub shows in the place of a deleted account."""

_FILE_STATUS: Final = {"added": "added", "copied": "added", "removed": "deleted", "renamed": "renamed"}
_ROLES: Final = {role.name.lower(): role for role in Role}
_PULL: Final = "/pull/"


def user(found: NamedUser | Organization | None) -> User:
    return User(id=found.id, login=found.login, kind=found.type) if found else GHOST


def pull_request(found: github.PullRequest.PullRequest, *, whole: bool = True) -> PullRequest:
    """`whole` where it was fetched by its number: a list does not tell who merged it."""
    head, base = found.head, found.base
    merger = found.merged_by if whole and found.merged_at else None
    return PullRequest(
        number=found.number,
        title=found.title,
        state=found.state,
        draft=found.draft,
        author=user(found.user),
        head_sha=head.sha,
        head_ref=head.ref,
        head_repository=head.repo.full_name if head.repo else "",
        base_sha=base.sha,
        base_ref=base.ref,
        base_repository=base.repo.full_name if base.repo else "",
        merged=found.merged_at is not None,
        merge_commit_sha=found.merge_commit_sha if found.merged_at else None,
        merged_by=user(merger) if merger else None,
        labels=tuple(label.name for label in found.labels),
        url=found.html_url,
        body=found.body or "",
    )


def issue(found: github.Issue.Issue) -> Issue:
    return Issue(
        number=found.number,
        title=found.title,
        body=found.body or "",
        state=found.state,
        author=user(found.user),
        labels=tuple(label.name for label in found.labels),
        url=found.html_url,
    )


def is_pull_request(found: github.Issue.Issue) -> bool:
    """Whether an issue of a list is one."""
    return _PULL in found.html_url


def comment(found: IssueComment) -> Comment:
    return Comment(
        id=found.id,
        author=user(found.user),
        body=found.body or "",
        url=found.html_url,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def review(found: PullRequestReview) -> Review:
    return Review(
        id=found.id,
        author=user(found.user),
        state=found.state,
        body=found.body or "",
        commit=found.commit_id or "",
        url=found.html_url,
    )


def posted(found: CheckRun) -> Posted:
    return Posted(
        id=found.id,
        name=found.name,
        external_id=found.external_id or "",
        status=found.status,
        conclusion=found.conclusion,
        url=found.html_url or "",
        annotations=(found.output.annotations_count or 0) if found.output else 0,
    )


def changed_file(found: File) -> FileChange:
    return FileChange(
        path=found.filename,
        status=_FILE_STATUS.get(found.status, "modified"),
        additions=found.additions,
        deletions=found.deletions,
        previous_path=found.previous_filename if found.status == "renamed" else None,
    )


def role(answer: dict[str, Any]) -> Role:
    """The role by its name; a custom one, which has another, by the base role it was made from.

    https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    """
    names = (str(answer.get("role_name") or ""), str(answer.get("permission") or ""))
    return next((_ROLES[name] for name in names if name in _ROLES), Role.NONE)
