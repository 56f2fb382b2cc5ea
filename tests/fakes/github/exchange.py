"""One request and its answer: who asks, whether they may, what they get, and the record of it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.fakes.github import access, faults, routing
from tests.fakes.github.bare_git import GitRefused
from tests.fakes.github.refusals import DOCUMENTATION, Refused, not_found
from tests.fakes.github.routing import Answer, Call, Route
from tests.fakes.github.tokens import Token, TokenKind, app_of
from tests.fakes.github.urls import Urls
from tests.fakes.github.viewer import PATHS, viewer

if TYPE_CHECKING:
    from tests.fakes.github.standin import GitHubStandIn

PREFIX = "/api/v3"
_MEDIA_TYPE = "github.v3; format=json"


@dataclass(kw_only=True)
class Exchange:
    """A request as it came, and what was answered. `who` is a login, an App's slug, or empty.

    `operation` is the template of GitHub's description; it is empty where nothing serves the path.
    """

    at: datetime
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    token: str = ""
    who: str = ""
    operation: str = ""
    status: int = 0
    answer: Any = None
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    fault: faults.Fault | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} → {self.status}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What goes out, and how."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    wire: faults.Wire = faults.Wire.WHOLE
    held: Any = None


def answer(hub: GitHubStandIn, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Sent:
    """Answer a request of the REST API; `headers` are in lower case."""
    split = urlsplit(target)
    prefix = PREFIX if split.path.startswith(PREFIX + "/") else ""
    path = _by_name(hub, split.path.removeprefix(prefix))
    query = dict(parse_qsl(split.query, keep_blank_values=True))
    seen = Exchange(at=hub.now(), method=method, path=path, query=query, headers=headers, body=_body(raw))
    hub.requests.append(seen)
    fault = seen.fault = hub.faults.strike(method, path, hub.now())
    if fault and not fault.happens:
        return faulty(hub, seen, fault, None)
    call = Call(hub=hub, method=method, path=path, query=query, headers=headers, urls=Urls(web=hub.url, prefix=prefix))
    with hub.lock:
        given = _answered(hub, call, seen, raw)
        sent = _sent(hub, call, seen, given)
    hub.check(seen)
    return sent if fault is None else faulty(hub, seen, fault, sent)


def _answered(hub: GitHubStandIn, call: Call, seen: Exchange, raw: bytes) -> Answer:
    try:
        identify(hub, call)
        seen.token = call.token.kind.value if call.token else "app" if call.app else ""
        seen.who = call.token.account.login if call.token else call.app.slug if call.app else ""
        return _served(hub, call, seen, raw)
    except GitRefused:
        return _refusal(Refused(422, "Reference update failed"))
    except Refused as refused:
        return _refusal(refused)


def _refusal(refused: Refused) -> Answer:
    return Answer(status=refused.status, body=refused.body, headers=refused.headers)


def _served(hub: GitHubStandIn, call: Call, seen: Exchange, raw: bytes) -> Answer:
    call.body = _json(raw)
    if call.path in PATHS:
        return viewer(call)
    found = routing.find(call.method, call.path)
    if found is None:
        hub.violations.append(f"the stand-in does not serve {call.method} {call.path}")
        raise not_found()
    route, call.params = found
    seen.operation = route.operation
    if route.template != "/rate_limit" and call.app is None:
        hub.limits.spend(call.token, call.method, creates=route.creates, request=f"{len(hub.requests):04X}")
    if route.template.startswith("/repos/{owner}/{repo}"):
        call.found = hub.state.repository(f"{call.params['owner']}/{call.params['repo']}")
        if call.found is None:
            raise _moved(call)
    access.authorise(call, route)
    given = route.handler(call)
    return Answer(
        status=given.status,
        body=given.body,
        headers={**given.headers, **_accepted(call.token, route)},
        media_type=given.media_type,
    )


def identify(hub: GitHubStandIn, call: Call) -> None:
    """Find out who asks, from the `Authorization` header."""
    kind, _, value = call.headers.get("authorization", "").partition(" ")
    if not value:
        return
    if kind.lower() == "bearer" and value.startswith("eyJ"):
        call.app = app_of(hub.state, value, hub.now())
        return
    call.token = hub.token(value)
    if call.token is None:
        raise Refused(401, "Bad credentials")
    if call.token.installation and call.token.installation.suspended:
        raise Refused(403, "This installation has been suspended")


def _by_name(hub: GitHubStandIn, path: str) -> str:
    """A path with a repository's id, which redirections lead to, as one with its name."""
    match = re.fullmatch(r"/repositories/(\d+)(/.*)?", path)
    for each in hub.state.repositories.values():
        if match and each.id == int(match[1]):
            return f"/repos/{each.full_name}{match[2] or ''}"
    return path


def _moved(call: Call) -> Refused:
    """To the id where a repository is now, if it was here and may be known."""
    name = f"{call.params['owner']}/{call.params['repo']}"
    to = call.hub.state.moved.get(name.lower())
    if to is None or not access.visible(to, call.token):
        return not_found()
    rest = call.path.removeprefix(f"/repos/{name}")
    address = f"{call.urls.api}/repositories/{to.id}{rest}" + (f"?{urlencode(call.query)}" if call.query else "")
    status = 301 if call.method in ("GET", "HEAD") else 307
    refused = Refused(status, "Moved Permanently", headers={"Location": address})
    refused.body = {"message": "Moved Permanently", "url": address, "documentation_url": DOCUMENTATION}
    return refused


def _body(raw: bytes) -> Any:
    """For the record, where it is JSON."""
    with suppress(Refused):
        return _json(raw)
    return None


def _json(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
    if not isinstance(body, dict | list):
        raise Refused(400, "Body should be a JSON object")
    return body


def _accepted(token: Token | None, route: Route) -> dict[str, str]:
    if token is None or not route.needs:
        return {}
    if token.kind is TokenKind.CLASSIC:
        return {"X-OAuth-Scopes": ", ".join(sorted(token.scopes))}
    return {"X-Accepted-GitHub-Permissions": access.accepted(route)}


def _sent(hub: GitHubStandIn, call: Call, seen: Exchange, given: Answer) -> Sent:
    body = b"" if given.body is None else given.body if isinstance(given.body, bytes) else _dumped(given.body)
    headers = _headers(hub, call, given)
    status = given.status
    if call.method in ("GET", "HEAD") and status == 200:
        tag = hashlib.sha256("\0".join([call.headers.get("authorization", ""), call.accept]).encode() + body)
        headers["ETag"] = f'W/"{tag.hexdigest()}"'
        if headers["ETag"].removeprefix("W/") in call.headers.get("if-none-match", ""):
            if call.app is None:
                hub.limits.give_back(call.token)
                headers |= hub.limits.headers(call.token)
            status, body = 304, b""
    seen.status, seen.answer, seen.answer_headers = status, None if status == 304 else given.body, headers
    return Sent(status=status, headers=headers, body=b"" if call.method == "HEAD" else body)


def _headers(hub: GitHubStandIn, call: Call, given: Answer) -> dict[str, str]:
    headers = {
        "Content-Type": given.media_type,
        "X-GitHub-Media-Type": _MEDIA_TYPE,
        "X-GitHub-Request-Id": f"{len(hub.requests):04X}:{hub.number:04X}",
        "X-GitHub-Api-Version-Selected": call.headers.get("x-github-api-version", "2022-11-28"),
        "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With",
        "Cache-Control": "private, max-age=60, s-maxage=60",
    }
    return headers | ({} if call.app else hub.limits.headers(call.token)) | dict(given.headers)


def _dumped(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def faulty(hub: GitHubStandIn, seen: Exchange, fault: faults.Fault, sent: Sent | None) -> Sent:
    if fault.status is not None or sent is None:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        headers |= {k: v for k, v in fault.headers.items() if v is not None}
        status = fault.status or 0
        seen.status, seen.answer, seen.answer_headers = status, fault.body, headers
        body = fault.body if isinstance(fault.body, bytes) else b"" if fault.body is None else _dumped(fault.body)
        sent = Sent(status=status, headers=headers, body=body)
    held = hub.faults.lifted if fault.wire is faults.Wire.SILENT else fault.held
    return Sent(status=sent.status, headers=sent.headers, body=sent.body, wire=fault.wire, held=held)
