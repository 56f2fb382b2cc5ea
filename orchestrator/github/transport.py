"""One HTTP exchange with GitHub: what PyGithub sends a request with, in place of its own connection.

PyGithub's own keeps the request in fields that threads share, follows a redirection without the query of the request
(so that the answer is about something else), and sleeps where an answer is not ready. This one is made anew for each
request, over one session of the process, and hands such answers back as errors.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import IO, Any, Final

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override

from orchestrator.errors import SetupError, Unavailable
from orchestrator.github.address import LOOPBACK
from orchestrator.github.pygithub import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    Requester,
    RequestsResponse,
)

TIMEOUT: Final = (5.0, 15.0)
"""Seconds to connect, and between two pieces of an answer: GitHub itself gives up after 10."""

_MOVED: Final = (301, 302, 303, 307, 308)
_PORTS: Final = {"http": 80, "https": 443}
_POOL: Final = 20
_sessions: dict[int, requests.Session] = {}
_lock: Final = Lock()


class Moved(SetupError):
    """What was asked for is at another address now."""


class Secure(HTTPSRequestsConnectionClass):
    """Implements what `Requester` asks of a connection to an `https` address."""

    def __init__(self, host: str, port: int | None = None, **_: Any) -> None:
        self.host, self.port, self.protocol = host, port or 443, "https"
        self.session, self.timeout = session(), None

    @override
    def getresponse(self) -> RequestsResponse:
        return _exchange(self)

    @override
    def close(self) -> None:
        """The session stays: it keeps the connections of the whole process alive."""


class Plain(HTTPRequestsConnectionClass):
    """The same for `http`, which is allowed within the machine only."""

    def __init__(self, host: str, port: int | None = None, **_: Any) -> None:
        self.host, self.port, self.protocol = host, port or 80, "http"
        self.session, self.timeout = session(), None

    @override
    def getresponse(self) -> RequestsResponse:
        return _exchange(self)

    @override
    def close(self) -> None:
        """As above."""


def session() -> requests.Session:
    """The one of this process; a fork starts with one of its own, as two processes cannot share a connection."""
    with _lock:
        found = _sessions.get(os.getpid())
        if found is None:
            found = requests.Session()
            # Else requests would put the login of a .netrc in the place of our token.
            found.auth = Requester.noopAuth
            for scheme in ("https://", "http://"):
                found.mount(scheme, HTTPAdapter(max_retries=0, pool_connections=2, pool_maxsize=_POOL))
            _sessions[os.getpid()] = found
        return found


def _exchange(connection: Secure | Plain) -> RequestsResponse:
    place = f"[{connection.host}]" if ":" in connection.host else connection.host
    if connection.port != _PORTS[connection.protocol]:
        place = f"{place}:{connection.port}"
    body: str | IO[bytes] | None = connection.input
    response = connection.session.request(
        connection.verb,
        f"{connection.protocol}://{place}{connection.url}",
        headers=connection.headers,
        data=body.encode() if isinstance(body, str) else body,
        timeout=TIMEOUT,
        # No proxy leads back to this machine, whatever the environment says of others.
        proxies={"no_proxy": "*"} if connection.host in LOOPBACK else None,
        allow_redirects=False,
    )
    path = connection.url.partition("?")[0]
    if response.status_code in _MOVED:
        hint = "`git remote set-url origin` to the address GitHub shows, or set GITHUB_REPOSITORY"
        raise Moved(f"GitHub has it at another place now: {connection.verb} {path}", hint=hint)
    if response.status_code == requests.codes.accepted and connection.verb == "GET":
        raise Unavailable(f"GitHub has no answer ready yet: GET {path}")
    return RequestsResponse(response)
