"""Names that no name server knows."""

from __future__ import annotations

import socket

import pytest


def invent_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on names that end in `.test` are this machine; the list gets every name that is looked up."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def found(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return real("127.0.0.1" if host.endswith(".test") else host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return asked
