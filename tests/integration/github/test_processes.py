"""Processes that speak with one credential: one budget, one token, and nobody else can read it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from orchestrator.errors import Unavailable
from orchestrator.github.budget.limits import Ask, Limits
from orchestrator.github.budget.shared import RedisBudget
from orchestrator.github.shelf import Issued, RedisShelf
from orchestrator.queue.server import EmbeddedServer, find_binary
from tests.fakes.clock import FakeClock
from tests.fakes.github import GitHubStandIn
from tests.fakes.github_key import key_pair

RACERS = 3
ROOT = Path(__file__).resolve().parents[3]
TOKEN = Issued(value="ghs_secret-token", seconds=60, permissions={"checks": "write"})


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(find_binary())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(server: EmbeddedServer) -> Iterator[Redis]:
    with Redis.from_url(server.url) as client:
        client.flushall()
        yield client


def race(server: EmbeddedServer, what: str, *more: str) -> list[str]:
    """What each process prints."""
    command = [sys.executable, "-m", "tests.fakes.github_racer", what, server.url, str(RACERS), *more]
    racers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(RACERS)]
    printed = [racer.communicate(timeout=90)[0].strip() for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * RACERS
    return printed


def test_processes_spend_one_budget(server: EmbeddedServer, redis: Redis) -> None:
    entered = [int(number) for number in race(server, "budget")]
    assert sum(entered) == Limits().creations_a_minute


def test_processes_ask_for_one_token(
    server: EmbeddedServer, redis: Redis, github: GitHubStandIn, tmp_path: Path
) -> None:
    private, public = key_pair()
    app = github.app("mycelium", public, permissions={"contents": "write"})
    github.install(app, github.repository("octo/demo").owner)
    environ = {
        "HOME": str(tmp_path),
        "MYCELIUM_GITHUB_API_URL": github.api_url,
        "MYCELIUM_GITHUB_APP_ID": str(app.id),
        "MYCELIUM_GITHUB_PRIVATE_KEY": private,
        "GITHUB_REPOSITORY": "octo/demo",
    }
    tokens = race(server, "token", str(tmp_path), json.dumps(environ))
    assert len(github.sent("POST", "/access_tokens")) == 1
    (token,) = set(tokens)
    assert github.token(token)
    kept = b"".join(redis.dump(key) or b"" for key in redis.scan_iter())
    assert token.encode() not in kept


def shelf(redis: Redis, key: str = "", scope: str = "octo") -> RedisShelf:
    return RedisShelf(lambda: redis, scope, key or key_pair()[0])


def test_a_token_is_read_by_who_has_the_apps_key(redis: Redis) -> None:
    shelf(redis).put(TOKEN)
    found = shelf(redis).get()
    assert found
    assert (found.value, dict(found.permissions)) == (TOKEN.value, {"checks": "write"})
    assert 0 < found.seconds <= 60
    assert shelf(redis, key="another key").get() is None
    (key,) = redis.keys("*:token")
    redis.copy(key, key.replace(b"octo", b"acme"))
    assert shelf(redis, scope="acme").get() is None
    redis.set(key, b"short")
    redis.pexpire(key, 1_000)
    assert shelf(redis).get() is None


def test_a_token_that_was_refused_goes_unless_another_one_stands_there(redis: Redis) -> None:
    shelf(redis).put(TOKEN)
    shelf(redis).drop("ghs_older")
    assert shelf(redis).get()
    shelf(redis).drop(TOKEN.value)
    assert shelf(redis).get() is None


def test_the_turn_is_one_process_s_and_lapses(redis: Redis) -> None:
    with shelf(redis).turn() as ours, shelf(redis).turn() as theirs, shelf(redis, scope="acme").turn() as others:
        assert (ours, theirs, others) == (True, False, True)
        (key, *_) = redis.keys("*{octo}:turn")
        assert 0 < redis.pttl(key) <= 60_000
        redis.delete(key)
    with shelf(redis).turn() as ours:
        assert ours


def test_without_redis_nothing_goes_out(server: EmbeddedServer) -> None:
    with Redis.from_url("unix:///no/such/socket") as nowhere:
        budget = RedisBudget(nowhere, "race", FakeClock())
        with pytest.raises(Unavailable, match="budget"):
            budget.admit(Ask(points=1, writes=False, creates=False, reserve=True))
        for ask in (shelf(nowhere).get, lambda: shelf(nowhere).put(TOKEN), shelf(nowhere).turn().__enter__):
            with pytest.raises(Unavailable, match="token of the GitHub App"):
                ask()
