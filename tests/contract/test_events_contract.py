"""What `Events` promises, asked of the fake and of Redis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from orchestrator.lifecycle.ports import Events, LiveEvent, LiveEventKind
from orchestrator.queue.connection import connect
from orchestrator.queue.live import RedisEvents
from orchestrator.queue.server import EmbeddedServer, find_binary
from tests.fakes.events import FakeEvents

LOOKS = 20


@pytest.fixture(params=["fake", "redis"])
def events(request: pytest.FixtureRequest) -> Iterator[Events]:
    if request.param == "fake":
        yield FakeEvents()
        return
    server = EmbeddedServer(find_binary())
    server.start()
    with connect(server.url) as client:
        yield RedisEvents(client)
    server.stop()


def event(seq: int, execution_id: str = "a") -> LiveEvent:
    return LiveEvent(
        seq=seq,
        event=LiveEventKind.NODE_STATUS_UPDATE,
        execution_id=execution_id,
        timestamp=datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC),
        node_id="test (3.11)",
        status="running",
        data={"attempt": 2, "text": "ü\n", "list": [None, 1.5, True], "nested": {"a": []}},
    )


def take(reader: Iterator[LiveEvent | None], count: int) -> list[LiveEvent]:
    """The next `count` events; gives up when none comes for long."""
    found: list[LiveEvent] = []
    for _ in range(LOOKS):
        if len(found) == count:
            break
        if (one := next(reader)) is not None:
            found.append(one)
    return found


def test_a_subscriber_gets_events_whole_and_in_order(events: Events) -> None:
    with events.subscribe("a") as reader:
        for seq in range(5):
            events.publish(event(seq))
        assert take(reader, 5) == [event(seq) for seq in range(5)]


def test_whatever_is_published_inside_the_block_is_not_missed(events: Events) -> None:
    for seq in range(20):
        with events.subscribe("a") as reader:
            events.publish(event(seq))
            assert take(reader, 1) == [event(seq)]


def test_what_came_before_is_not_repeated_and_silence_gives_none(events: Events) -> None:
    events.publish(event(1))
    with events.subscribe("a") as reader:
        assert next(reader) is None
        events.publish(event(2))
        assert take(reader, 1) == [event(2)]


def test_other_executions_are_not_heard(events: Events) -> None:
    with events.subscribe("a") as reader:
        events.publish(event(1, "b"))
        events.publish(event(2, "a"))
        assert take(reader, 1) == [event(2, "a")]


def test_every_subscriber_hears_everything(events: Events) -> None:
    with events.subscribe("a") as first, events.subscribe("a") as second:
        events.publish(event(1))
        assert take(first, 1) == take(second, 1) == [event(1)]


def test_publishing_to_nobody_is_no_error(events: Events) -> None:
    with events.subscribe("a"):
        pass
    events.publish(event(1))
