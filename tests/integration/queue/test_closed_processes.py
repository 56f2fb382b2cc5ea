"""Processes that hold secrets let no other process of the same user look inside."""

from __future__ import annotations

import subprocess
import sys

import pytest

from orchestrator.queue.server import EmbeddedServer, find_binary

ENDED = """
import ctypes, sys
PR_GET_DUMPABLE = 3
sys.argv = ["mycelium", "--version"]
try:
    {call}
except (SystemExit, ValueError):
    pass
sys.exit(40 + ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can close a process")
@pytest.mark.parametrize(
    "call",
    [
        "from orchestrator.cli import main; main()",
        "from orchestrator.queue.supervisor import main; main()",
        "from action.__main__ import main; main()",
    ],
    ids=["command", "supervisor", "action"],
)
def test_who_holds_secrets_is_closed(call: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDED.format(call=call)], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert ended.returncode == 40, ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the environment of processes is read as on Linux")
def test_the_server_gets_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYCELIUM_SECRET_TOKEN", "not-for-a-server")
    given = list[object]()
    real = subprocess.Popen

    def noted(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        given.append(options["env"])
        return real(*arguments, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(subprocess, "Popen", noted)
    server = EmbeddedServer(find_binary())
    server.start()
    try:
        assert server.alive()
        (env,) = given
        assert isinstance(env, dict)
        assert "MYCELIUM_SECRET_TOKEN" not in env
    finally:
        server.stop()
