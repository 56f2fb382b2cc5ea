"""Where definitions, commits and pull requests come from: the repository, on disk and on GitHub."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

from orchestrator.app.clock import SystemClock
from orchestrator.errors import BadInput
from orchestrator.settings import DEFAULT_HISTORY_BRANCH, Settings

if TYPE_CHECKING:
    from redis import Redis

    from orchestrator.definition.changes import DefinitionChanges
    from orchestrator.github.repository import GitHubRepository
    from orchestrator.lifecycle.definitions.reading import DefinitionReader
    from orchestrator.lifecycle.ports import Git
    from orchestrator.lifecycle.ports.definitions import Comparison, DefinitionSource
    from orchestrator.lifecycle.ports.github import Remote


def repository(settings: Settings) -> Git:
    """The repository that executions work on; nothing is asked of it yet."""
    from orchestrator.git.repository import GitRepository

    def remote() -> Remote | None:
        found = github(settings, None)
        return found.remote() if found else None

    return GitRepository(
        root=settings.root,
        cache_dir=settings.cache_dir,
        environ=os.environ,
        github=remote,
        apart=[settings.history_branch or DEFAULT_HISTORY_BRANCH],
    )


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
    from orchestrator.lifecycle.definitions.committed import CommittedDefinitions

    installed = {
        path: text
        for reference in templates
        for path, text in gallery.template(reference).installed(settings.workflows_dir).items()
    }
    return CommittedDefinitions(definition_reader(settings, git, installed))


def definition_reader(settings: Settings, git: Git, installed: Mapping[str, bytes] | None = None) -> DefinitionReader:
    from orchestrator.agents.collection import shipped
    from orchestrator.agents.library import FOLDERS, build, is_agent_path
    from orchestrator.lifecycle.definitions.reading import DefinitionReader

    return DefinitionReader(
        git=git,
        workflows_dir=settings.workflows_dir,
        is_agent=is_agent_path,
        library=lambda files: build(files, shipped=shipped()),
        agent_folders=FOLDERS,
        installed=installed or {},
    )


class LateComparison:
    """`Comparison` that is made when it is asked for something: most processes ask for nothing."""

    def __init__(self, settings: Settings, git: Git) -> None:
        self._settings = settings
        self._git = git

    def concerns(self, path: str) -> bool:
        return self._made.concerns(path)

    def between(self, before: str, after: str) -> DefinitionChanges:
        return self._made.between(before, after)

    @cached_property
    def _made(self) -> Comparison:
        from orchestrator.lifecycle.definitions.changed import ChangedWorkflows

        return ChangedWorkflows(reader=definition_reader(self._settings, self._git))


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
