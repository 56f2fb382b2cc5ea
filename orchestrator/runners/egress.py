"""The only way out of a sandbox: a proxy in the worker that connects to the hosts it was given, and to nothing else.

`bridge.py` opens the sockets inside and hands them over; from then on a thread of the worker accepts what connects
there, and each connection has threads of its own, as long as it lasts. The first socket is the proxy. Each other one
stands for a single host, for programs that do not ask a proxy.
"""

from __future__ import annotations

import os
import select
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from orchestrator.runners.egress_request import Destination
from orchestrator.runners.gate import Gate
from orchestrator.runners.relay import cut
from orchestrator.runners.way_out import WayOut

MAX_CONNECTIONS: Final = 64
MAX_NEWS: Final = 20
_CLOSE_SECONDS: Final = 2.0
_CHUNK: Final = 65536
_WORD_LIMIT: Final = 1_000_000
_REST_SECONDS: Final = 0.2
_NAME: Final = "sandbox connection"


@dataclass(frozen=True, kw_only=True, slots=True)
class LastWord:
    """How the confined program ended: the signal, or 0; and the command lines of what it left behind."""

    signal: int
    left: tuple[str, ...]


class _Closed(Exception):
    """The block is over."""


class Egress:
    """Serves the bridge that connects to the unix socket `place`; everything ends with the block.

    `hosts` may be reached, `offered` are those of them that have a socket of their own, in the bridge's order.
    """

    def __init__(
        self, place: Path, *, hosts: Sequence[Destination], offered: Sequence[Destination], way: WayOut
    ) -> None:
        self._gate = Gate(hosts=frozenset(hosts), way=way, keep=self._kept, tell=self._tell)
        self._offered = tuple(offered)
        self._lock = threading.Lock()
        self._closed = False
        self._open: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()
        self._said: set[str] = set()
        self._news: list[str] = []
        self._word = b""
        self._over = threading.Event()
        self._door = _listening(place)
        self._main = threading.Thread(target=self._serve, daemon=True, name="sandbox")

    def __enter__(self) -> Egress:
        self._main.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            cut(self._door)
            for each in self._open:
                cut(each)
            threads = list(self._threads)
        deadline = time.monotonic() + _CLOSE_SECONDS
        for thread in (self._main, *threads):
            # One that looks up a name cannot be interrupted; it ends when it has it.
            thread.join(max(0.0, deadline - time.monotonic()))

    def news(self) -> list[str]:
        """What the log should say since the last time; each thing once. For any thread."""
        with self._lock:
            news, self._news = self._news, []
        return news

    def last_word(self, seconds: float) -> LastWord | None:
        """What the bridge says when the program has ended; None where it did not come to that in time."""
        self._over.wait(seconds)
        number, *left = self._word.decode("utf-8", "replace").splitlines() or [""]
        return LastWord(signal=int(number), left=tuple(left)) if number.isdigit() else None

    def _serve(self) -> None:
        try:
            with suppress(OSError, _Closed):
                with self._door:
                    bridge, _ = self._door.accept()
                with self._kept(bridge):
                    self._attend(bridge)
        finally:
            self._over.set()

    def _attend(self, bridge: socket.socket) -> None:
        """Take the sockets over, and accept what connects to them until the bridge is gone."""
        _, numbers, _, _ = socket.recv_fds(bridge, 1, 1 + len(self._offered), socket.MSG_CMSG_CLOEXEC)
        with ExitStack() as stack:
            listeners = [stack.enter_context(socket.socket(fileno=number)) for number in numbers]
            selector = stack.enter_context(selectors.DefaultSelector())
            selector.register(bridge, selectors.EVENT_READ)
            for listener, to in zip(listeners, (None, *self._offered), strict=False):
                listener.setblocking(False)
                selector.register(listener, selectors.EVENT_READ, (listener, to))
            while self._hears(bridge, selector):
                pass

    def _hears(self, bridge: socket.socket, selector: selectors.BaseSelector) -> bool:
        """Whether the bridge is still there, after what has come was dealt with."""
        for key, _ in selector.select():
            if key.data:
                if not self._accept(*key.data):
                    _wait_for(bridge, _REST_SECONDS)
            elif chunk := bridge.recv(_CHUNK):
                self._word += chunk[: _WORD_LIMIT - len(self._word)]
            else:
                return False
        return True

    def _accept(self, listener: socket.socket, to: Destination | None) -> bool:
        """Whether the next one can be accepted at once. A worker that has no descriptor left cannot take or refuse a
        connection, and would be told of it again and again: it waits in line until there is one."""
        try:
            client, _ = listener.accept()
        except (BlockingIOError, ConnectionError):
            return True
        except OSError as error:
            self._tell(f"the sandbox cannot take a connection now, and tries again: {error.strerror}")
            return False
        client.setblocking(True)
        if not self._welcomed(threading.Thread(target=self._answer, args=(client, to), daemon=True, name=_NAME)):
            client.close()
        return True

    def _welcomed(self, thread: threading.Thread) -> bool:
        """Start the thread of a connection, unless there are too many."""
        refusal = f"the sandbox has {MAX_CONNECTIONS} connections open, and refuses more"
        with self._lock:
            if self._closed:
                return False
            if len(self._threads) < MAX_CONNECTIONS:
                self._threads.add(thread)
                try:
                    thread.start()
                except RuntimeError as error:
                    self._threads.discard(thread)
                    refusal = f"the sandbox refused a connection: {error}"
                else:
                    return True
        self._tell(refusal)
        return False

    def _answer(self, client: socket.socket, to: Destination | None) -> None:
        try:
            with suppress(OSError, _Closed), self._kept(client):
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if to is None:
                    self._gate.proxy(client)
                else:
                    self._gate.pass_on(client, to)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    @contextmanager
    def _kept(self, connection: socket.socket) -> Iterator[socket.socket]:
        with connection:
            with self._lock:
                if self._closed:
                    raise _Closed
                self._open.add(connection)
            try:
                yield connection
            finally:
                with self._lock:
                    self._open.discard(connection)

    def _tell(self, text: str) -> None:
        with self._lock:
            if text not in self._said and len(self._said) < MAX_NEWS:
                self._said.add(text)
                self._news.append(text)


def _wait_for(bridge: socket.socket, seconds: float) -> None:
    """Until the time is over, or the bridge has something to say. Takes no descriptor."""
    poll = select.poll()
    poll.register(bridge, select.POLLIN)
    poll.poll(seconds * 1000)


def _listening(place: Path) -> socket.socket:
    """A unix socket at `place`, however long its path is: the address of a socket has room for 107 bytes."""
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        door.bind(f"/proc/self/fd/{folder}/{place.name}")
        door.listen(1)
    except BaseException:
        door.close()
        raise
    finally:
        os.close(folder)
    return door
