"""How a worker process hears from outside: stop messages from Redis, and its own drain."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from orchestrator.errors import MyceliumError
from orchestrator.queue.connection import translated

if TYPE_CHECKING:
    from redis import Redis
    from redis.client import PubSub

Listener = Callable[[], None]

LISTEN_SECONDS = 2.0
RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class RedisStopSignals:
    """`StopSignals` over a Redis channel, heard by one thread.

    A message only says "look at your cancel flag", so every listener is told of every message, and all of them once
    more after a lost connection. `start` must come after the fork.
    """

    def __init__(self, client: Redis, channel: str) -> None:
        self._client = client
        self._channel = channel
        self._listeners: list[Listener] = []
        self._guard = threading.Lock()
        self._draining = False
        self._hurried = False
        self._closed = threading.Event()
        self._heard = threading.Event()
        self._thread = threading.Thread(target=self._hear, name="stop-signals", daemon=True)

    def start(self, *, timeout: float = 5.0) -> None:
        """Begin to listen; returns once the subscription stands, or after `timeout` seconds without one."""
        self._thread.start()
        self._heard.wait(timeout)

    def close(self) -> None:
        self._closed.set()

    @contextmanager
    def listen(self, notify: Listener) -> Generator[None]:
        with self._guard:
            self._listeners.append(notify)
        try:
            yield
        finally:
            with self._guard:
                self._listeners.remove(notify)

    def draining(self) -> bool:
        return self._draining

    def hurried(self) -> bool:
        return self._hurried

    def drain(self, *, hurry: bool = False) -> None:
        """From now on `draining` is true. Safe in a signal handler: the listeners are told from another thread."""
        self._draining = True
        self._hurried = self._hurried or hurry
        threading.Thread(target=self._notify, name="drain", daemon=True).start()

    def _notify(self) -> None:
        with self._guard:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def _hear(self) -> None:
        while not self._closed.is_set():
            try:
                # redis-py leaves `pubsub` untyped.
                with translated("listening for stop messages"), self._client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
                    self._follow(pubsub)
            except MyceliumError as error:
                log.debug("%s", error)
                self._closed.wait(RETRY_SECONDS)

    def _follow(self, pubsub: PubSub) -> None:
        pubsub.subscribe(self._channel)
        while not self._closed.is_set():
            message = pubsub.get_message(timeout=LISTEN_SECONDS)
            if message is None:
                continue
            self._heard.set()
            # A (re)subscription counts as a message: what was said in between was missed.
            with suppress(OSError):
                self._notify()
