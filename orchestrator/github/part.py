"""What every part of the repository's adapter works with; PyGithub is imported when something is asked of GitHub."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from orchestrator.github.address import Address
from orchestrator.github.budget.port import Budget
from orchestrator.github.credential import AppKey, Token
from orchestrator.github.tokens import Tokens
from orchestrator.lifecycle.ports import Clock
from orchestrator.lifecycle.ports.github import Urgency, User

if TYPE_CHECKING:
    import github

    from orchestrator.github.wire import Wire


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """One repository and who speaks; `wire` and `app_wire`, the App's own, are made when they are called."""

    address: Address
    repository: str
    credential: AppKey | Token
    tokens: Tokens
    budget: Budget
    clock: Clock
    wire: Callable[[], Wire]
    app_wire: Callable[[], Wire]


class Part(ABC):
    """A part: methods of the port that belong together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @abstractmethod
    def me(self) -> User:
        """As the port says; one of the parts knows."""

    @abstractmethod
    def _learn(self, author: User) -> None:
        """Whose name GitHub has put under what we wrote."""

    @cached_property
    def _wire(self) -> Wire:
        return self._connection.wire()

    @cached_property
    def _path(self) -> str:
        return f"/repos/{self._connection.repository}"

    @property
    def _repo(self) -> github.Repository.Repository:
        """The repository by its address alone; a new object, as PyGithub's change with what they are asked."""
        from orchestrator.github.pygithub import Repository

        return Repository(self._wire, url=self._path)

    def _issue(self, number: int) -> github.Issue.Issue:
        return self._repo.get_issue(number)

    def _commit(self, sha: str) -> github.Commit.Commit:
        """With its `sha`, or PyGithub would fetch it to learn that."""
        from orchestrator.github.pygithub import Commit

        return Commit(self._wire, {}, {"url": f"{self._path}/commits/{sha}", "sha": sha}, completed=True)

    @contextmanager
    def _sending(self, urgency: Urgency, *, once: bool = False) -> Generator[None]:
        from orchestrator.github.wire import sending

        with sending(urgency, once=once):
            yield
