"""A pull request's life: opened, moved by pushes, merged; what git says of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tests.fakes.github.bare_git import BareGit, FileFacts, Person
from tests.fakes.github.refusals import custom, invalid
from tests.fakes.github.state import Account, App, Issue, PullRequest, Repository

if TYPE_CHECKING:
    from tests.fakes.github.standin import GitHubStandIn


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A pull request that somebody asks for; `head` is a branch of `source`."""

    head: str
    base: str
    title: str
    body: str | None
    draft: bool
    source: Repository
    maintainer_can_modify: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What git says of a head and a base. `tree` is the merged one, None where it conflicts."""

    merge_base: str
    files: tuple[FileFacts, ...]
    commits: int
    behind: int
    tree: str | None


def opened(hub: GitHubStandIn, repository: Repository, wanted: Wanted, by: Account, app: App | None) -> PullRequest:
    """Open it, or refuse it with GitHub's words."""
    base_sha = repository.git.branch(wanted.base)
    head_sha = wanted.source.git.branch(wanted.head)
    if base_sha is None:
        raise invalid("PullRequest", "base")
    if head_sha is None:
        raise invalid("PullRequest", "head")
    _bring(repository, wanted.source, wanted.head)
    label = f"{wanted.source.owner.login}:{wanted.head}"
    for other in repository.pulls.values():
        same = other.head_repository is wanted.source and other.head_ref == wanted.head
        if same and other.base_ref == wanted.base and other.issue.state == "open":
            raise custom("PullRequest", f"A pull request already exists for {label}.")
    if repository.git.contains(head_sha, base_sha):
        raise custom("PullRequest", f"No commits between {wanted.base} and {_named(repository, wanted)}")
    issue = _issue(hub, repository, wanted, by, app)
    pull = PullRequest(
        id=next(hub.state.ids),
        issue=issue,
        head_repository=wanted.source,
        head_owner=wanted.source.owner,
        head_ref=wanted.head,
        head_sha=head_sha,
        base_ref=wanted.base,
        base_sha=base_sha,
        draft=wanted.draft,
        maintainer_can_modify=wanted.maintainer_can_modify and wanted.source is not repository,
    )
    repository.pulls[issue.number] = pull
    repository.git.keep(issue.number, "head", head_sha)
    return pull


def _named(repository: Repository, wanted: Wanted) -> str:
    return wanted.head if wanted.source is repository else f"{wanted.source.owner.login}:{wanted.head}"


def _issue(hub: GitHubStandIn, repository: Repository, wanted: Wanted, by: Account, app: App | None) -> Issue:
    number = next(repository.numbers)
    issue = Issue(
        id=next(hub.state.ids),
        number=number,
        title=wanted.title,
        body=wanted.body,
        user=by,
        created_at=hub.now(),
        updated_at=hub.now(),
        app=app,
    )
    repository.issues[number] = issue
    return issue


def _bring(repository: Repository, source: Repository, head: str) -> None:
    """A fork's commits come into the repository, as they do on GitHub."""
    if source is not repository:
        repository.git("fetch", "--quiet", "--no-tags", str(source.git.folder), f"refs/heads/{head}")


def refreshed(hub: GitHubStandIn, repository: Repository, pull: PullRequest) -> PullRequest:
    """The pull request after whatever was pushed to its branches since."""
    if pull.issue.state != "open":
        return pull
    if pull.head_repository is not None:
        head_sha = pull.head_repository.git.branch(pull.head_ref)
        if head_sha and head_sha != pull.head_sha:
            _bring(repository, pull.head_repository, pull.head_ref)
            pull.head_sha = head_sha
            pull.issue.updated_at = hub.now()
            repository.git.keep(pull.number, "head", head_sha)
    pull.base_sha = repository.git.branch(pull.base_ref) or pull.base_sha
    return pull


def facts(repository: Repository, pull: PullRequest) -> Facts:
    return _facts(repository.git, pull.base_sha, pull.head_sha)


@lru_cache(maxsize=512)
def _facts(git: BareGit, base: str, head: str) -> Facts:
    merge_base, (behind, ahead) = git.merge_base(base, head) or base, git.counts(base, head)
    return Facts(
        merge_base=merge_base,
        files=tuple(git.changes(merge_base, head)),
        commits=ahead,
        behind=behind,
        tree=git.merge_tree(base, head),
    )


def trial_merge(repository: Repository, pull: PullRequest, by: Person) -> str | None:
    """The commit that merging would make, at `refs/pull/N/merge`, as GitHub keeps it for checks; None in a conflict."""
    wanted = pull.base_sha, pull.head_sha
    if pull.merge_commit_sha and pull.tried == wanted:
        return pull.merge_commit_sha
    tree, pull.tried = facts(repository, pull).tree, wanted
    if tree is None:
        return None
    text = f"Merge {pull.head_sha} into {pull.base_sha}"
    sha = repository.git.commit_tree(tree, wanted, text, by, by)
    repository.git.keep(pull.number, "merge", sha)
    return sha


def merged(hub: GitHubStandIn, repository: Repository, pull: PullRequest, by: Account, method: str) -> str | None:
    """Merge it (`merge`, `squash`, or `rebase` like a squash); None where it conflicts."""
    tree, who = facts(repository, pull).tree, _person(hub, by)
    if tree is None:
        return None
    parents = [pull.base_sha, pull.head_sha] if method == "merge" else [pull.base_sha]
    label = f"{pull.head_owner.login}/{pull.head_ref}"
    subject = f"Merge pull request #{pull.number} from {label}\n\n{pull.issue.title}"
    text = subject if method == "merge" else f"{pull.issue.title} (#{pull.number})"
    sha = repository.git.commit_tree(tree, parents, text, who, who)
    repository.git.set_ref(f"refs/heads/{pull.base_ref}", sha, pull.base_sha)
    pull.merged, pull.merged_at, pull.merged_by, pull.merge_commit_sha = True, hub.now(), by, sha
    pull.issue.state, pull.issue.closed_at, pull.issue.closed_by = "closed", hub.now(), by
    pull.issue.updated_at = hub.now()
    repository.contributors.add(pull.issue.user.login)
    return sha


def _person(hub: GitHubStandIn, who: Account) -> Person:
    return Person(name=who.name, email=who.email, date=hub.now().isoformat(timespec="seconds"))
