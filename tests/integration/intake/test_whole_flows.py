"""Events as GitHub sends them, through the adapter over HTTP and real git, to executions and answers."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.git.repository import GitRepository
from orchestrator.lifecycle.definitions.committed import CommittedDefinitions
from orchestrator.lifecycle.intake.answering import answer
from orchestrator.lifecycle.intake.occasion import Delivery, Desk
from orchestrator.lifecycle.intake.receive import receive
from orchestrator.lifecycle.ports import Decision, Ruling
from orchestrator.lifecycle.ports.github import Credential, GitHub
from orchestrator.report.answers import MARKER
from tests.fakes.checkout import Checkout
from tests.fakes.garden import reader_of
from tests.fakes.github.state import Account
from tests.fakes.github_bench import Hub, StandInBench
from tests.fakes.payloads import Payload
from tests.fakes.world import World

FLOW = "on: {pull_request: , comment: {command: look}}\nnodes: {look: {run: echo base}}\n"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    hub = Hub(tmp_path_factory.mktemp("github"))
    yield hub
    hub.standin.close()


class Garden:
    """A repository on the stand-in, a clone of it, and a desk."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.bench = StandInBench(hub)
        self.standin, self.repo = hub.standin, self.bench.repo
        self.repo.private = False
        self.standin.commit(self.repo, {"workflows/flow.yaml": FLOW})
        clone = Checkout(folder=folder / "clone")
        clone.root.mkdir(parents=True)
        clone.git("clone", "--quiet", str(self.repo.git.folder), ".")
        git = GitRepository(
            root=clone.root,
            cache_dir=folder / "cache",
            environ={"PATH": os.environ["PATH"], "HOME": str(folder)},
        )
        self.world = World(folder / "world")
        definitions = CommittedDefinitions(reader_of(git))
        services = replace(self.world.services, git=git)
        self.desk = Desk(services=services, github=self.bench.github, definitions=definitions)
        self._ids = itertools.count(1)

    def user(self, login: str, role: str = "") -> Account:
        found = self.standin.user(login)
        if role:
            self.repo.collaborators[login] = role
        return found

    def deliver(self, event: str, action: str, sender: Account, **parts: Any) -> list[Decision]:
        body: Payload = {
            "action": action,
            "sender": {"id": sender.id, "login": sender.login, "type": sender.kind},
            "repository": {"full_name": self.repo.full_name, "default_branch": "main"},
            **parts,
        }
        return receive(self.desk, Delivery(id=f"d{next(self._ids)}", event=event, payload=body))

    def opened(self, number: int, sender: Account) -> list[Decision]:
        """With the pull request as GitHub's API shows it, which is what a webhook carries."""
        shown = self.standin.client(self.standin.personal_token(sender)).get_repo(self.repo.full_name).get_pull(number)
        return self.deliver("pull_request", "opened", sender, pull_request=shown.raw_data)

    def says(self, by: Account, body: str, number: int) -> list[Decision]:
        speaker: GitHub = self.bench.speaking_as(Credential.PERSONAL, by.login)
        comment = speaker.write_comment(number, body)
        issue = {"number": number, "labels": [], "pull_request": {"url": "x"}}
        author = {"id": by.id, "login": by.login, "type": "User"}
        told = {"id": comment.id, "body": body, "user": author, "author_association": "NONE"}
        return self.deliver("issue_comment", "created", by, issue=issue, comment=told)

    def replies(self, number: int) -> list[str]:
        return [each.body for each in self.bench.github.comments(number) if each.body.startswith(MARKER)]


@pytest.fixture
def garden(hub: Hub, tmp_path: Path) -> Iterator[Garden]:
    yield Garden(hub, tmp_path)
    hub.check()


def test_a_strangers_pull_request_waits_is_allowed_and_runs_the_bases_workflow(garden: Garden) -> None:
    stranger, member = garden.user("stranger"), garden.user("mia", "write")
    fork = garden.standin.fork(garden.repo, stranger)
    head = garden.standin.commit(
        fork, {"workflows/flow.yaml": FLOW.replace("base", "evil"), "theirs.txt": "x"}, branch="change", by=stranger
    )
    number = garden.standin.pull_request(garden.repo, "change", by=stranger, head_repository=fork).number
    (made,) = garden.opened(number, stranger)
    assert (made.ruling, made.rule) == (Ruling.WAITING, "fork")
    answer(garden.desk)
    (reply,) = garden.replies(number)
    assert f"/mycelium allow {head}" in reply
    assert garden.says(stranger, f"/mycelium allow {head}", number)[0].ruling is Ruling.DENIED
    assert garden.says(member, f"/mycelium allow {head[:12]}", number)[0].ruling is Ruling.MATCHED
    answer(garden.desk)
    (execution,) = garden.world.store.executions()
    assert execution.base == head
    assert garden.world.store.plan(execution.id).source == FLOW
    assert garden.desk.services.git.read(head, "theirs.txt") == b"x"
    (reply,) = garden.replies(number)
    assert execution.id in reply


def test_a_private_member_is_known_by_the_permission_api_and_a_command_is_answered_in_place(garden: Garden) -> None:
    member, reader = garden.user("pia", "write"), garden.user("ray", "read")
    garden.standin.commit(garden.repo, {"more.txt": "x"}, branch="more", by=member)
    number = garden.standin.pull_request(garden.repo, "more", by=member).number
    (made,) = garden.says(member, "/mycelium look", number)
    assert made.ruling is Ruling.MATCHED
    (made,) = garden.says(reader, "/mycelium lok", number)
    assert "did you mean `look`?" in made.reason
    answer(garden.desk)
    (reply,) = garden.replies(number)
    assert "did you mean" in reply
    answer(garden.desk)
    assert garden.replies(number) == [reply]
    # What we wrote is no command, whoever delivers it to us.
    me = garden.bench.github.me()
    author = {"id": me.id, "login": me.login, "type": me.kind}
    told = {"id": 1, "body": "/mycelium look", "user": author}
    sender = Account(id=me.id, login=me.login, kind=me.kind, name="", email="", created_at=garden.standin.now())
    issue = {"number": number, "labels": [], "pull_request": {"url": "x"}}
    assert garden.deliver("issue_comment", "created", sender, issue=issue, comment=told) == []
