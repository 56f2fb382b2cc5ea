"""The composition root: adapters built from settings. Nothing connects, and nothing slow is imported, at import."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestrator import settings as configuration
from orchestrator.errors import BadInput, SetupError
from orchestrator.lifecycle.identifier import RANDOM_BYTES, execution_id
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

    from orchestrator.github.repository import GitHubRepository
    from orchestrator.lifecycle.ports import AgentHistory, Blackboard, Events, Git, Wake
    from orchestrator.lifecycle.ports.definitions import DefinitionSource
    from orchestrator.lifecycle.services import Services
    from orchestrator.queue.launch import Supervisor
    from orchestrator.queue.link import Link

PRELOAD = (
    "orchestrator.app",
    "orchestrator.git.repository",
    "orchestrator.lifecycle.conduct",
    "orchestrator.lifecycle.attempts.execute",
    "orchestrator.queue.live",
    "orchestrator.queue.tokens",
    "orchestrator.runners.registry",
    "orchestrator.store.blobs",
    "orchestrator.store.engine",
    "orchestrator.store.logs",
    "orchestrator.store.sql_store",
)
"""What every worker needs: imported once, before the processes of a tree are forked."""

PRELOAD_SHARED = (
    "orchestrator.store.shared_blobs",
    "orchestrator.store.shared_logs",
    "sqlalchemy.dialects.postgresql",
)
"""What comes on top where the database is PostgreSQL."""

DRIVERS = ("psycopg",)
"""And these, where they are installed; that one is missing is told by whoever opens the store."""

SHARED_INSTANCE = "shared"
"""The instance of executions whose workers and control loop are started apart, by `worker` and `scheduler`."""

LOCAL_HOSTS = (None, "localhost", "127.0.0.1", "::1")


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def build(settings: Settings, *, redis_url: str | None, instance: str, blackboard_url: str | None = None) -> Services:
    """The services of one process. Without `redis_url` nobody is woken; the caller closes store and logs."""
    from orchestrator.git.ignoring import make_self_ignoring
    from orchestrator.lifecycle.services import Services
    from orchestrator.runners.registry import runners
    from orchestrator.store.opening import open_storage

    check_reach(settings)
    make_self_ignoring(settings.home_dir)
    clock = SystemClock()
    wake, events = _bells(redis_url, instance)
    storage = open_storage(settings.database_url, home=settings.home_dir)
    return Services(
        store=storage.store,
        logs=storage.logs,
        blobs=storage.blobs,
        events=events,
        wake=wake,
        git=(git := repository(settings)),
        # Of many local runs each would start what is due once more.
        definitions=definitions(settings, git) if instance == SHARED_INSTANCE else None,
        runners=runners(os.environ),
        clock=clock,
        new_id=lambda: execution_id(clock.now(), secrets.token_bytes(RANDOM_BYTES)),
        instance=instance,
        secrets=settings.secrets,
        workspace_quota_bytes=settings.workspace_quota_bytes,
        spread=instance == SHARED_INSTANCE,
        branches=instance != SHARED_INSTANCE,
        blackboard=_blackboard(blackboard_url or settings.blackboard_url),
        github=github(settings, redis_url),
        public_url=settings.public_url,
        hidden=_hidden(settings),
    )


def _hidden(settings: Settings) -> tuple[str, ...]:
    """What no log may show; a private key may be named by its path, which is no secret."""
    key = settings.github_private_key.replace("\\n", "\n")
    return tuple(value for value in (settings.github_token, key if "-----BEGIN" in key else "") if value)


def repository(settings: Settings) -> Git:
    """The repository that executions work on; nothing is asked of it yet."""
    from orchestrator.git.repository import GitRepository

    return GitRepository(root=settings.root, cache_dir=settings.cache_dir, environ=os.environ)


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


def definitions(settings: Settings, git: Git) -> DefinitionSource:
    """What commits of the repository define; agents that ship are among it."""
    from orchestrator.agents.collection import shipped
    from orchestrator.agents.library import build as library
    from orchestrator.agents.library import is_agent_path
    from orchestrator.lifecycle.definitions.committed import CommittedDefinitions

    return CommittedDefinitions(
        git,
        settings.workflows_dir,
        is_agent=is_agent_path,
        agents=lambda files: library(files, shipped=shipped()).agents,
    )


def preload(settings: Settings) -> tuple[str, ...]:
    """The modules that the processes of a tree share because they are imported before the fork."""
    if settings.database_url.startswith("sqlite"):
        return PRELOAD
    return PRELOAD + PRELOAD_SHARED + tuple(driver for driver in DRIVERS if find_spec(driver))


def build_in_child(*, redis_url: str, instance: str, root: str, blackboard_url: str | None = None) -> Services:
    """The services of a worker or control loop, which knows the repository's root and its environment."""
    settings = configuration.load(Path(root), os.environ)
    return build(settings, redis_url=redis_url, instance=instance, blackboard_url=blackboard_url)


@contextmanager
def offline(settings: Settings) -> Generator[Services]:
    """Services of a process that reads, or decides without running anything."""
    with _closing(build(settings, redis_url=None, instance="")) as services:
        yield services


@contextmanager
def history(settings: Settings) -> Generator[AgentHistory | None]:
    """What agents have done here; None where no database was made yet, and none is made."""
    from orchestrator.store.opening import exists, open_store

    if not exists(settings.database_url):
        yield None
        return
    store = open_store(settings.database_url, home=settings.home_dir)
    try:
        yield store.history()
    finally:
        store.close()


@contextmanager
def owning(settings: Settings) -> Generator[Services]:
    """Services of a process that takes executions of dead process trees into its own hands, and runs nothing."""
    from orchestrator.git.ignoring import make_self_ignoring
    from orchestrator.queue.instance import Instance

    make_self_ignoring(settings.home_dir)
    instance = Instance.acquire(settings.home_dir)
    try:
        with _closing(build(settings, redis_url=None, instance=instance.id)) as services:
            yield services
    finally:
        instance.release()


@contextmanager
def embedded(
    settings: Settings, queues: tuple[str, ...], supervisor: Supervisor | None = None, *, blackboard: bool = False
) -> Generator[Services]:
    """Services on a process tree of our own: Valkey, workers and control loop end with the block, drained.

    Its workers serve all of `queues`: what is run here has no other workers to wait for. Reading events raises
    `SetupError` where the tree has ended before its time. A `supervisor` that was launched for it saves time. With
    `blackboard` there is a server for that too, unless the settings name one.
    """
    from orchestrator.git.ignoring import make_self_ignoring
    from orchestrator.queue.instance import Instance
    from orchestrator.queue.launch import Supervisor
    from orchestrator.queue.link import Link
    from orchestrator.queue.supervisor import Plan
    from orchestrator.queue.tree import ProcessTree
    from orchestrator.queue.watched import WatchedEvents

    make_self_ignoring(settings.home_dir)
    instance = Instance.acquire(settings.home_dir)
    link = Link(
        redis_url=settings.redis_url or "",
        instance=instance.id,
        services="orchestrator.app:build_in_child",
        arguments={"root": str(settings.root)},
        labels=queues,
    )
    plan = Plan(
        link=link,
        workers=settings.concurrency,
        embedded=settings.redis_url is None,
        blackboard=blackboard and settings.blackboard_url is None,
        preload=preload(settings),
        log_level=settings.log_level,
        log_format=settings.log_format,
    )
    tree = ProcessTree(plan, instance, supervisor or Supervisor(preload(settings)))
    try:
        # Store and server are tried before anything is started: then one clear error is all that is left behind.
        with _closing(build(settings, redis_url=_reached(settings.redis_url), instance=instance.id)) as unattended:
            tree.begin()
            import_module("redis")  # while the tree comes up
            with tree:
                wake, events = _bells(tree.redis_url, instance.id)
                yield replace(unattended, wake=wake, events=WatchedEvents(events, tree.check))
    finally:
        tree.stop()
        instance.release()


@contextmanager
def shared(settings: Settings) -> Generator[Services]:
    """Services of a process that leaves the work to workers elsewhere, which share its database and Redis."""
    redis_url = _reached(_shared_redis(settings))
    with _closing(build(settings, redis_url=redis_url, instance=SHARED_INSTANCE)) as services:
        yield services


def shared_link(settings: Settings, labels: tuple[str, ...]) -> Link:
    """How a worker or a control loop joins the others that share database and Redis."""
    from orchestrator.queue.link import Link

    return Link(
        redis_url=_shared_redis(settings),
        instance=SHARED_INSTANCE,
        services="orchestrator.app:build_in_child",
        arguments={"root": str(settings.root)},
        labels=labels,
    )


def _shared_redis(settings: Settings) -> str:
    if settings.redis_url is None:
        raise SetupError(
            "workers that are started apart need a Redis or Valkey server that all of them reach",
            hint="set MYCELIUM_REDIS_URL, or use `mycelium run`, which brings its own",
        )
    return settings.redis_url


def _reached(redis_url: str | None) -> str | None:
    """The same URL, after a server has answered there."""
    if redis_url is not None:
        from orchestrator.queue.connection import check

        check(redis_url)
    return redis_url


def _blackboard(url: str | None) -> Blackboard | None:
    if url is None:
        return None
    from orchestrator.queue.blackboard import RedisBlackboard

    return RedisBlackboard(url)


def check_reach(settings: Settings) -> None:
    """What the addresses in the settings would break, much later and hard to understand."""
    _check_own_server(settings)
    _check_database(settings)


def _check_own_server(settings: Settings) -> None:
    """Agents may fill the blackboard up, and then nothing else on that server can be written either."""
    urls = [url for url in (settings.redis_url, settings.blackboard_url) if url]
    if len({_server(url) for url in urls}) < len(urls):
        raise SetupError(
            "MYCELIUM_BLACKBOARD_URL and MYCELIUM_REDIS_URL name the same server",
            hint="give the blackboard a server of its own, or leave it out for `mycelium run`, which brings one",
        )


def _server(url: str) -> tuple[str | None, str | None]:
    """Which server it is, whatever the login and the database."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return (address if ":" in address else f"{address}:6379", parts.path if parts.scheme == "unix" else None)


def _check_database(settings: Settings) -> None:
    """SQLite is for one machine: with a Redis elsewhere, workers elsewhere would each see a database of their own."""
    if settings.redis_url is None or not settings.database_url.startswith("sqlite"):
        return
    host = urlsplit(settings.redis_url).hostname
    if host not in LOCAL_HOSTS:
        raise SetupError(
            f"MYCELIUM_REDIS_URL names another machine ({host}), and the database is a SQLite file of this one",
            hint="set MYCELIUM_DATABASE_URL to a PostgreSQL database",
        )


@contextmanager
def _closing(services: Services) -> Generator[Services]:
    try:
        yield services
    finally:
        services.logs.close()
        services.store.close()


def _bells(redis_url: str | None, instance: str) -> tuple[Wake, Events]:
    if redis_url is None:
        from orchestrator.queue.offline import NobodyToWake, NobodyWatching

        return NobodyToWake(), NobodyWatching()
    from orchestrator.queue.connection import connect
    from orchestrator.queue.live import RedisEvents
    from orchestrator.queue.names import Names
    from orchestrator.queue.tokens import RedisWake

    client = connect(redis_url)
    return RedisWake(client, Names(instance=instance)), RedisEvents(client)
