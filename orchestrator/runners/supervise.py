"""Runs one program to its end: reads its lines, watches the clocks and the control, has the tree stopped."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Protocol

from orchestrator.lifecycle.ports.runner import Control, StopReason
from orchestrator.runners.guards.way import Way
from orchestrator.runners.lines import LINE_LIMIT, LineSplitter
from orchestrator.runners.process import Command, GuardedProcess, start

TICK_SECONDS = 0.25
DRAIN_SECONDS = 5.0
CHUNK = 65536


class Cause(StrEnum):
    """Why a program ended."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    IDLE = "idle"
    STOPPED = "stopped"
    ENOUGH = "enough"
    LOST = "lost"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How it ended. `code` is negative for a signal, None when nobody knows; `left` are the command lines of
    processes that outlived the main one and were ended; `detail` explains `NOT_STARTED`; `contained_by` says what
    held them together, see `Way`."""

    cause: Cause
    code: int | None = None
    reason: StopReason | None = None
    left: tuple[str, ...] = ()
    detail: str = ""
    contained_by: Way = Way.DESCENDANTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Wall clock and idle clock in seconds, and the longest line in bytes."""

    timeout_seconds: float
    idle_seconds: float | None = None
    line_bytes: int = LINE_LIMIT


class Listener(Protocol):
    """Hears a program; all calls come from the thread that supervises it."""

    def started(self, pid: int, start_time: int) -> None: ...

    def line(self, text: str, stream: str) -> None: ...

    def lost(self) -> None:
        """The guard was killed; whatever the program started must be found and ended by other means."""
        ...

    def tick(self) -> None:
        """At least every half second, however much or little the program says."""
        ...

    def enough(self) -> bool:
        """Whether the program shall end: what it is to do is done, or has become useless. Asked as it speaks."""
        ...


def supervise(command: Command, limits: Limits, listener: Listener, control: Control) -> Ended:
    """Run `command`; when this returns, none of its processes is alive."""
    process = start(command)
    try:
        return _Supervision(process, limits, listener, control).run()
    finally:
        process.close()


class _Supervision:
    def __init__(self, process: GuardedProcess, limits: Limits, listener: Listener, control: Control) -> None:
        self.process = process
        self.limits = limits
        self.listener = listener
        self.control = control
        self.started_at = self.heard_at = self.ticked_at = time.monotonic()
        self.ended_at = 0.0
        self.announced = False
        self.cause = Cause.EXITED
        self.reason: StopReason | None = None
        self.open = 2
        self.selector = selectors.DefaultSelector()

    def run(self) -> Ended:
        """Until the guard reports the end and both pipes are empty."""
        with self.selector:
            self._watch()
            while not self._done():
                for key, _ in self.selector.select(self._pause()):
                    key.data()
                self._look_up()
        return self._ended()

    def _watch(self) -> None:
        for pipe, stream in ((self.process.stdout, "stdout"), (self.process.stderr, "stderr")):
            splitter = LineSplitter(limit=self.limits.line_bytes)
            self.selector.register(pipe, selectors.EVENT_READ, self._reader(pipe, stream, splitter))
        self.selector.register(self.process.link, selectors.EVENT_READ, self._listen)
        self.selector.register(self.control.fileno(), selectors.EVENT_READ, self._ask_control)

    def _reader(self, pipe: BinaryIO, stream: str, splitter: LineSplitter) -> Callable[[], None]:
        def read() -> None:
            chunk = pipe.read(CHUNK)
            for line in splitter.feed(chunk) if chunk else splitter.finish():
                self.listener.line(line, stream)
            self.heard_at = time.monotonic()
            if not chunk:
                self.selector.unregister(pipe)
                self.open -= 1

        return read

    def _listen(self) -> None:
        self.process.listen()
        if self.process.pid and not self.announced:
            self.announced = True
            self.listener.started(self.process.pid, self.process.start_time)
        if self.process.ended:
            self.selector.unregister(self.process.link)
            self.ended_at = time.monotonic()
        if self.process.deserted:
            self.listener.lost()

    def _ask_control(self) -> None:
        """Ask why; a control that has nothing to say yet is left alone until the next tick."""
        self.reason = self.control.reason()
        self.selector.unregister(self.control.fileno())
        if self.reason is not None:
            self._stop(Cause.STOPPED)

    def _look_up(self) -> None:
        now = time.monotonic()
        if now - self.ticked_at >= TICK_SECONDS:
            self.ticked_at = now
            self.listener.tick()
            if self.control.fileno() not in self.selector.get_map() and self.cause is Cause.EXITED:
                self.selector.register(self.control.fileno(), selectors.EVENT_READ, self._ask_control)
        if self.listener.enough():
            self._stop(Cause.ENOUGH)
        elif now - self.started_at >= self.limits.timeout_seconds:
            self._stop(Cause.TIMEOUT)
        elif self.limits.idle_seconds is not None and now - self.heard_at >= self.limits.idle_seconds:
            self._stop(Cause.IDLE)

    def _stop(self, cause: Cause) -> None:
        """The first cause counts, and only while the program still runs."""
        if self.cause is Cause.EXITED and self.process.exit_code is None and not self.process.ended:
            self.cause = cause
            self.process.stop()

    def _pause(self) -> float:
        now = time.monotonic()
        moments = [self.ticked_at + TICK_SECONDS, self.started_at + self.limits.timeout_seconds]
        if self.limits.idle_seconds is not None:
            moments.append(self.heard_at + self.limits.idle_seconds)
        if self.cause is not Cause.EXITED:
            moments = moments[:1]
        return max(0.0, min(moments) - now)

    def _done(self) -> bool:
        """A pipe that stays open after the end was handed to a process of somebody else; it is not waited for long."""
        if not self.process.ended:
            return False
        return self.open == 0 or time.monotonic() - max(self.ended_at, self.heard_at) > DRAIN_SECONDS

    def _ended(self) -> Ended:
        by = self.process.contained_by
        if self.process.failed:
            return Ended(cause=Cause.NOT_STARTED, detail=self.process.failed, contained_by=by)
        cause = Cause.LOST if self.process.deserted and self.process.exit_code is None else self.cause
        code, left = self.process.exit_code, self.process.left
        return Ended(cause=cause, code=code, reason=self.reason, left=left, contained_by=by)
