"""Commands that wait for no answer."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from orchestrator.queue.connection import connect
from orchestrator.queue.line import Line
from tests.fakes.processes import Eventually


def test_commands_arrive_in_their_order(client: Redis, eventually: Eventually) -> None:
    line = Line(client)
    for number in range(500):
        line.send("RPUSH", "numbers", str(number))
    assert eventually(lambda: client.llen("numbers") == 500)
    assert [int(each) for each in client.lrange("numbers", 0, -1)] == list(range(500))


def test_what_the_server_refuses_is_not_heard_of(client: Redis, eventually: Eventually) -> None:
    line = Line(client)
    line.send("NOSUCH", "command")
    line.send("SET", "after", "1")
    assert eventually(lambda: client.get("after") == b"1")


def test_a_broken_connection_is_opened_again(client: Redis, eventually: Eventually) -> None:
    line = Line(client)
    line.send("SET", "a", "1")
    assert eventually(lambda: client.get("a") == b"1")
    client.client_kill_filter(_type="normal", skipme=True)
    line.send("SET", "b", "1")
    assert eventually(lambda: client.get("b") == b"1")


def test_threads_do_not_mix_their_commands(client: Redis, eventually: Eventually) -> None:
    line = Line(client)
    threads = [threading.Thread(target=lambda: [line.send("INCR", "count") for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert eventually(lambda: client.get("count") == b"800")


def test_without_a_server_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoConnection):
        Line(connect(f"unix://{tmp_path}/none", retries=0)).send("PING")
