"""Processes that a test takes step by step: they may stand still, die, or find a service out of reach at every call
that leaves them.

A process runs one errand at a time. Of all processes only one is ever moving, so what happens depends on nothing but
the order in which the test lets them go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.errors import MyceliumError, Unavailable
from orchestrator.lifecycle.services import Services


class Killed(BaseException):
    """The process is dead: whatever it still meant to do does not happen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """What befalls an errand at the call number `at` (from 0): it pauses, it dies, or a service does not answer."""

    kind: str = ""
    at: int = 0

    @property
    def undisturbed(self) -> bool:
        return not self.kind


class Process:
    """Services as one process sees them. `deed` is what it is about, and `claim` what it works on."""

    def __init__(self, services: Services, name: str, labels: tuple[str, ...] = ()) -> None:
        self.name = name
        self.labels = labels
        self.instance = services.instance
        self.dead = False
        self.deed: Any = None
        self.claim: Any = None
        self.stopped = False
        self.lost: list[str] = []
        self.errand: Errand | None = None
        self.fate = Fate()
        self.calls = 0
        self._origin = services
        self.services = replace(
            services,
            store=_Store(self, services.store),
            wake=_Outside(self, services.wake, ("workers", "control", "stop"), lossy=True),
            events=_Outside(self, services.events, ("publish",), lossy=True),
            git=_Outside(self, services.git, ("create_branch",)),
        )

    def services_of_the_living(self) -> Services:
        """What a successor is made of."""
        return self._origin

    def doomed(self, fate: Fate) -> None:
        self.fate, self.calls = fate, 0

    def point(self, *, outside: bool = False) -> bool:
        """The process is about to call something outside itself; false where a service `outside` does not answer."""
        if self.dead:
            raise Killed
        reached, self.calls = self.calls == self.fate.at, self.calls + 1
        match self.fate.kind:
            case "die" if reached:
                self.dead = True
                raise Killed
            case "pause" if reached and self.errand:
                self.errand.stand_still()
                if self.dead:
                    raise Killed
            case "fail" if self.calls > self.fate.at and outside:
                self.fate = Fate()
                return False
        return True


class Errand:
    """One call of a process, and what is to be done with its answer: `then(result, error)` in the test's own thread."""

    def __init__(
        self, process: Process, call: Callable[[], Any], then: Callable[[Any, MyceliumError | None], None]
    ) -> None:
        self.process = process
        self.ended = False
        self._call, self._then = call, then
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        process.errand = self

    def proceed(self, fate: Fate) -> bool:
        """Go on until the end, or until `fate` strikes; true at the end."""
        self.process.doomed(fate)
        if self._thread:
            self._go.release()
            self._stands.acquire()
        elif fate.kind == "pause":
            self._thread = threading.Thread(target=self._in_thread, daemon=True)
            self._thread.start()
            self._stands.acquire()
        else:
            self._run()
        if self.ended:
            self._conclude()
        return self.ended

    def kill(self) -> None:
        """End a process that stands still."""
        self.process.dead = True
        if not self.ended:
            self.proceed(Fate())

    def stand_still(self) -> None:
        self._stands.release()
        self._go.acquire()

    def _in_thread(self) -> None:
        self._run()
        self._stands.release()

    def _run(self) -> None:
        try:
            self._result = self._call()
            self.process.point()
        except BaseException as error:
            self._error = error
        self.ended = True

    def _conclude(self) -> None:
        if self._thread:
            self._thread.join()
        self.process.errand = None
        if isinstance(self._error, Killed):
            self.process.dead = True
            return
        if self._error is not None and not isinstance(self._error, MyceliumError):
            raise self._error
        self._then(self._result, self._error)


class _Outside:
    """An adapter whose `methods` are points; what a `lossy` one cannot send is lost, as its port says."""

    def __init__(self, process: Process, inner: Any, methods: tuple[str, ...], *, lossy: bool = False) -> None:
        self._process, self._inner, self._methods, self._lossy = process, inner, methods, lossy

    def __getattr__(self, name: str) -> Any:
        if name not in self._methods or self._process.point(outside=True):
            return getattr(self._inner, name)
        if not self._lossy:
            raise Unavailable("nobody answers")
        self._process.lost.append(name)
        return lambda *_: None


class _Store:
    """A store whose transactions and reads are points. What dies within a transaction leaves nothing behind."""

    def __init__(self, process: Process, inner: Any) -> None:
        self._process, self._inner = process, inner

    def __getattr__(self, name: str) -> Any:
        if name != "plan":
            self._process.point()
        return getattr(self._inner, name)

    @contextmanager
    def begin(self) -> Iterator[Any]:
        self._process.point()
        with self._inner.begin(by=self._process) as tx:
            yield tx
