"""The budget of all processes that share a Redis: two scripts, by the server's clock, so that no two clocks differ."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.errors import Unavailable
from orchestrator.github.budget.ledger import SAME_RESET
from orchestrator.github.budget.limits import (
    FIRST_REFUSAL,
    FIRST_TROUBLE,
    HOUR,
    LEASE,
    LONGEST_REFUSAL,
    LONGEST_TROUBLE,
    MINUTE,
    RETRY,
    SECOND,
    TOLERATED_TROUBLES,
    Ask,
    Limits,
    Told,
)
from orchestrator.github.budget.port import REASONS, busy
from orchestrator.lifecycle.ports import Clock
from orchestrator.lifecycle.ports.github import Room

if TYPE_CHECKING:
    from redis import Redis

PREFIX: Final = "mycelium:github"
_HERE: Final = Path(__file__).parent


class RedisBudget:
    """Implements `Budget` for the credential that `scope` names; nothing is sent to Redis before the first request.

    `Unavailable` where Redis is out of reach: then nothing goes to GitHub either, as nobody counts. `now`, in
    milliseconds, stands for the server's clock in tests.
    """

    def __init__(
        self, client: Redis, scope: str, clock: Clock, limits: Limits | None = None, *, now: int | None = None
    ) -> None:
        self._client = client
        self._clock = clock
        self._limits = limits or Limits()
        self.now = now
        # The braces keep the keys of a scope on one node of a cluster, where scripts need them.
        place = f"{PREFIX}:{{{scope}}}"
        self._state, self._leases, self._hour = f"{place}:state", f"{place}:leases", f"{place}:hour"
        self._admit_keys = [self._state, f"{place}:points", f"{place}:minute", self._hour, self._leases]
        self._admit = client.register_script((_HERE / "admit.lua").read_text(encoding="utf-8"))
        self._settle = client.register_script((_HERE / "settle.lua").read_text(encoding="utf-8"))

    def admit(self, ask: Ask) -> str:
        lease = secrets.token_hex(8)
        caps = self._limits.caps(reserve=ask.reserve)
        arguments: list[str | int] = [
            *(self._given(), lease, ask.points, int(ask.writes), int(ask.creates)),
            *(caps.points, caps.minute, caps.hour, caps.at_once, caps.kept),
            *(self._limits.between_writes, LEASE, RETRY),
        ]
        with _translated():
            wait, number = self._admit(self._admit_keys, arguments)
        if wait > 0:
            raise busy(self._clock.now(), int(wait), REASONS[int(number) - 1])
        return lease

    def settle(self, lease: str, told: Told) -> int:
        quota = (told.quota.limit, told.quota.remaining, told.quota.resets_in) if told.quota else (-1, 0, 0)
        arguments: list[str | int] = [
            *(self._given(), lease, int(told.outcome), int(told.wrote), -1 if told.wait is None else told.wait),
            *quota,
            *(FIRST_REFUSAL, LONGEST_REFUSAL, TOLERATED_TROUBLES, FIRST_TROUBLE, LONGEST_TROUBLE, SAME_RESET),
        ]
        with _translated():
            return int(self._settle([self._state, self._leases], arguments))

    def room(self) -> Room:
        with _translated():
            now = self._server_now() if self.now is None else self.now
            buckets: dict[Any, Any] = self._client.hgetall(self._hour)
        used = sum(int(amount) for bucket, amount in buckets.items() if (int(bucket) + 1) * MINUTE + HOUR > now)
        return Room(used=used, most=self._limits.creations_an_hour)

    def _given(self) -> str:
        return "" if self.now is None else str(self.now)

    def _server_now(self) -> int:
        seconds, micros = self._client.time()
        return int(seconds) * SECOND + int(micros) // 1_000


@contextmanager
def _translated() -> Generator[None]:
    from redis import exceptions

    try:
        yield
    except (exceptions.RedisError, OSError) as error:
        message = f"Redis is out of reach, and with it the budget of requests to GitHub: {error}"
        raise Unavailable(message, hint="check MYCELIUM_REDIS_URL") from error
