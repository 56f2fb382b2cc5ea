"""All requests to GitHub pass here: budget, token, cache, repetition, and errors of our own.

PyGithub makes addresses, bodies and objects. What it does besides is turned off: its repetitions send a POST eleven
times and sleep in the caller's thread, and its pauses are those of one object in one process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from typing_extensions import override

from orchestrator import __version__
from orchestrator.errors import MyceliumError, SetupError, Unavailable
from orchestrator.github.budget.limits import Ask, Outcome, Told
from orchestrator.github.budget.port import Budget
from orchestrator.github.credential import AppKey, Token
from orchestrator.github.etags import Answers
from orchestrator.github.pygithub import Auth, Requester
from orchestrator.github.refusals import Interrupted, Reply, quota, refusal, wait_told
from orchestrator.github.transport import TIMEOUT, Plain, Secure
from orchestrator.lifecycle.ports import Clock
from orchestrator.lifecycle.ports.github import Busy, Urgency

OK, NOT_MODIFIED, UNAUTHORIZED = HTTPStatus.OK, HTTPStatus.NOT_MODIFIED, HTTPStatus.UNAUTHORIZED
API_VERSION: Final = "2022-11-28"
REPEATS: Final = {"GET": 2, "HEAD": 2, "PATCH": 1, "PUT": 1, "DELETE": 1, "POST": 0}
"""How often more a request goes out at once whose answer was lost, or was 5xx. A POST might make a thing twice."""

_POINTS: Final = {"GET": 1, "HEAD": 1}
_WRITE_POINTS: Final = 5
_GRAPHQL: Final = "/graphql"
_LOG = logging.getLogger(__name__)
_urgency: ContextVar[Urgency] = ContextVar("urgency", default=Urgency.FINAL)
_once: ContextVar[bool] = ContextVar("once", default=False)


@contextmanager
def sending(urgency: Urgency, *, once: bool = False) -> Generator[None]:
    """How urgent the requests of this block are; `once` where even a PATCH adds something each time."""
    tokens = _urgency.set(urgency), _once.set(once)
    try:
        yield
    finally:
        _urgency.reset(tokens[0])
        _once.reset(tokens[1])


class Speaker(Auth):
    """The token of a request, from whoever has it."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    @property
    @override
    def token_type(self) -> str:
        return "Bearer"

    @property
    @override
    def token(self) -> str:
        return self._token()


class Wire(Requester):
    """A `Requester` for one credential, for all threads of a process. No request sleeps; `Busy` says when to come back.

    `renew` gets another token in place of one that GitHub refused.
    """

    def __init__(
        self,
        auth: Auth,
        api: str,
        *,
        budget: Budget,
        clock: Clock,
        credential: AppKey | Token,
        renew: Callable[[str], bool] = lambda _: False,
    ) -> None:
        super().__init__(
            auth,
            api,
            timeout=int(TIMEOUT[1]),
            user_agent=f"mycelium/{__version__}",
            per_page=100,
            verify=True,
            retry=0,
            pool_size=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            # An object that is asked for nothing but to do something must not be fetched first.
            lazy=True,
            api_version=API_VERSION,
        )
        self._budget = budget
        self._clock = clock
        self._credential = credential
        self._renew = renew
        self._answers = Answers()

    @override
    def requestJsonAndCheck(self, *arguments: Any, **named: Any) -> tuple[dict[str, Any], Any]:
        """As `Requester` has it, with our own errors alone."""
        try:
            return super().requestJsonAndCheck(*arguments, **named)
        except AssertionError as error:
            message = "GitHub's answer names an address that is not its API's"
            raise SetupError(message, hint="check MYCELIUM_GITHUB_API_URL: https://HOST/api/v3") from error
        except ValueError as error:
            raise Interrupted("GitHub's answer was cut off") from error

    @override
    def requestJson(
        self,
        verb: str,
        url: str,
        parameters: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        input: Any | None = None,
        cnx: Any = None,
        follow_302_redirect: bool = False,
    ) -> tuple[int, dict[str, Any], str]:
        """Status below 400, headers in lower case, and body; everything else is raised."""
        lost: Interrupted | None = None
        for left in range(0 if _once.get() else REPEATS[verb], -1, -1):
            try:
                return self._authorised(verb, url, parameters, headers, input)
            except Interrupted as error:
                lost = error
                if not left:
                    raise
            except Busy:
                # Where there is no room to repeat it, what has happened is what has to be known.
                if lost:
                    raise lost from None
                raise
        raise AssertionError

    def _authorised(
        self, verb: str, url: str, parameters: dict[str, Any] | None, headers: dict[str, Any] | None, body: Any
    ) -> tuple[int, dict[str, Any], str]:
        """With a new token where GitHub refuses the one we have: it may end early, and then nothing was done."""
        assert self.auth  # noqa: S101 - given when it was made
        token = self.auth.token
        status, answered, text = self._sent(verb, url, parameters, headers, body)
        if status == UNAUTHORIZED and self._renew(token):
            status, answered, text = self._sent(verb, url, parameters, headers, body)
        if status >= 400:
            reply = Reply(verb=verb, path=urlsplit(url).path, status=status, headers=answered, body=text)
            raise refusal(reply, self._credential.kind, self._credential.setting)
        return status, answered, text

    def _sent(
        self, verb: str, url: str, parameters: dict[str, Any] | None, headers: dict[str, Any] | None, body: Any
    ) -> tuple[int, dict[str, Any], str]:
        """The answer as it came, or as it was kept; `Busy` where it is that we are too fast."""
        place = self.add_parameters_to_url(url, parameters or {})
        known = self._answers.get(place) if verb == "GET" else None
        given = {**(headers or {}), **({"If-None-Match": known.etag} if known else {})}
        reply = self._counted(verb, url, parameters, given, body)
        if known and reply.status == NOT_MODIFIED:
            return OK, dict(known.headers), known.body
        if verb == "GET" and reply.status == OK:
            self._answers.keep(place, dict(reply.headers), reply.body)
        return reply.status, dict(reply.headers), reply.body

    def _counted(
        self, verb: str, url: str, parameters: dict[str, Any] | None, headers: dict[str, Any], body: Any
    ) -> Reply:
        """One exchange, entered in the budget before and after."""
        path = urlsplit(url).path
        lease, told = self._budget.admit(_ask(verb, path)), Told(outcome=Outcome.DONE)
        try:
            status, answered, text = super().requestJson(verb, url, parameters, headers, body)
            reply = Reply(verb=verb, path=path, status=status, headers=answered, body=text)
            told = self._told(reply)
        except requests.RequestException as error:
            told = Told(outcome=Outcome.TROUBLE)
            raise _lost(error, f"{verb} {path}") from error
        finally:
            closed = self._settled(lease, told)
        if told.outcome is Outcome.REFUSED:
            until = self._clock.now() + timedelta(milliseconds=max(closed, told.wait or 0))
            raise Busy(f"GitHub asks to wait: {reply.message or reply.status}", until=until)
        if reply.status < 300 and text and text.lstrip()[:1] not in ("{", "["):
            raise Unavailable(f"what answers is not GitHub: {verb} {path}", hint="check MYCELIUM_GITHUB_API_URL")
        return reply

    def _told(self, reply: Reply) -> Told:
        now = self._clock.now()
        if reply.too_fast:
            outcome, wait = Outcome.REFUSED, wait_told(reply.headers, now)
        else:
            outcome, wait = Outcome.TROUBLE if reply.status >= 500 else Outcome.DONE, None
        return Told(outcome=outcome, wrote=reply.verb != "GET", wait=wait, quota=quota(reply.headers, now))

    def _settled(self, lease: str, told: Told) -> int:
        try:
            return self._budget.settle(lease, told)
        except Unavailable as error:
            # The request went out, and what came of it is known; who counts too many of them under way forgets it soon.
            _LOG.warning("%s", error)
            return 0


def _ask(verb: str, path: str) -> Ask:
    reads = verb in _POINTS or path.endswith(_GRAPHQL)
    return Ask(
        points=_POINTS.get(verb, 1 if reads else _WRITE_POINTS),
        writes=not reads,
        creates=verb in ("POST", "PUT") and not reads,
        reserve=_urgency.get() is not Urgency.PROGRESS,
    )


def _lost(error: requests.RequestException, asked: str) -> MyceliumError:
    """What became of a request without an answer."""
    said = str(error)
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in said:
        hint = "name the certificates of your proxy or Enterprise Server in REQUESTS_CA_BUNDLE"
        return SetupError("GitHub's certificate cannot be verified", hint=hint)
    if isinstance(error, requests.exceptions.ProxyError):
        return Unavailable(f"the proxy does not reach GitHub: {asked}", hint="check HTTPS_PROXY")
    if isinstance(error, requests.Timeout):
        return Unavailable(f"GitHub does not answer in time: {asked}")
    if isinstance(error, requests.exceptions.InvalidSchema | requests.exceptions.InvalidURL):
        return SetupError("GitHub's address cannot be used", hint="check MYCELIUM_GITHUB_API_URL")
    return Interrupted(f"the connection to GitHub broke off, or could not be made: {asked}")


Wire.injectConnectionClasses(Plain, Secure)
