"""Where the processes that speak for one App find the token that one of them was given, and whose turn it is to ask.

A token in Redis is sealed with the App's private key: whoever can open it could have asked for one of their own.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from orchestrator.errors import Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from redis import Redis

TURN_SECONDS: Final = 60
"""How long a process may take to ask for a token, before another one may."""

_NONCE: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """An installation token, with the seconds it is still good for, and what it may do."""

    value: str = field(repr=False)
    seconds: float
    permissions: Mapping[str, str]


class Shelf(Protocol):
    """What processes share; without a Redis each has its own."""

    def get(self) -> Issued | None: ...

    def put(self, issued: Issued) -> None: ...

    def drop(self, value: str) -> None:
        """Forget that token, unless another one stands there by now."""
        ...

    @contextmanager
    def turn(self) -> Generator[bool]:
        """Whether it is our turn to ask GitHub; nobody else has it meanwhile."""
        ...


class OwnShelf:
    """Implements `Shelf` for a process alone."""

    def get(self) -> Issued | None:
        return None

    def put(self, issued: Issued) -> None:
        """The process keeps it anyway."""

    def drop(self, value: str) -> None:
        """Nothing is kept here."""

    @contextmanager
    def turn(self) -> Generator[bool]:
        yield True


class RedisShelf:
    """Implements `Shelf`; `client` is called when it is needed first, `scope` names the installation."""

    def __init__(self, client: Callable[[], Redis], scope: str, private_key: str) -> None:
        self._client = client
        self._scope = scope.encode()
        self._private_key = private_key
        self._place = f"mycelium:github:{{{scope}}}"

    def get(self) -> Issued | None:
        with _translated():
            reading = self._client().pipeline()
            reading.get(f"{self._place}:token")
            reading.pttl(f"{self._place}:token")
            sealed, left = reading.execute()
        if not isinstance(sealed, bytes) or left <= 0:
            return None
        found = self._opened(sealed)
        return Issued(value=found["value"], permissions=found["permissions"], seconds=left / 1_000) if found else None

    def put(self, issued: Issued) -> None:
        content = json.dumps({"value": issued.value, "permissions": dict(issued.permissions)}).encode()
        nonce = os.urandom(_NONCE)
        sealed = nonce + _cipher(self._private_key).encrypt(nonce, content, self._scope)
        with _translated():
            self._client().set(f"{self._place}:token", sealed, px=max(int(issued.seconds * 1_000), 1))

    def drop(self, value: str) -> None:
        found = self.get()
        if found and found.value == value:
            with _translated():
                self._client().delete(f"{self._place}:token")

    @contextmanager
    def turn(self) -> Generator[bool]:
        from redis.exceptions import LockError

        with _translated():
            lock = self._client().lock(f"{self._place}:turn", timeout=TURN_SECONDS)
            ours = bool(lock.acquire(blocking=False))
        try:
            yield ours
        finally:
            if ours:
                try:
                    with _translated():
                        lock.release()
                except LockError:
                    # It took too long, and another process has the turn now.
                    pass

    def _opened(self, sealed: bytes) -> dict[str, Any] | None:
        """None where another key sealed it: the App's was renewed."""
        from cryptography.exceptions import InvalidTag

        try:
            content = _cipher(self._private_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], self._scope)
        except (InvalidTag, ValueError):
            return None
        found: dict[str, Any] = json.loads(content)
        return found


def _cipher(private_key: str) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mycelium: installation tokens in Redis")
    return AESGCM(derived.derive(private_key.encode()))


@contextmanager
def _translated() -> Generator[None]:
    from redis import exceptions

    try:
        yield
    except exceptions.LockError:
        raise
    except (exceptions.RedisError, OSError) as error:
        message = f"Redis is out of reach, where the token of the GitHub App is kept: {error}"
        raise Unavailable(message, hint="check MYCELIUM_REDIS_URL") from error
