"""A port that cannot be had is a clear error before anything starts."""

from __future__ import annotations

import socket

import pytest

from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium
from orchestrator.cli.serve import listen
from orchestrator.errors import SetupError


def test_a_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert ended(mycelium, ["serve", "--port", str(port)]) == 2
    assert f"port {port} of 127.0.0.1 is in use" in capsys.readouterr().err


def test_an_address_of_another_machine() -> None:
    with pytest.raises(SetupError, match="not an address of this machine"):
        listen("192.0.2.1", 0)


def test_port_zero_takes_a_free_one() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0
