"""The token of each request: one that was given, or that of an App's installation, asked for in time by one process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

from orchestrator.errors import NotFound, SetupError
from orchestrator.github.credential import Token
from orchestrator.github.permissions import askable
from orchestrator.github.refusals import server_time
from orchestrator.github.shelf import Issued, Shelf
from orchestrator.lifecycle.ports import Clock
from orchestrator.lifecycle.ports.github import Busy

if TYPE_CHECKING:
    from orchestrator.github.wire import Wire

EARLY_SECONDS: Final = 600
"""A token is good for an hour; the next one is asked for so long before, so that what is handed out lasts a push."""

LEAST_SECONDS: Final = 60
_TURN: Final = timedelta(seconds=1)


class Tokens(Protocol):
    """Where the token of a request comes from; safe for threads."""

    def token(self) -> str: ...

    def renew(self, refused: str) -> bool:
        """GitHub took `refused` no more; whether there is reason to ask with another one."""
        ...

    def permissions(self) -> Mapping[str, str]:
        """What it may do; empty where that is not known."""
        ...


class GivenToken:
    """Implements `Tokens` for one that the settings name."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def token(self) -> str:
        return self._token.value

    def renew(self, refused: str) -> bool:  # noqa: ARG002 - there is no other
        return False

    def permissions(self) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    issued: Issued
    until: float
    """On the monotonic clock."""


class InstallationTokens:
    """Implements `Tokens` for an App's installation on one repository.

    `wire` speaks as the App itself. A token is for that repository alone, with the permissions that are needed.
    `Busy` for a second where another process is just asking; `SetupError` where the App is not installed.
    """

    def __init__(self, wire: Callable[[], Wire], repository: str, shelf: Shelf, clock: Clock, *, web: str) -> None:
        self._wire = wire
        self._repository = repository
        self._shelf = shelf
        self._clock = clock
        self._web = web
        self._lock = Lock()
        self._held: _Held | None = None

    def token(self) -> str:
        return self._current().value

    def permissions(self) -> Mapping[str, str]:
        return self._current().permissions

    def renew(self, refused: str) -> bool:
        with self._lock:
            if self._held and self._held.issued.value == refused:
                self._held = None
            self._shelf.drop(refused)
        return True

    def _current(self) -> Issued:
        # While one thread asks, the others wait for the same answer.
        with self._lock:
            if not self._lasts(EARLY_SECONDS):
                self._take(self._shelf.get())
            if not self._lasts(EARLY_SECONDS):
                self._ask()
            assert self._held  # noqa: S101 - either was taken, or an error was raised
            return self._held.issued

    def _lasts(self, seconds: float) -> bool:
        return self._held is not None and self._held.until - self._clock.monotonic() > seconds

    def _take(self, issued: Issued | None) -> None:
        if issued:
            self._held = _Held(issued=issued, until=self._clock.monotonic() + issued.seconds)

    def _ask(self) -> None:
        with self._shelf.turn() as ours:
            if ours:
                # Who had the turn before may have put one there.
                self._take(self._shelf.get())
                if not self._lasts(EARLY_SECONDS):
                    self._mint()
            elif not self._lasts(LEAST_SECONDS):
                message = "another process is asking GitHub for the App's token"
                raise Busy(message, until=self._clock.now() + _TURN)

    def _mint(self) -> None:
        wire = self._wire()
        installation = self._installation(wire)
        granted = installation.get("permissions") or {}
        wanted = {"repositories": [self._repository.partition("/")[2]], "permissions": askable(granted)}
        # PyGithub's own method knows no repositories, and asks for no permissions where none are named.
        headers, answer = wire.requestJsonAndCheck(
            "POST", f"/app/installations/{installation['id']}/access_tokens", input=wanted
        )
        lasts = datetime.fromisoformat(answer["expires_at"]) - server_time(headers, self._clock.now())
        permissions = answer.get("permissions") or {}
        issued = Issued(value=answer["token"], seconds=lasts.total_seconds(), permissions=permissions)
        self._take(issued)
        self._shelf.put(issued)

    def _installation(self, wire: Wire) -> dict[str, Any]:
        try:
            _, found = wire.requestJsonAndCheck("GET", f"/repos/{self._repository}/installation")
        except NotFound as error:
            hint = f"install it: {self._web}/settings/apps, or check MYCELIUM_GITHUB_APP_ID and the repository's name"
            raise SetupError(f"the GitHub App is not installed on {self._repository}", hint=hint) from error
        answer: dict[str, Any] = found
        if answer.get("suspended_at"):
            raise SetupError(f"the GitHub App's installation on {self._repository} is suspended", hint="unsuspend it")
        return answer
