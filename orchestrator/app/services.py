"""The services of one process, built from settings. Nothing connects, and nothing slow is imported, at import."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from orchestrator import settings as configuration
from orchestrator.app.clock import SystemClock
from orchestrator.app.reach import check_reach
from orchestrator.app.sources import LateComparison, definitions, github, repository
from orchestrator.lifecycle.identifier import RANDOM_BYTES, execution_id
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.lifecycle.ports import Blackboard, Events, Wake
    from orchestrator.lifecycle.services import Services

SHARED_INSTANCE = "shared"
"""The instance of executions whose workers and control loop are started apart, by `worker` and `scheduler`."""


def build(settings: Settings, *, redis_url: str | None, instance: str, blackboard_url: str | None = None) -> Services:
    """The services of one process. Without `redis_url` nobody is woken; the caller closes store and logs."""
    from orchestrator.git.ignoring import make_self_ignoring
    from orchestrator.lifecycle.services import Services
    from orchestrator.runners.registry import runners
    from orchestrator.store.opening import open_storage

    check_reach(settings)
    make_self_ignoring(settings.home_dir)
    clock = SystemClock()
    wake, events = bells(redis_url, instance)
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
        comparison=LateComparison(settings, git),
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
        # A press comes as a webhook, to an instance that GitHub can reach: that of a single run is gone by then.
        listens=instance == SHARED_INSTANCE and bool(settings.public_url),
        history=settings.history_branch,
        hidden=_hidden(settings),
    )


def build_in_child(*, redis_url: str, instance: str, root: str, blackboard_url: str | None = None) -> Services:
    """The services of a worker or control loop, which knows the repository's root and its environment."""
    settings = configuration.load(Path(root), os.environ)
    return build(settings, redis_url=redis_url, instance=instance, blackboard_url=blackboard_url)


def _hidden(settings: Settings) -> tuple[str, ...]:
    """What no log may show; a private key may be named by its path, which is no secret."""
    key = settings.github_private_key.replace("\\n", "\n")
    urls = (settings.database_url, settings.redis_url, settings.blackboard_url)
    passwords = (unquote(urlsplit(url).password or "") for url in urls if url)
    return tuple(filter(None, (settings.github_token, key if "-----BEGIN" in key else "", *passwords)))


def _blackboard(url: str | None) -> Blackboard | None:
    if url is None:
        return None
    from orchestrator.queue.blackboard import RedisBlackboard

    return RedisBlackboard(url)


def bells(redis_url: str | None, instance: str) -> tuple[Wake, Events]:
    if redis_url is None:
        from orchestrator.queue.offline import NobodyToWake, NobodyWatching

        return NobodyToWake(), NobodyWatching()
    from orchestrator.queue.connection import connect
    from orchestrator.queue.live import RedisEvents
    from orchestrator.queue.names import Names
    from orchestrator.queue.tokens import RedisWake

    client = connect(redis_url)
    return RedisWake(client, Names(instance=instance)), RedisEvents(client)
