"""A repository on GitHub with people, pull requests and a desk that deals with its events, all in memory."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.agents.library import FOLDERS, build, is_agent_path
from orchestrator.definition.roles import Role
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.definitions.changed import ChangedWorkflows
from orchestrator.lifecycle.definitions.committed import CommittedDefinitions
from orchestrator.lifecycle.definitions.reading import DefinitionReader
from orchestrator.lifecycle.intake.occasion import Delivery, Desk
from orchestrator.lifecycle.intake.receive import receive
from orchestrator.lifecycle.ports import Decision, Git
from orchestrator.lifecycle.ports.github import PullRequest, User
from orchestrator.store.opening import Storage
from tests.fakes.github_memory import MemoryGitHub
from tests.fakes.payloads import FORK, REPOSITORY, Payload, account, commented, payload, pull_request, pushed
from tests.fakes.world import World

OWNER = User(id=1, login="octocat")
MEMBER = User(id=2, login="mia")
TRIAGER = User(id=3, login="tom")
STRANGER = User(id=4, login="sam")
ROLES = {OWNER: Role.ADMIN, MEMBER: Role.WRITE, TRIAGER: Role.TRIAGE, STRANGER: Role.READ}
PEOPLE = {user.login: user for user in ROLES}
BOT = User(id=29139614, login="renovate[bot]", kind="Bot")


def reader_of(git: Git) -> DefinitionReader:
    """Reads what commits define, without the agents that ship."""
    return DefinitionReader(
        git=git, workflows_dir="workflows", is_agent=is_agent_path, library=build, agent_folders=FOLDERS
    )


class Garden:
    """`main` is the tip of the default branch; `files` are text by path."""

    def __init__(self, folder: Path, files: dict[str, str], storage: Storage | None = None) -> None:
        self.world = World(folder, storage=storage)
        self.github = MemoryGitHub(REPOSITORY)
        self.github.repo.roles.update({user.login: role for user, role in ROLES.items()})
        self.desk = Desk(
            services=replace(self.world.services, comparison=ChangedWorkflows(reader=reader_of(self.world.git))),
            github=self.github,
            definitions=self.fresh_definitions(),
        )
        self._deliveries = itertools.count(1)
        self.main = self.push(files)

    def fresh_definitions(self) -> CommittedDefinitions:
        """Those of a process that has read no commit yet."""
        return CommittedDefinitions(reader_of(self.world.git))

    def push(self, files: dict[str, str], *, branch: str = "main") -> str:
        """A new commit on a branch that has exactly these files."""
        git = self.world.git
        git.branch, git.checkout = branch, {path: text.encode() for path, text in files.items()}
        commit = git.commit_checkout(f"On {branch}")
        self.github.add_commits(commit, branch=branch)
        return commit

    def commit(self, files: dict[str, str]) -> str:
        """A commit that no branch of the repository has, as those of forks."""
        git = self.world.git
        git.branch, git.checkout = "elsewhere", {path: text.encode() for path, text in files.items()}
        return git.commit_checkout("Elsewhere")

    def open(
        self, files: dict[str, str], *, author: User = MEMBER, fork: bool = False, head: str = "", base: str = "main"
    ) -> PullRequest:
        """A pull request; its head has these files, or is the commit `head`."""
        made = head or (self.commit(files) if fork else self.push(files, branch="feature"))
        return self.github.add_pull_request(
            made,
            author=author,
            head_ref="feature",
            head_repository=FORK if fork else REPOSITORY,
            base_sha=self.github.repo.branches[base],
            base_ref=base,
        )

    def move(self, number: int, files: dict[str, str]) -> PullRequest:
        """Somebody pushes to a pull request."""
        known = self.github.repo.pull_requests[number]
        head = self.commit(files) if known.from_fork else self.push(files, branch=known.head_ref)
        self.github.add_commits(head)
        self.github.repo.pull_requests[number] = replace(known, head_sha=head)
        return self.github.repo.pull_requests[number]

    def deliver(self, event: str, body: Payload, *, delivery: str = "") -> list[Decision]:
        ident = delivery or f"delivery-{next(self._deliveries)}"
        return receive(self.desk, Delivery(id=ident, event=event, payload=body))

    def pulled(
        self, found: PullRequest, action: str = "opened", *, by: User | None = None, **keys: Any
    ) -> list[Decision]:
        """The event of a pull request as it is now."""
        delivery, label = keys.pop("delivery", ""), keys.pop("label", "")
        body = payload(action, sender=_account(by or found.author), pull_request=_state(found, **keys))
        if label:
            body["label"] = {"name": label}
        return self.deliver("pull_request", body, delivery=delivery)

    def says(self, by: User, body: str, number: int, *, on: str = "pull_request", **keys: Any) -> list[Decision]:
        """Somebody writes a comment."""
        delivery = keys.pop("delivery", "")
        comment = self.github.add_comment(number, by, body)
        event = commented(body, number=number, on=on, sender=_account(by), comment_id=comment.id, **keys)
        return self.deliver("issue_comment", event, delivery=delivery)

    def pushes(self, by: User, ref: str, before: str, after: str) -> list[Decision]:
        body = {**pushed(ref, after=after, sender=_account(by)), "before": before}
        return self.deliver("push", body)

    @property
    def executions(self) -> list[Execution]:
        """Oldest first."""
        return self.world.store.executions()[::-1]

    def reaction(self) -> str:
        """The latest reaction of ours."""
        return next(reversed(self.github.repo.reactions.values())).copy().pop()


def _state(found: PullRequest, **keys: Any) -> Payload:
    made = pull_request(found.number, head=found.head_sha, fork=found.from_fork, author=_account(found.author), **keys)
    made["head"]["ref"], made["base"]["ref"] = found.head_ref, found.base_ref
    made["base"]["sha"] = found.base_sha
    return made


def _account(user: User) -> Payload:
    return account(user.login, user.id, user.kind)
