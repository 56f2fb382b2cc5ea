"""Live events over Redis pub/sub: cheap, ordered, and lost on whoever does not listen."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from orchestrator.definition.model import JsonValue
from orchestrator.errors import Unavailable
from orchestrator.lifecycle.ports import LiveEvent, LiveEventKind
from orchestrator.queue.connection import ANSWER_SECONDS, translated
from orchestrator.queue.line import Line
from orchestrator.queue.names import events as channel

if TYPE_CHECKING:
    from redis import Redis
    from redis.client import PubSub

PATIENCE_SECONDS = 1.0

log = logging.getLogger(__name__)


class RedisEvents:
    """`Events` on Redis. `publish` never raises for a server out of reach; `subscribe` does, with `Unavailable`.

    A reader whose connection breaks goes on after a reconnect and has missed what came in between, as it may.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._line = Line(client)

    def publish(self, *events: LiveEvent) -> None:
        try:
            with translated("publishing live events"):
                for execution_id, some in groupby(events, key=lambda event: event.execution_id):
                    self._line.send("PUBLISH", channel(execution_id), encode(some))
        except Unavailable as error:
            log.debug("%s", error)

    @contextmanager
    def subscribe(self, execution_id: str) -> Generator[Iterator[LiveEvent | None]]:
        """The subscription stands before the body runs, so that a snapshot read in it misses nothing."""
        with self._client.pubsub() as pubsub:  # type: ignore[no-untyped-call]  # redis-py leaves it so
            with translated("subscribing to live events"):
                pubsub.subscribe(channel(execution_id))
                # redis-py only sends the command; the answer is the first message.
                if pubsub.get_message(timeout=ANSWER_SECONDS) is None:
                    raise Unavailable("Redis did not confirm a subscription to live events")
            yield _read(pubsub)


def encode(events: Iterable[LiveEvent]) -> str:
    """Several events as one message: a message costs more than what it says."""
    return json.dumps([_fields(event) for event in events])


def decode(message: bytes) -> list[LiveEvent]:
    """The events in a message; `ValueError` when they are none."""
    try:
        return [_event(fields) for fields in json.loads(message)]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not live events: {error}") from error


def _fields(event: LiveEvent) -> dict[str, JsonValue]:
    return {
        "seq": event.seq,
        "event": event.event,
        "execution_id": event.execution_id,
        "timestamp": event.timestamp.isoformat(),
        "node_id": event.node_id,
        "status": event.status,
        "data": event.data,
    }


def _event(fields: Mapping[str, Any]) -> LiveEvent:
    return LiveEvent(
        seq=int(fields["seq"]),
        event=LiveEventKind(fields["event"]),
        execution_id=str(fields["execution_id"]),
        timestamp=datetime.fromisoformat(fields["timestamp"]),
        node_id=fields["node_id"],
        status=fields["status"],
        data=dict(fields["data"]),
    )


def _read(pubsub: PubSub) -> Iterator[LiveEvent | None]:
    while True:
        try:
            with translated("reading live events"):
                message = pubsub.get_message(ignore_subscribe_messages=True, timeout=PATIENCE_SECONDS)
            if message:
                yield from decode(message["data"])
            else:
                yield None
        except Unavailable as error:
            log.debug("%s", error)
            yield None
        except ValueError as error:
            log.warning("skipped a message: %s", error)
