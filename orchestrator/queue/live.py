"""Live events over Redis pub/sub: cheap, ordered, and lost on whoever does not listen."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from orchestrator.errors import Unavailable
from orchestrator.lifecycle.ports import LiveEvent, LiveEventKind
from orchestrator.queue.connection import ANSWER_SECONDS, translated
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

    def publish(self, *events: LiveEvent) -> None:
        try:
            with translated("publishing live events"), self._client.pipeline(transaction=False) as pipeline:
                for event in events:
                    pipeline.publish(channel(event.execution_id), encode(event))
                pipeline.execute()
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


def encode(event: LiveEvent) -> str:
    return json.dumps(
        {
            "seq": event.seq,
            "event": event.event,
            "execution_id": event.execution_id,
            "timestamp": event.timestamp.isoformat(),
            "node_id": event.node_id,
            "status": event.status,
            "data": event.data,
        }
    )


def decode(message: bytes) -> LiveEvent:
    """The event in a message; `ValueError` when it is none."""
    try:
        fields = json.loads(message)
        return LiveEvent(
            seq=int(fields["seq"]),
            event=LiveEventKind(fields["event"]),
            execution_id=str(fields["execution_id"]),
            timestamp=datetime.fromisoformat(fields["timestamp"]),
            node_id=fields["node_id"],
            status=fields["status"],
            data=dict(fields["data"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a live event: {error}") from error


def _read(pubsub: PubSub) -> Iterator[LiveEvent | None]:
    while True:
        try:
            with translated("reading live events"):
                message = pubsub.get_message(ignore_subscribe_messages=True, timeout=PATIENCE_SECONDS)
            yield decode(message["data"]) if message else None
        except Unavailable as error:
            log.debug("%s", error)
            yield None
        except ValueError as error:
            log.warning("skipped a message: %s", error)
