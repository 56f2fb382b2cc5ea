"""The hosts behind URLs."""

from __future__ import annotations

from urllib.parse import urlsplit

from orchestrator.runners.engine import Host

PORTS = {"http": 80}
HTTPS = 443


def address(url: str) -> Host | None:
    """The host and port of a URL; None for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, HTTPS)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None
