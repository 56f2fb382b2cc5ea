"""A connection to Redis for what may be lost: it sends, and waits for no answer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis import Redis


class Line:
    """Has the server answer nothing at all, so that sending costs no round trip.

    Made from a client's settings; opened with the first command, and again where it broke. Safe for threads. What the
    server does then: https://valkey.io/commands/client-reply/
    """

    def __init__(self, client: Redis) -> None:
        self._pool = client.connection_pool
        self._connection: Any = None
        self._guard = threading.Lock()

    def send(self, *command: str) -> None:
        """Send a command, over a new connection where the old one is gone; raises what redis-py raises."""
        from redis import exceptions

        with self._guard:
            if self._connection is not None:
                try:
                    self._connection.send_command(*command)
                except (exceptions.RedisError, OSError):
                    self._drop()
                else:
                    return
            self._open()
            try:
                self._connection.send_command(*command)
            except BaseException:
                self._drop()
                raise

    def _open(self) -> None:
        connection: Any = self._pool.make_connection()
        connection.connect()
        try:
            connection.send_command("CLIENT", "REPLY", "OFF")
        except BaseException:
            connection.disconnect()
            raise
        self._connection = connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        connection.disconnect()
