"""The functions that a token may call, by a literal registry. Nothing connects at import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.errors import Conflict
from orchestrator.lifecycle.ports import StopSignals
from orchestrator.lifecycle.services import Services

Work = Callable[..., int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """What this process works with: set once by a worker process when it starts.

    `work` is `lifecycle.execute.work`. `rest` makes it known that the worker will look no further.
    """

    services: Services
    signals: StopSignals
    worker: str
    labels: tuple[str, ...]
    work: Work
    rest: Callable[[], None]


_slot: list[Application] = []


def bind(application: Application) -> None:
    """Make `take` use this application from now on."""
    _slot[:] = [application]


def take(label: str) -> int:
    """Run ready node runs of the queue label until there are none; how many it ran.

    `Conflict` when this process does not serve the label, or serves none because nothing was bound.
    """
    if not _slot or label not in _slot[0].labels:
        raise Conflict(f"this worker does not serve the queue {label!r}")
    application = _slot[0]
    ran = _work(application, [label])
    # Whoever makes a run ready after our last look must see us free, or nobody would be woken for it: so say that we
    # are free, and look once more.
    application.rest()
    return ran + _work(application, [label])


def _work(application: Application, labels: Sequence[str]) -> int:
    if application.signals.draining():
        return 0
    return application.work(application.services, labels=labels, worker=application.worker, signals=application.signals)


REGISTRY: dict[str, Callable[[str], int]] = {"orchestrator.jobs.take": take}
