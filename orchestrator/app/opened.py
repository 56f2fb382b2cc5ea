"""Services for as long as a block lasts: of a process that reads, one that decides, one with a process tree."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from orchestrator.app.preloading import preload
from orchestrator.app.services import SHARED_INSTANCE, bells, build
from orchestrator.errors import SetupError
from orchestrator.settings import Settings

if TYPE_CHECKING:
    from orchestrator.lifecycle.ports import AgentHistory
    from orchestrator.lifecycle.services import Services
    from orchestrator.queue.launch import Supervisor
    from orchestrator.queue.link import Link


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
    settings: Settings,
    queues: tuple[str, ...],
    supervisor: Supervisor | None = None,
    *,
    blackboard: bool = False,
    services: Services | None = None,
) -> Generator[Services]:
    """Services on a process tree of our own: Valkey, workers and control loop end with the block, drained.

    Its workers serve all of `queues`: what is run here has no other workers to wait for. Reading events raises
    `SetupError` where the tree has ended before its time. A `supervisor` that was launched for it saves time, and so do
    `services` that are `offline`, with what they know of GitHub; they stay open. With `blackboard` there is a server
    for that too, unless the settings name one.
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
        with _unattended(settings, instance.id, services) as unattended:
            tree.begin()
            import_module("redis")  # while the tree comes up
            with tree:
                wake, events = bells(tree.redis_url, instance.id)
                yield replace(unattended, wake=wake, events=WatchedEvents(events, tree.check))
    finally:
        tree.stop()
        instance.release()


@contextmanager
def _unattended(settings: Settings, instance: str, given: Services | None) -> Generator[Services]:
    """Services that nobody works for yet: those that are given, where they share nothing with other processes."""
    if given is not None and settings.redis_url is None:
        yield replace(given, instance=instance)
        return
    with _closing(build(settings, redis_url=_reached(settings.redis_url), instance=instance)) as made:
        yield made


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


@contextmanager
def _closing(services: Services) -> Generator[Services]:
    try:
        yield services
    finally:
        services.logs.close()
        services.store.close()
