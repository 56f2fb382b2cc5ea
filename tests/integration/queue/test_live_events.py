"""Live events when the server misbehaves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis

from orchestrator.errors import Unavailable
from orchestrator.lifecycle.ports import LiveEvent, LiveEventKind
from orchestrator.queue.connection import connect
from orchestrator.queue.live import RedisEvents, decode, encode
from orchestrator.queue.names import events
from orchestrator.queue.server import EmbeddedServer, find_binary

EVENT = LiveEvent(
    seq=1, event=LiveEventKind.EXECUTION_STARTED, execution_id="a", timestamp=datetime(2026, 1, 2, tzinfo=UTC)
)


def test_without_a_server_publishing_is_silent_and_subscribing_says_so(tmp_path: Path) -> None:
    live = RedisEvents(connect(f"unix://{tmp_path}/none", retries=0))
    live.publish(EVENT)
    with pytest.raises(Unavailable, match="subscribing to live events"), live.subscribe("a"):
        pass


def test_a_reader_outlives_the_server() -> None:
    server = EmbeddedServer(find_binary())
    server.start()
    try:
        live = RedisEvents(connect(server.url, retries=0))
        with live.subscribe("a") as reader:
            client = connect(server.url)
            client.client_kill_filter(_type="pubsub")
            found = None
            for _ in range(20):
                live.publish(EVENT)
                if (found := next(reader)) is not None:
                    break
            assert found == EVENT
    finally:
        server.stop()


def test_what_is_no_event_is_skipped(client: Redis) -> None:
    live = RedisEvents(client)
    with live.subscribe("a") as reader:
        for message in ("", "[]", "null", "{}", '[{"seq": "x"}]', '[{"seq": 1, "event": "other"}]', "[1]"):
            client.publish(events("a"), message)
        live.publish(EVENT)
        assert next(reader) == EVENT


@pytest.mark.parametrize("message", [b"\xff", b"[[]]", b"{}x", b'[{"seq": null}]'])
def test_decoding_refuses_with_a_value_error(message: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode(message)


def test_encoding_is_undone_by_decoding() -> None:
    assert decode(encode([EVENT, EVENT]).encode()) == [EVENT, EVENT]
