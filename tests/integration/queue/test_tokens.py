"""Tokens and the worker that takes them, in one process and against a real server."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from orchestrator import jobs
from orchestrator.errors import Conflict, SetupError, Unavailable
from orchestrator.lifecycle.services import Services
from orchestrator.queue.connection import connect
from orchestrator.queue.link import Link
from orchestrator.queue.names import Names
from orchestrator.queue.server import EmbeddedServer
from orchestrator.queue.signals import RedisStopSignals
from orchestrator.queue.tokens import TAKE, RedisWake, push
from orchestrator.queue.worker import ALIVE_SECONDS, Token, TokenWorker
from tests.fakes import folder_application as application
from tests.fakes.processes import Eventually

NAMES = Names(instance="test")


@pytest.fixture
def wake(client: Redis) -> RedisWake:
    return RedisWake(client, NAMES)


@pytest.fixture
def make(client: Redis, link: Link, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TokenWorker]:
    """A worker in this process that serves the labels; `born` registers it without running it."""
    monkeypatch.setattr(Token, "registry", jobs.REGISTRY)
    monkeypatch.setattr(jobs, "_slot", [])

    def worker(*labels: str, name: str = "one") -> TokenWorker:
        signals = RedisStopSignals(client, NAMES.stop)
        made = TokenWorker(replace(link, labels=labels or ("default",)), name, client, signals)
        jobs.bind(
            jobs.Application(
                services=cast(Services, SimpleNamespace(folder=tmp_path)),
                signals=signals,
                worker=name,
                labels=labels or ("default",),
                work=application.work,
                rest=made.rest,
                give_up=made.give_up,
            )
        )
        return made

    return worker


def born(worker: TokenWorker) -> TokenWorker:
    worker.register_birth()  # type: ignore[no-untyped-call]
    return worker


def waiting(client: Redis, label: str = "default") -> int:
    return cast(int, client.llen(Queue.redis_queue_namespace_prefix + NAMES.tokens(label)))


def enqueue(client: Redis, function: str, *args: Any, **fields: Any) -> Job:
    queue = Queue(NAMES.tokens("default"), connection=client, serializer=JSONSerializer)
    return queue.enqueue_call(function, args=args, **fields)


def test_a_token_makes_a_worker_look_and_leaves_nothing_behind(
    client: Redis, wake: RedisWake, make: Callable[..., TokenWorker], tmp_path: Path
) -> None:
    worker = make()
    application.add(tmp_path, "node")
    wake.workers("default", 1)
    worker.work(burst=True)
    assert application.done(tmp_path, "node") == "one"
    assert client.keys("rq:job:*") == []


def test_a_worker_serves_each_of_its_labels(make: Callable[..., TokenWorker], tmp_path: Path) -> None:
    application.add(tmp_path, "small", label="default")
    application.add(tmp_path, "large", label="gpu")
    make("default", "gpu").work(burst=True)
    assert application.done(tmp_path, "small") == "one"
    assert application.done(tmp_path, "large") == "one"


def test_no_more_tokens_than_free_workers(client: Redis, wake: RedisWake, make: Callable[..., TokenWorker]) -> None:
    wake.workers("default", 5)
    assert waiting(client) == 0
    born(make(name="one"))
    busy = born(make(name="two"))
    born(make(name="three"))
    busy.set_state("busy")
    wake.workers("default", 1)
    assert waiting(client) == 1
    wake.workers("default", 5)
    wake.workers("default", 5)
    assert waiting(client) == 2


def test_a_dead_worker_is_not_counted(client: Redis, wake: RedisWake, make: Callable[..., TokenWorker]) -> None:
    worker = born(make())
    client.delete(worker.key)
    wake.workers("default", 1)
    assert waiting(client) == 0


def test_a_worker_registers_again_on_a_server_that_forgot_it(
    client: Redis, wake: RedisWake, make: Callable[..., TokenWorker]
) -> None:
    worker = born(make())
    client.flushall()
    worker.heartbeat()
    wake.workers("default", 1)
    assert waiting(client) == 1


def test_what_becomes_ready_after_the_last_look_finds_the_worker_free(
    client: Redis, wake: RedisWake, make: Callable[..., TokenWorker], tmp_path: Path
) -> None:
    worker = born(make())
    application.add(tmp_path, "first")
    announced = worker.rest

    def rest() -> None:
        # The moment between "nothing is ready" and being seen as free: nobody gets a token for this one.
        application.add(tmp_path, "in-between")
        wake.workers("default", 1)
        assert waiting(client) == 0
        announced()

    jobs.bind(replace(jobs._slot[0], rest=rest))
    worker.set_state("busy")
    assert jobs.take("default") == 2
    wake.workers("default", 1)
    assert waiting(client) == 1


@pytest.mark.parametrize(
    ("function", "args"),
    [
        ("os.system", ("touch {canary}",)),
        ("posix.mkdir", ("{canary}",)),
        (TAKE, ("default", "more")),
        (TAKE, (["default"],)),
        (TAKE, ("gpu",)),
        ("orchestrator.jobs.bind", ("{canary}",)),
        ("", ()),
    ],
)
def test_anything_but_a_token_is_refused(
    client: Redis, make: Callable[..., TokenWorker], tmp_path: Path, function: str, args: tuple[Any, ...]
) -> None:
    canary = tmp_path / "canary"
    filled = [value.format(canary=canary) if isinstance(value, str) else value for value in args]
    job = enqueue(client, function, *filled)
    make().work(burst=True)
    assert job.get_status() == "failed"
    assert not canary.exists()


def test_callbacks_and_web_hooks_of_a_job_are_ignored(
    client: Redis, make: Callable[..., TokenWorker], tmp_path: Path
) -> None:
    application.add(tmp_path, "node")
    good, bad = enqueue(client, TAKE, "default"), enqueue(client, "os.getpid")
    hook = '[{"url": "http://127.0.0.1:9/", "events": ["finished", "failed"]}]'
    for job in (good, bad):
        for moment in ("success", "failure"):
            client.hset(job.key, f"{moment}_callback_name", f"{__name__}.called")
        client.hset(job.key, "webhooks", hook)
    make().work(burst=True)
    assert application.done(tmp_path, "node") == "one"
    token = Token.fetch(bad.id, connection=client, serializer=JSONSerializer)
    assert token.success_callback is None
    assert token.failure_callback is None
    assert token.stopped_callback is None


def test_a_failing_look_is_kept_for_an_hour_and_the_worker_goes_on(
    client: Redis, make: Callable[..., TokenWorker], tmp_path: Path
) -> None:
    worker = make()
    sound = jobs._slot[0]

    def broken(*_args: object, **_kwargs: object) -> int:
        jobs.bind(sound)
        raise RuntimeError("no database")

    jobs.bind(replace(sound, work=broken))
    application.add(tmp_path, "node")
    push(client, NAMES.tokens("default"), "default", 2)
    worker.work(burst=True)
    assert application.done(tmp_path, "node") == "one"
    (failed,) = client.keys("rq:job:*")
    assert 0 < cast(int, client.ttl(failed)) <= 3600


def test_a_look_that_meets_a_service_out_of_reach_is_one_line_in_the_log(
    client: Redis, make: Callable[..., TokenWorker], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    worker = make()
    sound = jobs._slot[0]

    def broken(*_args: object, **_kwargs: object) -> int:
        jobs.bind(sound)
        raise Unavailable("no database")

    jobs.bind(replace(sound, work=broken))
    application.add(tmp_path, "node")
    push(client, NAMES.tokens("default"), "default", 2)
    worker.work(burst=True)
    assert application.done(tmp_path, "node") == "one"
    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "no database" in told.getMessage()
    assert told.exc_info is None


def test_a_worker_ends_with_what_somebody_must_act_on(make: Callable[..., TokenWorker]) -> None:
    worker = make()

    def broken(*_args: object, **_kwargs: object) -> int:
        raise SetupError("the disk is full")

    jobs.bind(replace(jobs._slot[0], work=broken))
    with pytest.raises(SetupError, match="the disk is full"):
        worker.attend()


def test_a_worker_stays_known_while_a_long_job_runs(
    client: Redis, make: Callable[..., TokenWorker], monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr("orchestrator.queue.worker.BEAT_SECONDS", 0.01)
    worker = make()

    def long(*_args: object, **_kwargs: object) -> int:
        client.delete(worker.key)
        eventually(lambda: client.exists(worker.key))
        assert 0 < cast(int, client.ttl(worker.key)) <= ALIVE_SECONDS
        client.set("seen", 1)
        return 1

    jobs.bind(replace(jobs._slot[0], work=long))
    worker.work(burst=True)
    assert client.exists("seen")


def test_an_unreachable_server_loses_tokens_and_raises_nothing(tmp_path: Path) -> None:
    wake = RedisWake(connect(f"unix://{tmp_path}/none", retries=0), NAMES)
    wake.workers("default", 1)
    wake.control()
    wake.stop("execution")


def test_a_process_without_an_application_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_slot", [])
    with pytest.raises(Conflict, match="does not serve the queue 'default'"):
        jobs.take("default")


def called(*_args: object) -> None:
    """What a callback by name would reach."""
    os.abort()


@pytest.fixture(autouse=True)
def signals_as_before(server: EmbeddedServer) -> Iterator[None]:
    """A worker's loop installs handlers in the process that runs it."""
    import signal

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
