"""Where definitions, commits and pull requests come from: the repository, on disk and on GitHub."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from orchestrator.app.clock import SystemClock
from orchestrator.errors import BadInput
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

    from orchestrator.github.repository import GitHubRepository
    from orchestrator.lifecycle.ports import Git
    from orchestrator.lifecycle.ports.definitions import DefinitionSource
    from orchestrator.lifecycle.ports.github import Remote


def repository(settings: Settings) -> Git:
    """The repository that executions work on; nothing is asked of it yet."""
    from orchestrator.git.repository import GitRepository

    def remote() -> Remote | None:
        found = github(settings, None)
        return found.remote() if found else None

    return GitRepository(root=settings.root, cache_dir=settings.cache_dir, environ=os.environ, github=remote)


def github(settings: Settings, redis_url: str | None) -> GitHubRepository | None:
    """The repository on GitHub as the settings' credential sees it; None without one, or where no repository is known.

    Nothing is asked of GitHub yet. Processes that share `redis_url` share the budget of their requests.
    """
    if not (settings.github_token or settings.github_app_id or settings.github_private_key):
        return None
    from orchestrator.github.connect import Place, connect

    origin = "" if settings.github_repository else _origin(settings)
    return connect(settings, origin, Place(clock=SystemClock(), redis=_redis(redis_url) if redis_url else None))


def github_repository(settings: Settings) -> str | None:
    """`owner/name`, from GITHUB_REPOSITORY or `origin`."""
    from orchestrator.github.connect import repository_name

    return repository_name(settings, "" if settings.github_repository else _origin(settings))


def definitions(settings: Settings, git: Git, *, templates: Sequence[str] = ()) -> DefinitionSource:
    """What commits of the repository define; agents that ship are among it.

    `templates` (`template:NAME`) take part as workflows of the repository do, with the text of the installed version.
    `NotFound` for one that does not exist.
    """
    from orchestrator import gallery
    from orchestrator.agents.collection import shipped
    from orchestrator.agents.library import build as library
    from orchestrator.agents.library import is_agent_path
    from orchestrator.lifecycle.definitions.committed import CommittedDefinitions

    return CommittedDefinitions(
        git,
        settings.workflows_dir,
        is_agent=is_agent_path,
        agents=lambda files: library(files, shipped=shipped()).agents,
        installed={
            path: text
            for reference in templates
            for path, text in gallery.template(reference).installed(settings.workflows_dir).items()
        },
    )


def _origin(settings: Settings) -> str:
    """The URL of the checkout's `origin`; empty where there is neither."""
    from orchestrator.git.discovery import discover
    from orchestrator.git.origin import address

    try:
        return address(discover(settings.root, os.environ))
    except BadInput:
        return ""


def _redis(url: str) -> Callable[[], Redis]:
    """A client that is made when it is needed first."""

    @cache
    def client() -> Redis:
        from orchestrator.queue.connection import connect

        return connect(url)

    return client
