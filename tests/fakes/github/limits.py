"""GitHub's rate limits: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.fakes.github.refusals import Refused
from tests.fakes.github.tokens import Token, TokenKind

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PRIMARY = {
    TokenKind.INSTALLATION: 5_000,
    TokenKind.ACTIONS: 1_000,
    TokenKind.CLASSIC: 5_000,
    TokenKind.FINE_GRAINED: 5_000,
}
ANONYMOUS = 60
_SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID {request}."
)


@dataclass(kw_only=True)
class Window:
    """One hour of one holder's requests."""

    limit: int
    ends: datetime
    used: int = 0

    @property
    def remaining(self) -> int:
        return max(self.limit - self.used, 0)


@dataclass(kw_only=True)
class Recent:
    """What one holder did lately: (when, points, whether content was created)."""

    calls: deque[tuple[datetime, int, bool]] = field(default_factory=deque)
    blocked_until: datetime | None = None


@dataclass(kw_only=True)
class Limits:
    """The budgets of all that ask. `breaches` says which secondary limit was broken when, and by whom.

    `primary` overrides what a holder has an hour. After a breach GitHub refuses the holder for a minute.
    """

    now: Callable[[], datetime]
    primary: int | None = None
    points_a_minute: int = 900
    created_a_minute: int = 80
    created_an_hour: int = 500
    concurrent: int = 100
    tell_retry_after: bool = True
    breaches: list[tuple[datetime, str, str]] = field(default_factory=list)
    running: int = 0
    _windows: dict[str, Window] = field(default_factory=dict)
    _recent: dict[str, Recent] = field(default_factory=dict)

    def window(self, token: Token | None) -> Window:
        """The hour that counts now; a new one starts with the first request after the last one's end."""
        key, moment = holder(token), self.now()
        window = self._windows.get(key)
        if window is None or window.ends <= moment:
            limit = self.primary or (PRIMARY[token.kind] if token else ANONYMOUS)
            window = self._windows[key] = Window(limit=limit, ends=(moment + HOUR).replace(microsecond=0))
        return window

    def spend(self, token: Token | None, method: str, *, creates: bool, request: str) -> None:
        """Count a request, or refuse it."""
        window = self.window(token)
        if window.remaining <= 0:
            raise Refused(403, f"API rate limit exceeded for {holder(token)}.")
        self._spend_recent(token, method, creates, request)
        window.used += 1

    def give_back(self, token: Token | None) -> None:
        """What was not modified costs nothing."""
        self.window(token).used -= 1

    def headers(self, token: Token | None) -> dict[str, str]:
        window = self.window(token)
        return {
            "X-RateLimit-Limit": str(window.limit),
            "X-RateLimit-Remaining": str(window.remaining),
            "X-RateLimit-Used": str(window.used),
            "X-RateLimit-Reset": str(int(window.ends.timestamp())),
            "X-RateLimit-Resource": "core",
        }

    def _spend_recent(self, token: Token | None, method: str, creates: bool, request: str) -> None:
        recent, moment = self._recent.setdefault(holder(token), Recent()), self.now()
        while recent.calls and recent.calls[0][0] <= moment - HOUR:
            recent.calls.popleft()
        if recent.blocked_until and moment < recent.blocked_until:
            raise self._secondary(recent.blocked_until - moment, request)
        recent.calls.append((moment, 1 if method in ("GET", "HEAD", "OPTIONS") else 5, creates))
        if broken := self._broken(recent, moment):
            self.breaches.append((moment, holder(token), broken))
            recent.blocked_until = moment + MINUTE
            raise self._secondary(MINUTE, request)

    def _broken(self, recent: Recent, moment: datetime) -> str | None:
        minute = [call for call in recent.calls if call[0] > moment - MINUTE]
        if sum(points for _, points, _ in minute) > self.points_a_minute:
            return "points a minute"
        if sum(creates for _, _, creates in minute) > self.created_a_minute:
            return "content created a minute"
        if sum(creates for _, _, creates in recent.calls) > self.created_an_hour:
            return "content created an hour"
        return "concurrent requests" if self.running > self.concurrent else None

    def _secondary(self, wait: timedelta, request: str) -> Refused:
        seconds = str(max(int(wait.total_seconds() + 0.999), 1))
        headers = {"Retry-After": seconds} if self.tell_retry_after else {}
        return Refused(403, _SECONDARY.format(request=request), headers=headers)


def holder(token: Token | None) -> str:
    """Whose budget a token spends, in the words of GitHub's refusals."""
    if token is None:
        return "127.0.0.1"
    if token.kind is TokenKind.INSTALLATION and token.installation:
        return f"installation ID {token.installation.id}"
    if token.kind is TokenKind.ACTIONS:
        return f"site ID {sorted(token.repositories or ())}"
    return f"user ID {token.account.id}"
