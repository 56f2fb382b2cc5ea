"""What GitHub answers in place of what was asked, as our own errors: the one place where they are translated. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from orchestrator.errors import BadInput, Conflict, MyceliumError, NotFound, SetupError, Unavailable
from orchestrator.github.budget.limits import SECOND, Quota
from orchestrator.github.needs import advice, needs
from orchestrator.lifecycle.ports.github import Credential, Forbidden
from orchestrator.report.plain_text import one_line

LONGEST_TOLD: Final = 400
_NOT_SHOWN: Final = "GitHub has no such thing, or does not show it to this credential"
_TOO_FAST: Final = (
    "secondary rate limit",
    "api rate limit exceeded",
    "submitted too quickly",
    "abuse detection",
    "please retry your request again later",
    "please wait a few minutes before you try again",
)


class Interrupted(Unavailable):
    """The answer was lost, or says that GitHub itself has failed: what bears repetition may go again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer with a status of 400 or above; header names are lower-case."""

    verb: str
    path: str
    status: int
    headers: Mapping[str, Any]
    body: str

    @property
    def data(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def message(self) -> str:
        """GitHub's words, with those about single fields; never more than a line."""
        said = [self.data.get("message"), *map(_detail, _listed(self.data.get("errors")))]
        words = list(dict.fromkeys(str(each) for each in said if each))
        return one_line("; ".join(words), LONGEST_TOLD)

    @property
    def too_fast(self) -> bool:
        """Whether GitHub only asks to come back later."""
        if self.status == 429 or (self.status == 503 and "retry-after" in self.headers):
            return True
        if self.status != 403:
            return False
        known = "retry-after" in self.headers or str(self.headers.get("x-ratelimit-remaining")) == "0"
        return known or any(words in self.message.lower() for words in _TOO_FAST)


def wait_told(headers: Mapping[str, Any], now: datetime) -> int | None:
    """Milliseconds that GitHub asks to wait: `retry-after` before the reset of a quota that is used up."""
    if (seconds := _number(headers.get("retry-after"))) is not None:
        return max(seconds, 1) * SECOND
    told = quota(headers, now)
    if told and told.remaining == 0:
        # The second itself belongs to the old window.
        return told.resets_in + SECOND
    return None


def quota(headers: Mapping[str, Any], now: datetime) -> Quota | None:
    """The primary limit, by GitHub's own clock: that of this machine, `now`, may be wrong."""
    if str(headers.get("x-ratelimit-resource", "core")) != "core":
        return None
    limit, remaining, reset = (_number(headers.get(f"x-ratelimit-{each}")) for each in ("limit", "remaining", "reset"))
    if limit is None or remaining is None or reset is None:
        return None
    resets_in = max(reset - int(server_time(headers, now).timestamp()), 0) * SECOND
    return Quota(limit=limit, remaining=remaining, resets_in=resets_in)


def refusal(reply: Reply, kind: Credential, setting: str) -> MyceliumError:
    """The error of a reply that is not `too_fast`. `setting` names what holds the credential."""
    asked = f"{reply.verb} {reply.path}"
    said = reply.message or f"HTTP status {reply.status}"
    match reply.status:
        case 401:
            clock = ", and this machine's clock" if "claim" in said else ""
            return SetupError(f"GitHub refuses the credential: {said}", hint=f"check {setting}{clock}")
        case 403 | 410 | 451 | 422 if reply.status != 422 or "is not permitted to" in said.lower():
            needed = needs(reply.verb, reply.path, said, reply.headers)
            return Forbidden(f"GitHub forbids it: {said} ({asked})", needs=needed, hint=advice(kind, needed) or None)
        case 404:
            return NotFound(f"{_NOT_SHOWN}: {said} ({asked})")
        case 409:
            return Conflict(f"GitHub: {said} ({asked})")
        case 422 if "no commit found" in said.lower():
            return NotFound(f"GitHub: {said} ({asked})")
        case status if status >= 500:
            return Interrupted(f"GitHub fails with status {status}: {asked}", hint="https://www.githubstatus.com")
        case _:
            return BadInput(f"GitHub does not take it: {said} ({asked})")


def _listed(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    return [value] if value else []


def _detail(error: object) -> str:
    """One of `errors`: a sentence, or a field and what is wrong with it."""
    if not isinstance(error, dict):
        return str(error)
    if error.get("message"):
        return str(error["message"])
    return " ".join(str(error[key]) for key in ("resource", "field", "code") if error.get(key))


def _number(value: object) -> int | None:
    try:
        return int(float(str(value)))
    except (ValueError, OverflowError):
        return None


def server_time(headers: Mapping[str, Any], otherwise: datetime) -> datetime:
    """When GitHub answered, by its own clock; that of this machine may be wrong."""
    try:
        found = parsedate_to_datetime(str(headers["date"]))
    except (KeyError, ValueError, TypeError):
        return otherwise
    return found if found.tzinfo else found.replace(tzinfo=UTC)
