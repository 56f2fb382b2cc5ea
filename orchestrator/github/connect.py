"""The adapter from settings. Nothing is imported that is slow, and nothing connects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from orchestrator.github.address import Address, address, full_name, repository_of
from orchestrator.github.budget.memory import MemoryBudget
from orchestrator.github.budget.port import Budget
from orchestrator.github.credential import AppKey, Token, credential
from orchestrator.github.part import Connection
from orchestrator.github.repository import GitHubRepository
from orchestrator.github.shelf import OwnShelf, RedisShelf
from orchestrator.github.tokens import GivenToken, InstallationTokens
from orchestrator.lifecycle.ports import Clock
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

    from orchestrator.github.wire import Wire


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where processes share what they must: `redis` is called when it is needed first, None where there is none."""

    clock: Clock
    redis: Callable[[], Redis] | None = None

    def budget(self, at: Address, scope: str) -> Budget:
        if self.redis is None:
            return MemoryBudget(self.clock)
        from orchestrator.github.budget.shared import RedisBudget

        return RedisBudget(self.redis(), f"{at.host}:{scope}", self.clock)


def repository_name(settings: Settings, origin: str) -> str | None:
    """`owner/name`, from GITHUB_REPOSITORY or the URL of `origin`."""
    return full_name(settings.github_repository) or repository_of(origin)


def connect(settings: Settings, origin: str, place: Place) -> GitHubRepository | None:
    """The repository as the credential sees it; None without a credential, or where no repository is known.

    `origin` is the URL of the remote of that name. `SetupError` where a setting cannot be used.
    """
    found = credential(settings)
    repository = repository_name(settings, origin)
    if found is None or repository is None:
        return None
    at = address(settings.github_api_url)
    if isinstance(found, AppKey):
        return GitHubRepository(_as_app(found, repository, at, place))
    return GitHubRepository(_as_token(found, repository, at, place))


def _as_token(found: Token, repository: str, at: Address, place: Place) -> Connection:
    tokens = GivenToken(found)
    budget = place.budget(at, found.scope(""))

    @cache
    def wire() -> Wire:
        from orchestrator.github.wire import Speaker, Wire

        return Wire(Speaker(tokens.token), at.api, budget=budget, clock=place.clock, credential=found)

    return Connection(
        address=at,
        repository=repository,
        credential=found,
        tokens=tokens,
        budget=budget,
        clock=place.clock,
        wire=wire,
        app_wire=wire,
    )


def _as_app(found: AppKey, repository: str, at: Address, place: Place) -> Connection:
    owner = repository.partition("/")[0]
    budget, app_budget = place.budget(at, found.scope(owner)), place.budget(at, f"app:{found.app_id}")

    @cache
    def app_wire() -> Wire:
        from orchestrator.github.pygithub import AppAuth
        from orchestrator.github.wire import Wire

        auth = AppAuth(found.app_id, found.private_key)
        return Wire(auth, at.api, budget=app_budget, clock=place.clock, credential=found)

    scope = f"{at.host}:{found.app_id}:{repository.lower()}"
    shelf = RedisShelf(place.redis, scope, found.private_key) if place.redis else OwnShelf()
    tokens = InstallationTokens(app_wire, repository, shelf, place.clock, web=at.web)

    @cache
    def wire() -> Wire:
        from orchestrator.github.wire import Speaker, Wire

        speaker = Speaker(tokens.token)
        return Wire(speaker, at.api, budget=budget, clock=place.clock, credential=found, renew=tokens.renew)

    return Connection(
        address=at,
        repository=repository,
        credential=found,
        tokens=tokens,
        budget=budget,
        clock=place.clock,
        wire=wire,
        app_wire=app_wire,
    )
