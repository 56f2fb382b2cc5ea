"""One of several processes that speak to GitHub at once: `python -m tests.fakes.github_racer WHAT REDIS_URL ...`.

`budget` enters as many creations as it may and prints how many; `token` prints the App's token. Each begins when the
others are ready.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from redis import Redis

from orchestrator import settings as configuration
from orchestrator.github.budget.limits import Ask, Limits, Outcome, Told
from orchestrator.github.budget.shared import RedisBudget
from orchestrator.github.connect import Place, connect
from orchestrator.lifecycle.ports.github import Busy

TRIES = 60


class Wall:
    """Implements `Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def wait_for_others(redis: Redis, racers: int) -> None:
    if int(redis.incr("racers")) == racers:
        redis.rpush("start", *range(racers))
    redis.blpop(["start"], timeout=30)


def budget(redis: Redis, racers: int) -> int:
    """How many of `TRIES` creations were let in."""
    account = RedisBudget(redis, "race", Wall(), Limits(between_writes=0))
    wait_for_others(redis, racers)
    entered = 0
    for _ in range(TRIES):
        try:
            lease = account.admit(Ask(points=5, writes=True, creates=True, reserve=True))
        except Busy:
            continue
        account.settle(lease, Told(outcome=Outcome.DONE, wrote=True))
        entered += 1
    return entered


def token(redis: Redis, racers: int, folder: str, environ: str) -> str:
    """The token, after as many waits as another process needs to get it."""
    settings = configuration.load(Path(folder), json.loads(environ))
    repository = connect(settings, "", Place(clock=Wall(), redis=lambda: redis))
    assert repository
    wait_for_others(redis, racers)
    while True:
        try:
            return repository.remote().token
        except Busy as busy:
            time.sleep(max((busy.until - datetime.now(UTC)).total_seconds(), 0.01))


if __name__ == "__main__":
    what, url, number, *more = sys.argv[1:]
    with Redis.from_url(url) as client:
        print(budget(client, int(number)) if what == "budget" else token(client, int(number), *more))
