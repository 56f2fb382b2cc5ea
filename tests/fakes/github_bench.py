"""GitHub with one pull request by Ada, for the suite that holds its fake and the real adapter to the same promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Protocol

from orchestrator import settings as configuration
from orchestrator.github.address import Address
from orchestrator.github.budget.limits import Limits
from orchestrator.github.budget.memory import MemoryBudget
from orchestrator.github.budget.port import Budget
from orchestrator.github.connect import Place, connect
from orchestrator.lifecycle.ports.github import Credential, GitHub, Role, User
from tests.fakes.github import GitHubStandIn, description
from tests.fakes.github.faults import lost
from tests.fakes.github.state import Account
from tests.fakes.github_key import key_pair
from tests.fakes.github_memory import MemoryGitHub

NAME = "octo/demo"
ALL = dict.fromkeys(("checks", "contents", "issues", "pull_requests", "statuses"), "write")
LINES = "".join(f"line {number}\n" for number in range(1, 8))


class Bench(Protocol):
    """`name` is that of the repository; `github` speaks as an App. `number` is the pull request, which changes line 3
    of a.py; `head` is its commit."""

    name: str
    github: GitHub
    number: int
    head: str

    def speaking_as(self, credential: Credential, login: str = "ada") -> GitHub:
        """The same repository for somebody else."""
        ...

    def push(self, branch: str) -> str:
        """Somebody makes a branch with a commit; its SHA."""
        ...

    def tag(self, name: str) -> None:
        """Somebody makes an annotated tag of `head`."""
        ...

    def comment(self, body: str) -> None:
        """Ada writes under the pull request."""
        ...

    def grant(self, login: str, role: Role) -> None: ...

    def join(self, login: str, team: str) -> None: ...

    def forbid_actions_to_open(self) -> None: ...

    def lose_answer(self) -> None:
        """The next comment is written, and who wrote it does not hear of it."""
        ...

    def sent(self) -> int:
        """How many requests got an answer, or had an effect."""
        ...


class MemoryBench:
    """Implements `Bench` by the fake."""

    def __init__(self) -> None:
        self.name = NAME
        self.github = MemoryGitHub(NAME)
        self.head = "a" * 40
        self.number = self.github.add_pull_request(
            self.head, author=User(id=5, login="ada"), lines=[("a.py", 3)]
        ).number

    def speaking_as(self, credential: Credential, login: str = "ada") -> MemoryGitHub:
        user = User(id=5, login=login) if credential is Credential.PERSONAL else None
        return self.github.speaking_as(credential, user)

    def push(self, branch: str) -> str:
        sha = f"{len(self.github.repo.branches):040x}"
        self.github.add_commits(sha, branch=branch)
        return sha

    def tag(self, name: str) -> None:
        self.github.repo.tags[name] = self.head

    def comment(self, body: str) -> None:
        self.github.add_comment(self.number, User(id=5, login="ada"), body)

    def grant(self, login: str, role: Role) -> None:
        self.github.repo.roles[login] = role

    def join(self, login: str, team: str) -> None:
        self.github.repo.teams.setdefault(team, set()).add(login)

    def forbid_actions_to_open(self) -> None:
        self.github.repo.actions_may_open_pull_requests = False

    def lose_answer(self) -> None:
        from orchestrator.errors import Unavailable

        self.github.fail("write_comment", Unavailable("lost"), after=True)

    def sent(self) -> int:
        return len(self.github.sent)


class Roomy(Place):
    """A budget without pauses, as no one waits between the lines of a test."""

    def budget(self, at: Address, scope: str) -> Budget:
        limits = Limits(between_writes=0, points_a_minute=10_000, creations_a_minute=10_000, creations_an_hour=10_000)
        return MemoryBudget(self.clock, limits)


class Wall:
    """Implements `Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return datetime.now(UTC).timestamp()


class Hub:
    """A stand-in with an App on all of `octo`, for one test after the other."""

    def __init__(self, folder: Path) -> None:
        self.standin = GitHubStandIn(folder, description=description())
        self.standin.limits.created_a_minute = self.standin.limits.created_an_hour = 100_000
        self.standin.limits.points_a_minute = self.standin.limits.primary = 1_000_000
        self.octo = self.standin.organization("octo", owners=[self.standin.user("octo-owner")])
        self.private, public = key_pair()
        self.app = self.standin.app("mycelium", public, permissions={**ALL, "members": "read"})
        self.standin.install(self.app, self.octo)
        self.folder = folder
        self.numbers = count(1)

    def bench(self) -> StandInBench:
        return StandInBench(self)

    def check(self) -> None:
        """Fail for what in the exchanges so far was not as GitHub describes it."""
        violations, self.standin.violations = self.standin.violations, []
        assert not violations, "\n".join(violations)


class StandInBench:
    """Implements `Bench` by the adapter, over HTTP, on a repository of its own."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.hub = hub.standin
        self._ada = self.hub.user("ada")
        self.name = f"octo/demo-{next(hub.numbers)}"
        self.repo = self.hub.repository(self.name, {"a.py": LINES}, private=True)
        self.repo.collaborators["ada"] = "write"
        self.head = self.hub.commit(self.repo, {"a.py": LINES.replace("3", "three")}, branch="change", by=self._ada)
        self.number = self.hub.pull_request(self.repo, "change", by=self._ada).number
        self.github: GitHub = self._connected(APP_ID=hub.app.client_id, PRIVATE_KEY=hub.private)

    def speaking_as(self, credential: Credential, login: str = "ada") -> GitHub:
        if credential is Credential.ACTIONS:
            return self._connected(TOKEN=self.hub.actions_token(self.repo, ALL))
        return self._connected(TOKEN=self.hub.personal_token(self._account(login)))

    def push(self, branch: str) -> str:
        return self.hub.commit(self.repo, {f"{branch}.txt": branch}, branch=branch, by=self._ada)

    def tag(self, name: str) -> None:
        self.repo.git.tag(name, self.head)

    def comment(self, body: str) -> None:
        if not hasattr(self, "_as_ada"):
            self._as_ada = self.speaking_as(Credential.PERSONAL)
        self._as_ada.write_comment(self.number, body)

    def grant(self, login: str, role: Role) -> None:
        self._account(login)
        self.repo.collaborators[login] = role.name.lower()

    def join(self, login: str, team: str) -> None:
        from tests.fakes.github.state import Team

        slug = team.partition("/")[2]
        teams = self.repo.owner.teams
        found = teams.setdefault(slug, Team(id=next(self.hub.state.ids), slug=slug))
        found.members[self._account(login).login] = "active"

    def forbid_actions_to_open(self) -> None:
        self.repo.actions_may_open_pull_requests = False

    def lose_answer(self) -> None:
        self.hub.faults.add("POST .*/comments", lost())

    def sent(self) -> int:
        return len(self.hub.requests)

    def _account(self, login: str) -> Account:
        return self.hub.user(login)

    def _connected(self, **given: str) -> GitHub:
        names: Mapping[str, str] = {f"MYCELIUM_GITHUB_{name}": value for name, value in given.items()}
        settings = configuration.load(self._hub.folder, {"HOME": str(self._hub.folder), **names})
        settings = replace(settings, github_api_url=self.hub.api_url)
        found = connect(settings, f"{self.hub.url}/{self.name}.git", Roomy(clock=Wall()))
        assert found
        return found
