"""Carries bytes between two sockets, both ways at once, as they come."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Final

_CHUNK: Final = 65536


def relay(one: socket.socket, other: socket.socket) -> None:
    """Until both sides have said all. Each way has a thread: a side that does not read must not keep it from being
    heard."""
    for each in (one, other):
        each.settimeout(None)
    back = threading.Thread(target=_carry, args=(other, one), daemon=True)
    back.start()
    _carry(one, other)
    back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One is gone for good; the other must not wait for it.
        cut(source)
        cut(target)


def cut(connection: socket.socket) -> None:
    """End a connection under the hands of whoever reads or writes it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
