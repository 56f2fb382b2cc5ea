"""GitHub in memory: one repository, as one credential sees it, with the rules of GitHub that matter here.

`speaking_as` gives the same repository to another credential. Faults are scripted by `fail`, `down` is an outage.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from orchestrator.errors import BadInput, Conflict, NotFound, Unavailable
from orchestrator.execution.commit import FileChange
from orchestrator.lifecycle.ports import Clock
from orchestrator.lifecycle.ports.github import (
    Abilities,
    Comment,
    CommitStatus,
    Credential,
    Forbidden,
    Issue,
    LineComment,
    NewPullRequest,
    Posted,
    PullRequest,
    Remote,
    RepositoryFacts,
    Review,
    Role,
    Room,
    Urgency,
    User,
    Verdict,
)
from orchestrator.report.check_run import CheckAnnotation, CheckRun, CheckStatus
from tests.fakes.github_budget import CREATIONS_AN_HOUR, MemoryBudget

MAX_BODY, MAX_OUTPUT, MAX_MESSAGE = 65_536, 65_535, 64 * 1024
MAX_STATUSES = 1_000
PAGE = 100
REACTIONS = frozenset({"eyes", "rocket", "confused", "+1", "-1", "laugh", "heart", "hooray"})
WHO = {
    Credential.APP: User(id=9_001, login="mycelium[bot]", kind="Bot"),
    Credential.ACTIONS: User(id=41_898_282, login="github-actions[bot]", kind="Bot"),
    Credential.INSTALLATION: User(id=9_002, login="robot[bot]", kind="Bot"),
    Credential.PERSONAL: User(id=583_231, login="octocat"),
}
_EPOCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A request that GitHub carried out."""

    method: str
    what: str
    writes: bool
    creates: bool
    urgency: Urgency
    at: datetime


@dataclass(kw_only=True, slots=True)
class Fault:
    """What `times` calls of a method raise, after `skip` others, before or after the deed; `*` is any method."""

    method: str
    error: Exception
    after: bool = False
    times: int = 1
    skip: int = 0


@dataclass(kw_only=True, slots=True)
class StoredCheck:
    """A check run: `check` is what it was last given, `annotations` all that were added, `app` who may change it."""

    id: int
    app: User
    head_sha: str
    check: CheckRun
    annotations: list[CheckAnnotation] = field(default_factory=list)


class Repository:
    """What everybody shares. Tests change it as people do on github.com; `commits` are those that are known."""

    def __init__(self, full_name: str, *, private: bool) -> None:
        self.full_name = full_name
        self.private = private
        self.default_branch = "main"
        self.commits = {"0" * 40}
        self.branches = {"main": "0" * 40}
        self.tags: dict[str, str] = {}
        """The commits that they mark."""
        self.merge_bases: dict[str, str] = {}
        """Where a head left its base, if that is not the base's present tip."""
        self.pull_requests: dict[int, PullRequest] = {}
        self.files: dict[int, list[FileChange]] = {}
        self.lines: dict[int, set[tuple[str, int]]] = {}
        """The lines of each pull request's diff, as (path, line): a review may speak of no others."""
        self.patches: dict[int, dict[str, str]] = {}
        self.reviewers: dict[int, list[str]] = {}
        """Who was asked to review."""
        self.issues: dict[int, Issue] = {}
        self.comments: dict[int, tuple[int, Comment]] = {}
        """By id: the number it stands under, and the comment."""
        self.reactions: dict[int, set[str]] = {}
        self.reviews: dict[int, list[Review]] = {}
        self.review_comments: dict[int, list[LineComment]] = {}
        self.checks: dict[int, StoredCheck] = {}
        self.statuses: dict[str, list[CommitStatus]] = {}
        self.roles: dict[str, Role] = {}
        self.accounts: dict[str, int] = {}
        """Whose a login is, where a test says so."""
        self.teams: dict[str, set[str]] = {}
        self.actions_may_open_pull_requests = True
        self.ids = itertools.count(1_000)
        self.numbers = itertools.count(1)
        self.lock = threading.RLock()


class MemoryGitHub:
    """`GitHub` in memory; safe for threads. With a `clock` it has a budget too, and times are the clock's.

    `sent` has every request that was carried out, `refused` counts those that were not by the error's name. `denied`
    maps a method to the permission that this credential lacks. While `down` nothing gets through.
    """

    def __init__(
        self,
        full_name: str = "octo/demo",
        *,
        credential: Credential = Credential.APP,
        clock: Clock | None = None,
        user: User | None = None,
        private: bool = False,
        shared: Repository | None = None,
        budget: MemoryBudget | None = None,
    ) -> None:
        self.repo = shared or Repository(full_name, private=private)
        self.credential = credential
        self.clock = clock
        self.budget = budget or (MemoryBudget(clock) if clock else None)
        self.sent: list[Sent] = []
        self.refused: Counter[str] = Counter()
        self.denied: dict[str, str] = {}
        self.down = False
        self._user = user or WHO[credential]
        self._faults: list[Fault] = []

    # What tests do.

    def speaking_as(self, credential: Credential, user: User | None = None) -> MemoryGitHub:
        """The same repository for somebody else, who shares the budget."""
        return MemoryGitHub(credential=credential, clock=self.clock, user=user, shared=self.repo, budget=self.budget)

    def fail(self, method: str, error: Exception, *, after: bool = False, times: int = 1, skip: int = 0) -> None:
        self._faults.append(Fault(method=method, error=error, after=after, times=times, skip=skip))

    def heal(self) -> None:
        """Nothing fails any more."""
        self._faults.clear()

    @property
    def writes(self) -> list[Sent]:
        return [each for each in self.sent if each.writes]

    def add_commits(self, *shas: str, branch: str | None = None) -> None:
        """Somebody pushes."""
        self.repo.commits.update(shas)
        if branch:
            self.repo.branches[branch] = shas[-1]

    def add_pull_request(
        self, head_sha: str, *, author: User, lines: Iterable[tuple[str, int]] = (), **facts: object
    ) -> PullRequest:
        """Somebody opens one; `facts` replace what is not given."""
        known: dict[str, object] = {
            "number": next(self.repo.numbers),
            "title": "A change",
            "state": "open",
            "draft": False,
            "author": author,
            "head_sha": head_sha,
            "head_ref": "change",
            "head_repository": self.repo.full_name,
            "base_sha": "0" * 40,
            "base_ref": "main",
            "base_repository": self.repo.full_name,
        }
        made = PullRequest(**{**known, **facts})  # type: ignore[arg-type]
        made = replace(made, url=made.url or f"{self.url}/pull/{made.number}")
        self.add_commits(head_sha, made.base_sha)
        if not made.from_fork:
            self.repo.branches[made.head_ref] = head_sha
        self.repo.pull_requests[made.number] = made
        self.repo.lines[made.number] = set(lines)
        return made

    def add_comment(self, number: int, author: User, body: str) -> Comment:
        """Somebody writes under an issue or pull request."""
        ident = next(self.repo.ids)
        url = f"{self.url}/issues/{number}#issuecomment-{ident}"
        made = Comment(id=ident, author=author, body=body, url=url, created_at=self._now(), updated_at=self._now())
        self.repo.comments[ident] = (number, made)
        return made

    def comment_bodies(self, number: int) -> list[str]:
        return [comment.body for under, comment in self.repo.comments.values() if under == number]

    def checks_named(self, name: str) -> list[StoredCheck]:
        """Oldest first."""
        return [each for each in self.repo.checks.values() if each.check.name == name]

    # The port.

    @property
    def repository(self) -> str:
        return self.repo.full_name

    @property
    def url(self) -> str:
        return f"https://github.example/{self.repo.full_name}"

    @property
    def abilities(self) -> Abilities:
        app = self.credential is Credential.APP
        return Abilities(
            credential=self.credential,
            check_runs=self.credential is not Credential.PERSONAL,
            buttons=app,
            links=app or self.credential is Credential.INSTALLATION,
        )

    def room(self) -> Room:
        return self.budget.room() if self.budget else Room(used=0, most=CREATIONS_AN_HOUR)

    def me(self) -> User:
        with self._reading("me"):
            return self._user

    def facts(self) -> RepositoryFacts:
        with self._reading("facts"):
            return RepositoryFacts(
                full_name=self.repo.full_name,
                id=77,
                private=self.repo.private,
                default_branch=self.repo.default_branch,
                url=self.url,
                actions_may_open_pull_requests=self.repo.actions_may_open_pull_requests,
            )

    def pull_request(self, number: int) -> PullRequest:
        with self._reading("pull_request", number):
            return self._pull(number)

    def pull_requests(self, *, head: str = "", base: str = "", state: str = "open") -> list[PullRequest]:
        with self._reading("pull_requests"):
            return [
                each
                for each in reversed(self.repo.pull_requests.values())
                if state in ("all", each.state)
                and (not head or (each.head_ref == head and not each.from_fork))
                and (not base or each.base_ref == base)
            ]

    def changed_files(self, number: int) -> list[FileChange]:
        with self._reading("changed_files", number):
            self._pull(number)
            return self.repo.files.get(number, [])[:3_000]

    def patches(self, number: int) -> dict[str, str]:
        with self._reading("patches", number):
            self._pull(number)
            return dict(self.repo.patches.get(number, {}))

    def issue(self, number: int) -> Issue:
        with self._reading("issue", number):
            return self._issue(number)

    def role(self, login: str, *, account: int = 0) -> Role:
        with self._reading("role", login):
            if account and self.repo.accounts.get(login, account) != account:
                return Role.NONE
            return self.repo.roles.get(login, Role.NONE if self.repo.private else Role.READ)

    def in_team(self, login: str, team: str) -> bool:
        with self._reading("in_team", login):
            return login in self.repo.teams.get(team, ())

    def comments(self, number: int) -> Iterator[Comment]:
        for start in itertools.count(0, PAGE):
            with self._reading("comments", number):
                self._issue(number)
                page = [comment for under, comment in self.repo.comments.values() if under == number]
            yield from page[start : start + PAGE]
            if len(page) <= start + PAGE:
                return

    def comment(self, comment_id: int) -> Comment:
        with self._reading("comment", comment_id):
            return _found(self.repo.comments, comment_id, "comment")[1]

    def write_comment(self, number: int, body: str, *, urgency: Urgency = Urgency.PROGRESS) -> Comment:
        with self._writing("write_comment", number, urgency, creates=True):
            self._issue(number)
            return self.add_comment(number, self._user, _body(body))

    def edit_comment(self, comment_id: int, body: str, *, urgency: Urgency = Urgency.PROGRESS) -> None:
        with self._writing("edit_comment", comment_id, urgency):
            number, known = _found(self.repo.comments, comment_id, "comment")
            if known.author != self._user:
                raise Forbidden("the comment is somebody else's", needs="to be its author")
            self.repo.comments[comment_id] = (number, replace(known, body=_body(body), updated_at=self._now()))

    def react(self, comment_id: int, content: str) -> None:
        with self._writing("react", comment_id, Urgency.PEOPLE, creates=True):
            _found(self.repo.comments, comment_id, "comment")
            _demand(content in REACTIONS, f"no such reaction: {content}")
            self.repo.reactions.setdefault(comment_id, set()).add(content)

    def find_check_runs(self, head_sha: str, name: str = "") -> list[Posted]:
        with self._reading("find_check_runs", name):
            self._commit(head_sha)
            return [
                self._posted(each)
                for each in reversed(self.repo.checks.values())
                if each.head_sha == head_sha and each.app == self._user and name in ("", each.check.name)
            ]

    def create_check_run(self, head_sha: str, check: CheckRun, *, urgency: Urgency = Urgency.PROGRESS) -> Posted:
        with self._writing("create_check_run", check.name, urgency, creates=True):
            self._demand_app()
            self._commit(head_sha)
            first = check.batches[0] if check.batches else ()
            _check_run(check, first)
            made = StoredCheck(
                id=next(self.repo.ids), app=self._user, head_sha=head_sha, check=check, annotations=list(first)
            )
            self.repo.checks[made.id] = made
            return self._posted(made)

    def update_check_run(self, check_id: int, check: CheckRun, *, urgency: Urgency = Urgency.PROGRESS) -> None:
        with self._writing("update_check_run", check.name, urgency):
            known = self._own_check(check_id)
            _check_run(check, ())
            reopened = known.check.status is CheckStatus.COMPLETED and check.status is not CheckStatus.COMPLETED
            _demand(not reopened, "a completed check run cannot be made to run again")
            known.check = check

    def annotate(self, check_id: int, check: CheckRun, batch: Sequence[CheckAnnotation]) -> None:
        with self._writing("annotate", check.name, Urgency.PROGRESS):
            known = self._own_check(check_id)
            _check_run(check, batch)
            known.annotations += batch

    def set_status(self, sha: str, status: CommitStatus, *, urgency: Urgency = Urgency.PROGRESS) -> None:
        with self._writing("set_status", status.context, urgency, creates=True):
            self._commit(sha)
            _demand(status.state in {"error", "failure", "pending", "success"}, f"no such state: {status.state}")
            _demand(len(status.description) <= 140, "description is too long (maximum is 140 characters)")
            known = self.repo.statuses.setdefault(sha, [])
            same = [each for each in known if each.context.lower() == status.context.lower()]
            _demand(len(same) < MAX_STATUSES, "This SHA and context has reached the maximum number of statuses.")
            known.append(status)

    def open_pull_request(self, new: NewPullRequest) -> PullRequest:
        with self._writing("open_pull_request", new.head, Urgency.FINAL, creates=True):
            if self.credential is Credential.ACTIONS and not self.repo.actions_may_open_pull_requests:
                raise Forbidden(
                    "GitHub Actions is not permitted to create or approve pull requests",
                    needs="Settings > Actions > General > Allow GitHub Actions to create and approve pull requests",
                )
            for branch in (new.head, new.base):
                _demand(branch in self.repo.branches, f"there is no branch {branch}")
            open_ones = [each for each in self.repo.pull_requests.values() if each.state == "open"]
            if any((each.head_ref, each.base_ref) == (new.head, new.base) for each in open_ones):
                raise Conflict(f"A pull request already exists for {new.head}.")
            head, base = self.repo.branches[new.head], self.repo.branches[new.base]
            _demand(head != base, f"No commits between {new.base} and {new.head}")
            return self.add_pull_request(
                head,
                author=self._user,
                base_sha=base,
                head_ref=new.head,
                base_ref=new.base,
                title=_title(new.title),
                body=_body(new.body),
                draft=new.draft,
            )

    def edit_pull_request(self, number: int, *, title: str | None = None, body: str | None = None) -> None:
        with self._writing("edit_pull_request", number, Urgency.FINAL):
            known = self._pull(number)
            self.repo.pull_requests[number] = replace(
                known,
                title=known.title if title is None else _title(title),
                body=known.body if body is None else _body(body),
            )

    def request_reviewers(self, number: int, reviewers: Sequence[str]) -> None:
        with self._writing("request_reviewers", number, Urgency.FINAL):
            own = self._pull(number).author.login in reviewers
            _demand(not own, "Review cannot be requested from pull request author.")
            self.repo.reviewers.setdefault(number, []).extend(reviewers)

    def reviews(self, number: int) -> list[Review]:
        with self._reading("reviews", number):
            self._pull(number)
            return list(self.repo.reviews.get(number, ()))

    def write_review(
        self, number: int, *, commit: str, verdict: Verdict, body: str, comments: Sequence[LineComment]
    ) -> Review:
        with self._writing("write_review", number, Urgency.FINAL, creates=True):
            pull = self._pull(number)
            self._commit(commit)
            own = pull.author == self._user and verdict is not Verdict.COMMENT
            _demand(not own, "Can not approve or request changes on your own pull request")
            _demand(bool(body) or verdict is Verdict.APPROVE, "body is required")
            for each in comments:
                lines = {each.line, each.start_line or each.line}
                known = all((each.path, line) in self.repo.lines[number] for line in lines)
                _demand(known, "pull_request_review_thread.line must be part of the diff")
                _body(each.body)
            state = {Verdict.APPROVE: "APPROVED", Verdict.REQUEST_CHANGES: "CHANGES_REQUESTED"}.get(
                verdict, "COMMENTED"
            )
            ident = next(self.repo.ids)
            url = f"{pull.url}#pullrequestreview-{ident}"
            made = Review(id=ident, author=self._user, state=state, body=_body(body), commit=commit, url=url)
            self.repo.reviews.setdefault(number, []).append(made)
            self.repo.review_comments[ident] = list(comments)
            return made

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        with self._writing("add_labels", number, Urgency.FINAL, creates=True):
            self._set_labels(number, dict.fromkeys([*self._issue(number).labels, *labels]))

    def remove_label(self, number: int, label: str) -> None:
        with self._writing("remove_label", number, Urgency.FINAL):
            self._set_labels(number, [each for each in self._issue(number).labels if each.lower() != label.lower()])

    def find_issues(self, *, label: str = "", state: str = "open") -> Iterator[Issue]:
        with self._reading("find_issues"):
            found = [
                each
                for each in reversed(self.repo.issues.values())
                if state in ("all", each.state) and (not label or label in each.labels)
            ]
        yield from found

    def write_issue(self, title: str, body: str, labels: Sequence[str]) -> Issue:
        with self._writing("write_issue", title, Urgency.FINAL, creates=True):
            number = next(self.repo.numbers)
            made = Issue(
                number=number,
                title=_title(title),
                body=_body(body),
                state="open",
                author=self._user,
                url=f"{self.url}/issues/{number}",
            )
            self.repo.issues[number] = made
            self._set_labels(number, labels)
            return self.repo.issues[number]

    def branch(self, name: str) -> str | None:
        with self._reading("branch", name):
            return self.repo.branches.get(name)

    def tip(self, ref: str) -> str | None:
        with self._reading("tip", ref):
            _, _, name = ref.removeprefix("refs/").partition("/")
            of = {f"refs/heads/{name}": self.repo.branches, f"refs/tags/{name}": self.repo.tags}
            return of.get(ref, {}).get(name)

    def merge_base(self, base: str, head: str) -> str:
        with self._reading("merge_base", head):
            one, other = self._named(base), self._named(head)
            return one if one == other else self.repo.merge_bases.get(head, one)

    def remote(self) -> Remote:
        return Remote(url=f"{self.url}.git", token="ghs_memory")

    # How it works.

    @contextmanager
    def _reading(self, method: str, what: object = "") -> Iterator[None]:
        with self._request(method, what, Urgency.PROGRESS, writes=False, creates=False):
            yield

    @contextmanager
    def _writing(self, method: str, what: object, urgency: Urgency, *, creates: bool = False) -> Iterator[None]:
        with self._request(method, what, urgency, writes=True, creates=creates):
            yield

    @contextmanager
    def _request(self, method: str, what: object, urgency: Urgency, *, writes: bool, creates: bool) -> Iterator[None]:
        with self.repo.lock:
            try:
                if self.budget:
                    self.budget.spend(writes=writes, creates=creates, urgency=urgency)
                if self.down:
                    raise Unavailable("GitHub does not answer")
                if needs := self.denied.get(method):
                    raise Forbidden(f"{method} is not allowed", needs=needs)
                self._raise_fault(method, after=False)
                yield
                self.sent.append(
                    Sent(method=method, what=str(what), writes=writes, creates=creates, urgency=urgency, at=self._now())
                )
                self._raise_fault(method, after=True)
            except Exception as error:
                self.refused[type(error).__name__] += 1
                raise

    def _raise_fault(self, method: str, *, after: bool) -> None:
        for fault in self._faults:
            if fault.method not in (method, "*") or fault.after is not after or not fault.times:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            raise fault.error

    def _now(self) -> datetime:
        return self.clock.now() if self.clock else _EPOCH

    def _pull(self, number: int) -> PullRequest:
        return _found(self.repo.pull_requests, number, "pull request")

    def _issue(self, number: int) -> Issue:
        if number in self.repo.issues:
            return self.repo.issues[number]
        pull = _found(self.repo.pull_requests, number, "issue")
        return Issue(
            number=number,
            title=pull.title,
            body=pull.body,
            state=pull.state,
            author=pull.author,
            labels=pull.labels,
            url=pull.url,
        )

    def _set_labels(self, number: int, labels: Collection[str]) -> None:
        _demand(len(labels) <= 100, "an issue has at most 100 labels")
        _demand(all(0 < len(label) <= 50 for label in labels), "name is too long (maximum is 50 characters)")
        if number in self.repo.issues:
            self.repo.issues[number] = replace(self.repo.issues[number], labels=tuple(labels))
        else:
            self.repo.pull_requests[number] = replace(self._pull(number), labels=tuple(labels))

    def _named(self, name: str) -> str:
        """The commit of a SHA, and only then of a branch."""
        found = name if name in self.repo.commits else self.repo.branches.get(name, name)
        self._commit(found)
        return found

    def _commit(self, sha: str) -> None:
        if sha not in self.repo.commits:
            raise NotFound(f"No commit found for SHA: {sha}")

    def _demand_app(self) -> None:
        if self.credential is Credential.PERSONAL:
            raise Forbidden("You must authenticate via a GitHub App.", needs="a GitHub App")

    def _own_check(self, check_id: int) -> StoredCheck:
        self._demand_app()
        known = _found(self.repo.checks, check_id, "check run")
        if known.app != self._user:
            raise Forbidden("Invalid app_id: it is another App's check run", needs="to be its App")
        return known

    def _posted(self, stored: StoredCheck) -> Posted:
        return Posted(
            id=stored.id,
            name=stored.check.name,
            external_id=stored.check.external_id,
            status=stored.check.status,
            conclusion=stored.check.conclusion,
            url=f"{self.url}/runs/{stored.id}",
            annotations=len(stored.annotations),
        )


def _found(known: dict[int, Value], number: int, what: str) -> Value:
    if number not in known:
        raise NotFound(f"there is no {what} {number}")
    return known[number]


def _demand(holds: bool, message: str) -> None:
    """GitHub answers 422 where it does not hold."""
    if not holds:
        raise BadInput(message)


def _body(text: str) -> str:
    _demand(0 < len(text) <= MAX_BODY, f"Body is blank or too long (maximum is {MAX_BODY} characters)")
    return text


def _title(text: str) -> str:
    _demand(0 < len(text) <= 256, "Title is blank or too long (maximum is 256 characters)")
    return text


def _check_run(check: CheckRun, batch: Sequence[CheckAnnotation]) -> None:
    _demand(bool(check.name), "name is required")
    _demand((check.conclusion is not None) == (check.status is CheckStatus.COMPLETED), "a conclusion when completed")
    _demand(bool(check.title and check.summary), "output has a title and a summary")
    sizes = [len(text.encode()) for text in (check.summary, check.text)]
    _demand(max(sizes) <= MAX_OUTPUT, "Only 65535 characters are allowed")
    _demand(len(batch) <= 50, "annotations exceeds a maximum quantity of 50")
    _demand(len(check.actions) <= 3, "actions exceeds a maximum quantity of 3")
    for action in check.actions:
        _demand(0 < len(action.label) <= 20 and 0 < len(action.identifier) <= 20, "an action's label is too long")
        _demand(0 < len(action.description) <= 40, "an action's description is too long")
    for each in batch:
        _demand(bool(each.path and each.message) and 1 <= each.start_line <= each.end_line, "an annotation's place")
        _demand(each.level in {"notice", "warning", "failure"}, f"no such level: {each.level}")
        _demand(len(each.message.encode()) <= MAX_MESSAGE and len(each.title) <= 255, "an annotation is too long")
        one_line = each.start_line == each.end_line
        _demand(one_line or (each.start_column is None and each.end_column is None), "columns on several lines")
