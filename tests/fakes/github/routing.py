"""What the stand-in serves: a table of GitHub's own path templates, and what each call needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.fakes.github.refusals import Refused, ill_formed
from tests.fakes.github.state import Account, App, Repository
from tests.fakes.github.urls import Urls

if TYPE_CHECKING:
    from tests.fakes.github.standin import GitHubStandIn
    from tests.fakes.github.tokens import Token

_GREEDY = {"path": ".*", "ref": ".+", "basehead": ".+", "branch": ".+"}
"""Parameters that may hold slashes; the path of a file is empty for the repository's root."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """`body` is JSON, or text where it is bytes; None sends none."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json; charset=utf-8"


@dataclass(kw_only=True)
class Call:
    """One request on its way: who asks (`token`, or `app` by its JWT), for what, and where answers' URLs point."""

    hub: GitHubStandIn
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None
    urls: Urls
    token: Token | None = None
    app: App | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    found: Repository | None = None

    @property
    def repository(self) -> Repository:
        assert self.found is not None
        return self.found

    @property
    def actor(self) -> Account:
        assert self.token is not None
        return self.token.account

    def number(self, name: str) -> int:
        return int(self.params[name]) if self.params[name].isdecimal() else 0

    def given(self, name: str, kind: type | tuple[type, ...], default: Any = None, *, required: bool = False) -> Any:
        """A field of the body, refused as GitHub does where it is missing or of another type."""
        value = (self.body or {}).get(name)
        if value is None:
            if required:
                raise ill_formed(f'"{name}" wasn\'t supplied.')
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise ill_formed(f"For 'properties/{name}', {value!r} is not of the right type.")
        return value

    @property
    def accept(self) -> str:
        return self.headers.get("accept", "")


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """`needs` holds alternatives, such as `issues:write`; `role` is what a user must be in the repository.

    `by_app` is for JWTs of Apps; `creates` counts as creating content. `legacy` ones are known to the description by
    the template of another.
    """

    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Handler
    needs: tuple[str, ...]
    role: str
    by_app: bool
    creates: bool
    legacy: str

    @property
    def operation(self) -> str:
        return self.legacy or self.template


ROUTES: list[Route] = []


def route(
    method: str,
    template: str,
    *needs: str,
    role: str = "",
    by_app: bool = False,
    creates: bool = False,
    legacy: str = "",
) -> Callable[[Handler], Handler]:
    """Serve one operation. Without a `role` it follows from what Apps need."""
    levels = {need.partition(":")[2] for need in needs}
    implied = "admin" if "administration:write" in needs else "write" if "write" in levels else "read"

    def register(handler: Handler) -> Handler:
        ROUTES.append(
            Route(
                method=method,
                template=template,
                pattern=_pattern(template),
                handler=handler,
                needs=needs,
                role=role or implied,
                by_app=by_app,
                creates=creates,
                legacy=legacy,
            )
        )
        return handler

    return register


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a path (still percent-encoded) with the most fixed text, and its parameters."""
    best: tuple[Route, dict[str, str]] | None = None
    for candidate in ROUTES:
        if candidate.method != ("GET" if method == "HEAD" else method):
            continue
        if (match := candidate.pattern.fullmatch(path)) and (best is None or _fixed(candidate) > _fixed(best[0])):
            best = candidate, {name: unquote(value) for name, value in match.groupdict().items()}
    return best


def paged(call: Call, items: list[Any], *, default: int = 30) -> tuple[list[Any], dict[str, str]]:
    """One page of a list, with the `Link` header to the others."""
    size = min(max(_whole(call.query.get("per_page"), default), 1), 100)
    page = max(_whole(call.query.get("page"), 1), 1)
    last = max(-(-len(items) // size), 1)
    links = []
    if page < last:
        links += [("next", page + 1), ("last", last)]
    if page > 1:
        links += [("prev", page - 1), ("first", 1)]
    text = ", ".join(f'<{call.urls.page(call.path, call.query, number)}>; rel="{name}"' for name, number in links)
    return items[(page - 1) * size : page * size], {"Link": text} if text else {}


def page_of(call: Call, items: list[Any], show: Callable[[Any], Any]) -> Answer:
    """A page as an answer; only what is on it is rendered."""
    chosen, headers = paged(call, items)
    return Answer(body=[show(item) for item in chosen], headers=headers)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


def _fixed(route: Route) -> int:
    return sum(not part.startswith("{") for part in route.template.split("/"))


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", template)
    text = ""
    for index, piece in enumerate(pieces):
        if index % 2:
            text += f"(?P<{piece}>{_GREEDY.get(piece, '[^/]+')})"
        else:
            text += re.escape(piece)
    return re.compile(text)


__all__ = ["ROUTES", "Answer", "Call", "Refused", "Route", "find", "page_of", "paged", "route"]
