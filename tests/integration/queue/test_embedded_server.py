"""The embedded Valkey by itself."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from orchestrator.errors import SetupError, Unavailable
from orchestrator.queue import guard, server
from orchestrator.queue.connection import connect, translated
from orchestrator.queue.server import EmbeddedServer, find_binary
from tests.fakes.processes import Eventually, gone


def folder_of(embedded: EmbeddedServer) -> Path:
    return Path(embedded.url.partition("@")[2]).parent


def test_it_answers_on_a_private_socket_only(server: EmbeddedServer) -> None:
    socket = Path(server.url.partition("@")[2])
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert len(str(socket)) < 100
    assert server.pid is not None
    assert psutil.Process(server.pid).net_connections("inet") == []
    with connect(server.url) as client:
        assert client.ping()
        assert client.config_get("save") == {"save": ""}


def test_it_asks_for_a_password_that_no_command_line_shows(server: EmbeddedServer) -> None:
    password = server.url.removeprefix("unix://:").partition("@")[0]
    assert server.pid is not None
    assert password not in " ".join(psutil.Process(server.pid).cmdline())
    with (
        connect(server.url.replace(password, "wrong")) as client,
        pytest.raises(SetupError, match="Redis refused the login while knocking"),
        translated("knocking"),
    ):
        client.ping()


def test_it_can_be_started_again_after_a_crash_and_clients_reconnect() -> None:
    embedded = EmbeddedServer(find_binary())
    embedded.start()
    try:
        with connect(embedded.url) as client:
            client.set("before", "1")
            assert embedded.pid is not None
            os.kill(embedded.pid, signal.SIGKILL)
            while embedded.alive():
                pass
            with pytest.raises(Unavailable), translated("waiting"):
                client.ping()
            embedded.start()
            assert client.get("before") is None
    finally:
        embedded.stop()
    assert not folder_of(embedded).exists()


def test_a_program_on_the_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_binary() == program


def test_without_any_binary_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(server.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(SetupError, match=r"install valkey-server.*MYCELIUM_REDIS_URL"):
        find_binary()


def test_a_program_that_fails_is_reported_with_its_last_words(tmp_path: Path) -> None:
    program = tmp_path / "valkey-server"
    program.write_text("#!/bin/sh\nread line\necho 'cannot bind'\nexit 3\n")
    program.chmod(0o755)
    embedded = EmbeddedServer(program)
    with pytest.raises(SetupError, match=r"ended at once: cannot bind"):
        embedded.start()
    assert not folder_of(embedded).exists()


def test_where_the_kernel_does_not_watch_a_guard_does(monkeypatch: pytest.MonkeyPatch, eventually: Eventually) -> None:
    monkeypatch.setattr(server.mortal, "KERNEL_WATCHES", False)
    embedded = EmbeddedServer(find_binary())
    embedded.start()
    with connect(embedded.url) as client:
        assert client.ping()
    assert embedded.pid is not None
    (valkey,) = psutil.Process(embedded.pid).children()
    embedded.stop()
    assert not embedded.alive()
    eventually(lambda: gone(valkey.pid))


def test_the_guard_kills_its_program_when_its_parent_is_gone(eventually: Eventually) -> None:
    program = [sys.executable, "-I", str(guard.__file__)]
    script = f"""
import os, subprocess, sys
guard = subprocess.Popen([*{program!r}, str(os.getpid()), "sleep", "1000"])
print(guard.pid, flush=True)
sys.stdin.read()
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    watcher = psutil.Process(int(parent.stdout.readline()))
    (sleeper,) = eventually(watcher.children)  # type: ignore[misc]
    parent.kill()
    parent.communicate()
    eventually(lambda: gone(watcher.pid) and gone(sleeper.pid))
