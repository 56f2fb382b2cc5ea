"""Redis clients: how they connect, how long they wait, and which of our errors theirs become."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from orchestrator.errors import SetupError, Unavailable

if TYPE_CHECKING:
    from redis import Redis

ANSWER_SECONDS = 5.0
RETRIES = 2


def connect(url: str, *, block_seconds: float = 0.0, retries: int = RETRIES) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`; nothing is sent yet.

    `block_seconds` is the longest a blocking command of this client may wait: its socket waits that much longer than
    for an ordinary answer. A command is sent up to `retries` times more over a new connection. `SetupError` when the
    URL is none. One client serves all threads of a process, and must not cross a fork.
    """
    from redis import Redis
    from redis.backoff import ExponentialBackoff
    from redis.retry import Retry

    try:
        return Redis.from_url(
            url,
            socket_timeout=ANSWER_SECONDS + block_seconds,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), retries),
        )
    except ValueError as error:
        raise SetupError(
            f"not a Redis URL: {redacted(url)}", hint="MYCELIUM_REDIS_URL begins with redis://, rediss:// or unix://"
        ) from error


def check(url: str) -> None:
    """Make sure that a server answers at `url` and lets us in; `Unavailable` or `SetupError` where it does not."""
    client = connect(url, retries=0)
    try:
        with translated(f"connecting to {redacted(url)}"):
            client.ping()
    except Unavailable as error:
        raise Unavailable(error.message, hint="start the server, or check MYCELIUM_REDIS_URL") from error
    finally:
        client.close()


@contextmanager
def translated(doing: str) -> Generator[None]:
    """Turn what redis-py raises into `Unavailable`, or `SetupError` when the server refuses us.

    `doing` completes the sentence "Redis is out of reach while …".
    """
    from redis import exceptions

    try:
        yield
    except (exceptions.AuthenticationError, exceptions.AuthorizationError, exceptions.NoPermissionError) as error:
        raise SetupError(f"Redis refused the login while {doing}: {error}", hint="check MYCELIUM_REDIS_URL") from error
    except (exceptions.RedisError, OSError) as error:
        raise Unavailable(f"Redis is out of reach while {doing}: {error}") from error


def redacted(url: str) -> str:
    """The URL as people may see it: without user, password and options."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
