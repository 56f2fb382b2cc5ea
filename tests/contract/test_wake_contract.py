"""What `Wake` and `StopSignals` promise, asked of the fake and of Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from orchestrator.lifecycle.ports import StopSignals, Wake
from orchestrator.queue.connection import connect
from orchestrator.queue.names import Names
from orchestrator.queue.server import EmbeddedServer, find_binary
from orchestrator.queue.signals import RedisStopSignals
from orchestrator.queue.tokens import Nudges, RedisWake
from tests.fakes.wake import FakeStopSignals, FakeWake

PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """A `Wake` with its other end: `free` sets free workers, `waiting` counts tokens, `nudged` takes the nudge."""

    wake: Wake
    signals: StopSignals
    drain: Callable[..., None]
    free: Callable[[str, int], None]
    waiting: Callable[[str], int]
    nudged: Callable[[], bool]


def _fake() -> Iterator[Bench]:
    signals = FakeStopSignals()
    wake = FakeWake(signals)

    def nudged() -> bool:
        was, wake.nudged = wake.nudged, False
        return was

    yield Bench(
        wake=wake,
        signals=signals,
        drain=signals.drain,
        free=wake.idle.__setitem__,
        waiting=wake.tokens.__getitem__,
        nudged=nudged,
    )


def _redis() -> Iterator[Bench]:
    server = EmbeddedServer(find_binary())
    server.start()
    names = Names(instance="contract")
    client = connect(server.url)
    signals = RedisStopSignals(connect(server.url), names.stop)
    signals.start()

    def free(label: str, count: int) -> None:
        for number in range(count):
            client.sadd(f"rq:workers:{names.tokens(label)}", f"rq:worker:{label}-{number}")
            client.hset(f"rq:worker:{label}-{number}", "state", "idle")

    yield Bench(
        wake=RedisWake(client, names),
        signals=signals,
        drain=signals.drain,
        free=free,
        waiting=lambda label: int(client.llen(f"rq:queue:{names.tokens(label)}")),
        nudged=lambda: Nudges(client, names).wait(0),
    )
    signals.close()
    server.stop()


@pytest.fixture(params=[_fake, _redis], ids=["fake", "redis"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    yield from request.param()


def test_nobody_free_means_no_tokens(bench: Bench) -> None:
    bench.wake.workers("default", 3)
    assert bench.waiting("default") == 0


@pytest.mark.parametrize(("free", "asked", "pushed"), [(2, 1, 1), (2, 2, 2), (2, 5, 2), (2, 0, 0), (2, -1, 0)])
def test_as_many_tokens_as_asked_but_no_more_than_are_free(bench: Bench, free: int, asked: int, pushed: int) -> None:
    bench.free("default", free)
    bench.wake.workers("default", asked)
    assert bench.waiting("default") == pushed


def test_tokens_that_wait_count_against_the_free(bench: Bench) -> None:
    bench.free("default", 3)
    bench.wake.workers("default", 2)
    bench.wake.workers("default", 2)
    assert bench.waiting("default") == 3


def test_labels_have_nothing_to_do_with_each_other(bench: Bench) -> None:
    bench.free("gpu", 1)
    bench.wake.workers("default", 1)
    bench.wake.workers("gpu", 1)
    assert bench.waiting("default") == 0
    assert bench.waiting("gpu") == 1


def test_a_nudge_waits_for_the_loop_and_many_are_one(bench: Bench) -> None:
    assert not bench.nudged()
    bench.wake.control()
    bench.wake.control()
    assert bench.nudged()
    assert not bench.nudged()


def test_a_stop_message_reaches_every_listener(bench: Bench) -> None:
    first, second = threading.Event(), threading.Event()
    with bench.signals.listen(first.set), bench.signals.listen(second.set):
        bench.wake.stop("execution")
        assert first.wait(PATIENCE_SECONDS)
        assert second.wait(PATIENCE_SECONDS)
    assert not bench.signals.draining()


def test_who_stopped_listening_hears_nothing(bench: Bench) -> None:
    left, stays = threading.Event(), threading.Event()
    with bench.signals.listen(left.set):
        pass
    with bench.signals.listen(stays.set):
        bench.wake.stop("execution")
        assert stays.wait(PATIENCE_SECONDS)
    assert not left.is_set()


def test_a_drain_is_heard_and_stays(bench: Bench) -> None:
    heard = threading.Event()
    with bench.signals.listen(heard.set):
        bench.drain()
        assert heard.wait(PATIENCE_SECONDS)
    assert bench.signals.draining()
    assert not bench.signals.hurried()


def test_a_drain_in_a_hurry_is_both(bench: Bench) -> None:
    heard = threading.Event()
    with bench.signals.listen(heard.set):
        bench.drain(hurry=True)
        assert heard.wait(PATIENCE_SECONDS)
    assert bench.signals.draining()
    assert bench.signals.hurried()
