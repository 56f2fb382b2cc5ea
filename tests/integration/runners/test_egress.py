"""The only way out of a sandbox: what it connects to, what it refuses, and that nothing of it stays."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrator.runners import bridge, egress, gate
from orchestrator.runners.egress import MAX_CONNECTIONS, Egress, LastWord
from orchestrator.runners.egress_request import Destination
from orchestrator.runners.way_out import WayOut
from tests.fakes.checkout import PATIENCE_SECONDS, eventually
from tests.fakes.names import invent_names

Answer = Callable[[socket.socket], None]


@dataclass
class Server:
    """A server on loopback that does with each connection what a function says; `heard` is what was sent to it."""

    port: int
    heard: list[bytes] = field(default_factory=list)


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(port=listener.getsockname()[1])
        threading.Thread(target=_serve, args=(listener, answer), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, answer: Answer) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_answered, args=(client, answer), daemon=True).start()


def _answered(client: socket.socket, answer: Answer) -> None:
    with client, suppress(OSError):
        answer(client)


def echo(client: socket.socket) -> None:
    """Says what it hears, until the other has said all."""
    while chunk := client.recv(65536):
        client.sendall(chunk)


def until_head(client: socket.socket) -> bytes:
    heard = b""
    while b"\r\n\r\n" not in heard and (chunk := client.recv(65536)):
        heard += chunk
    return heard


@dataclass(frozen=True, kw_only=True)
class Inside:
    """A program in the sandbox; `offered` are the ports that stand for a single host."""

    egress: Egress
    bridge: socket.socket
    port: int
    offered: list[int]

    def connect(self, port: int | None = None) -> socket.socket:
        """Without looking up the address, as names are noted."""
        client = socket.socket()
        client.settimeout(PATIENCE_SECONDS)
        client.connect(("127.0.0.1", port or self.port))
        return client

    def ask(self, text: str) -> str:
        """All that the proxy answers to `text`."""
        with self.connect() as client:
            client.sendall(text.encode())
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk
        return answer.decode()

    @contextmanager
    def tunnel(self, host: str, port: int) -> Iterator[socket.socket]:
        with self.connect() as client:
            client.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())
            opening, answer = b"HTTP/1.1 200 Connection established\r\n\r\n", b""
            while len(answer) < len(opening):
                answer += client.recv(len(opening) - len(answer))
            assert answer == opening
            yield client


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Longer than the address of a socket may be."""
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    return folder / "egress"


@contextmanager
def inside(
    place: Path,
    *hosts: tuple[str, int],
    offered: tuple[tuple[str, int], ...] = (),
    env: Mapping[str, str] | None = None,
) -> Iterator[Inside]:
    known, single = ([Destination(host=host, port=port) for host, port in each] for each in (hosts, offered))
    with ExitStack() as stack:
        served = stack.enter_context(Egress(place, hosts=known, offered=single, way=WayOut(env or {})))
        listeners = [bridge.listening("127.0.0.1", 0) for _ in range(1 + len(single))]
        ports = [listener.getsockname()[1] for listener in listeners]
        spoken = bridge.hand_over(f"/proc/self/fd/{stack.enter_context(_folder(place.parent))}/egress", listeners)
        stack.callback(spoken.close)
        yield Inside(egress=served, bridge=spoken, port=ports[0], offered=ports[1:])


@contextmanager
def _folder(path: Path) -> Iterator[int]:
    number = os.open(path, os.O_RDONLY)
    try:
        yield number
    finally:
        os.close(number)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Those that were looked up."""
    return invent_names(monkeypatch)


def test_a_tunnel_carries_bytes_both_ways_at_once_and_each_end_by_itself(place: Path, names: list[str]) -> None:
    with serving(echo) as server, inside(place, ("model.test", server.port)) as here:
        with here.tunnel("Model.TEST", server.port) as client:
            client.sendall(b"one")
            assert client.recv(3) == b"one"
            client.sendall(b"two")
            client.shutdown(socket.SHUT_WR)
            assert client.recv(10) == b"two"
            assert client.recv(10) == b""
        assert names == ["model.test"]
        assert here.egress.news() == []


def test_much_goes_through_although_neither_side_waits_for_the_other(place: Path) -> None:
    with serving(echo) as server, inside(place, ("127.0.0.1", server.port)) as here, ExitStack() as stack:
        client = stack.enter_context(here.tunnel("127.0.0.1", server.port))
        sender = threading.Thread(target=client.sendall, args=(b"x" * 20_000_000,))
        sender.start()
        got = 0
        while got < 20_000_000:
            got += len(client.recv(1_000_000))
        sender.join()


def test_a_stream_arrives_as_it_is_said(place: Path) -> None:
    go_on = threading.Event()

    def slow(client: socket.socket) -> None:
        until_head(client)
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for word in (b"first", b"second"):
            client.sendall(word)
            go_on.wait(PATIENCE_SECONDS)

    with serving(slow) as server, inside(place, ("127.0.0.1", server.port)) as here, here.connect() as client:
        client.sendall(f"GET http://127.0.0.1:{server.port}/ HTTP/1.1\r\n\r\n".encode())
        heard = b""
        while b"first" not in heard:
            heard += client.recv(100)
        assert b"second" not in heard
        go_on.set()
        while b"second" not in heard:
            heard += client.recv(100)


def test_a_plain_request_goes_to_the_server_it_names_with_its_body(place: Path, names: list[str]) -> None:
    heard: list[bytes] = []

    def answer(client: socket.socket) -> None:
        said = until_head(client)
        while not said.endswith(b"body"):
            said += client.recv(100)
        heard.append(said)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    with serving(answer) as server, inside(place, ("model.test", server.port)) as here:
        head = f"POST http://model.test:{server.port}/v1?x HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 4\r\n\r\n"
        assert here.ask(f"{head}body").endswith("hi")
    assert heard == [
        f"POST /v1?x HTTP/1.1\r\nHost: model.test:{server.port}\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
        "body".encode()
    ]


def test_a_second_request_on_a_connection_reaches_nobody_else(place: Path, names: list[str]) -> None:
    """Whatever follows the first request goes where that one went."""
    with serving(echo) as allowed, serving(echo) as other, inside(place, ("model.test", allowed.port)) as here:
        first = f"GET http://model.test:{allowed.port}/ HTTP/1.1\r\nConnection: keep-alive\r\n\r\n"
        second = f"GET http://other.test:{other.port}/ HTTP/1.1\r\n\r\n"
        with here.connect() as client:
            client.sendall((first + second).encode())
            client.shutdown(socket.SHUT_WR)
            echoed = b""
            while chunk := client.recv(65536):
                echoed += chunk
        assert b"other.test" in echoed
        assert names == ["model.test"]


@pytest.mark.parametrize(
    "ask",
    [
        "CONNECT other.test:443 HTTP/1.1",
        "CONNECT model.test:444 HTTP/1.1",
        "CONNECT model.test.:443 HTTP/1.1",
        "CONNECT amodel.test:443 HTTP/1.1",
        "CONNECT 127.0.0.1:443 HTTP/1.1",
        "CONNECT 2130706433:443 HTTP/1.1",
        "CONNECT [::1]:443 HTTP/1.1",
        "CONNECT localhost:443 HTTP/1.1",
        "CONNECT 169.254.169.254:80 HTTP/1.1",
        "GET http://model.test/ HTTP/1.1",
        "GET http://127.0.0.1:443/ HTTP/1.1",
    ],
)
def test_all_else_is_refused_without_a_look(place: Path, names: list[str], ask: str) -> None:
    with inside(place, ("model.test", 443)) as here:
        answers = [here.ask(f"{ask}\r\nHost: model.test:443\r\n\r\n") for _ in range(2)]
        said = here.egress.news()
        assert here.egress.news() == []
    assert all(answer.startswith("HTTP/1.1 403 Forbidden\r\n") for answer in answers)
    assert names == []
    assert len(said) == 1
    assert said[0].startswith("the sandbox refused ")


def test_a_star_stands_for_what_comes_before_a_name_and_for_nothing_else(place: Path, names: list[str]) -> None:
    with serving(echo) as server, inside(place, ("*.model.test", server.port)) as here:
        for name in ("a.model.test", "a.b.Model.test"):
            with here.tunnel(name, server.port) as client:
                client.sendall(b"x")
                assert client.recv(1) == b"x"
        for name in ("model.test", "amodel.test", "*.model.test", "a.model.test.evil.test"):
            assert " 4" in here.ask(f"CONNECT {name}:{server.port} HTTP/1.1\r\n\r\n")[:13]
        assert " 403 " in here.ask("CONNECT a.model.test:1 HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize("ask", ["GET / HTTP/1.1\r\nHost: model.test\r\n\r\n", "\x16\x03\x01\r\n\r\n", "x" * 40_000])
def test_what_is_no_request_is_answered_so(place: Path, ask: str) -> None:
    with inside(place, ("model.test", 443)) as here:
        assert here.ask(ask).startswith("HTTP/1.1 400 Bad Request\r\n")


def test_a_request_that_does_not_come_to_an_end_is_given_up(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "HEAD_SECONDS", 0.05)
    with inside(place, ("model.test", 443)) as here:
        assert here.ask("CONNECT model.test:443 HTTP/1.1\r\n").startswith("HTTP/1.1 400 Bad Request\r\n")


def test_a_host_that_is_not_there_is_said_once(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with inside(place, ("127.0.0.1", port), offered=(("127.0.0.1", port),)) as here:
        answers = [here.ask(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n") for _ in range(2)]
        with here.connect(here.offered[0]) as client:
            assert client.recv(1) == b""
        (said,) = here.egress.news()
    assert all(answer.startswith("HTTP/1.1 502 Bad Gateway\r\n") for answer in answers)
    assert said.startswith(f"the sandbox cannot reach 127.0.0.1:{port}: ")


def test_an_address_of_its_own_stands_for_one_host(place: Path, names: list[str]) -> None:
    def greet(client: socket.socket) -> None:
        client.sendall(b"I speak first")
        echo(client)

    with serving(greet) as server, inside(place, offered=(("redis.test", server.port),)) as here:
        with here.connect(here.offered[0]) as client:
            assert client.recv(100) == b"I speak first"
            client.sendall(b"raw")
            assert client.recv(100) == b"raw"
        assert names == ["redis.test"]


@pytest.mark.parametrize("word", ["", "us er:p%40ss@"])
def test_the_way_leads_through_the_proxy_that_the_worker_has(place: Path, names: list[str], word: str) -> None:
    heard: list[str] = []

    def proxy(client: socket.socket) -> None:
        heard.append(until_head(client).decode())
        client.sendall(b"HTTP/1.1 200 Fine\r\nX: y\r\n\r\nearly ")
        echo(client)

    with serving(proxy) as server:
        address = f"{word}proxy.test:{server.port}"
        env = {"https_proxy": f"http://{address}", "HTTP_PROXY": address, "NO_PROXY": "near.test, 10.0.0.1"}
        with inside(place, ("api.test", 443), ("api.test", 80), env=env) as here:
            with here.tunnel("api.test", 443) as client:
                client.sendall(b"late")
                got = b""
                while len(got) < 10:
                    got += client.recv(100)
            assert got == b"early late"
            with here.connect() as client:
                client.sendall(b"GET http://api.test/x HTTP/1.1\r\n\r\n")
                assert client.recv(8) == b"HTTP/1.1"
    authorization = "Proxy-Authorization: Basic dXMgZXI6cEBzcw==\r\n" if word else ""
    assert heard == [
        f"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n{authorization}\r\n",
        f"GET http://api.test:80/x HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n{authorization}\r\n",
    ]
    assert set(names) == {"proxy.test"}


def test_hosts_that_need_no_proxy_get_none(place: Path, names: list[str]) -> None:
    env = {"HTTPS_PROXY": "http://proxy.test:1", "no_proxy": ".near.test"}
    with serving(echo) as server:
        hosts = (("a.near.test", server.port), ("127.0.0.1", server.port))
        with inside(place, *hosts, env=env) as here:
            for host, port in hosts:
                with here.tunnel(host, port) as client:
                    client.sendall(b"x")
                    assert client.recv(1) == b"x"


@pytest.mark.parametrize(
    ("address", "answer", "why"),
    [
        ("socks5://proxy.test:1", b"", "a proxy with an address that begins with socks5:// is not supported"),
        ("http://proxy.test:{port}", b"HTTP/1.1 407 Who?\r\n\r\n", "answered 'HTTP/1.1 407 Who?'"),
        ("http://proxy.test:{port}", b"", "gave no answer"),
    ],
)
def test_a_proxy_that_does_not_serve_us_is_named(
    place: Path, names: list[str], address: str, answer: bytes, why: str
) -> None:
    def proxy(client: socket.socket) -> None:
        until_head(client)
        client.sendall(answer)

    with serving(proxy) as server:
        env = {"ALL_PROXY": address.format(port=server.port)}
        with inside(place, ("api.test", 443), env=env) as here:
            assert here.ask("CONNECT api.test:443 HTTP/1.1\r\n\r\n").startswith("HTTP/1.1 502 ")
            (said,) = here.egress.news()
    assert why in said


def test_more_connections_than_it_carries_are_refused(place: Path) -> None:
    with serving(echo) as server, inside(place, ("127.0.0.1", server.port)) as here, ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            stack.enter_context(here.tunnel("127.0.0.1", server.port))
        with here.connect() as client:
            assert client.recv(1) == b""
        assert here.egress.news() == [f"the sandbox has {MAX_CONNECTIONS} connections open, and refuses more"]


def test_a_worker_without_descriptors_lets_a_connection_wait(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks again now and then, and hears the bridge all the same."""
    tried = 0
    with serving(echo) as server, inside(place, ("127.0.0.1", server.port)) as here:
        accept = socket.socket.accept

        def without(listener: socket.socket) -> tuple[socket.socket, object]:
            nonlocal tried
            if listener.family != socket.AF_INET or listener.getsockname()[1] != here.port:
                return accept(listener)
            tried += 1
            if tried > 2:
                monkeypatch.setattr(egress, "_REST_SECONDS", PATIENCE_SECONDS)
                raise OSError(errno.EMFILE, "Too many open files")
            raise OSError(errno.ENFILE, "Too many open files in system")

        with monkeypatch.context() as patch:
            patch.setattr(socket.socket, "accept", without)
            with here.connect():
                eventually(lambda: tried > 2, "it tries again")
                here.bridge.sendall(b"0\n")
                here.bridge.close()
                assert here.egress.last_word(PATIENCE_SECONDS) == LastWord(signal=0, left=())
        assert tried < 9, "it rests until the bridge has something to say"
        said = "the sandbox cannot take a connection now, and tries again"
        assert [text.startswith(said) for text in here.egress.news()] == [True, True]


def test_what_waited_for_a_descriptor_is_served(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "_REST_SECONDS", 0.01)
    with serving(echo) as server, inside(place, ("127.0.0.1", server.port)) as here:
        accept, short = socket.socket.accept, threading.Event()

        def without(listener: socket.socket) -> tuple[socket.socket, object]:
            if not short.is_set() and listener.family == socket.AF_INET and listener.getsockname()[1] == here.port:
                short.set()
                raise OSError(errno.EMFILE, "Too many open files")
            return accept(listener)

        monkeypatch.setattr(socket.socket, "accept", without)
        with here.tunnel("127.0.0.1", server.port) as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"
        assert short.is_set()


def test_a_connection_for_which_there_is_no_thread_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(echo) as server, inside(place, ("127.0.0.1", server.port)) as here:
        start = threading.Thread.start

        def none_for_it(thread: threading.Thread) -> None:
            if thread.name == "sandbox connection":
                raise RuntimeError("can't start new thread")
            start(thread)

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", none_for_it)
            with here.connect() as client:
                assert client.recv(1) == b""
        assert here.egress.news() == ["the sandbox refused a connection: can't start new thread"]
        with here.tunnel("127.0.0.1", server.port) as client:
            client.sendall(b"x")
            assert client.recv(1) == b"x"


def test_its_listeners_are_closed_however_it_ends(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(egress.selectors, "DefaultSelector", broken)
    with inside(place, offered=(("127.0.0.1", 9),)) as here:
        assert here.egress.last_word(PATIENCE_SECONDS) is None
        for port in (here.port, *here.offered):
            with socket.socket() as client:
                assert client.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def test_everything_ends_with_the_block(place: Path) -> None:
    before = set(threading.enumerate())
    with serving(echo) as server:
        of_server = set(threading.enumerate())
        with ExitStack() as stack:
            here = stack.enter_context(inside(place, ("127.0.0.1", server.port)))
            idle = stack.enter_context(here.connect())
            client = stack.enter_context(here.tunnel("127.0.0.1", server.port))
            client.sendall(b"x")
            assert client.recv(1) == b"x"
            here.egress.__exit__(None, None, None)
            assert (idle.recv(1), client.recv(1)) == (b"", b"")
            ours = [thread for thread in set(threading.enumerate()) - of_server if "sandbox" in thread.name]
            assert ours == []
    eventually(lambda: set(threading.enumerate()) <= before, "all threads end")


def test_a_block_ends_although_no_bridge_ever_came(place: Path) -> None:
    with Egress(place, hosts=[], offered=[], way=WayOut({})) as egress:
        pass
    assert egress.last_word(0) is None


def test_the_bridge_is_heard_to_the_end(place: Path) -> None:
    with inside(place) as here:
        here.bridge.sendall(b"9\nsleep 100\n")
        here.bridge.sendall("node – x\n".encode())
        here.bridge.close()
        assert here.egress.last_word(PATIENCE_SECONDS) == LastWord(signal=9, left=("sleep 100", "node – x"))


def test_nobody_else_is_taken_for_the_bridge(place: Path) -> None:
    """The socket is there for the program too, which comes second."""
    with inside(place) as here, _folder(place.parent) as folder:

        def refused() -> bool:
            with socket.socket(socket.AF_UNIX) as late:
                return late.connect_ex(f"/proc/self/fd/{folder}/egress") == errno.ECONNREFUSED

        eventually(refused, "the door is shut")
        assert here.egress.news() == []
