"""What goes wrong by script, between a request and its answer."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

_PRIMARY = "API rate limit exceeded for installation ID 1."
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


class Wire(StrEnum):
    """What becomes of the answer's bytes."""

    WHOLE = "whole"
    CUT = "cut"
    """The connection ends in the middle of the body."""
    RESET = "reset"
    """The connection is reset before anything was answered."""
    SILENT = "silent"
    """Nothing is answered, with the connection open, until the fault is lifted or the stand-in closed."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What a request gets instead of its answer.

    `happens`: the request is carried out all the same, so that a write was made whose answer was lost. Without a
    `status` the true answer goes out, after `held` is set where there is one. `headers` of None take one away.
    """

    status: int | None = None
    body: Any = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    happens: bool = False
    wire: Wire = Wire.WHOLE
    held: threading.Event | None = None


@dataclass(kw_only=True)
class Scripted:
    """A fault with what it strikes: requests whose `METHOD /path` the pattern is found in; `arrived` once one was."""

    pattern: re.Pattern[str]
    fault: Fault
    left: int | None
    until: datetime | None
    skip: int
    struck: int = 0
    arrived: threading.Event = field(default_factory=threading.Event)


class Faults:
    """The script. The first entry that fits strikes; those used up or over are passed by."""

    def __init__(self) -> None:
        self.script: list[Scripted] = []
        self.lifted = threading.Event()
        self._lock = threading.Lock()

    def add(
        self, match: str, fault: Fault, *, times: int | None = 1, skip: int = 0, until: datetime | None = None
    ) -> Scripted:
        """Strike `times` matching requests (None: all), after `skip` of them, and none from `until` on."""
        scripted = Scripted(pattern=re.compile(match), fault=fault, left=times, until=until, skip=skip)
        self.script.append(scripted)
        return scripted

    def strike(self, method: str, path: str, now: datetime) -> Fault | None:
        with self._lock:
            for entry in self.script:
                if entry.left == 0 or (entry.until and now >= entry.until):
                    continue
                if not entry.pattern.search(f"{method} {path}"):
                    continue
                if entry.skip:
                    entry.skip -= 1
                    continue
                entry.left = None if entry.left is None else entry.left - 1
                entry.struck += 1
                entry.arrived.set()
                return entry.fault
        return None

    def lift(self) -> None:
        """All is well from here on; what waits in silence is let go."""
        self.script.clear()
        self.lifted.set()
        self.lifted = threading.Event()

    def close(self) -> None:
        self.script.clear()
        self.lifted.set()


def answered(status: int, message: str = "", *, happens: bool = False, **headers: str) -> Fault:
    """An error by its status; headers are given as `retry_after="5"`."""
    given = {name.replace("_", "-").title(): value for name, value in headers.items()}
    text = message or {500: "Server Error", 502: "Server Error", 503: "Service unavailable"}.get(status, "Error")
    return Fault(status=status, body={"message": text}, headers=given, happens=happens)


def secondary_limit(status: int = 403, *, retry_after: int | None = 60) -> Fault:
    """A secondary rate limit, with and without `retry-after`."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(status=status, body={"message": _SECONDARY}, headers=headers)


def primary_limit(now: datetime, *, status: int = 403, seconds: int = 600, told: bool = True) -> Fault:
    """The hour's requests are used up; `told` says so in the `x-ratelimit-*` headers."""
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Used", "X-RateLimit-Reset")
    reset = str(int((now + timedelta(seconds=seconds)).timestamp()))
    values = ("5000", "0", "5000", reset) if told else (None, None, None, None)
    return Fault(status=status, body={"message": _PRIMARY}, headers=dict(zip(names, values, strict=True)))


def lost(status: int = 502) -> Fault:
    """An error after the request was carried out."""
    return answered(status, happens=True)


def cut(*, happens: bool = True) -> Fault:
    return Fault(wire=Wire.CUT, happens=happens)


def reset(*, happens: bool = False) -> Fault:
    return Fault(wire=Wire.RESET, happens=happens)


def silence(*, happens: bool = False) -> Fault:
    return Fault(wire=Wire.SILENT, happens=happens)


def slow(held: threading.Event) -> Fault:
    """The true answer, not before `held` is set."""
    return Fault(held=held, happens=True)
